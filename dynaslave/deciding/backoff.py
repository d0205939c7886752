"""Launches of a pool that fail in a row: how long to wait, and how few to try."""

from __future__ import annotations

from dataclasses import dataclass

from dynaslave.deciding.tuning import Tuning

__all__ = ["Strikes", "struck"]


@dataclass(frozen=True, slots=True)
class Strikes:
    """Failures without a success between."""

    count: int
    until: float
    """No launch before."""
    reason: str
    """What the last one failed of."""

    @property
    def probing(self) -> bool:
        """Whether one agent at a time is enough until one has come."""
        return self.count > 1


def struck(before: Strikes | None, base: float, reason: str, now: float, tuning: Tuning) -> Strikes:
    """Count one more failure. After the first there is no wait, then a longer one each time."""
    count = before.count + 1 if before else 1
    wait = min(base * 2 ** min(count - 2, 20), tuning.launch_wait_most) if count > 1 else 0.0
    return Strikes(count, now + wait, reason)
