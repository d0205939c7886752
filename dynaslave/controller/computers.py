"""From the JSON of a controller's nodes to nodes: the owner of each, what runs there, why it is offline.

What the JSON lacks is an error here, never a guess: an absent list is not an empty one. Recorded:
2.568; Computer.java and Executor.java explain the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaslave.controller.marks import NodeMarker, is_ours
from dynaslave.controller.nodedocument import mode_of
from dynaslave.model import JenkinsNode, Offline, Running
from jobdsl.errors import ControllerError

__all__ = ["NODE", "TREE", "node", "nodes"]

_RUNS = "idle,currentExecutable[url,timestamp,estimatedDuration]"
NODE = (
    "displayName,description,idle,offline,temporarilyOffline,offlineCauseReason,offlineCause[timestamp],"
    f"numExecutors,absoluteRemotePath,assignedLabels[name],executors[{_RUNS}],"
    f"oneOffExecutors[{_RUNS}]"
)
"""The `tree` of `/computer/NAME/api/json`."""
_MONITOR = "onitor"
"""In the classes of causes by which monitors take nodes offline, as in `hudson.node_monitors`."""
_PART = "PlaceholderExecutable"
"""Class of what holds an executor for a `node` step of a Pipeline; other builds end with a restart."""
TREE = f"computer[{NODE}]"
"""The `tree` of `/computer/api/json`."""


def nodes(answer: Mapping[str, Any], manager: str) -> tuple[JenkinsNode, ...]:
    """Parse all nodes, ours with pool and launch. ControllerError if the answer lacks a part of `TREE`."""
    return tuple(node(entry, manager) for entry in _list(answer, "computer"))


def node(entry: Mapping[str, Any], manager: str) -> JenkinsNode:
    """Parse a node. ControllerError if the answer lacks a part of `NODE`."""
    name = _get(entry, "displayName", str)
    description = _text(entry.get("description"))
    marker = NodeMarker.find(description, name)
    ours = marker is not None and marker.manager == manager
    marked, offline = _get(entry, "temporarilyOffline", bool), _get(entry, "offline", bool)
    reason = _text(entry.get("offlineCauseReason"))
    return JenkinsNode(
        name=name,
        labels=frozenset(_get(label, "name", str) for label in _list(entry, "assignedLabels")),
        executors=_get(entry, "numExecutors", int),
        # Of a node that is marked, only the path tells whether its agent is there.
        connected=entry.get("absoluteRemotePath") is not None if marked else not offline,
        offline=_whose(reason, entry.get("offlineCause")) if marked else Offline.NO,
        reason=reason,
        idle=_get(entry, "idle", bool),
        running=_running(entry, "executors"),
        one_off=_running(entry, "oneOffExecutors"),
        manager=marker.manager if marker else "",
        pool=marker.pool if marker and ours else "",
        intent=marker.intent if marker and ours else "",
        created=marker.created if marker and ours else 0.0,
        exclusive=bool(ours and mode_of(description)),
        mode=mode_of(description) if ours else "",
    )


def _whose(reason: str, cause: Any) -> Offline:
    if is_ours(reason):
        return Offline.OURS
    kind = _text(cause.get("_class")) if isinstance(cause, Mapping) else ""
    return Offline.MONITOR if _MONITOR in kind else Offline.OTHERS


def _running(entry: Mapping[str, Any], slots: str) -> tuple[Running, ...]:
    """What holds executors; also what this account may not see, or what is only about to start."""
    return tuple(_build(slot) for slot in _list(entry, slots) if not _get(slot, "idle", bool))


def _build(slot: Mapping[str, Any]) -> Running:
    executable = slot.get("currentExecutable")
    build = executable if isinstance(executable, Mapping) else {}
    estimated = _seconds(build.get("estimatedDuration"))
    kind = _text(build.get("_class"))
    return Running(
        url=_text(build.get("url")),
        started=_seconds(build.get("timestamp")),
        estimated=estimated if estimated > 0 else None,
        resumes=not kind or kind.endswith(_PART),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _seconds(millis: Any) -> float:
    """Jenkins reports milliseconds, and -1 for what it does not know."""
    return max(millis, 0) / 1000 if type(millis) in (int, float) else 0.0


def _list(entry: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = _get(entry, key, list)
    for item in entries:
        if not isinstance(item, Mapping):
            raise _unclear(key)
    return entries


def _get(entry: Mapping[str, Any], key: str, kind: type) -> Any:
    value = entry.get(key)
    if not isinstance(value, kind):
        raise _unclear(key)
    return value


def _unclear(key: str) -> ControllerError:
    return ControllerError(f"the controller's answer tells no {key} of a node")
