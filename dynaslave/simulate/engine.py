"""The clock of a simulation: what happens by itself, and the policy's polls between.

A poll comes each few seconds of simulated time. Those at which a policy could see nothing new are
left out: after a poll it returns when to poll again though nothing happens.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from dynaslave.pools.pool import AgentPool
from dynaslave.simulate.faults import Chance
from dynaslave.simulate.world import World
from dynaslave.trace import TraceBuild

__all__ = ["PATIENCE", "Played", "Policy", "run"]

PATIENCE = 86_400.0
"""Seconds without any build starting, ending or coming after which those that wait have starved."""
_SETTLING = 7_200.0
"""Seconds after the last build in which a policy may still end its machines."""


class Policy(Protocol):
    """What decides about machines."""

    name: str
    interval: float
    """Seconds between polls."""

    def begin(self, world: World) -> None:
        """Before the first build."""
        ...

    def poll(self, world: World) -> float:
        """Poll and act. Returns the time at which to poll again if nothing happens before."""
        ...


class Played(NamedTuple):
    """A simulation that is over."""

    world: World
    finished: float
    """When the last build ended; machines that never ended cost until then."""
    stopped: float
    """When nothing more was waited for: builds that have not started have waited until then."""


def run(
    builds: Sequence[TraceBuild], pools: Mapping[str, AgentPool], policy: Policy, chance: Chance
) -> Played:
    """Play builds, in the order they came, under a policy."""
    world = World(builds, pools, chance)
    policy.begin(world)
    clock = _Clock(policy.interval)
    progress = _Progress(world)
    arriving, count = 0, len(builds)
    while True:
        happens = world.events[0][0] if world.events else math.inf
        arrives = builds[arriving].submit if arriving < count else math.inf
        if min(happens, arrives) > clock.next or happens == arrives == math.inf:
            if clock.next > progress.patience(arriving == count):
                break
            world.now = clock.next
            clock.polled(policy.poll(world))
        elif happens <= arrives:
            if world.happen():
                clock.dirty(world.now)
                progress.note()
        else:
            world.arrive(arriving)
            arriving += 1
            clock.dirty(world.now)
            progress.note()
    return Played(world, progress.last, progress.last if progress.all_done() else world.now)


class _Progress:
    """When a build last came, started or ended."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.last = 0.0
        self._seen = (0, 0)

    def note(self) -> None:
        seen = (self.world.waiting, self.world.running)
        if seen != self._seen:
            self._seen = seen
            self.last = self.world.now

    def all_done(self) -> bool:
        return not self.world.waiting and not self.world.running

    def patience(self, all_came: bool) -> float:
        """Return until when polls make sense though nothing happens."""
        if not all_came:
            return math.inf
        return self.last + (_SETTLING if self.all_done() else PATIENCE)


class _Clock:
    """When the next poll is: on a grid of the interval."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.next = 0.0
        self._last = -1

    def dirty(self, now: float) -> None:
        """Something happened: poll at the next point of the grid."""
        self._at(now)

    def polled(self, again: float) -> None:
        """A poll is over."""
        self._last = round(self.next / self.interval)
        self.next = math.inf
        if again < math.inf:
            self._at(again)

    def _at(self, when: float) -> None:
        point = max(math.ceil(when / self.interval - 1e-9), self._last + 1)
        self.next = min(self.next, point * self.interval)
