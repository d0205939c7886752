"""Agents that are not needed: those beyond the most the pool has needed over its idle time.

Controllers spread builds over all free agents, so each agent alone seems needed. What counts is how
many executors were needed at once; experience may shorten the time (forecast.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from dynaslave.deciding.coverage import LabelCoverage
from dynaslave.deciding.decisions import Drain
from dynaslave.deciding.departures import Departures
from dynaslave.deciding.drift import replace_outdated
from dynaslave.deciding.ledger import AgentHistory, Ledger
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.pool_state import Standing
from dynaslave.deciding.scale_up import Growth, ScaleUp
from dynaslave.deciding.supply import slots
from dynaslave.drain_reasons import Why
from dynaslave.model import Agent, AgentState
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.prices import BILLING_MINIMUM
from jobdsl.grammar.labels import Expr
from jobdsl.printable import plural

__all__ = ["idle_until", "scale_down"]


def scale_down(
    standings: Mapping[str, Standing],
    scale_up: ScaleUp,
    ledger: Ledger,
    leaving: Departures,
    memory: Memory,
    now: float,
) -> list[Drain]:
    """Choose the agents to drain in all pools: those that are not needed, else those to be renewed."""
    draining = Counter(agent.pool for agent in ledger.agents if agent.state is AgentState.DRAINING)
    drains: list[Drain] = []
    for name, standing in standings.items():
        growth = scale_up.growth[name]
        drains += _shrink(standing, growth, scale_up.labels, leaving.keeping.needed, memory, now) or _renew(
            standing, growth, draining[name], leaving, memory
        )
    return drains


def _shrink(
    standing: Standing,
    growth: Growth,
    labels: Sequence[LabelCoverage],
    needed: Collection[str],
    memory: Memory,
    now: float,
) -> list[Drain]:
    """Agents of a pool that are not needed; none while it grows."""
    if growth.full:
        waiting = [label.demand.label for label in labels]
        unfit = _replace_unfit(standing, waiting, growth.uncovered, needed, growth.held_back)
        if unfit:
            return unfit
    over, surplus = max(0, standing.staying - standing.pool.max_agents), standing.surplus()
    if growth.grows or not (surplus or over):
        return []
    return _release(standing, memory.seen, surplus, over, needed, now)


def _renew(
    standing: Standing, growth: Growth, draining: int, leaving: Departures, memory: Memory
) -> list[Drain]:
    """Agents of a pool to replace by ones of its newest image or template; none where launches fail."""
    if growth.grows or growth.held_back or standing.pool.name in memory.strikes:
        return []
    return replace_outdated(standing, leaving.outdated, draining, leaving.keeping.needed)


def _release(
    standing: Standing,
    seen: Mapping[str, AgentHistory],
    surplus: int,
    over: int,
    needed: Collection[str],
    now: float,
) -> list[Drain]:
    """Choose the agents of a pool to drain: `surplus` without work, and `over` beyond the pool's maximum.

    Those go first that have not come yet, the latest first, as soon as the minute is over that they are
    billed for in any case. Then those that are not as the pool describes them any more, then the least
    recently useful. Idle ones go before busy ones; a busy one goes only if it has executors free that
    that are not needed. `needed`: agents that stay, as a build may go on there or waits for that very node.
    """
    pool = standing.pool
    serving = [agent for agent in standing.serving if agent.name not in needed]
    order = sorted(serving, key=lambda agent: _order(agent, pool, seen))
    drains = [Drain(agent.name, _over(pool)) for agent in order if agent.state is AgentState.IDLE][:over]
    gone = {drain.node for drain in drains}
    candidates = sorted(
        (agent for agent in standing.coming if _is_billed(agent, now)), key=lambda agent: -agent.since
    )
    idle_seconds = _own_idle_seconds(pool)
    candidates += [
        agent
        for agent in order
        if agent.free and agent.name not in gone and now - _useful(agent, seen) >= idle_seconds
    ]
    for agent in candidates[: max(0, surplus - len(drains))]:
        drains.append(Drain(agent.name, _surplus(agent, standing, surplus)))
    return drains


def idle_until(standing: Standing, seen: Mapping[str, AgentHistory], now: float) -> Iterator[float]:
    """When idle agents that are kept as long as each was useful lately may go."""
    if idle_seconds := _own_idle_seconds(standing.pool):
        for agent in standing.serving:
            if agent.state is AgentState.IDLE and (until := _useful(agent, seen) + idle_seconds) > now:
                yield until


def _own_idle_seconds(pool: AgentPool) -> float:
    """How long an agent is kept after its last build, whatever the pool needs; 0 where only that counts."""
    return 60 * pool.idle_minutes if pool.prefer == "speed" else 0.0


def _replace_unfit(
    standing: Standing, labels: Sequence[Expr | None], uncovered: int, needed: Collection[str], held_back: str
) -> list[Drain]:
    """Return agents to drain that serve nothing that waits, where there is no room for those that would.

    Their labels, or their mode, are not the pool's any more. They seem needed, as builds wait for the pool.

    Args:
        standing: the pool.
        labels: of everything that waits.
        uncovered: items of the pool that nothing serves.
        needed: agents that stay.
        held_back: the limit that is in the way.
    """
    pool = standing.pool
    unfit = [
        agent
        for agent in (*standing.coming, *standing.serving)
        if agent.state is not AgentState.BUSY
        and agent.name not in needed
        and not any(_fits(agent, label, pool) for label in labels)
    ]
    says = Why.UNFIT.says(
        f"{pool.name} has other labels or another mode now, for which builds wait, and {held_back}"
    )
    return [Drain(agent.name, says) for agent in unfit[: math.ceil(uncovered / slots(pool))]]


def _fits(agent: Agent, label: Expr | None, pool: AgentPool) -> bool:
    if label is None:
        return (agent.node.mode or pool.mode) == "normal"
    return label.matches(agent.labels)


def _is_billed(agent: Agent, now: float) -> bool:
    """Whether ending it now saves anything."""
    if agent.instance is None:
        return False
    own = agent.since if agent.state in (AgentState.PENDING, AgentState.BOOTING) else agent.instance.launched
    return now - own >= BILLING_MINIMUM


def _order(
    agent: Agent, pool: AgentPool, seen: Mapping[str, AgentHistory]
) -> tuple[bool, int, bool, float, str]:
    current = agent.executors == pool.executors and agent.labels - {agent.name} == frozenset(pool.labels)
    return (
        agent.state is AgentState.BUSY,
        len(agent.node.running),
        current,
        _useful(agent, seen),
        agent.name,
    )


def _useful(agent: Agent, seen: Mapping[str, AgentHistory]) -> float:
    """When something last ran there."""
    before = seen.get(agent.name)
    return before.useful if before else agent.since


def _over(pool: AgentPool) -> str:
    return Why.OVER.says(f"{pool.name} may have {plural(pool.max_agents, 'agent')}")


def _surplus(agent: Agent, standing: Standing, surplus: int) -> str:
    if not agent.node.connected:
        return Why.SURPLUS.says("no build waits for it any more")
    minutes = standing.pool.idle_minutes * standing.hold(standing.staying)
    unneeded = f"{standing.pool.name} has not needed {plural(surplus, 'agent')} for {minutes:.2g} min"
    if agent.state is AgentState.IDLE:
        return Why.SURPLUS.says(unneeded)
    return Why.WINDING_DOWN.says(f"{unneeded}; what runs here runs on")
