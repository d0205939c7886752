"""From the JSON of a controller's queue to queue items: the label of each, and what lacks only an executor.

The queue's JSON has no label. It is found, in order: in the answer of a script the controller ran
(`labels`), in the task's `labelExpression`, in the reason why it waits. Measured on Jenkins 2.568.
Whatever is missing, null or of another type makes an item poorer, never an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dynaslave.controller.why import Hint, NodeIndex, Placement, hint, resolve
from dynaslave.model import JenkinsNode, QueueItem
from jobdsl.grammar.labels import assigned

__all__ = ["TREE", "queue_items"]

_TASK = "task[_class,name,fullName,url,labelExpression]"
TREE = f"items[id,_class,why,blocked,buildable,pending,inQueueSince,{_TASK}]"
"""The `tree` of `/queue/api/json`."""
_ONE_OFF = ("WorkflowJob", "MatrixProject", "WorkflowMultiBranchProject", "OrganizationFolder")
"""Tasks that run beside the executors of the built-in node, unless they are tied to a label."""
_PART = "PlaceholderTask"
"""A `node` step of a Pipeline; its url is the build's path below the controller's URL."""
_NO_EXPRESSION = "MatrixConfiguration"
"""Its `labelExpression` is null whatever its axes are."""
_QUIET_OVER = "Finished waiting"
_SHUTTING_DOWN = "Jenkins is about to shut down"


def queue_items(
    answer: Any, nodes: Iterable[JenkinsNode] = (), labels: Mapping[Any, Any] | None = None
) -> tuple[QueueItem, ...]:
    """The items of a queue that wait, in the controller's order.

    answer: the JSON of `/queue/api/json`, at least `TREE` of it. nodes: the nodes of the same poll.
    labels: the label of each item by its id, null for none, as a script on the controller printed it.
    """
    entries = answer.get("items") if isinstance(answer, Mapping) else None
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        return ()
    reader = _Reader(tuple(nodes), labels or {})
    return tuple(
        reader.item(at, entry)
        for at, entry in enumerate(entries)
        if isinstance(entry, Mapping) and _kind(entry) != "LeftItem"
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63
    return value if finite else None


def _kind(values: Mapping[str, Any]) -> str:
    """The last word of its class, as in `BuildableItem`; found by its flags where the class is missing."""
    name = _text(values.get("_class")).replace("$", ".").rpartition(".")[2]
    if name or "buildable" not in values:
        return name
    flags = {"BlockedItem": values.get("blocked"), "BuildableItem": values.get("buildable")}
    return next((kind for kind, flag in flags.items() if flag is True), "WaitingItem")


class _Reader:
    """Reads the items of one answer."""

    def __init__(self, nodes: tuple[JenkinsNode, ...], labels: Mapping[Any, Any]) -> None:
        self.told = labels
        self.nodes = NodeIndex.of(nodes)
        self.building = frozenset(_job(build.url) for node in nodes for build in node.running)
        self.hints: dict[str, Hint] = {}

    def item(self, at: int, entry: Mapping[str, Any]) -> QueueItem:
        task = entry.get("task")
        task = task if isinstance(task, Mapping) else {}
        why = _text(entry.get("why"))
        number = _number(entry.get("id"))
        id = -1 - at if number is None else int(number)
        hint = self.hint(why)
        known, label = self.label(id, task, hint)
        node = self.nodes.find(hint.name) if hint.kind in ("node", "place") else None
        return QueueItem(
            id=id,
            name=_text(task.get("fullName")) or _text(task.get("name")) or _text(task.get("url")),
            label=label,
            since=(_number(entry.get("inQueueSince")) or 0.0) / 1000,
            ready=self.ready(entry, task, why) and not (label is None and _kind(task) in _ONE_OFF),
            why=why,
            paused=why == _SHUTTING_DOWN and not (label is None and _kind(task) in _ONE_OFF),
            known=known,
            build=_path(_text(task.get("url"))) if _kind(task) == _PART else "",
            node=node.name if node is not None else "",
        )

    def hint(self, why: str) -> Hint:
        if why not in self.hints:
            self.hints[why] = hint(why)
        return self.hints[why]

    def label(self, id: int, task: Mapping[str, Any], hint: Hint) -> Placement:
        for key in (id, str(id)):
            if key in self.told and (self.told[key] is None or isinstance(self.told[key], str)):
                return _assigned(self.told[key])
        if expression := _text(task.get("labelExpression")).strip():
            return _assigned(expression)
        placement = resolve(hint, self.nodes)
        if placement.label is not None or "labelExpression" not in task or _kind(task) == _NO_EXPRESSION:
            return placement
        return Placement(True)

    def ready(self, entry: Mapping[str, Any], task: Mapping[str, Any], why: str) -> bool:
        kind = _kind(entry)
        if kind == "WaitingItem":
            # A job that runs already will most likely be blocked when it is judged.
            return why == _QUIET_OVER and _text(task.get("url")) not in self.building
        return kind == "BuildableItem" and entry.get("pending") is not True and why != _SHUTTING_DOWN


def _path(url: str) -> str:
    """The path of a build from its address, which Jenkins gives relative or whole: `job/a/job/b/7/`."""
    return url[url.find("job/") :] if "job/" in url else ""


def _job(build: str) -> str:
    """The address of a build's job."""
    return build.rstrip("/").rpartition("/")[0] + "/"


def _assigned(expression: str | None) -> Placement:
    return Placement(True, assigned(expression) if expression else None)
