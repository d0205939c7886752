"""What the decider remembers from poll to poll: a value that may be lost at any time without harm.

Everything that must survive is written on nodes and instances. An empty memory makes the decider
more patient, never more daring: nothing is surplus until a whole window has been watched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from dynaslave.deciding.backoff import Strikes
from dynaslave.deciding.boot_times import Boots
from dynaslave.deciding.capacity_cooldown import Coolings
from dynaslave.deciding.forecast import BuildArrivals
from dynaslave.deciding.launch_reliability import Trials
from dynaslave.deciding.ledger import AgentHistory
from dynaslave.deciding.tuning import Tuning
from dynaslave.deciding.windows import SlidingMaximum
from jobdsl.grammar.labels import Expr

__all__ = ["Memory", "Oldest"]


@dataclass(frozen=True, slots=True)
class Oldest:
    """The item that has waited longest of those with one label."""

    id: int
    since: float
    """When it was first seen to be that."""
    free: float | None = None
    """Since when an executor that seems to fit has been free all the time; None if none is."""


_NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Memory(NamedTuple):
    """Everything remembered; as large as the nodes, pools and labels of the last poll, and no larger."""

    seen: Mapping[str, AgentHistory] = _NOTHING
    """By node."""
    windows: Mapping[str, SlidingMaximum] = _NOTHING
    """By pool: how many executors it needed."""
    traffic: Mapping[str, BuildArrivals] = _NOTHING
    """By pool: the builds that came lately."""
    strikes: Mapping[str, Strikes] = _NOTHING
    """By pool: launches that failed in a row."""
    cooling: Coolings = _NOTHING
    """Offers that were refused, or whose instances were taken away before they served."""
    trials: Mapping[str, Trials] = _NOTHING
    """By pool: how its launches have gone lately."""
    boots: Mapping[str, Boots] = _NOTHING
    """By pool: how long its agents take from launch to serving."""
    missing: Mapping[str, float] = _NOTHING
    """By pool that has agents and is not declared: since when."""
    oldest: Mapping[Expr | None, Oldest] = _NOTHING
    """By label: what waits longest."""
    session: str = ""
    """The controller's session at the last poll that saw it."""
    unseen: bool = False
    """Whether the controller did not answer at the last poll."""

    def unreliable_until(self, pool: str, tuning: Tuning) -> float:
        """Until when launches of a pool are not relied on, by what is known now; `-inf` if they are."""
        trials = self.trials.get(pool)
        return trials.unreliable_until(tuning) if trials else -math.inf

    def boot_seconds(self, pool: str, tuning: Tuning) -> float:
        """How long an agent of a pool takes to serve, by experience."""
        return self.boots[pool].usual(tuning) if pool in self.boots else tuning.boot_guess

    def boots_differ(self, pool: str, tuning: Tuning) -> bool:
        """Whether agents of a pool boot so differently that the sooner of two is worth launching both."""
        return pool in self.boots and self.boots[pool].differ(tuning)
