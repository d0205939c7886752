"""Agents that were launched from an older image or template than their pool uses now: replaced when idle.

The pace is bounded: a tenth of a pool's agents at a time, one at least; never while agents of the pool are
on their way, nor while its launches fail. So an image that does not boot replaces one agent and no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from dynaslave.deciding.decisions import Drain
from dynaslave.deciding.pool_state import Standing
from dynaslave.drain_reasons import Why
from dynaslave.model import Agent, AgentState

__all__ = ["outdated", "replace_outdated"]


def outdated(agents: Iterable[Agent], current: Mapping[str, str]) -> frozenset[str]:
    """Return the names of agents that a launch of their pool would make otherwise now."""
    return frozenset(
        agent.name
        for agent in agents
        if agent.instance is not None
        and agent.instance.template
        and agent.instance.template != current.get(agent.pool, agent.instance.template)
    )


def replace_outdated(
    standing: Standing, old: Collection[str], leaving: int, needed: Collection[str]
) -> list[Drain]:
    """Return idle agents of a pool to drain, the longest idle first.

    Args:
        standing: the pool.
        old: agents that are outdated.
        leaving: agents of the pool that drain already.
        needed: agents that stay.
    """
    pace = max(1, int(standing.staying * standing.tuning.replaced_share)) - leaving
    if standing.coming or standing.late or pace <= 0:
        return []
    idle = [
        agent
        for agent in standing.serving
        if agent.state is AgentState.IDLE and agent.name in old and agent.name not in needed
    ]
    idle.sort(key=lambda agent: (agent.since, agent.name))
    reason = Why.OUTDATED.says(f"{standing.pool.name} has a newer image or template")
    return [Drain(agent.name, reason) for agent in idle[:pace]]
