"""Addresses with a login in them: `https://user:token@host/`. The login is used, and never shown or kept."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from jobdsl.errors import ControllerError

__all__ = ["Login", "split_login", "without_login", "without_logins"]

_UP_TO_THE_HOST = re.compile(r"\A(\s*(?:[A-Za-z][\w+.-]*:)?/*).*@", re.DOTALL)
"""What may be a login, and in a broken address anything before the last @: a password may hold / and #."""
_IN_A_TEXT = re.compile(r"//[^\s\"'<>]*@")
_HINT = "in a user or token inside an address write @ as %40, / as %2F; or give --user and JENKINS_TOKEN"


class Login(NamedTuple):
    """An address without a login, and the user and token to log in with."""

    url: str
    user: str | None
    token: str | None


def without_login(url: str) -> str:
    """Return an address as it may be shown: nothing of what stands before an @."""
    return _UP_TO_THE_HOST.sub(r"\1", url)


def without_logins(text: str) -> str:
    """Return a message without the logins of the addresses in it: those of libraries repeat them."""
    return _IN_A_TEXT.sub("//", text)


def split_login(url: str, user: str | None = None, token: str | None = None) -> Login:
    """Take user and token out of an address; those that are given by themselves come first.

    A token in the address counts only for its own user. Raises ControllerError where an @ stands anywhere
    else: most likely a password holds what cannot stand in an address.
    """
    if "@" not in url:
        return Login(url, user, token)
    try:
        parts = urlsplit(url)
        login, _, host = parts.netloc.rpartition("@")
        clean = urlunsplit(parts._replace(netloc=host))
    except ValueError:  # brackets that do not close
        login, clean = "", url
    if not login or "@" in clean:
        raise ControllerError(f"{without_login(url)!r} is not a valid controller URL", hint=_HINT)
    name, _, password = login.partition(":")
    own_user, own_token = unquote(name) or None, unquote(password) or None
    if user is None or user == own_user:
        token = token or own_token
    return Login(clean, user or own_user, token)
