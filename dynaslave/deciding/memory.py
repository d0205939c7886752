"""What the decider remembers from look to look: a value that may be lost at any time without harm.

Everything that must survive is written on nodes and instances. An empty memory makes the decider
more patient, never more daring: nothing is surplus until a whole window has been watched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from dynaslave.deciding.backoff import Strikes
from dynaslave.deciding.forecast import Traffic
from dynaslave.deciding.ledger import Seen
from dynaslave.deciding.offers import Cooling
from dynaslave.deciding.trials import Trials
from dynaslave.deciding.windows import Window
from dynaslave.provider import Offer
from jobdsl.grammar.labels import Expr

__all__ = ["BOOT_SECONDS", "Memory", "Oldest"]

BOOT_SECONDS = 120.0
"""How long an agent takes from launch to serving, until a pool has shown its own time."""
BOOTS_KEPT = 50
"""As many as one burst brings, or else only its slowest would be known: they come last."""
_BOOTS_KNOWN = 9
"""Boots before which nothing is said about how much they differ."""
_DIFFERENT = 30.0
"""Seconds between the fastest and the slowest boot."""


@dataclass(frozen=True, slots=True)
class Oldest:
    """The item that has waited longest of those with one label."""

    id: int
    since: float
    """When it was first seen to be that."""
    free: float | None = None
    """Since when an executor that seems to fit has been free all the time; None if none is."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything remembered; as large as the nodes, pools and labels of the last look, and no larger."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    """By node."""
    windows: Mapping[str, Window] = field(default_factory=dict)
    """By pool: how many executors it needed."""
    traffic: Mapping[str, Traffic] = field(default_factory=dict)
    """By pool: the builds that came lately."""
    strikes: Mapping[str, Strikes] = field(default_factory=dict)
    """By pool: launches that failed in a row."""
    cooling: Mapping[Offer, Cooling] = field(default_factory=dict)
    """Offers that had no capacity."""
    trials: Mapping[str, Trials] = field(default_factory=dict)
    """By pool: how its launches have gone lately."""
    boots: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By pool: seconds from launch to serving of its last agents."""
    oldest: Mapping[Expr | None, Oldest] = field(default_factory=dict)
    """By label: what waits longest."""

    def unreliable_until(self, pool: str) -> float:
        """Until when launches of a pool are not relied on, by what is known now; `-inf` if they are."""
        found = self.trials.get(pool)
        return found.unreliable_until if found else -math.inf

    def boot_seconds(self, pool: str) -> float:
        """How long an agent of a pool takes to serve, by experience."""
        times = self.boots.get(pool)
        return median(times) if times else BOOT_SECONDS

    def boots_differ(self, pool: str) -> bool:
        """Whether agents of a pool boot so differently that the sooner of two is worth launching both."""
        times = self.boots.get(pool, ())
        return len(times) >= _BOOTS_KNOWN and max(times) - min(times) >= _DIFFERENT
