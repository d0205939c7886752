"""A graph as SVG: folders as boxes in columns, the first to build on the left. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from jobdsl.reports.graph import Graph, GraphNode

__all__ = ["svg"]

_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1c2024 }
.head { font-weight: 600 }
rect { fill: #fff; stroke: #8b8d98; rx: 4px }
.folder { fill: #fcfcfd; stroke: #d9d9e0 }
.group { fill: #edf2fe; stroke: #3e63dd }
.pool { fill: #e6f6eb; stroke: #30a46c }
.page { fill: #fcfcfd; stroke: none; rx: 0 }
path { fill: none; stroke: #60646c; marker-end: url(#arrow) }
.copies { stroke-dasharray: 4 3 }
.builds { stroke: #30a46c; marker-end: none }
@media (prefers-color-scheme: dark) {
  text { fill: #edeef0 }
  rect { fill: #212225; stroke: #696e77 }
  .folder { fill: #18191b; stroke: #43484e }
  .group { fill: #1d2e5c; stroke: #7b93f5 }
  .pool { fill: #132d21; stroke: #33b074 }
  .page { fill: #111113 }
  path { stroke: #b0b4ba }
}
"""
_HEIGHT, _GAP, _PADDING, _HEAD, _SPACE = 22, 6, 10, 20, 60
_LETTER = 6.8
"""Width of a letter, about."""
_LONGEST = 48
"""Letters of a label that are shown."""
_COLUMN = 30
"""Nodes of a column from which on the next box begins another one."""


@dataclass(frozen=True, slots=True)
class _Box:
    node: GraphNode
    x: float
    y: float
    width: float


def svg(graph: Graph) -> str:
    """Return a picture of a graph."""
    columns = _columns(graph)
    folders: list[str] = []
    boxes: dict[str, _Box] = {}
    x, height = float(_PADDING), 0.0
    for column in columns:
        width = max(max(_width(_label(node)) for node in nodes) for nodes in column) + 2 * _PADDING
        width = max(width, *(_width(_folder(nodes)) + 2 * _PADDING for nodes in column))
        y = float(_PADDING)
        for nodes in column:
            size = _HEAD + len(nodes) * (_HEIGHT + _GAP) + _PADDING
            folders.append(
                f'<rect class="folder" x="{x:g}" y="{y:g}" width="{width:g}" height="{size:g}"/>'
                f'<text class="head" x="{x + _PADDING:g}" y="{y + 15:g}">{_shown(_folder(nodes))}</text>'
            )
            for index, node in enumerate(nodes):
                top = y + _HEAD + index * (_HEIGHT + _GAP)
                boxes[node.name] = _Box(node, x + _PADDING, top, width - 2 * _PADDING)
            y += size + 2 * _PADDING
        height = max(height, y)
        x += width + _SPACE
    width, height = max(x - _SPACE + _PADDING, 200), max(height, 60)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
            f' width="{width:g}" height="{height:g}" role="img" aria-label="Jobs of an estate">',
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="6" markerHeight="6"'
            ' orient="auto"><path d="M0,0 L8,4 L0,8 z" style="fill:#60646c;stroke:none"/></marker></defs>',
            f'<rect class="page" width="{width:g}" height="{height:g}"/>',
            *folders,
            *(_arrow(graph, index, boxes) for index in range(len(graph.edges))),
            *(_node(box) for box in boxes.values()),
            "</svg>",
            "",
        ]
    )


def _columns(graph: Graph) -> list[list[list[GraphNode]]]:
    """Return the nodes of each folder, pools first, by the column of their folder."""
    folders: dict[str, list[GraphNode]] = {}
    for node in graph.nodes:
        folders.setdefault(_key(node), []).append(node)
    of = {node.name: key for key, nodes in folders.items() for node in nodes}
    ranks = _ranks(folders, [(of[edge.source], of[edge.target]) for edge in graph.edges])
    columns: list[list[list[GraphNode]]] = []
    for rank in sorted(set(ranks.values())):
        count = _COLUMN
        for key in sorted(key for key in folders if ranks[key] == rank):
            if count + len(folders[key]) > _COLUMN:
                columns.append([])
                count = 0
            columns[-1].append(folders[key])
            count += len(folders[key]) + 1
    return columns


def _ranks(keys: Mapping[str, object], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return how many boxes come before each; arrows back in a circle do not count."""
    followers: dict[str, set[str]] = {}
    for source, target in edges:
        if source != target:
            followers.setdefault(source, set()).add(target)
    ranks = dict.fromkeys(sorted(keys), 0)
    for _ in range(min(len(ranks), 12)):
        changed = False
        for source in ranks:
            for target in followers.get(source, ()):
                if ranks[target] <= ranks[source] < 12 and source not in followers.get(target, ()):
                    ranks[target] = ranks[source] + 1
                    changed = True
        if not changed:
            break
    return ranks


def _key(node: GraphNode) -> str:
    return "" if node.kind == "pool" else f"/{node.folder}"


def _folder(nodes: Sequence[GraphNode]) -> str:
    if nodes[0].kind == "pool":
        return "pools"
    return nodes[0].folder or "top level"


def _label(node: GraphNode) -> str:
    return node.name.removeprefix("pool:") if node.kind == "pool" else node.label


def _width(text: str) -> float:
    return min(len(text), _LONGEST) * _LETTER + 2 * _PADDING


def _node(box: _Box) -> str:
    label = _label(box.node)
    return (
        f"<g><title>{_shown(box.node.name, len(box.node.name))}</title>"
        f'<rect class="{box.node.kind}" x="{box.x:g}" y="{box.y:g}"'
        f' width="{box.width:g}" height="{_HEIGHT}"/>'
        f'<text x="{box.x + 8:g}" y="{box.y + 15:g}">{_shown(label)}</text></g>'
    )


def _arrow(graph: Graph, index: int, boxes: Mapping[str, _Box]) -> str:
    edge = graph.edges[index]
    source, target = boxes[edge.source], boxes[edge.target]
    is_forward = source.x + source.width <= target.x
    x1, y1 = source.x + source.width, source.y + _HEIGHT / 2
    x2, y2 = (target.x if is_forward else target.x + target.width), target.y + _HEIGHT / 2
    bend = (x2 - x1) / 2 if is_forward else _SPACE / 2
    second = x2 - bend if is_forward else x2 + bend
    title = f"{edge.source} {edge.kind} {edge.target}"
    return (
        f'<path class="{edge.kind}" d="M{x1:g},{y1:g} C{x1 + bend:g},{y1:g} {second:g},{y2:g} {x2:g},{y2:g}">'
        f"<title>{_shown(title, len(title))}</title></path>"
    )


def _shown(text: str, longest: int = _LONGEST) -> str:
    """Return a text of a picture; its characters are those XML can hold."""
    text = text if len(text) <= longest else f"{text[: longest - 1]}\u2026"
    return escape("".join(c if c.isprintable() else "?" for c in text))
