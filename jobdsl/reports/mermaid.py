"""A graph as Mermaid, which GitHub and GitLab show in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from jobdsl.reports.graph import Edge, Graph, GraphNode

__all__ = ["mermaid"]

_SHAPES = {"job": ("[", "]"), "group": ("[[", "]]"), "pool": ("([", "])")}
_ARROWS = {"triggers": "-->", "copies": "-.->", "builds": "---"}
_LABELS = {"copies": "artifacts"}


def mermaid(graph: Graph) -> str:
    """Return a flowchart with a subgraph for each folder."""
    numbers = {node.name: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    folder = ""
    for node in graph.nodes:
        inside = "" if node.kind == "pool" else node.folder
        if inside != folder:
            lines += ["  end"] if folder else []
            lines += [f"  subgraph f{numbers[node.name]}[{_quoted(inside)}]"] if inside else []
            folder = inside
        opening, closing = _SHAPES[node.kind]
        lines.append(
            f"{'    ' if folder else '  '}{numbers[node.name]}{opening}{_quoted(_label(node))}{closing}"
        )
    lines += ["  end"] if folder else []
    lines += _edges(graph.edges, numbers)
    return "\n".join(lines) + "\n"


def _edges(edges: tuple[Edge, ...], numbers: dict[str, str]) -> Iterator[str]:
    for edge in edges:
        words = [_LABELS.get(edge.kind, ""), str(edge.count) if edge.count > 1 else ""]
        label = " ".join(filter(None, words))
        arrow = _ARROWS[edge.kind] + (f"|{_quoted(label)}|" if label else "")
        yield f"  {numbers[edge.source]} {arrow} {numbers[edge.target]}"


def _label(node: GraphNode) -> str:
    return f"pool {node.name.removeprefix('pool:')}" if node.kind == "pool" else node.label


def _quoted(text: str) -> str:
    """Return a label; Mermaid reads entities in it, and nothing else."""
    shown = (c if c.isprintable() else "?" for c in text)
    escaped = "".join(f"#{ord(c)};" if c in _SIGNS else c for c in shown)
    return f'"{escaped}"'


_SIGNS = frozenset('"#<>&`\\;{}[]|')
