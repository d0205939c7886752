"""Executors there are, and executors to come, by the labels their nodes carry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from dynaslave.deciding.ledger import AgentHistory, Ledger, is_coming, is_serving
from dynaslave.deciding.matching import Labelled
from dynaslave.deciding.tuning import Tuning
from dynaslave.model import Agent, AgentState, JenkinsNode, Offline, Running
from dynaslave.pools.pool import AgentPool

__all__ = ["Supply", "executors_of", "slots", "supplies"]


def slots(pool: AgentPool) -> int:
    """Return how many builds a new agent of a pool can take before it has to be replaced."""
    return pool.executors if pool.max_uses is None else min(pool.executors, pool.max_uses)


class Supply(NamedTuple):
    """All executors with the same labels, of one pool or of nodes that are not ours."""

    pool: str
    """Empty for nodes that are not ours."""
    fit: Labelled
    free: int
    coming: int
    """On agents that are being launched."""
    parked: tuple[tuple[str, int], ...]
    """Agents that drain only for want of work, and how many executors are free there."""
    ends: tuple[float, ...]
    """Seconds until running builds should be over, the soonest first."""


class _Share(NamedTuple):
    """What one node adds to a supply."""

    free: int = 0
    coming: int = 0
    parked: tuple[tuple[str, int], ...] = ()
    ends: Iterable[float] = ()


def supplies(
    ledger: Ledger,
    pools: Mapping[str, AgentPool],
    seen: Mapping[str, AgentHistory],
    *,
    going: Collection[str],
    parked: Collection[str],
    named: Collection[str],
    now: float,
    tuning: Tuning,
) -> tuple[Supply, ...]:
    """Sum up executors by pool and labels.

    Args:
        ledger: all agents, and nodes of others.
        pools: by name.
        seen: what earlier polls have shown of agents.
        going: agents that count for nothing, as they must leave or are late.
        parked: agents that could be taken back.
        named: labels that queue items name; a node whose name is among them is a supply of its own.
        now: the time of the poll.
        tuning: the constants.
    """
    shares: dict[tuple[str, Labelled], list[_Share]] = {}

    def add(pool: str, node: JenkinsNode, exclusive: bool, share: _Share) -> None:
        labels = node.labels if node.name in named else _shared(node.labels, node.name)
        shares.setdefault((pool, Labelled(labels, exclusive)), []).append(share)

    for agent in ledger.agents:
        pool = pools.get(agent.pool)
        if pool is None or agent.name in going:
            continue
        is_parked = agent.name in parked
        if _counts(agent, is_parked, now, tuning):
            share = _share(agent, _uses_left(pool, seen.get(agent.name)), is_parked, now)
            add(pool.name, agent.node, (agent.node.mode or pool.mode) == "exclusive", share)
    for node in ledger.others:
        if node.connected and node.offline is Offline.NO:
            free = max(0, node.executors - len(node.running))
            add("", node, node.exclusive, _Share(free, ends=_ends(node.running, now)))
    return tuple(_sum(pool, fit, of_these) for (pool, fit), of_these in shares.items())


def _sum(pool: str, fit: Labelled, shares: Iterable[_Share]) -> Supply:
    free = coming = 0
    parked: list[tuple[str, int]] = []
    ends: list[float] = []
    for share in shares:
        free += share.free
        coming += share.coming
        parked += share.parked
        ends += share.ends
    return Supply(pool, fit, free, coming, tuple(parked), tuple(sorted(ends)))


def executors_of(supply: Iterable[Supply]) -> dict[str, int]:
    """Sum up executors that are free or on their way, by pool."""
    executors: dict[str, int] = {}
    for each in supply:
        executors[each.pool] = executors.get(each.pool, 0) + each.free + each.coming
    return executors


@lru_cache(maxsize=16_384)
def _shared(labels: frozenset[str], name: str) -> frozenset[str]:
    """Labels of a node but its own name. Equal sets are one object, which is hashed once."""
    return labels - {name}


def _counts(agent: Agent, parked: bool, now: float, tuning: Tuning) -> bool:
    return (
        is_serving(agent) or is_coming(agent, now, tuning) or (parked and agent.state is AgentState.DRAINING)
    )


def _uses_left(pool: AgentPool, seen: AgentHistory | None) -> int | None:
    """Builds an agent may still take, beyond those it has; None for as many as come."""
    return None if pool.max_uses is None else max(0, pool.max_uses - (seen.uses if seen else 0))


def _share(agent: Agent, uses: int | None, parked: bool, now: float) -> _Share:
    running = agent.node.running
    free = max(0, agent.executors - len(running))
    free = free if uses is None else min(free, uses)
    if parked:
        return _Share(parked=((agent.name, free),) if free else ())
    if not is_serving(agent):
        return _Share(coming=free)
    if not running:
        return _Share(free)
    ends = _ends(running, now)
    return _Share(free, ends=ends if uses is None else sorted(ends)[: uses - free])


def _ends(running: Iterable[Running], now: float) -> list[float]:
    return [seconds for build in running if (seconds := build.left(now)) is not None]
