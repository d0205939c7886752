"""Nodes: the built-in one and agents, their labels and executors, and whether they are online."""

from __future__ import annotations

import hashlib
import html
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from jobdsl.documents.tree import Node
from jobdsl.errors import DslError
from jobdsl.grammar.labels import parse, split
from jobdsl.testing.store import StoredDocument

__all__ = ["BUILT_IN", "Computer", "Computers", "OfflineCause"]

BUILT_IN = "(built-in)"


@dataclass(frozen=True, slots=True)
class OfflineCause:
    """Why a node is offline."""

    java: str
    """UserCause, ChannelTermination, ... of hudson.slaves.OfflineCause; another class by its whole name."""
    reason: str
    user: str
    since: float

    @property
    def description(self) -> str:
        """Return the cause in words, with the user."""
        if self.java != "UserCause":
            return self.reason
        return f"Disconnected by {self.user}{f' : {self.reason}' if self.reason else ''}"

    @property
    def shown_reason(self) -> str:
        """Return what Jenkins shows of it, escaped: it takes all up to the last ` : ` for the user."""
        reason = self.description
        if self.java == "UserCause":
            reason = reason.rpartition(" : ")[2] if " : " in reason else ""
        return html.escape(reason).replace("&#x27;", "&#039;").replace("\n", "<br>")


@dataclass(slots=True, eq=False, kw_only=True)
class Computer:
    """One node."""

    name: str
    """Empty for the built-in node."""
    executors: int = 2
    labels: frozenset[str] = frozenset()
    description: str | None = None
    remote_fs: str = ""
    mode: str = "NORMAL"
    document: StoredDocument | None = None
    connected: bool = False
    secret: str = ""
    mark: OfflineCause | None = None
    """Which user took it offline, and why; independent of whether its agent is connected."""
    lost: OfflineCause | None = None
    """Why its agent does not exist any more; None before it first came, and while it is there."""
    monitored: bool = False
    """Whether the node monitors have measured it yet."""
    ghost_until: float | None = None
    """Of a computer whose node was deleted: when it goes, too, if nothing runs there."""

    @property
    def path(self) -> str:
        """Path of its page below the controller's URL."""
        return f"computer/{self.name or BUILT_IN}/"

    @property
    def all_labels(self) -> frozenset[str]:
        """Its labels and its own name, which counts as one."""
        return frozenset() if self.ghost_until is not None else self.labels | {self.name or "built-in"}

    @property
    def display_name(self) -> str:
        """The name to show."""
        return self.name or "Built-In Node"

    @property
    def offline(self) -> OfflineCause | None:
        """Return why it takes no builds, as Jenkins shows it: the mark comes first."""
        return self.mark or self.lost

    @property
    def online(self) -> bool:
        """Whether it takes builds."""
        return self.connected and self.mark is None

    def connect(self) -> None:
        """Its agent has dialled in."""
        self.connected = self.monitored = True
        self.lost = None

    def disconnect(self, user: str, now: float) -> None:
        """Its agent is gone."""
        self.connected = False
        self.lost = OfflineCause("ChannelTermination", "Connection was broken", user, now)

    def configure(self, root: Node, document: StoredDocument) -> None:
        """Apply its document."""
        values = {child.tag: child.text for child in root.children}
        self.document = document
        self.description = values.get("description") or None
        self.remote_fs = values.get("remoteFS", "")
        self.executors = int(values.get("numExecutors") or 1)
        self.mode = values.get("mode", "NORMAL")
        self.labels = split(values.get("label", ""))

    def fits(self, label: str | None) -> bool:
        """Whether a task of that label expression may run here; None is any node not kept for labels."""
        if label is None:
            return self.mode == "NORMAL"
        try:
            return parse(label).matches(self.all_labels)
        except DslError:
            return label in self.all_labels


@dataclass(slots=True, kw_only=True)
class Computers:
    """All nodes of a controller, the built-in one first."""

    salt: str
    built_in: Computer = field(default_factory=lambda: Computer(name="", connected=True, monitored=True))
    agents: dict[str, Computer] = field(default_factory=dict)
    """By name; they come and go with `add` and `remove`."""
    ghosts: dict[str, Computer] = field(default_factory=dict)
    """Computers whose node was deleted while a part of a Pipeline held it, or with others at once."""
    _sorted: list[Computer] = field(default_factory=list)
    _fitting: dict[str | None, list[Computer]] = field(default_factory=dict)
    """The nodes of labels that were asked for."""

    def __iter__(self) -> Iterator[Computer]:
        yield self.built_in
        yield from self._sorted
        yield from self.ghosts.values()

    def find(self, name: str) -> Computer | None:
        """By the name used in URLs."""
        return self.built_in if name == BUILT_IN else self.agents.get(name) or self.ghosts.get(name)

    def add(self, name: str) -> Computer:
        """Add a new agent, not yet connected."""
        secret = hashlib.sha256(f"{self.salt}:{name}".encode()).hexdigest()
        computer = self.agents[name] = Computer(name=name, secret=secret)
        insort(self._sorted, computer, key=_name)
        self._place(computer)
        return computer

    def remove(self, name: str) -> Computer:
        """Remove an agent. Raises KeyError."""
        computer = self.agents.pop(name)
        for nodes in (self._sorted, *self._fitting.values()):
            if computer in nodes:
                nodes.remove(computer)
        return computer

    def haunt(self, computer: Computer, now: float, seconds: float) -> None:
        """Keep a computer without its node: offline, without labels and description."""
        computer.connected, computer.mark, computer.description = False, None, None
        computer.labels, computer.document = frozenset(), None
        computer.lost = OfflineCause("SimpleOfflineCause", "Node is being removed", "", now)
        computer.ghost_until = now + seconds
        self.ghosts[computer.name] = computer

    def forget(self, now: float, running: Callable[[str], int]) -> None:
        """Let computers without a node go, once nothing holds them."""
        for name, ghost in list(self.ghosts.items()):
            if ghost.ghost_until is not None and now >= ghost.ghost_until and not running(name):
                del self.ghosts[name]

    def configure(self, computer: Computer, root: Node, document: StoredDocument) -> None:
        """Give an agent its document; other labels may fit it then."""
        computer.configure(root, document)
        self._place(computer)

    def fitting(self, label: str | None) -> Sequence[Computer]:
        """Return the nodes a task of that label may run on, the built-in one first, then by name."""
        if label not in self._fitting:
            self._fitting[label] = [computer for computer in self if computer.fits(label)]
        return self._fitting[label]

    def _place(self, computer: Computer) -> None:
        for label, nodes in self._fitting.items():
            if (fits := computer.fits(label)) != (computer in nodes):
                insort(nodes, computer, key=_name) if fits else nodes.remove(computer)


def _name(computer: Computer) -> str:
    return computer.name
