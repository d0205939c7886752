"""The jobs of an estate as a graph: triggers, copied artifacts, pools of agents. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jobdsl.checks.lookups import EstateIndex, Known
from jobdsl.documents.references import References
from jobdsl.grammar.labels import LabelError, parse, split
from jobdsl.model import Definition

__all__ = ["MOST_NODES", "Edge", "Graph", "GraphNode", "graph_of"]

_WORD = re.compile(r"[A-Za-z0-9]+[^A-Za-z0-9]*|[^A-Za-z0-9]+")
MOST_NODES = 120
"""Nodes up to which every job is shown; of more, folders and jobs of one first word are folded."""

NodeKind = Literal["job", "group", "pool"]
EdgeKind = Literal["triggers", "copies", "builds"]


@dataclass(frozen=True, slots=True)
class GraphNode:
    """A job, several jobs as one, or a pool of agents."""

    name: str
    """Full name; of a group, what its jobs' names begin with."""
    kind: NodeKind
    count: int = 1
    """Jobs in it."""

    @property
    def folder(self) -> str:
        """Full name of the folder it is in."""
        return self.name.rpartition("/")[0]

    @property
    def label(self) -> str:
        """What is written in it."""
        word = self.name.rpartition("/")[2]
        return f"{word} ({self.count} jobs)" if self.kind == "group" else word


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow: from what happens first, or from a pool to what it builds."""

    source: str
    target: str
    kind: EdgeKind
    count: int = 1
    """References of the jobs in both."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by folder and name, and edges between their names; those of pools begin with `pool:`."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...] = ()
    folded: int = 0
    """Jobs that are not shown by themselves."""
    missing: Mapping[str, int] = field(default_factory=dict)
    """References to jobs that the estate does not define, by kind."""


def graph_of(
    definitions: Sequence[Definition],
    references: Mapping[str, References],
    pools: Iterable[Mapping[str, object]] = (),
    most: int = MOST_NODES,
) -> Graph:
    """Return the graph of an estate.

    Args:
        definitions: The estate's items and views.
        references: What each job's document refers to, by full name.
        pools: Pools of agents that the estate defines.
        most: Nodes up to which every job is shown.
    """
    jobs = sorted(
        definition.full_name
        for definition in definitions
        if not definition.is_view and not definition.is_folder
    )
    nodes = _folded(jobs, most)
    place = {job: name for name, members in nodes.items() for job in members}
    missing: Counter[str] = Counter()
    edges: Counter[tuple[str, str, EdgeKind]] = Counter()
    for source, target, kind in _job_edges(definitions, references, missing):
        if source in place and target in place and (place[source] != place[target] or source == target):
            edges[place[source], place[target], kind] += 1
    pools = list(pools)
    for pool, job in _pool_edges(references, pools):
        if job in place:
            edges[f"pool:{pool}", place[job], "builds"] += 1
    shown = [
        GraphNode(name, "job" if members == [name] else "group", len(members))
        for name, members in nodes.items()
    ]
    shown.sort(key=lambda node: (node.folder, node.name))
    shown += [GraphNode(f"pool:{name}", "pool") for name in sorted({str(pool["name"]) for pool in pools})]
    return Graph(
        tuple(shown),
        tuple(Edge(*key, count) for key, count in sorted(edges.items())),
        sum(len(members) for name, members in nodes.items() if members != [name]),
        dict(sorted(missing.items())),
    )


def _folded(jobs: Sequence[str], most: int) -> dict[str, list[str]]:
    """Return jobs by the node that they are shown in: the finest folding of no more than `most` nodes."""
    groups: dict[str, list[str]] = {}
    for depth, words in _foldings(jobs):
        groups = _grouped(jobs, depth, words)
        if len(groups) <= most:
            return groups
    names = sorted(groups)
    size = -(-len(names) // max(1, most))
    return {
        f"{names[start]} ...": [job for name in names[start : start + size] for job in groups[name]]
        for start in range(0, len(names), size)
    }


def _foldings(jobs: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield how deep folders are open and how many words of a name are kept (0 for all), finest first."""
    deepest = max((job.count("/") for job in jobs), default=0) + 1
    yield from ((depth, 0) for depth in range(deepest, 0, -1))
    yield from ((1, words) for words in (3, 2, 1))


def _grouped(jobs: Sequence[str], depth: int, words: int) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for job in jobs:
        parts = job.split("/")
        name = "/".join(parts[:depth])
        if len(parts) <= depth and words:
            first = _WORD.findall(parts[-1])[:words]
            name = "/".join([*parts[:-1], "".join(first) + "*"])
        groups.setdefault(name, []).append(job)
    return {members[0] if len(members) == 1 else name: members for name, members in groups.items()}


def _job_edges(
    definitions: Sequence[Definition], references: Mapping[str, References], missing: Counter[str]
) -> Iterator[tuple[str, str, EdgeKind]]:
    """Yield from which job to which; count references to jobs that are not there."""
    estate = EstateIndex(definitions, Known())
    for definition in definitions:
        job_references = references.get(definition.full_name)
        if definition.is_view or job_references is None:
            continue
        for kind, name in job_references.jobs:
            other = None if "$" in name else estate.named(name, definition.parent)
            if other is None:
                missing[kind] += 1
            elif kind == "downstream":
                yield definition.full_name, other, "triggers"
            elif kind == "upstream":
                yield other, definition.full_name, "triggers"
            else:
                yield other, definition.full_name, "copies"


def _pool_edges(
    references: Mapping[str, References], pools: Iterable[Mapping[str, object]]
) -> Iterator[tuple[str, str]]:
    """Yield pools and the jobs whose label one of its agents has."""
    provided = [(str(pool["name"]), split(str(pool.get("label", "")))) for pool in pools]
    for job, job_references in sorted(references.items()):
        for pool, labels in provided:
            if any(_fits(label, labels) for label in job_references.labels):
                yield pool, job


def _fits(label: str, labels: frozenset[str]) -> bool:
    try:
        return parse(label).matches(labels)
    except LabelError:
        return False
