"""One poll of the controller and the cloud: at most four requests, whatever there is to see.

What could not be seen is reported in words and left empty; nothing is guessed. Nodes are read before
the queue: a build that starts in between is counted once at most, never as waiting and running both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dynaslave.controller import computers, queue
from dynaslave.model import Instance, JenkinsNode, QueueItem, Snapshot
from dynaslave.provider import Provider, ProviderError
from jobdsl.errors import ControllerError

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["Observer"]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SCRIPT = (
    "println groovy.json.JsonOutput.toJson("
    "Jenkins.get().queue.items.collect { [id: it.id, label: it.assignedLabel?.expression] })"
)
"""Changes nothing. The label of a Pipeline step is shown nowhere else; scripts need Overall/Administer."""
_QUIET = "quietingDown,quietDownReason"
_FORBIDDEN = 3600.0
"""Seconds until a script is tried again after the controller refused it to this account."""
_FAILED = 60.0
"""The same after anything else went wrong with it."""


class Observer:
    """Polls, and remembers only whether it may run a script."""

    def __init__(
        self,
        controller: Controller,
        provider: Provider,
        manager: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._controller = controller
        self._provider = provider
        self._manager = manager
        self._clock = clock
        self._no_script_before = 0.0

    def poll(self) -> Snapshot:
        """What there is now. Never raises for what a controller or a cloud does: `blind` names it."""
        at = self._clock()
        blind: list[str] = []
        with ThreadPoolExecutor(2) as aside:
            listing = aside.submit(self._provider.list)
            nodes, items = self._see(aside, blind)
            quiet = self._quiet() if not blind else ""
            instances = _listed(listing, blind)
        return Snapshot(
            at=at,
            queue=items,
            nodes=nodes,
            instances=instances,
            blind=tuple(blind),
            session=self._controller.session,
            quiet=quiet,
        )

    def _see(
        self, aside: ThreadPoolExecutor, blind: list[str]
    ) -> tuple[tuple[JenkinsNode, ...], tuple[QueueItem, ...]]:
        try:
            answer = self._controller.json("computer/api/json", computers.TREE, "list the nodes")
            waiting = aside.submit(self._queue)
            nodes = computers.nodes(answer, self._manager)
            return nodes, self._items(waiting.result(), nodes)
        except ControllerError as error:
            blind.append(f"the controller: {error.message}")
            return (), ()

    def _quiet(self) -> str:
        """Why the controller starts no builds. No answer is none: what matters was seen."""
        try:
            answer = self._controller.json("api/json", _QUIET, "ask whether it quiets down")
        except ControllerError:
            return ""
        if answer.get("quietingDown") is not True:
            return ""
        reason = answer.get("quietDownReason")
        return reason if isinstance(reason, str) and reason.strip() else "no reason given"

    def _queue(self) -> Mapping[str, Any]:
        answer = self._controller.json("queue/api/json", queue.TREE, "read the queue")
        if not isinstance(answer.get("items"), list):
            raise ControllerError("the controller's answer has no items of the queue")
        return answer

    def _items(self, answer: Mapping[str, Any], nodes: Sequence[JenkinsNode]) -> tuple[QueueItem, ...]:
        items = queue.queue_items(answer, nodes)
        if any(_is_guessed(item) for item in items) and (labels := self._labels()):
            return queue.queue_items(answer, nodes, labels)
        return items

    def _labels(self) -> Mapping[int, str | None]:
        """The label of each item by its id, from a script; empty where it could not be run."""
        if 0 < self._no_script_before - self._clock() <= _FORBIDDEN:
            return {}
        body = urlencode({"script": _SCRIPT}).encode()
        try:
            return _told(self._controller.post("scriptText", "read labels", body, _FORM).json())
        except (ControllerError, ValueError, RecursionError) as error:
            forbidden = getattr(error, "status", None) == 403
            self._no_script_before = self._clock() + (_FORBIDDEN if forbidden else _FAILED)
            return {}


def _is_guessed(item: QueueItem) -> bool:
    """Return whether only a script shows the label: a reason that names a node may mean that very node."""
    return item.ready and (not item.known or bool(item.build and item.node))


def _told(answer: Any) -> dict[int, str | None]:
    if not isinstance(answer, list):
        raise ValueError("no list")  # noqa: TRY004 - as for what is no JSON
    return {entry["id"]: entry.get("label") for entry in answer if isinstance(entry, dict) and "id" in entry}


def _listed(listing: Future[Sequence[Instance]], blind: list[str]) -> tuple[Instance, ...]:
    try:
        return tuple(listing.result())
    except ProviderError as error:
        blind.append(f"the cloud: {error.message}")
        return ()
