"""How long agents of a pool take from launch to serving: what is usual, how much it differs, what is late."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from dynaslave.deciding.tuning import Tuning

__all__ = ["Boot", "Boots"]


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

    def came(self, launched: float, node: str, now: float, tuning: Tuning) -> Boots:
        """One more. A launch in the future, by a clock that differs from the cloud's, took no time."""
        boots = sorted((*self.last, Boot(launched, node, max(now - launched, 0.0))))
        return Boots(tuple(boots[-tuning.boots_remembered :]))

    def usual(self, tuning: Tuning) -> float:
        """Seconds that half of them took at most."""
        return median(boot.seconds for boot in self.last) if self.last else tuning.boot_guess

    def differ(self, tuning: Tuning) -> bool:
        """Whether the sooner of two is worth launching both."""
        times = [boot.seconds for boot in self.last]
        return len(times) >= tuning.boots_enough and max(times) - min(times) >= tuning.boots_differ

    def late(self, tuning: Tuning) -> float | None:
        """Return the seconds after which an agent is unlikely to come at all; None while that is unknown."""
        if len(self.last) < tuning.boots_enough:
            return None
        return tuning.late_factor * max(boot.seconds for boot in self.last)
