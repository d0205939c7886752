"""What a decision is made of: what to do, what to remember, and what people are shown of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynaslave.deciding.decisions import Decision
from dynaslave.deciding.memory import Memory
from dynaslave.model import Agent, AgentState

if TYPE_CHECKING:
    from dynaslave.deciding.pool_state import Standing

__all__ = ["Outcome", "PoolView"]


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool at the moment of a decision."""

    name: str
    waiting: int = 0
    """Queue items that count for it."""
    oldest: float | None = None
    """Since when the oldest of them waits."""
    uncovered: int = 0
    """Those of them that nothing will serve but what is launched now."""
    agents: Mapping[AgentState, int] = field(default_factory=dict)
    """Agents by state; empty states are left out."""
    launching: int = 0
    """Agents this decision launches."""
    desired: int = 0
    """Agents it has and keeps, once everything is done that was decided."""
    held_back: str = ""
    """The limit or failure that stood in the way of more; empty if nothing did."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision."""

    decisions: tuple[Decision, ...]
    """In the order they should be done."""
    memory: Memory
    agents: tuple[Agent, ...]
    pools: tuple[PoolView, ...] = ()
    """In the order they are preferred."""
    until: float = 0.0
    """Before this moment a poll that shows the same is decided the same."""
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """What each pool has, needs and may expect."""
    settled_until: float = 0.0
    """Before this moment nothing but the standings can change what is decided."""
    counted: Mapping[int, str] = field(default_factory=dict)
    """By queue item: the one pool it counts for. Left out is what is not ready or what no pool can serve."""
    elsewhere: frozenset[int] = frozenset()
    """Queue items that no pool can serve, and that wait for a node of others that is online."""
    notes: tuple[str, ...] = ()
    """What users should know: items that cannot be served, agents that cannot be judged."""
