"""Which agents nobody needs: those the pool could have done without over the whole of its idle time.

Controllers spread builds over all free agents, so each agent alone looks needed. What counts is how
many agents' worth of executors were free at every moment of the last `idle_minutes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dynaslave.decisions import Drain
from dynaslave.demand import Demand
from dynaslave.ledger import Seen, is_serving
from dynaslave.model import Agent, State
from dynaslave.pools import AgentPool
from dynaslave.schedules import Floor
from dynaslave.supply import slots
from dynaslave.windows import Window
from dynaslave.words import Why, plural

__all__ = ["scale_down", "serving_of", "spare_agents", "watch"]


def spare_agents(
    demand: Demand,
    pools: Iterable[AgentPool],
    serving: Mapping[str, Sequence[Agent]],
    floors: Mapping[str, Floor],
) -> dict[str, int]:
    """How many agents each pool could do without now, after the queue, its spares and its minimum."""
    free: dict[str, int] = {}
    for one in demand.supplies:
        free[one.pool] = free.get(one.pool, 0) + one.free
    spare = {}
    for pool in pools:
        floor, there = floors[pool.name], len(serving[pool.name])
        worth = free.get(pool.name, 0) // slots(pool) - floor.spares
        spare[pool.name] = max(0, min(worth, there - floor.min_agents))
    return spare


def watch(
    windows: Mapping[str, Window], spare: Mapping[str, int], pools: Mapping[str, AgentPool], now: float
) -> dict[str, Window]:
    """The pools' windows, this look included."""
    after = {}
    for name, value in spare.items():
        length, window = pools[name].idle_minutes * 60, windows.get(name)
        after[name] = window.add(length, now, value) if window else Window.start(length, now, value)
    return after


def scale_down(
    pool: AgentPool, serving: Sequence[Agent], seen: Mapping[str, Seen], surplus: int, over: int
) -> list[Drain]:
    """Agents to drain: `surplus` that nobody needs, and `over` beyond the pool's maximum.

    Those go first that are not as the pool describes them any more, then the least recently useful.
    Idle ones go before busy ones; a busy one goes only if it has executors free that nobody needs.
    """
    order = sorted(serving, key=lambda agent: _order(agent, pool, seen))
    drains = [Drain(agent.name, _over(pool)) for agent in order if agent.state is State.IDLE][:over]
    left = [agent for agent in order if agent.free and agent.name not in {drain.node for drain in drains}]
    for agent in left[: max(0, surplus - len(drains))]:
        drains.append(Drain(agent.name, _surplus(agent, pool, surplus)))
    return drains


def _order(agent: Agent, pool: AgentPool, seen: Mapping[str, Seen]) -> tuple[bool, int, bool, float, str]:
    before = seen.get(agent.name)
    current = agent.executors == pool.executors and agent.labels - {agent.name} == frozenset(pool.labels)
    useful = before.useful if before else agent.since
    return (agent.state is State.BUSY, len(agent.node.running), current, useful, agent.name)


def _over(pool: AgentPool) -> str:
    return Why.OVER.says(f"{pool.name} may have {plural(pool.max_agents, 'agent')}")


def _surplus(agent: Agent, pool: AgentPool, surplus: int) -> str:
    could = f"{pool.name} could do without {plural(surplus, 'agent')} for {pool.idle_minutes:g} min"
    if agent.state is State.IDLE:
        return Why.SURPLUS.says(could)
    return Why.WINDING_DOWN.says(f"{could}; what runs here runs on")


def serving_of(
    agents: Iterable[Agent], pools: Mapping[str, AgentPool], going: Mapping[str, str]
) -> dict[str, list[Agent]]:
    """Agents of each pool that take builds and may stay."""
    found: dict[str, list[Agent]] = {name: [] for name in pools}
    for agent in agents:
        if agent.pool in found and agent.name not in going and is_serving(agent):
            found[agent.pool].append(agent)
    return found
