"""What a manager shows people: pools, queue, agents, decisions, costs, troubles. Values, also as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dynaslave.manager.journal import JournalEntry

__all__ = ["AgentRow", "PoolRow", "QueueRow", "Status"]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool at one moment."""

    name: str
    label: str
    team: str
    waiting: int
    """Queue items that count for it."""
    agents: Mapping[str, int]
    """Agents by state; empty states are left out."""
    min_agents: int
    max_agents: int
    spares: int
    dollars: float | None
    """This month; None where the costs cannot be read."""
    note: str = ""
    """What holds it back, or that nothing does."""

    @property
    def total(self) -> int:
        """All its agents, those that start and those that end."""
        return sum(self.agents.values())


@dataclass(frozen=True, slots=True)
class QueueRow:
    """Something that waits."""

    id: int
    name: str
    label: str
    since: float
    pool: str
    """The pool it counts for; empty if none can serve it."""
    why: str = ""
    elsewhere: bool = False
    """Whether no pool can serve it, and it waits for a node of others that is online."""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """An agent."""

    name: str
    pool: str
    state: str
    since: float
    builds: Sequence[str]
    """URLs of what runs there."""
    instance: str = ""
    type: str = ""
    zone: str = ""
    market: str = ""
    note: str = ""
    """Why it drains, what is wrong with it."""
    old: bool = False
    """Whether it was launched from an older image or template than its pool has now."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment; `at` is the time of the poll."""

    manager: str
    at: float
    url: str
    """The controller."""
    provider: str
    active: bool
    """Whether this manager acts; another may hold the lease."""
    holder: str = ""
    since: float = 0.0
    """When this manager began."""
    look_seconds: float = 0.0
    pools: Sequence[PoolRow] = ()
    queue: Sequence[QueueRow] = ()
    agents: Sequence[AgentRow] = ()
    decisions: Sequence[JournalEntry] = ()
    """The newest first."""
    troubles: Sequence[str] = ()
    """What could not be seen or done, in words."""
    month: str = ""
    notes: Sequence[str] = field(default=())
    """What is good to know and no trouble."""

    @property
    def dollars(self) -> float | None:
        """What all pools have cost this month; None where that is unknown."""
        known = [pool.dollars for pool in self.pools if pool.dollars is not None]
        return sum(known) if len(known) == len(self.pools) else None

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Status:
        """The status `plain` wrote; TypeError or KeyError if it is none."""
        rows = {
            "pools": [PoolRow(**row) for row in values["pools"]],
            "queue": [QueueRow(**row) for row in values["queue"]],
            "agents": [AgentRow(**row) for row in values["agents"]],
            "decisions": [JournalEntry(**row) for row in values["decisions"]],
        }
        return cls(**{**values, **rows})
