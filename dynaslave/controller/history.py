"""A controller's build history as a trace: when builds were ready, how long they took, on which agents.

`timestamp` is when a build began; the metrics plugin's TimeInQueueAction has how long it waited for an
executor before. Builds that hold no executor (Pipelines, matrix parents) are counted and left out: the
controller does not show on which agents their parts ran.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dynaslave.trace import TraceBuild
from jobdsl.grammar import names

if TYPE_CHECKING:
    from dynaslave.pools.pool import AgentPool
    from jobdsl.controller.jenkins import Controller

__all__ = ["History", "read"]

_DEPTH = 5
"""Levels of folders in one request; deeper ones get requests of their own."""
_ONE_OFF = ("WorkflowJob", "MatrixProject")
_NODE = re.compile(r"(?P<pool>.+)-[0-9a-zA-Z]{8}-\d+")
"""Names of our agents: pool, launch, number."""


class History(NamedTuple):
    """What a history shows."""

    builds: tuple[TraceBuild, ...]
    """In the order they came; the first at 0."""
    left_out: int
    """Builds that hold no executor, or are not over."""
    guessed: int
    """Builds of unknown wait: they count as ready when they began."""


def read(controller: Controller, pools: Sequence[AgentPool], *, since: float, most: int = 100) -> History:
    """The builds since a moment, the newest `most` of each job; a request for five levels of folders."""
    dated_builds: list[tuple[float, TraceBuild]] = []
    left_out = guessed = 0
    for job in _jobs(
        controller,
        "",
        f"builds[timestamp,duration,builtOn,building,actions[buildableTimeMillis]]{{0,{most}}}",
    ):
        for build in job.get("builds", ()):
            began = float(build.get("timestamp") or 0) / 1000
            if began < since:
                continue
            if build.get("building") or _kind(job) in _ONE_OFF:
                left_out += 1
                continue
            waited = _waited(build)
            guessed += waited is None
            label = str(job.get("labelExpression") or "")
            where = _pool(str(build.get("builtOn") or ""), label, pools)
            seconds = float(build.get("duration") or 0) / 1000
            ready = began - (waited or 0.0)
            dated_builds.append((ready, TraceBuild(ready, seconds, where, label, str(job["fullName"]))))
    dated_builds.sort(key=lambda entry: entry[0])
    start = dated_builds[0][0] if dated_builds else 0.0
    builds = tuple(build._replace(submit=round(ready - start, 3)) for ready, build in dated_builds)
    return History(builds, left_out, guessed)


def _jobs(controller: Controller, folder: str, builds: str) -> Iterator[Mapping[str, Any]]:
    fields = f"fullName,labelExpression,{builds}"
    tree = "jobs[fullName]"
    for _ in range(_DEPTH):
        tree = f"jobs[{fields},{tree}]"
    yield from _walk(controller, controller.tree(folder, tree), builds, 0)


def _walk(
    controller: Controller, answer: Mapping[str, Any], builds: str, depth: int
) -> Iterator[Mapping[str, Any]]:
    for job in answer.get("jobs", ()):
        if depth == _DEPTH:
            yield from _jobs(controller, names.parent(str(job["fullName"])), builds)
            return
        if "jobs" in job:
            yield from _walk(controller, job, builds, depth + 1)
        elif "fullName" in job:
            yield job


def _kind(job: Mapping[str, Any]) -> str:
    return str(job.get("_class", "")).rpartition(".")[2]


def _waited(build: Mapping[str, Any]) -> float | None:
    """Seconds it waited for an executor."""
    for action in build.get("actions", ()):
        if "buildableTimeMillis" in action:
            return float(action["buildableTimeMillis"]) / 1000
    return None


def _pool(node: str, label: str, pools: Sequence[AgentPool]) -> str:
    """The pool a build ran on, or would run on: by its agent's name, by its label, or a name made of that."""
    known = {pool.name for pool in pools}
    ours = _NODE.fullmatch(node)
    if ours and (ours["pool"] in known or not known):
        return ours["pool"]
    if label:
        from jobdsl.grammar.labels import LabelError, parse

        try:
            label_expression = parse(label)
        except LabelError:
            return label
        return next((pool.name for pool in pools if label_expression.matches(frozenset(pool.labels))), label)
    return next((pool.name for pool in pools if pool.mode == "normal"), node or "built-in")
