"""How a pool's launches have gone lately: what share of them was refused, never came, or was taken away."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dynaslave.deciding.tuning import Tuning

__all__ = ["Trials"]


@dataclass(frozen=True, slots=True)
class Trials:
    """Launches and failures, older ones counting less: their weights at the moment `at`."""

    tried: float = 0.0
    failed: float = 0.0
    at: float = 0.0

    def more(self, tried: int, failed: int, now: float, tuning: Tuning) -> Trials:
        """After more launches and failures. A failure that was tried before is no launch of its own."""
        fade = 0.5 ** (max(now - self.at, 0.0) / tuning.failure_half_life)
        return Trials(self.tried * fade + tried, self.failed * fade + failed, now)

    def unreliable_until(self, tuning: Tuning) -> float:
        """When what failed is forgotten, if nothing more is tried; before it where failures are too few."""
        if self.failed < tuning.failure_weight or self.failed < tuning.failure_share * self.tried:
            return -math.inf
        return self.at + tuning.failure_half_life * math.log2(self.failed / tuning.failure_weight)
