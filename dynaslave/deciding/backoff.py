"""Launches of a pool that fail in a row: how long to wait, and how few to try."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NEVER_CAME", "REFUSED", "Strikes", "struck"]

REFUSED = 15.0
"""Seconds before the third try where the cloud said no."""
NEVER_CAME = 60.0
"""The same where machines started and no agent came of them: that costs money each time."""
_LONGEST = 900.0


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


def struck(before: Strikes | None, base: float, reason: str, now: float) -> Strikes:
    """One failure more. After the first there is no wait, then a longer one each time, 15 minutes at most."""
    count = before.count + 1 if before else 1
    wait = min(base * 2 ** min(count - 2, 20), _LONGEST) if count > 1 else 0.0
    return Strikes(count, now + wait, reason)
