"""What a team, and the account, may have at once; what types cost; how long things may take. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

__all__ = ["Cap", "Limits", "TypeFacts"]


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What one instance of a type has and costs."""

    vcpus: int
    dollars_hour: float
    """On demand."""


@dataclass(frozen=True, slots=True)
class Cap:
    """What may exist at once, those that are starting included. None is no limit."""

    agents: int | None = None
    vcpus: int | None = None
    dollars_month: float | None = None
    """A launch must leave enough of it for one hour of everything that runs then, at on-demand prices."""
    spent: float | None = 0.0
    """Dollars of this month that are spent already; None where unknown."""
    instance_types: tuple[str, ...] | None = None
    """Types that may be launched, as globs."""
    instance_profiles: tuple[str, ...] | None = None
    """Instance profiles that agents may have, as globs."""

    def may_have_profile(self, name: str) -> bool:
        """Return whether agents may have an instance profile; those that have none may."""
        globs = self.instance_profiles
        return not name or globs is None or any(fnmatchcase(name, glob) for glob in globs)


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of one manager."""

    account: Cap = Cap()
    teams: Mapping[str, Cap] = field(default_factory=dict)
    """By the name a pool gives as its team."""
    types: Mapping[str, TypeFacts] = field(default_factory=dict)
    """The price table. Where a limit needs a type it lacks, nothing of that type is launched."""
