"""What the manager can decide to do, each with its reason; and what came of doing it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynaslave.provider import Offer, ProviderError

__all__ = [
    "Abandon",
    "Adopt",
    "Decision",
    "Drain",
    "EndInstance",
    "Launch",
    "Note",
    "RemoveNode",
    "Report",
    "Restore",
    "Retire",
    "Suspect",
]


@dataclass(frozen=True, slots=True)
class Launch:
    """Start agents of a pool, in one batch."""

    pool: str
    count: int
    reason: str
    avoid: frozenset[Offer] = frozenset()
    """Offers that are cooling down."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Take an agent offline with our reason. What runs there goes on; nothing new starts."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Take our own mark back: a build slipped in, or the agent is needed after all."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Retire:
    """End an agent for good: poll it again, terminate, remove the node, delete the secret.

    Only for one that is drained and idle, or that has no agent behind it (never connected, lost,
    gone). Acting polls again first; any doubt keeps the agent.
    """

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class RemoveNode:
    """Remove a node of ours that has no instance."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """Remove a node of ours whose agent is gone for good though a build holds an executor there.

    Only that lets the build fail, or try again elsewhere. An instance that still runs is ended. Acting polls
    again first; an agent that is connected keeps the node.
    """

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """Mark an instance that seems to belong to nothing; it is ended only if it still does later."""

    instance: str
    reason: str


@dataclass(frozen=True, slots=True)
class EndInstance:
    """Terminate an instance that has no node."""

    instance: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adopt:
    """Give an instance of a launch that was interrupted to a node of the same launch."""

    instance: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """Write something on an instance that must outlive this manager; an empty value takes it back."""

    instance: str
    notes: Mapping[str, str]
    """`uses`: builds it has taken, and which of them run. `suspect`: empty, when it has its node again."""
    reason: str


Decision = Launch | Drain | Restore | Retire | RemoveNode | Abandon | Suspect | EndInstance | Adopt | Note


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a decision."""

    decision: Decision
    error: str = ""
    """Why it was not done; empty if it was."""
    failure: str = ""
    """What kind of failure a launch had that was not done as a whole, as in `no_capacity`; for counting."""
    launched: int = 0
    refused: Mapping[Offer, ProviderError] = field(default_factory=dict)
