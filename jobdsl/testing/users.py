"""Users with passwords and tokens, sessions with crumbs, permissions by Jenkins' ids."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from jobdsl.testing.http import HttpRequest

__all__ = ["ADMINISTER", "IMPLIED_BY", "READER", "Caller", "User", "Users"]

ADMINISTER = "hudson.model.Hudson.Administer"
READER = frozenset(
    {
        "hudson.model.Hudson.Read",
        "hudson.model.Item.Read",
        "hudson.model.View.Read",
        "hudson.model.Item.Discover",
    }
)
"""Permissions of an account that only reads."""
_WRITE = "hudson.security.Permission.GenericWrite"
_UPDATE = "hudson.security.Permission.GenericUpdate"
_CREATE = ("hudson.security.Permission.GenericCreate", _WRITE)
_DELETE = ("hudson.security.Permission.GenericDelete", _WRITE)
_CONFIGURE = ("hudson.security.Permission.GenericConfigure", _UPDATE, _WRITE)
IMPLIED_BY: dict[str, tuple[str, ...]] = {
    "hudson.model.Hudson.Read": ("hudson.security.Permission.GenericRead",),
    "hudson.model.Item.Create": _CREATE,
    "hudson.model.Item.Delete": _DELETE,
    "hudson.model.Item.Configure": _CONFIGURE,
    "hudson.model.Item.Build": (_UPDATE, _WRITE),
    "hudson.model.Item.Cancel": (_UPDATE, _WRITE),
    "hudson.model.Item.Move": _CREATE,
    "hudson.model.View.Read": ("hudson.security.Permission.GenericRead",),
    "hudson.model.View.Create": _CREATE,
    "hudson.model.View.Delete": _DELETE,
    "hudson.model.View.Configure": _CONFIGURE,
    "hudson.model.Computer.Create": _CREATE,
    "hudson.model.Computer.Delete": _DELETE,
    "hudson.model.Computer.Configure": _CONFIGURE,
}
"""The chain Jenkins names in X-Permission-Implied-By, before Administer."""


@dataclass(slots=True)
class User:
    """An account."""

    name: str
    password: str
    token: str
    permissions: frozenset[str] = frozenset({ADMINISTER})

    def may(self, permission: str) -> bool:
        """Return whether the account has the permission, directly or as an administrator."""
        return permission in self.permissions or ADMINISTER in self.permissions


_NOBODY = User("anonymous", "", "", frozenset())


@dataclass(slots=True)
class Caller:
    """The user of a request, and how it was authenticated."""

    user: User
    by: Literal["token", "password", "nothing"]
    session: str
    """Id of the session the request belongs to; empty without one."""


@dataclass(slots=True, kw_only=True)
class Users:
    """All accounts and sessions."""

    by_name: dict[str, User] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    _seen: dict[str, tuple[User, Literal["token", "password"]]] = field(default_factory=dict)
    _salt: str = field(default_factory=lambda: secrets.token_hex(16))
    cookie: str = field(default_factory=lambda: f"JSESSIONID.{secrets.token_hex(4)}")

    def add(self, name: str, password: str, permissions: Iterable[str], token: str = "") -> User:
        """Return a new account; the token is made up unless given."""
        user = User(name, password, token or "11" + secrets.token_hex(16), frozenset(permissions))
        self.by_name[name] = user
        self._seen.clear()
        return user

    def caller(self, request: HttpRequest) -> Caller | None:
        """Return the caller of a request; None when the credentials are wrong."""
        session = request.cookies.get(self.cookie, "") if "cookie" in request.headers else ""
        session = session if session in self.sessions else ""
        authorization = request.headers.get("authorization")
        if authorization is None:
            return Caller(_NOBODY, "nothing", session)
        known = self._seen.get(authorization) or self._check(authorization)
        return Caller(known[0], known[1], session) if known else None

    def _check(self, authorization: str) -> tuple[User, Literal["token", "password"]] | None:
        try:
            name, _, word = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        except ValueError:
            return None
        user = self.by_name.get(name)
        if user is None or word not in (user.token, user.password):
            return None
        login: tuple[User, Literal["token", "password"]] = (
            user,
            "token" if word == user.token else "password",
        )
        self._seen[authorization] = login
        return login

    def new_session(self) -> str:
        """Open a session and return its id."""
        session = f"node0{secrets.token_hex(12)}.node0"
        self.sessions.add(session)
        return session

    def crumb(self, caller: Caller, session: str) -> str:
        """Return the crumb that is valid for this user in this session, and nowhere else."""
        return hashlib.sha256(f"{caller.user.name};{session};{self._salt}".encode()).hexdigest()

    def crumb_missing(self, caller: Caller, request: HttpRequest) -> bool:
        """Return whether a POST lacks the crumb it needs; API tokens need none."""
        if caller.by == "token":
            return False
        crumb = request.headers.get("jenkins-crumb", "")
        return not caller.session or crumb != self.crumb(caller, caller.session)
