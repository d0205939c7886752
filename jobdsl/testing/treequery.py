"""The `tree=` parameter of Jenkins' API, a[b,c[d]]{0,2}, and the pruning it or `depth=` stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["ByDepth", "ByTree", "Pruner", "TreeError", "TreeNode", "parse_tree", "pruner"]

_TOKEN = re.compile(r"\s*([\[\],]|\{\s*\d*\s*(?:,\s*\d*\s*)?\}|[^\s\[\],{}]+)")


class TreeError(ValueError):
    """The parameter is no tree; Jenkins answers 500."""


@dataclass(slots=True)
class TreeNode:
    """One name of the tree with what is asked below it."""

    children: dict[str, TreeNode] = field(default_factory=dict)
    start: int = 0
    stop: int | None = None


class Pruner(Protocol):
    """Decides which properties of an object are written."""

    start: int
    stop: int | None

    def below(self, name: str, visibility: int, inline: bool, /) -> Pruner | None:
        """Return the pruner for the value of a property, None to leave the property out."""
        ...


class ByTree:
    """Only what a tree names; `*` names every property."""

    __slots__ = ("_children", "start", "stop")

    def __init__(self, node: TreeNode) -> None:
        self._children = {name: ByTree(child) for name, child in node.children.items()}
        self.start, self.stop = node.start, node.stop

    def below(self, name: str, _visibility: int, _inline: bool, /) -> ByTree | None:
        """Return the part of the tree below a name."""
        return self._children.get(name) or self._children.get("*")


class ByDepth:
    """What is visible at a depth (Stapler's TreePruner.ByDepth)."""

    __slots__ = ("_level", "_next", "start", "stop")

    def __init__(self, level: int) -> None:
        self._level = level
        self._next: ByDepth | None = None
        self.start = 0
        self.stop: int | None = None

    def below(self, _name: str, visibility: int, inline: bool, /) -> ByDepth | None:
        """Return one level down, if the property is visible here."""
        if visibility < self._level:
            return None
        if inline:
            return self
        if self._next is None:
            self._next = ByDepth(self._level + 1)
        return self._next


def pruner(tree: str | None, depth: str | None) -> Pruner:
    """Return the pruner for a request; a tree wins over a depth."""
    if tree is not None:
        return ByTree(parse_tree(tree))
    try:
        return ByDepth(1 - int(depth or 0))
    except ValueError:
        raise TreeError(f"depth is no number: {depth}") from None


def parse_tree(text: str) -> TreeNode:
    """Return the tree as nodes; raises TreeError where Jenkins cannot read it."""
    tokens = _tokens(text)
    root = TreeNode()
    rest = _children(tokens, 0, root)
    if rest != len(tokens):
        raise TreeError(f"unexpected {tokens[rest]} in tree={text}")
    return root


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise TreeError(f"unexpected {text[at]} in tree={text}")
        tokens.append(match[1])
        at = match.end()
    return tokens


def _children(tokens: list[str], at: int, parent: TreeNode) -> int:
    """Read names separated by commas into the parent; the index of what follows."""
    while at < len(tokens):
        name = tokens[at]
        if name[0] in "[],{":
            raise TreeError(f"expected a name, found {name}")
        node = parent.children.setdefault(name, TreeNode())
        at += 1
        if at < len(tokens) and tokens[at] == "[":
            at = _children(tokens, at + 1, node)
            if at >= len(tokens) or tokens[at] != "]":
                raise TreeError("a bracket is not closed")
            at += 1
        if at < len(tokens) and tokens[at][0] == "{":
            node.start, node.stop = _range(tokens[at])
            at += 1
        if at >= len(tokens) or tokens[at] != ",":
            return at
        at += 1
    raise TreeError("the tree ends after a comma")


def _range(token: str) -> tuple[int, int | None]:
    first, comma, last = token[1:-1].replace(" ", "").partition(",")
    if not comma:
        return (int(first), int(first) + 1) if first else (0, None)
    return int(first or 0), int(last) if last else None
