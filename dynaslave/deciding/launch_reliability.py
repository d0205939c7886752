"""How a pool's launches have gone lately: what share of them was refused, never came, or was taken away."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Trials"]

_HALF = 4 * 3600.0
"""Seconds in which experience loses half of its weight."""
_BAD = 0.03
"""Share of failures from which on launches are not relied on."""
_ENOUGH = 1.5
"""Weight of failures below which they are chance, or forgotten: one of four hours ago weighs a half."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Launches and failures, older ones counting less: their weights at the moment `at`."""

    tried: float = 0.0
    failed: float = 0.0
    at: float = 0.0

    def more(self, tried: int, failed: int, now: float) -> Trials:
        """After more launches and failures. A failure that was tried before is no launch of its own."""
        fade = 0.5 ** (max(now - self.at, 0.0) / _HALF)
        return Trials(self.tried * fade + tried, self.failed * fade + failed, now)

    @property
    def unreliable_until(self) -> float:
        """When what failed is forgotten, if nothing more is tried; before it where failures are too few."""
        if self.failed < _ENOUGH or self.failed < _BAD * self.tried:
            return -math.inf
        return self.at + _HALF * math.log2(self.failed / _ENOUGH)
