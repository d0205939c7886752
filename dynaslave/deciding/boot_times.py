"""How long agents of a pool take from launch to serving: what is usual, how much it differs, what is late."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

__all__ = ["BOOT_SECONDS", "Boot", "Boots"]

BOOT_SECONDS = 120.0
"""How long an agent takes from launch to serving, until a pool has shown its own time."""
_KEPT = 15
_ENOUGH = 9
"""Boots before which nothing is said about how much they differ."""
_DIFFERENT = 30.0
"""Seconds between the fastest and the slowest boot."""
_LATE = 1.5
"""Times the slowest boot after which an agent is late."""


class Boot(NamedTuple):
    """One agent that came."""

    launched: float
    node: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Boots:
    """Those of a pool's agents that were launched last, of all that came.

    Launched, not arrived: of a batch the slowest arrive last, and would be all that is remembered.
    """

    last: tuple[Boot, ...] = ()
    """In the order of launch."""

    def came(self, launched: float, node: str, now: float) -> Boots:
        """One more. A launch in the future, by a clock that differs from the cloud's, took no time."""
        return Boots(tuple(sorted((*self.last, Boot(launched, node, max(now - launched, 0.0))))[-_KEPT:]))

    @property
    def usual(self) -> float:
        """Seconds that half of them took at most."""
        return median(boot.seconds for boot in self.last) if self.last else BOOT_SECONDS

    @property
    def differ(self) -> bool:
        """Whether the sooner of two is worth launching both."""
        times = [boot.seconds for boot in self.last]
        return len(times) >= _ENOUGH and max(times) - min(times) >= _DIFFERENT

    @property
    def late(self) -> float | None:
        """Seconds after which an agent is unlikely to come at all; None as long as nobody can tell."""
        if len(self.last) < _ENOUGH:
            return None
        return _LATE * max(boot.seconds for boot in self.last)
