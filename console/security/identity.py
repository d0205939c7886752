"""Identities and what they may do: roles of `[console.roles]`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from delivery.settings.console import ConsoleSettings

__all__ = ["ANONYMOUS", "Identity", "may_audit", "missing_right"]

Source = Literal["", "session", "proxy", "token"]


@dataclass(frozen=True, slots=True)
class Identity:
    """A user, how they proved it, and what a token is restricted to."""

    user: str = ""
    groups: tuple[str, ...] = ()
    source: Source = ""
    key: str = ""
    """What forms are bound to: the digest of the session, or the user."""
    actions: tuple[str, ...] | None = None
    """Actions that a token allows; None for all its user may."""
    applications: tuple[str, ...] | None = None
    """Globs of applications that a token is restricted to; None for all."""

    @property
    def is_known(self) -> bool:
        """Return whether a user is known."""
        return bool(self.user)


ANONYMOUS = Identity()


def missing_right(
    console: ConsoleSettings, identity: Identity, action: str, *, application: str, account: str
) -> str:
    """Return the right that is missing for an action; an empty text if none is.

    Nothing is allowed that no role allows, and a token never more than its user may.
    """
    if not identity.is_known:
        return "Log in to do that."
    if identity.actions is not None and action not in identity.actions:
        return f"This token is not for {action}."
    if identity.applications is not None and not _any(identity.applications, application):
        return f"This token is not for {application}."
    for role in console.roles.values():
        if (
            action in role.actions
            and _is_member(role.users, role.groups, identity)
            and _any(role.applications, application)
            and _any(role.accounts, account)
        ):
            return ""
    return f"No role lets {identity.user} {action} {application} in {account}."


def may_audit(console: ConsoleSettings, identity: Identity) -> bool:
    """Return whether a user may read the audit log; no token may."""
    roles = console.roles.values()
    readers = [role for role in roles if role.audit and _is_member(role.users, role.groups, identity)]
    return identity.source in ("session", "proxy") and bool(readers)


def _is_member(users: Sequence[str], groups: Sequence[str], identity: Identity) -> bool:
    return _any(users, identity.user) or any(_any(groups, group) for group in identity.groups)


def _any(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
