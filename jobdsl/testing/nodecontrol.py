"""What happens to the nodes of a simulated controller: by users, agents, monitors and restarts."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jobdsl.testing.computers import Computer, Computers, OfflineCause
from jobdsl.testing.store import StoredDocument

if TYPE_CHECKING:
    from jobdsl.testing.agent_channel import AgentRunner
    from jobdsl.testing.clock import Clock
    from jobdsl.testing.http import HttpRequest
    from jobdsl.testing.operations import Items
    from jobdsl.testing.scheduler import Scheduler

__all__ = ["NodeControl"]

_DELETE_SECONDS = 0.005
"""Real seconds in which the deletion of a node meets others."""
_GHOST_SECONDS = 180.0
_DISK = "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace"


class NodeControl:
    """The part of SimulatedJenkins that is about nodes."""

    _lock: threading.RLock
    changed: threading.Condition
    clock: Clock
    computers: Computers
    scheduler: Scheduler
    runner: AgentRunner
    store: Items
    session: str
    deletions: set[int]
    """The requests to delete a node that are under way."""

    def computer(self, name: str) -> Computer:
        """Return an agent by its name; KeyError without it."""
        return self.computers.agents[name]

    def add_node(self, name: str, xml: str | bytes) -> Computer:
        """Create a node with a `slave` document; its agent has not dialled in."""
        with self._lock:
            computer = self.computers.add(name)
            self.configure_node(computer, xml)
            return computer

    def configure_node(self, computer: Computer, xml: str | bytes) -> None:
        """Replace the document of a node."""
        with self._lock:
            data = xml.encode() if isinstance(xml, str) else xml
            document = StoredDocument(data, lambda root: self.store.rewriter.settle(root, new=False))
            self.computers.configure(computer, document.tree(), document)
            self.scheduler.tick()

    def connect_agent(self, name: str, *, connected: bool = True) -> None:
        """Let the agent of a node dial in, or break its connection."""
        with self._lock:
            computer = self.computer(name)
            if connected:
                computer.connect()
                self.scheduler.reconnected(computer)
            else:
                computer.disconnect("", self.clock.now())
                self.scheduler.lost(computer, "command execution failed")
            self.scheduler.tick()

    def mark_offline(self, name: str, reason: str | None, user: str = "somebody") -> None:
        """Take a node offline as a person does in the UI; None takes it online again."""
        with self._lock:
            mark = OfflineCause("UserCause", reason, user, self.clock.now()) if reason is not None else None
            self.computer(name).mark = mark
            self.scheduler.tick()

    def monitor_offline(self, name: str, reason: str, java: str = _DISK) -> None:
        """Take a node offline as one of Jenkins' monitors does; `java` is the class of its cause."""
        with self._lock:
            self.computer(name).mark = OfflineCause(java, reason, "", self.clock.now())

    def delete_node(self, name: str) -> None:
        """Delete a node as a person does in the UI: a build there fails, a part of a Pipeline later.

        Where a part holds an executor, its computer stays without a node. So it does for minutes where
        several nodes are deleted at the same moment (2.568, measured).
        """
        with self._lock:
            ghost = self.computers.ghosts.pop(name, None)
            if ghost is not None and name not in self.computers.agents:
                return
            computer = self.computers.remove(name)
            self.runner.lines.pop(name, None)
            self.scheduler.removed(computer, "command execution failed")
            if self.scheduler.on(computer):
                self.computers.haunt(computer, self.clock.now(), 0.0)
            elif len(self.deletions) > 1:
                self.computers.haunt(computer, self.clock.now(), _GHOST_SECONDS)

    def restart(self, resume_seconds: float = 30.0) -> None:
        """Restart: agents are cut off until `connect_agent`, marks of nodes and the queue stay.

        Agents that are processes dial in again by themselves. Pipelines go on `resume_seconds` later where
        their agents are back; other builds were aborted. For the time in which a controller does not answer
        see `enter_phase`.
        """
        with self._lock:
            self.session = secrets.token_hex(4)
            self.scheduler.restart(resume_seconds)
            self.computers.ghosts.clear()
            for computer in self.computers.agents.values():
                computer.connected = computer.monitored = False
                computer.lost = None
            self.runner.lines.clear()
            self.changed.notify_all()

    @contextmanager
    def _deletion(self, request: HttpRequest) -> Iterator[None]:
        """Note that a request deletes a node, before its turn comes."""
        if request.path.startswith("/computer/") and request.path.endswith("/doDelete"):
            self.deletions.add(id(request))
        try:
            yield
        finally:
            self.deletions.discard(id(request))

    def meet_others(self) -> None:
        """Give other requests a moment to arrive, as a deletion takes time."""
        self.changed.wait(_DELETE_SECONDS)
