"""Checks of single values of `delivery.toml`: each returns what is wrong, or an empty text. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

__all__ = [
    "bad_change_url",
    "bad_freeze_source",
    "bad_id",
    "bad_pattern",
    "bad_ramp",
    "bad_security_groups",
    "bad_subnets",
    "bad_tier",
    "bad_url",
    "bad_user_data",
]

_REPEAT = re.compile(r"[*+]|\{[0-9]*,[0-9]*\}|\{[0-9]{2,}\}")
_NESTED = re.compile(r"\)(?:[*+]|\{[0-9]*,?[0-9]*\})")
"""A repeated group: what it holds may fit a text in more ways than can be tried."""
_MOST_REPEATS = 4
_LONGEST_PATTERN = 200


def bad_pattern(text: str) -> str:
    """Check a regular expression: valid, and quick on any text."""
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is not a regular expression: {error}"
    if len(text) > _LONGEST_PATTERN or len(_REPEAT.findall(text)) > _MOST_REPEATS or _NESTED.search(text):
        return (
            f"is a regular expression that may take forever: at most {_MOST_REPEATS} of * + {{n,}} in"
            f" {_LONGEST_PATTERN} characters, none behind a group"
        )
    return ""


def bad_id(text: str) -> str:
    """Check the id of an account."""
    return "" if re.fullmatch(r"[0-9]{12}", text) else "must be the twelve digits of an account"


def bad_url(text: str) -> str:
    """Check the beginning of a URL."""
    good = text.startswith(("https://", "http://"))
    return "" if good else "must be a URL that begins with https:// or http://"


def bad_change_url(text: str) -> str:
    """Check the URL that verifies a change request."""
    return bad_url(text) or ("" if "{change_request}" in text else "must have {change_request} in it")


def bad_freeze_source(text: str) -> str:
    """Check the URL of freezes: no user and no password is in it. Anything else is the name of a file."""
    if "://" not in text:
        return ""
    if wrong := bad_url(text):
        return wrong
    try:
        parts = urlsplit(text)
        good = bool(parts.hostname and parts.port != 0 and "@" not in parts.netloc)
    except ValueError:
        good = False
    return "" if good else "must be a URL with a host, and without a user or password"


def bad_tier(text: str) -> str:
    """Check the name of a tier."""
    good = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text)
    return "" if good else "must be letters, digits, _, . and -, at most 64"


def bad_ramp(steps: tuple[int, ...]) -> str:
    """Check the percentages of a ramp."""
    rising = list(steps) == sorted(set(steps)) and steps and steps[0] > 0
    return "" if rising and steps[-1] == 100 else "must be rising percentages that end with 100"


def bad_subnets(ids: tuple[str, ...]) -> str:
    """Check ids of subnets."""
    return _bad_ids(ids, "subnet-")


def bad_security_groups(ids: tuple[str, ...]) -> str:
    """Check ids of security groups."""
    return _bad_ids(ids, "sg-")


def _bad_ids(ids: tuple[str, ...], prefix: str) -> str:
    if not ids:
        return "is empty: leave the key out to keep what the previous group has"
    wrong = [id for id in ids if not id.startswith(prefix)]
    return f'must have ids as in ["{prefix}0123456789abcdef0"], not "{wrong[0]}"' if wrong else ""


_USER_DATA_BYTES = 16_384
"""Of user data before it is encoded (EC2 User Guide, "User data")."""


def bad_user_data(text: str) -> str:
    """Check the length of user data."""
    size = len(text.encode())
    return "" if size <= _USER_DATA_BYTES else f"has {size} bytes; EC2 takes {_USER_DATA_BYTES}"
