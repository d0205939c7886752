"""Ending agents: the door is closed, then looked at again, and only what is surely idle is ended.

A node that is marked offline takes no build, so one that is idle after the mark stays idle. That
holds for agents that are not there as well: they might dial in at any moment. Any doubt keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dynaslave.acting.context import Turn, told
from dynaslave.controller.nodes import KeptError
from dynaslave.deciding.decisions import Abandon, EndInstance, RemoveNode, Report, Retire
from dynaslave.model import Instance, JenkinsNode, Offline
from jobdsl.errors import ControllerError

__all__ = ["Ending", "end_instances", "retire"]

Ending = Retire | RemoveNode | Abandon
"""Decisions after which a node of ours is removed."""

_AT_ONCE = 10
"""Agents that are polled again and then ended together: few, so that the poll is fresh."""


def retire(turn: Turn, decisions: Sequence[Ending], instances: Sequence[Instance]) -> list[Report]:
    """End agents, or remove nodes without any. `instances` as listed a moment ago."""
    by_node: dict[str, list[Instance]] = {}
    for instance in instances:
        by_node.setdefault(instance.node, []).append(instance)
    reports = []
    for some in _parts(decisions):
        reports += _retire(turn, some, by_node)
    return reports


def end_instances(
    turn: Turn, decisions: Sequence[EndInstance], instances: Sequence[Instance]
) -> list[Report]:
    """End instances no node of ours claims. `instances` as listed a moment ago."""
    known = {instance.id: instance for instance in instances}

    def poll(decision: EndInstance) -> Instance | None:
        instance = known.get(decision.instance)
        if instance is not None and instance.node and turn.nodes.poll(instance.node) is not None:
            raise KeptError(f"its node {instance.node} is there")
        return instance

    polled = turn.each(poll, decisions)
    sure = [result for result in polled if isinstance(result, Instance)]
    failed = _terminate(turn, sure)
    return [
        Report(
            decision, told(result) if isinstance(result, Exception) else failed if result is not None else ""
        )
        for decision, result in zip(decisions, polled, strict=True)
    ]


def _retire(turn: Turn, decisions: Sequence[Ending], by_node: dict[str, list[Instance]]) -> list[Report]:
    def poll(decision: Ending) -> JenkinsNode:
        if isinstance(decision, Abandon):
            return _surely_gone(turn, decision)
        return _surely_idle(turn, decision, by_node.get(decision.node, ()))

    polled = _polled_again(turn, turn.each(poll, decisions))
    sure = [result.name for result in polled if isinstance(result, JenkinsNode)]
    failed = _terminate(turn, [instance for name in sure for instance in by_node.get(name, ())])
    removed = dict(zip(sure, turn.each(turn.nodes.delete, [] if failed else sure), strict=False))
    return [
        Report(
            decision,
            told(result) if isinstance(result, Exception) else failed or _trouble(removed[result.name]),
        )
        for decision, result in zip(decisions, polled, strict=True)
    ]


def _polled_again(turn: Turn, polled: Sequence[JenkinsNode | Exception]) -> Sequence[JenkinsNode | Exception]:
    """Poll nodes that are ended together once more, all by one request.

    While the others were polled, a user may have taken the mark of the first one back, and a build may have
    started there.
    """
    if sum(isinstance(node, JenkinsNode) for node in polled) < 2:
        return polled
    try:
        now = turn.nodes.all()
    except ControllerError as error:
        return [error if isinstance(node, JenkinsNode) else node for node in polled]
    return [_unchanged(node, now) if isinstance(node, JenkinsNode) else node for node in polled]


def _unchanged(node: JenkinsNode, now: Mapping[str, JenkinsNode]) -> JenkinsNode | KeptError:
    """Return the node as it is now if it is still marked by us and as idle as it was."""
    again = now.get(node.name)
    if again is None or not again.pool:
        return KeptError("the node does not exist any more")
    if again.offline is not Offline.OURS:
        return KeptError("a user took it online again")
    if again.connected and not node.connected:
        return KeptError("its agent has dialled in")
    if again.busy and not node.busy:
        return KeptError("something runs there")
    return again


def _surely_gone(turn: Turn, decision: Abandon) -> JenkinsNode:
    """Return the node, marked offline by us and without an agent after that; KeptError with any doubt."""
    node = turn.nodes.ours(decision.node)
    if node.connected:
        raise KeptError("its agent is connected")
    node = turn.nodes.mark(node.name, decision.reason)
    if node.connected:
        turn.nodes.unmark(node.name, "its agent has dialled in")
        raise KeptError("its agent has dialled in")
    return node


def _surely_idle(turn: Turn, decision: Ending, instances: Sequence[Instance]) -> JenkinsNode:
    """The node, marked offline by us and idle after that; KeptError with any doubt."""
    alive = any(instance.state != "terminated" for instance in instances)
    if alive and isinstance(decision, RemoveNode):
        raise KeptError("it has an instance")
    node = _idle(turn.nodes.ours(decision.node))
    if node.connected and not alive:
        raise KeptError("its agent is connected, and no instance is known for it")
    if node.offline is Offline.NO:
        node = _close(turn, node, decision.reason)
    if node.offline is not Offline.OURS:
        raise KeptError("another user took it offline")
    return _idle(node)


def _close(turn: Turn, node: JenkinsNode, reason: str) -> JenkinsNode:
    """Mark a node offline whose agent is not there: should it dial in now, it takes no build."""
    if node.connected:
        raise KeptError("it is online")
    node = turn.nodes.mark(node.name, reason)
    if node.connected:
        turn.nodes.unmark(node.name, "its agent has dialled in")
        raise KeptError("its agent has dialled in")
    return node


def _idle(node: JenkinsNode) -> JenkinsNode:
    if node.busy:
        raise KeptError("something runs there")
    return node


def _terminate(turn: Turn, instances: Sequence[Instance]) -> str:
    """End instances together; why it could not be done, empty if it was."""
    if not instances:
        return ""
    try:
        turn.gate()
        turn.provider.terminate(instances)
    except Exception as error:  # noqa: BLE001 - told raises what is a mistake of ours
        return told(error)
    return ""


def _trouble(removed: object) -> str:
    return told(removed) if isinstance(removed, Exception) else ""


def _parts(decisions: Sequence[Ending]) -> Iterator[Sequence[Ending]]:
    for start in range(0, len(decisions), _AT_ONCE):
        yield decisions[start : start + _AT_ONCE]
