"""What others do, for comparison: the EC2 plugin's no-delay option, and a fixed fleet.

As the ec2-plugin (2026) at its defaults: one instance type a template, zones in turn, no limit on the
time an agent may take to connect.
"""

from __future__ import annotations

import math

from dynaslave.pools.prices import Table, shipped
from dynaslave.provider import Offer
from dynaslave.simulate.faults import BOOT
from dynaslave.simulate.machines import LabelQueue, Machine, PoolState, zones_of
from dynaslave.simulate.world import World

__all__ = ["SPOT_SHARE", "BaselineLauncher", "Fixed", "NoDelay", "Retention", "price_of"]

SPOT_SHARE = 0.35
"""What a spot instance costs, as a share of on-demand."""


def price_of(offer: Offer, table: Table) -> float:
    """Return dollars an hour; 0 for an unknown type."""
    row = table.get(offer.type)
    return (row.dollars_hour if row else 0.0) * (SPOT_SHARE if offer.market == "spot" else 1.0)


class BaselineLauncher:
    """Launches as the plugin's template does: always the first type, the zones in turn."""

    def __init__(self, prices: Table | None = None) -> None:
        self._prices = prices if prices is not None else shipped()
        self._turns: dict[str, int] = {}

    def launch(self, world: World, pool: PoolState, count: int) -> int:
        """Launch up to `count` machines within the pool's maximum; gives how many were."""
        desired = min(count, pool.pool.max_agents - len(pool.machines))
        for done in range(desired):
            offer = self._offer(pool)
            if world.launch(pool, offer, price_of(offer, self._prices)) is None:
                return done
        return max(desired, 0)

    def _offer(self, pool: PoolState) -> Offer:
        zones = zones_of(pool.pool)
        turn = self._turns[pool.pool.name] = self._turns.get(pool.pool.name, -1) + 1
        kind = pool.pool.instance_types[0] if pool.pool.instance_types else ""
        return Offer(kind, zones[turn % len(zones)], "on-demand" if pool.pool.spot == "no" else "spot")


class Retention:
    """Ends machines that have been idle for long enough, each by its own timer."""

    def __init__(self, every: float) -> None:
        self.every = every
        """Seconds between its rounds."""
        self._next: dict[str, float] = {}

    def round(self, world: World, idle_seconds: float, pool: PoolState) -> float:
        """End what has been idle for too long; return when to poll again."""
        name, now = pool.pool.name, world.now
        if now < self._next.get(name, 0.0):
            return self._next[name] if pool.machines else math.inf
        again = now + max(idle_seconds, self.every)
        for machine in list(pool.machines.values()):
            if not machine.online or machine.runs:
                continue
            due = machine.idle_since + (0.0 if _is_used_up(machine) else idle_seconds)
            if due > now:
                again = min(again, due)
            elif _is_used_up(machine) or len(pool.machines) > pool.pool.min_agents:
                world.end(machine)
            else:
                again = min(again, now + self.every)
        self._next[name] = math.ceil(again / self.every - 1e-9) * self.every
        return self._next[name] if pool.machines else math.inf


def _is_used_up(machine: Machine) -> bool:
    most = machine.pool.pool.max_uses
    return most is not None and machine.uses >= most


class NoDelay:
    """Demand at once: what waits, less what is free and what is on its way. An idle timer for each agent."""

    name = "no-delay"
    interval = 5.0

    def __init__(self, prices: Table | None = None) -> None:
        self._launcher = BaselineLauncher(prices)
        self._retention = Retention(self.interval)

    def begin(self, world: World) -> None:
        """The controller keeps used-up agents from builds."""
        world.counts_uses = True

    def poll(self, world: World) -> float:
        """Launch what is missing, end what is idle."""
        again = math.inf
        for pool in world.pools.values():
            missing = pool.pool.min_agents - len(pool.machines)
            if missing > self._launcher.launch(world, pool, missing):
                again = world.now + self.interval
        for kind in world.kinds:
            if kind.queue and not self._cover(world, kind):
                again = world.now + self.interval
        for pool in world.pools.values():
            again = min(again, self._retention.round(world, 60 * pool.pool.idle_minutes, pool))
        return again

    def _cover(self, world: World, kind: LabelQueue) -> bool:
        """Launch for one label; False where a launch failed."""
        free = sum(pool.free for pool in kind.pools)
        coming = sum(pool.coming * pool.pool.executors for pool in kind.pools)
        missing = len(kind.queue) - free - coming
        for pool in kind.pools:
            if missing <= 0:
                break
            desired = min(math.ceil(missing / pool.pool.executors), pool.pool.max_agents - len(pool.machines))
            done = self._launcher.launch(world, pool, desired)
            if done < desired:
                return False
            missing -= done * pool.pool.executors
        return True


class Fixed:
    """All agents of a pool (`max_agents`), started at the beginning; what is lost is not replaced."""

    name = "fixed"
    interval = 5.0

    def __init__(self, prices: Table | None = None) -> None:
        self._launcher = BaselineLauncher(prices)
        self._missing: dict[str, int] = {}

    def begin(self, world: World) -> None:
        """They have been started before the first build."""
        self._missing = {name: state.pool.max_agents for name, state in world.pools.items()}
        world.now = -BOOT[1]
        self.poll(world)

    def poll(self, world: World) -> float:
        """Start those that could not be had before."""
        for name, missing in self._missing.items():
            if missing:
                self._missing[name] -= self._launcher.launch(world, world.pools[name], missing)
        return world.now + self.interval if any(self._missing.values()) else math.inf
