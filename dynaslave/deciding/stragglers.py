"""Agents on their way that take much longer than others did: they count no more, and others are launched.

They are not ended: one may still come, until its boot deadline ends it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

from dynaslave.deciding.ledger import Ledger, is_coming
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.tuning import Tuning
from dynaslave.model import Agent, AgentState

__all__ = ["Late", "late"]


class Late(NamedTuple):
    """Agents that are late."""

    names: frozenset[str]
    until: float
    """When the next one will be, if nothing happens."""


def late(ledger: Ledger, going: Collection[str], memory: Memory, now: float, tuning: Tuning) -> Late:
    """Find the agents not to be waited for; `going`: those that have to leave in any case."""
    coming: dict[str, list[Agent]] = {}
    for agent in ledger.agents:
        if (
            agent.state in (AgentState.PENDING, AgentState.BOOTING)
            and agent.name not in going
            and is_coming(agent, now, tuning)
        ):
            coming.setdefault(agent.pool, []).append(agent)
    names: list[str] = []
    until = math.inf
    for pool, agents in coming.items():
        limit = memory.boots[pool].late(tuning) if pool in memory.boots else None
        if limit is None:
            continue
        agents.sort(key=lambda agent: (agent.since, agent.name))
        overdue = [agent.name for agent in agents if now > agent.since + limit]
        names += overdue[: math.ceil(len(agents) * tuning.late_share)]
        until = min([until, *(at for agent in agents if (at := agent.since + limit) >= now)])
    return Late(frozenset(names), until)
