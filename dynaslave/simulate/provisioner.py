"""What Jenkins itself does: its standard provisioning strategy, with the EC2 plugin's defaults.

The algorithm and its constants are those of NodeProvisioner.StandardStrategyImpl (Jenkins 2.568).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from dynaslave.pools.prices import Table
from dynaslave.simulate.baselines import BaselineLauncher, Retention
from dynaslave.simulate.machines import LabelQueue, Machine
from dynaslave.simulate.world import World

__all__ = ["NodeProvisioner"]

_DECAY = 0.9
_MARGIN, _MARGIN0, _MARGIN_DECAY = 0.1, 0.5, 0.5
_STARTING = 20.0
"""Seconds until EC2 calls an instance running: until then it is planned, afterwards connecting."""


class _Average:
    """Jenkins' moving average of a number, sampled at each tick."""

    __slots__ = ("sample", "value")

    def __init__(self) -> None:
        self.value = 0.0
        self.sample = 0.0

    def tick(self, missed: int, now: float) -> None:
        """`missed` ticks with the last sample, then one with this."""
        self.value = self.sample + (self.value - self.sample) * _DECAY**missed
        self.value += (now - self.value) * (1 - _DECAY)
        self.sample = now


class _LoadStatistics:
    """What the provisioner of one label knows."""

    def __init__(self) -> None:
        self.queue, self.available, self.connecting, self.planned = (_Average() for _ in range(4))

    def tick(self, missed: int, queue: int, available: int, connecting: int, planned: int) -> None:
        for average, sample in (
            (self.queue, queue),
            (self.available, available),
            (self.connecting, connecting),
            (self.planned, planned),
        ):
            average.tick(missed, sample)


class NodeProvisioner:
    """Jenkins' standard strategy, the EC2 plugin at its defaults: 30 minutes idle, looked at each minute."""

    name = "node-provisioner"
    interval = 10.0
    idle_seconds = 1800.0

    def __init__(self, prices: Table | None = None) -> None:
        self._launcher = BaselineLauncher(prices)
        self._retention = Retention(60.0)
        self._statistics: list[_LoadStatistics] = []
        self._last = 0.0

    def begin(self, world: World) -> None:
        """One provisioner for each label."""
        world.counts_uses = True
        self._statistics = [_LoadStatistics() for _ in world.kinds]
        self._last = -self.interval

    def poll(self, world: World) -> float:
        """One tick, and those before it at which nothing had changed."""
        again = math.inf
        missed = round((world.now - self._last) / self.interval) - 1
        self._last = world.now
        for kind, statistics in zip(world.kinds, self._statistics, strict=True):
            if self._tick(world, kind, statistics, missed):
                again = world.now + self.interval
        for pool in world.pools.values():
            self._launcher.launch(world, pool, pool.pool.min_agents - len(pool.machines))
            if len(pool.machines) < pool.pool.min_agents or any(_planned(world, pool.machines.values())):
                again = world.now + self.interval
            again = min(again, self._retention.round(world, self.idle_seconds, pool))
        return again

    def _tick(self, world: World, kind: LabelQueue, statistics: _LoadStatistics, missed: int) -> bool:
        """Provision for one label; return whether it must be examined again at the next tick."""
        machines = [machine for pool in kind.pools for machine in pool.machines.values()]
        online = sum(machine.executors for machine in machines if machine.online and machine.accepting)
        planned = sum(machine.executors for machine in _planned(world, machines))
        connecting = sum(machine.executors for machine in machines if not machine.online) - planned
        available = sum(pool.free for pool in kind.pools)
        queue = len(kind.queue)
        statistics.tick(missed, queue, available, connecting, planned)
        if queue <= available:
            return False
        excess = _excess(statistics, online)
        if excess:
            self._provision(world, kind, excess)
        return True

    def _provision(self, world: World, kind: LabelQueue, excess: int) -> None:
        for pool in kind.pools:
            if excess <= 0:
                return
            nodes = max(excess // pool.pool.executors, 1)
            excess -= self._launcher.launch(world, pool, nodes) * pool.pool.executors


def _planned(world: World, machines: Iterable[Machine]) -> list[Machine]:
    return [
        machine for machine in machines if not machine.online and world.now - machine.launched < _STARTING
    ]


def _excess(statistics: _LoadStatistics, online: int) -> int:
    """Return the executors the standard strategy requests."""
    queue, available = statistics.queue, statistics.available
    connecting, planned = statistics.connecting, statistics.planned
    idle = max(available.sample, available.value)
    none_at_all = available.sample + connecting.sample + online + planned.sample == 0
    if idle >= _MARGIN and not none_at_all:
        return 0
    excess = (
        min(queue.value, queue.sample)
        - max(planned.value, planned.sample)
        - min(connecting.value, connecting.sample)
    )
    if none_at_all:
        excess = max(excess, 1.0)
    margin = _MARGIN + (_MARGIN0 - _MARGIN) * _MARGIN_DECAY**online
    return math.floor(excess + margin) if excess > 1 - margin else 0
