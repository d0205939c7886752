"""What chance does in a simulation: boot times, failures, interruptions. All of it follows from the seed.

The n-th launch of a pool has the same fate under every policy, and an offer lacks capacity at the same
times: so two policies differ by what they decide, not by luck.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from dynaslave.provider import Offer

__all__ = ["NEVER", "Chance", "Fate", "FaultRates"]

BOOT = (60.0, 180.0)
"""Seconds from launch to serving, uniform between these."""
NEVER = math.inf
SHORTAGE = 180.0
"""Seconds for which an offer has capacity or not."""


@dataclass(frozen=True, slots=True)
class FaultRates:
    """What may go wrong."""

    capacity_errors: float = 0.0
    """Share of the time in which an offer (type, zone and market) has no capacity."""
    never_connect: float = 0.0
    """Share of launches whose agent never dials in."""
    interruptions: float = 0.0
    """Interruptions of a spot instance in an hour."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one launch."""

    boot: float
    """Seconds to serving; `NEVER`."""
    life: float
    """Seconds until a spot instance is taken away; `NEVER`."""


class Chance:
    """All dice of one simulation."""

    def __init__(self, seed: int = 0, faults: FaultRates | None = None) -> None:
        self.seed = seed
        self.faults = faults or FaultRates()
        self._dry = lru_cache(maxsize=4096)(self._has_none)

    def fate(self, pool: str, number: int) -> Fate:
        """The fate of a pool's launch by its number."""
        dice = Random(f"{self.seed}/{pool}/{number}")  # noqa: S311  # a simulation
        boot, connects, life = dice.uniform(*BOOT), dice.random(), dice.expovariate(1.0)
        rate = self.faults.interruptions
        return Fate(
            boot if connects >= self.faults.never_connect else NEVER,
            life * 3600 / rate if rate > 0 else NEVER,
        )

    def has_capacity(self, offer: Offer, now: float) -> bool:
        """Whether an instance of this offer can be had now."""
        return not self.faults.capacity_errors or not self._dry(offer, int(now // SHORTAGE))

    def _has_none(self, offer: Offer, spell: int) -> bool:
        dice = Random(f"{self.seed}/{offer}/{spell}")  # noqa: S311
        return dice.random() < self.faults.capacity_errors
