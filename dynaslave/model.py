"""What one poll shows: queue items, nodes, instances, and the agents they make up. Values only.

Times are seconds since the epoch, durations are seconds. Nothing here calls a controller, a cloud
or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from jobdsl.grammar.labels import Expr

__all__ = [
    "Agent",
    "AgentState",
    "Instance",
    "InstanceState",
    "JenkinsNode",
    "Market",
    "Offline",
    "QueueItem",
    "Running",
    "Snapshot",
]

Market = Literal["on-demand", "spot"]


@dataclass(frozen=True, slots=True)
class QueueItem:
    """Something that waits for an executor."""

    id: int
    name: str
    """Full name of the job, or what Jenkins calls the part of a build."""
    label: Expr | None
    """What an agent must have; None for an item any agent in normal mode may run."""
    since: float
    """When it came into the queue."""
    ready: bool = True
    """Whether a free executor is all it lacks: buildable, and not about to start by itself."""
    why: str = ""
    """Jenkins' reason, in English."""
    paused: bool = False
    """Whether only the controller keeps it from starting, which is about to shut down."""
    known: bool = True
    """Whether the label is sure. An item whose label is unknown calls for no agent."""
    build: str = ""
    """Path of the Pipeline build it is a part of, below the controller's URL; empty for anything else."""
    node: str = ""
    """The node that Jenkins' reason names as the one it waits for; empty if it names none."""


@dataclass(frozen=True, slots=True)
class Running:
    """A build that holds an executor."""

    url: str
    """Empty where Jenkins does not show it: it is about to start, or this account may not see it."""
    started: float
    """0 where Jenkins does not show it."""
    estimated: float | None = None
    """How long Jenkins expects it to take in all; None without a history."""
    resumes: bool = True
    """Whether it may continue after a restart of the controller: a part of a Pipeline, or an unknown kind."""

    def left(self, now: float) -> float | None:
        """Seconds until it should be over; None if unknown, or if it is late already."""
        if self.estimated is None:
            return None
        seconds = self.started + self.estimated - now
        return seconds if seconds >= 0 else None


class Offline(StrEnum):
    """The cause why a node is offline."""

    NO = "no"
    """None: it is online, or its agent has not dialled in."""
    OURS = "ours"
    """We did, to drain it."""
    OTHERS = "others"
    """A person did, or a plugin: we never touch that."""
    MONITOR = "monitor"
    """Jenkins did, as one of its own monitors (disk space, response time) demands it."""


@dataclass(frozen=True, slots=True)
class JenkinsNode:
    """A node as the controller shows it."""

    name: str
    labels: frozenset[str]
    """Its own name included."""
    executors: int
    connected: bool
    """Whether an agent is behind it. Also true for one that is marked offline while its agent is there."""
    offline: Offline = Offline.NO
    """A mark that keeps builds away, and whose."""
    reason: str = ""
    """The text of the mark."""
    idle: bool = True
    """Jenkins' own word: nothing runs, on executors or beside them."""
    running: tuple[Running, ...] = ()
    one_off: tuple[Running, ...] = ()
    """Builds beside the executors (Pipelines, matrix parents)."""
    pool: str = ""
    """The pool of ours it was created for; empty for everybody else's node."""
    manager: str = ""
    """The manager that created it."""
    intent: str = ""
    """The launch it was created for."""
    created: float = 0.0
    """When we created it."""
    exclusive: bool = False
    """Whether it takes only items that name one of its labels; False where it is unknown."""
    mode: str = ""
    """`exclusive` where we created it so and its description has it; empty where only the pool has it."""

    @property
    def busy(self) -> bool:
        """Whether anything runs there, by any sign."""
        return not self.idle or bool(self.running) or bool(self.one_off)


InstanceState = Literal["pending", "running", "stopping", "terminated"]


@dataclass(frozen=True, slots=True)
class Instance:
    """A machine of ours as the cloud shows it."""

    id: str
    pool: str
    intent: str
    """The launch that asked for it."""
    state: InstanceState
    launched: float
    node: str = ""
    """The node it was given; empty until it was."""
    type: str = ""
    zone: str = ""
    market: Market = "on-demand"
    price: float = 0.0
    """Dollars an hour, as far as the launch knew."""
    doomed: str = ""
    """Why the cloud will take it away soon (spot interruption, rebalance); empty if it will not."""
    suspect: float = 0.0
    """When we marked it as one to terminate on suspicion; 0 if we did not."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else we wrote on it."""
    template: str = ""
    """What it was launched from, image and settings, as the provider names it; empty if unknown."""


class AgentState(StrEnum):
    """The states of an agent, in the order it goes through them. It is in exactly one."""

    REQUESTED = "requested"
    """A node without an instance: the launch is under way, or failed. Deadline: `Tuning.request_deadline`."""
    PENDING = "pending"
    """The cloud is starting the instance. Deadline: the pool's boot deadline, from the launch on."""
    BOOTING = "booting"
    """The instance runs, its agent has not dialled in. The same deadline."""
    IDLE = "idle"
    """Online, and nothing runs there."""
    BUSY = "busy"
    """Online, and something runs there."""
    DRAINING = "draining"
    """Marked offline by us or by a monitor of Jenkins; what runs there still runs."""
    HELD = "held"
    """Marked offline by another user: not touched, and counted while a machine may be behind it."""
    LOST = "lost"
    """It was online, its instance runs, and its agent is gone. Deadline: `Tuning.reconnect_deadline`."""
    GONE = "gone"
    """A node whose instance has ended: only the node remains. Deadline: `Tuning.reconnect_deadline`."""


class Agent(NamedTuple):
    """A node of ours and the instance behind it."""

    name: str
    pool: str
    state: AgentState
    since: float
    """When it came into this state, as far as we know: when it was created, launched, or first seen so."""
    executors: int
    labels: frozenset[str]
    node: JenkinsNode
    instance: Instance | None = None
    deadline: float | None = None
    """When it has been in this state for too long; None where it may stay for ever."""
    given_up: float | None = None
    """When a build that holds an executor here is given up, as its agent is gone; None while it is there."""

    @property
    def free(self) -> int:
        """Executors that could take a build now."""
        if self.state not in (AgentState.IDLE, AgentState.BUSY):
            return 0
        return max(0, self.executors - len(self.node.running))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One poll of the controller and the cloud."""

    at: float
    queue: tuple[QueueItem, ...]
    nodes: tuple[JenkinsNode, ...]
    """Every node of the controller, ours and others'."""
    instances: tuple[Instance, ...]
    """Every instance of this manager the cloud still shows."""
    blind: tuple[str, ...] = ()
    """What could not be seen this time, in words; where something is blind, doubt means keep."""
    session: str = ""
    """What Jenkins calls the time since its last start: another text after each restart; empty if unknown."""
    quiet: str = ""
    """Why the controller starts no builds, in words: it quiets down. Empty if it starts them."""
    current: Mapping[str, str] = field(default_factory=dict)
    """By pool: what its agents would be launched from now, as `template` of an instance has it."""

    @property
    def controller_unseen(self) -> bool:
        """Whether the controller did not answer: it always has one node at least."""
        return bool(self.blind) and not self.nodes
