"""Executors there are, and executors to come, by the labels their nodes carry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dynaslave.deciding.ledger import AgentHistory, Ledger, is_coming, is_serving
from dynaslave.deciding.matching import Labelled
from dynaslave.model import Agent, AgentState, JenkinsNode, Offline, Running
from dynaslave.pools.pool import AgentPool

__all__ = ["Supply", "slots", "supplies"]


def slots(pool: AgentPool) -> int:
    """Builds that a new agent of a pool can take before anything must happen."""
    return pool.executors if pool.max_uses is None else min(pool.executors, pool.max_uses)


@dataclass(slots=True)
class Supply:
    """All executors with the same labels, of one pool or of nobody's. Numbers go down as items take them."""

    pool: str
    """Empty for nodes that are not ours."""
    fit: Labelled
    free: int = 0
    coming: int = 0
    """On agents that are being launched."""
    parked: list[tuple[str, int]] = field(default_factory=list)
    """Agents that drain only because nobody needed them, and how many executors are free there."""
    ends: list[float] = field(default_factory=list)
    """Seconds until running builds should be over."""


def supplies(
    ledger: Ledger,
    pools: Mapping[str, AgentPool],
    seen: Mapping[str, AgentHistory],
    going: Collection[str],
    parked: Collection[str],
    named: Collection[str],
    now: float,
) -> list[Supply]:
    """What there is, sorted out by pool and labels.

    going: agents that count for nothing, as they must leave or are late. parked: agents that could be
    taken back. named: labels that queue items name; a node whose name is among them is one of its own.
    """
    found: dict[tuple[str, Labelled], Supply] = {}

    def of(pool: str, node: JenkinsNode, exclusive: bool) -> Supply:
        labels = node.labels if node.name in named else _shared(node.labels, node.name)
        key = (pool, Labelled(labels, exclusive))
        if key not in found:
            found[key] = Supply(*key)
        return found[key]

    for agent in ledger.agents:
        pool = pools.get(agent.pool)
        if pool is not None and agent.name not in going and _counts(agent, agent.name in parked, now):
            supply = of(pool.name, agent.node, (agent.node.mode or pool.mode) == "exclusive")
            _add(supply, agent, _uses_left(pool, seen.get(agent.name)), agent.name in parked, now)
    for node in ledger.others:
        if node.connected and node.offline is Offline.NO:
            supply = of("", node, node.exclusive)
            supply.free += max(0, node.executors - len(node.running))
            supply.ends += _ends(node.running, now)
    for supply in found.values():
        supply.ends.sort()
    return list(found.values())


@lru_cache(maxsize=16_384)
def _shared(labels: frozenset[str], name: str) -> frozenset[str]:
    """Labels of a node but its own name. Equal sets are one object, which is hashed once."""
    return labels - {name}


def _counts(agent: Agent, parked: bool, now: float) -> bool:
    return is_serving(agent) or is_coming(agent, now) or (parked and agent.state is AgentState.DRAINING)


def _uses_left(pool: AgentPool, seen: AgentHistory | None) -> int | None:
    """Builds an agent may still take, beyond those it has; None for as many as come."""
    return None if pool.max_uses is None else max(0, pool.max_uses - (seen.uses if seen else 0))


def _add(supply: Supply, agent: Agent, uses: int | None, parked: bool, now: float) -> None:
    running = agent.node.running
    free = max(0, agent.executors - len(running))
    free = free if uses is None else min(free, uses)
    if parked:
        supply.parked += [(agent.name, free)] if free else []
    elif is_serving(agent):
        supply.free += free
        if running:
            ends = _ends(running, now)
            supply.ends += ends if uses is None else sorted(ends)[: uses - free]
    else:
        supply.coming += free


def _ends(running: Iterable[Running], now: float) -> list[float]:
    return [left for build in running if (left := build.left(now)) is not None]
