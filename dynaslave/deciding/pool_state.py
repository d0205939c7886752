"""What each pool has, needs and may expect at the moment of a decision."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from dynaslave.deciding.coverage import ON_THE_WAY, Coverage
from dynaslave.deciding.forecast import PATIENT, BuildArrivals, Forecast
from dynaslave.deciding.ledger import Ledger, is_coming, is_serving
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.supply import slots
from dynaslave.deciding.tuning import Tuning
from dynaslave.deciding.windows import SlidingMaximum
from dynaslave.model import Agent
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.schedules import Floor, floor_at

__all__ = ["Standing", "standings_of"]

_ROUNDING = 1e-9
"""What a quotient that should be whole may lack."""


class Standing(NamedTuple):
    """One pool."""

    pool: AgentPool
    floor: Floor
    """What is kept, experience included."""
    serving: Sequence[Agent]
    """Agents that take builds, and need not go."""
    coming: Sequence[Agent]
    """Agents on their way, in time."""
    capacity: int
    """Executors of both that run builds or can take them."""
    expecting: int
    """Items that wait for agents on their way."""
    traffic: BuildArrivals
    forecast: Forecast
    window: SlidingMaximum
    """Executors it has needed."""
    boots_differ: bool
    boot_seconds: float
    """How long its agents take to serve, by experience."""
    late: int
    """Agents on their way that no item waits for any more."""
    doubt: float
    """Until when launches are not relied on, by what is known now."""
    tuning: Tuning

    @property
    def staying(self) -> int:
        """Agents that serve or come, and need not go."""
        return len(self.serving) + len(self.coming)

    def surplus(self) -> int:
        """Return the number of agents that were not needed for long enough."""
        most = self.window.most(self.hold(self.staying))
        if most is None:
            return 0
        worth = (self.capacity - most) // slots(self.pool)
        if self.expecting:  # whichever of those on their way comes first, somebody waits for it
            worth -= len(self.coming)
        return max(0, min(worth, self.staying - self.floor.min_agents))

    def doubles(self, expecting: int) -> int:
        """Agents beyond those needed that are worth having on their way to so many items.

        Whichever comes first takes the build, and no build waits for the slowest. Not where so many builds
        come and end that the items will hardly have to wait for an agent.
        """
        prefer = self.pool.prefer
        if prefer == "cost" or not self.boots_differ or expecting <= self.forecast.typical:
            return 0
        agents = math.ceil(expecting / slots(self.pool))
        more = math.ceil(self.tuning.extra_share * agents)
        return more if self.is_doubtful or prefer == "speed" else min(more, self._paid_for(agents))

    def _paid_for(self, agents: int) -> int:
        """Agents that cost no more than ending so many before their idle time is over saves."""
        saved = agents * 60 * self.pool.idle_minutes * (1 - self.hold(agents))
        return int(saved / (self.boot_seconds + self.tuning.closing) + _ROUNDING)

    def hold(self, agents: int) -> float:
        """Share of its idle time for which a pool of so many agents keeps unneeded capacity.

        Where executors are kept free beforehand, experience shortens it. Elsewhere it is shortened by what
        the agents cost that are launched beyond those needed. Agents with several executors are rarely
        all idle, and are kept.
        """
        forecast, idle = self.forecast, 60 * self.pool.idle_minutes
        if self.pool.prefer == "cost" and idle:  # billed for no longer than by a timer of each agent
            return max(0.0, 1 - self.tuning.closing / idle)
        if slots(self.pool) > 1 or self.pool.prefer == "speed":
            return 1.0
        if forecast.ahead or not agents or not idle:
            return forecast.hold
        more = math.ceil(self.tuning.extra_share * agents) if self.boots_differ else 0
        return max(forecast.hold, 1 - more * (self.boot_seconds + self.tuning.closing) / (agents * idle))

    @property
    def is_doubtful(self) -> bool:
        """Whether launches are not relied on now."""
        return self.traffic.at < self.doubt

    def later(self, now: float) -> Standing | None:
        """Return how it stands at a later poll that shows the same; None if something is to be done."""
        if self.is_doubtful and now >= self.doubt:
            return None
        traffic = self.traffic.poll(now, self.traffic.running, self.traffic.waiting, self.tuning)
        forecast = self.forecast
        if now >= self.traffic.next(self.tuning):
            forecast = _forecast(traffic, self.pool, self.boot_seconds, self.tuning, sure=now < self.doubt)
            if forecast.ahead != self.forecast.ahead:
                return None
        window = self.window.add(self.window.length, now, self.window.value, self.tuning)
        later = self._replace(traffic=traffic, forecast=forecast, window=window)
        return None if later.surplus() else later

    def until(self) -> float:
        """When it may stand otherwise although nothing happens."""
        times = [agent.deadline for agent in self.coming if agent.deadline is not None]
        times += [self.traffic.next(self.tuning), *([self.doubt] if self.is_doubtful else [])]
        shrinks = self.staying > self.floor.min_agents
        shrinks = shrinks and self.capacity - self.window.value >= slots(self.pool)
        times.append(self.window.next(self.hold(self.staying) if shrinks else None, self.tuning))
        return min(times)


def standings_of(
    ledger: Ledger,
    pools: Mapping[str, AgentPool],
    *,
    going: Collection[str],
    late: Collection[str],
    executors: Mapping[str, int],
    coverage: Coverage,
    paused: Mapping[str, int],
    memory: Memory,
    now: float,
    tuning: Tuning,
) -> dict[str, Standing]:
    """Describe all pools.

    Args:
        ledger: all agents.
        pools: by name, in the order they are preferred.
        going: agents that have to leave.
        late: agents on their way that are not counted.
        executors: free or on their way, by pool, before items took any.
        coverage: what serves the items.
        paused: items that start when the controller no longer shuts down, by pool.
        memory: of earlier polls.
        now: the time of the poll.
        tuning: the constants.
    """
    serving: dict[str, list[Agent]] = {name: [] for name in pools}
    coming: dict[str, list[Agent]] = {name: [] for name in pools}
    lates = dict.fromkeys(pools, 0)
    running: dict[str, set[str]] = {name: set() for name in pools}
    for agent in ledger.agents:
        if agent.pool in pools:
            if agent.node.running:
                running[agent.pool].update(_builds(agent))
            if agent.name not in going and is_serving(agent):
                serving[agent.pool].append(agent)
            elif agent.name in late:
                lates[agent.pool] += 1
            elif agent.name not in going and is_coming(agent, now, tuning):
                coming[agent.pool].append(agent)
    waiting = coverage.waiting()
    described = {}
    for name, pool in pools.items():
        busy = sum(len(agent.node.running) for agent in serving[name])
        boot = memory.boot_seconds(name, tuning)
        traffic = _traffic(
            memory.traffic.get(name), frozenset(running[name]), waiting.get(name, 0), now, tuning
        )
        doubt = memory.unreliable_until(name, tuning)
        forecast = _forecast(traffic, pool, boot, tuning, sure=now < doubt)
        floor = _floor(pool, now, forecast.ahead)
        needs = busy + waiting.get(name, 0) + paused.get(name, 0) + floor.free(slots(pool))
        described[name] = Standing(
            pool=pool,
            floor=floor,
            serving=serving[name],
            coming=coming[name],
            capacity=busy + executors.get(name, 0),
            expecting=coverage.sources.get(name, {}).get(ON_THE_WAY, 0),
            traffic=traffic,
            forecast=forecast,
            window=_window(memory.windows.get(name), 60 * pool.idle_minutes, needs, now, tuning),
            boots_differ=memory.boots_differ(name, tuning),
            boot_seconds=boot,
            late=lates[name],
            doubt=doubt,
            tuning=tuning,
        )
    return described


def _forecast(
    traffic: BuildArrivals, pool: AgentPool, boot: float, tuning: Tuning, *, sure: bool
) -> Forecast:
    """Predict from experience; where cost counts, nothing is kept or launched for what may come."""
    return PATIENT if pool.prefer == "cost" else traffic.forecast(boot, tuning, sure=sure)


def _builds(agent: Agent) -> Iterable[str]:
    """Return what identifies its builds."""
    return (build.url or f"{agent.name}#{at}" for at, build in enumerate(agent.node.running))


def _traffic(
    before: BuildArrivals | None, running: frozenset[str], waiting: int, now: float, tuning: Tuning
) -> BuildArrivals:
    if before is None:
        return BuildArrivals.start(now, running, waiting, tuning)
    return before.poll(now, running, waiting, tuning)


def _window(
    before: SlidingMaximum | None, length: float, needs: int, now: float, tuning: Tuning
) -> SlidingMaximum:
    return before.add(length, now, needs, tuning) if before else SlidingMaximum.start(length, now, needs)


def _floor(pool: AgentPool, now: float, ahead: int) -> Floor:
    floor = floor_at(pool.schedule, pool.min_agents, pool.spares, now)
    return Floor(min(floor.min_agents, pool.max_agents), floor.spares, ahead)
