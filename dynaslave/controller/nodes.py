"""Agents as nodes in Jenkins: created, looked at, taken offline and back, removed. One node at a time.

Jenkins has no way to compare and set: `toggleOffline` does the opposite of what is. So every change
of a mark is looked at right before and right after, and a person's mark is never undone knowingly.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from dynaslave.controller import computers, marks, nodedocument
from dynaslave.controller.marks import NodeMarker
from dynaslave.model import JenkinsNode, Offline
from dynaslave.pools.pool import AgentPool
from jobdsl.controller.errors import AlreadyExistsError, NotFoundError
from jobdsl.errors import ControllerError

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["KeptError", "Nodes"]

_XML_SINCE = (2, 539)
"""The first version that creates a node from a document."""
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SECRET = re.compile(rb"<argument>([0-9a-f]{64})</argument>")
_TRIES = 3
_THEIRS = (
    "Another user changed this node at the same moment as the manager of agents: please take it online again"
)


class KeptError(Exception):
    """A node is not what it was taken for, so it was left as it is. The text is the reason."""


class Nodes:
    """The nodes of one manager at one controller. Safe to use from several threads.

    Every method may raise ControllerError. `websocket`: how agents connect; TCP otherwise.
    `gate` is called right before every change, and what it raises keeps that from being done.
    """

    def __init__(
        self,
        controller: Controller,
        manager: str,
        *,
        websocket: bool = True,
        gate: Callable[[], None] = lambda: None,
        deleting: threading.Lock | None = None,
    ) -> None:
        if not marks.is_manager(manager):
            raise ValueError(f"{manager!r} cannot be part of a marker")
        self.controller = controller
        self.manager = manager
        self.websocket = websocket
        self._gate = gate
        self._deleting = deleting or threading.Lock()

    def behind(self, gate: Callable[[], None]) -> Nodes:
        """The same nodes, with a gate."""
        return Nodes(
            self.controller, self.manager, websocket=self.websocket, gate=gate, deleting=self._deleting
        )

    def create(self, pool: AgentPool, name: str, intent: str, now: float, home: str) -> None:
        """Create the node of an agent to come; `home` is where it works. The same again is no error."""
        marker = NodeMarker(self.manager, name, pool.name, intent, now)
        action = f'create the node "{name}"'
        try:
            if _takes_documents(self.controller.version):
                body = nodedocument.document(pool, marker, home, websocket=self.websocket)
                path = f"computer/createItem?name={quote(name, safe='')}"
                self._post(path, action, body.encode(), _XML)
            else:
                body = nodedocument.form(pool, marker, home, websocket=self.websocket)
                self._post("computer/doCreateItem", action, body.encode(), _FORM)
        except AlreadyExistsError:
            node = self.poll(name)
            if node is None or (node.manager, node.intent) != (self.manager, intent):
                raise

    def poll(self, name: str) -> JenkinsNode | None:
        """The node as it is now; None if there is none of that name."""
        try:
            answer = self.controller.json(
                f"{_path(name)}/api/json", computers.NODE, f'look at the node "{name}"'
            )
        except NotFoundError:
            return None
        return computers.node(answer, self.manager)

    def all(self) -> dict[str, JenkinsNode]:
        """Return every node as it is now, by name."""
        answer = self.controller.json("computer/api/json", computers.TREE, "list the nodes")
        return {node.name: node for node in computers.nodes(answer, self.manager)}

    def ours(self, name: str) -> JenkinsNode:
        """The node as it is now; KeptError if it is gone, or not this manager's."""
        node = self.poll(name)
        if node is None:
            raise KeptError("the node does not exist any more")
        if not node.pool:
            raise KeptError("the node is not this manager's")
        return node

    def secret(self, name: str) -> str:
        """What the agent of a node dials in with."""
        action = f'get the secret of the node "{name}"'
        match = _SECRET.search(self.controller.ask("GET", f"{_path(name)}/jenkins-agent.jnlp", action).body)
        if match is None:
            raise ControllerError(
                f"could not {action}: the controller tells none", hint="is it an inbound agent?"
            )
        return match[1].decode()

    def delete(self, name: str) -> None:
        """Remove a node; being gone already is no error. A build that runs there fails.

        One node after another: where Jenkins removes several at the same moment, it keeps computers without a
        node for minutes (2.568, measured).
        """
        with self._deleting:
            try:
                self._post(f"{_path(name)}/doDelete", f'remove the node "{name}"')
            except NotFoundError:
                return

    def mark(self, name: str, reason: str) -> JenkinsNode:
        """Take a node offline with our reason, and read it: what runs there goes on, nothing new starts.

        KeptError if another user did, also if it was in the same moment.
        """
        node = self.ours(name)
        if node.offline is Offline.OURS:
            return node
        _respect(node)
        if (
            node.offline is Offline.MONITOR
        ):  # it stays offline, with our reason: no monitor takes it online again
            self._set(name, marks.reason(reason))
        else:
            self._toggle(name, reason)
        after = self.ours(name)
        _respect(after)
        if after.offline is Offline.OURS:
            return after
        # Nobody was told of our mark, so who was quicker marked it too, and ours took theirs back.
        self._set(name, _THEIRS)
        raise KeptError("another user took it offline at the same moment: left as it is")

    def unmark(self, name: str, reason: str) -> JenkinsNode:
        """Take our own mark back, and read the node. KeptError if the mark is another user's.

        A change of the reason between our poll and our click is lost: Jenkins does not report it.
        """
        node = self.ours(name)
        for _ in range(_TRIES):
            _respect(node)
            if node.offline is Offline.MONITOR:
                raise KeptError(f"Jenkins took it offline: {node.reason or 'no reason given'}")
            if node.offline is Offline.NO:
                return node
            self._toggle(name, reason)  # the reason shows only if somebody was quicker
            node = self.ours(name)
        if node.offline is Offline.NO:
            return node
        raise KeptError("it is taken offline again and again")

    def _toggle(self, name: str, reason: str) -> None:
        self._click(name, "toggleOffline", marks.reason(reason), once=True)

    def _set(self, name: str, reason: str) -> None:
        """Mark it, whatever it was: changeOfflineCause does not toggle."""
        self._click(name, "changeOfflineCause", reason)

    def _click(self, name: str, action: str, reason: str, *, once: bool = False) -> None:
        body = urlencode({"offlineMessage": reason}).encode()
        task = f'take the node "{name}" offline or back'
        self._post(f"{_path(name)}/{action}", task, body, _FORM, once=once)

    def _post(
        self,
        path: str,
        action: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> None:
        self._gate()
        self.controller.post(path, action, body, headers, once=once)


def _respect(node: JenkinsNode) -> None:
    if node.offline is Offline.OTHERS:
        raise KeptError(f"another user took it offline: {node.reason or 'no reason given'}")


def _path(name: str) -> str:
    """The node's path. ControllerError for what would lead to another: a tag in AWS may have any value."""
    if name in ("", ".", ".."):
        raise ControllerError(f"{name!r} is no name of a node")
    return f"computer/{quote(name, safe='')}"


def _takes_documents(version: str) -> bool:
    """Report whether the controller creates nodes from documents; an unknown version counts as new."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return match is None or (int(match[1]), int(match[2])) >= _XML_SINCE
