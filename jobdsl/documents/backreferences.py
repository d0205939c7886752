"""Back references of XStream: an object that stands a second time, as a path to where it stood first.

`reference="../../a/b[2]"` leads from the element itself over its parents and their children, counted
from 1 among those of one tag; `/project/a` from the root; a number names the element with that `id`.
Jenkins writes them and reads them only where they lead to an element around or before them. Editing a
document breaks them, so an import puts copies in their place where it can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobdsl.documents.roots import is_view_root
from jobdsl.documents.tree import TEXT, Node, class_name

__all__ = ["dangling", "resolved", "without_dangling"]

_STEP = re.compile(r"(?P<tag>[^\[\]]+)(?:\[(?P<position>[0-9]{1,6})\])?")
_COMPARATOR = "hudson.util.CaseInsensitiveComparator"
"""How every view orders the names of its jobs."""
_MOST_COPIES = 500
"""References of one document that are replaced; real ones have some dozens at most."""
_LARGEST = 50_000
"""Elements of a document from which on nothing more is copied: copies of copies may grow without end."""


class _Paths:
    """Where the elements of a document stand."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.parents: dict[int, Node] = {}
        self.order: dict[int, int] = {}
        for number, node in enumerate(root.walk()):
            self.order[id(node)] = number
            for child in node.children:
                self.parents[id(child)] = node

    def target(self, node: Node) -> Node | None:
        """Return the element a reference leads to, over other references; None where it leads nowhere."""
        met: set[int] = set()
        element: Node | None = node
        while element is not None and "reference" in element.attrs:
            if id(element) in met:
                return None
            met.add(id(element))
            element = self._follow(element, element.attrs["reference"])
        return element

    def _follow(self, start: Node, path: str) -> Node | None:
        if path.isdecimal():
            return next((node for node in self.root.walk() if node.attrs.get("id") == path), None)
        steps = path.split("/")
        at: Node | None = start
        if path.startswith("/"):
            first = _STEP.fullmatch(steps[1])
            at = self.root if first and _is_called(self.root, first["tag"]) else None
            steps = steps[2:]
        for step in steps:
            if at is None:
                return None
            at = self.parents.get(id(at)) if step == ".." else _child(at, step)
        return at

    def around(self, node: Node) -> Iterator[Node]:
        """Yield the elements a node lies in, the nearest first."""
        above = self.parents.get(id(node))
        while above is not None:
            yield above
            above = self.parents.get(id(above))

    def is_ancestor(self, node: Node, other: Node) -> bool:
        """Return whether a node lies in another."""
        return any(above is other for above in self.around(node))

    def tags(self, node: Node) -> str:
        """Return the tags that lead to a node from the root, which is not named."""
        return "/".join(reversed([node.tag, *(above.tag for above in self.around(node))][:-1]))

    def path(self, start: Node, target: Node) -> str:
        """Return the relative path between two elements."""
        above = [target, *self.around(target)]
        steps: list[str] = []
        at = start
        while not any(at is ancestor for ancestor in above):
            steps.append("..")
            at = self.parents[id(at)]
        down = above[: next(number for number, ancestor in enumerate(above) if ancestor is at)]
        return "/".join([*steps, *(self._step(node) for node in reversed(down))])

    def _step(self, node: Node) -> str:
        alike = [sibling for sibling in self.parents[id(node)].children if sibling.tag == node.tag]
        number = next(number for number, sibling in enumerate(alike, 1) if sibling is node)
        return node.tag if number == 1 else f"{node.tag}[{number}]"


def _child(node: Node, step: str) -> Node | None:
    match = _STEP.fullmatch(step)
    if match is None:
        return None
    alike = [child for child in node.children if _is_called(child, match["tag"])]
    position = int(match["position"] or 1)
    return alike[position - 1] if 0 < position <= len(alike) else None


def _is_called(node: Node, tag: str) -> bool:
    return node.tag == tag or (node.tag != TEXT and class_name(node.tag) == tag)


def dangling(root: Node) -> list[tuple[str, str]]:
    """Return the references that Jenkins cannot follow: the path of tags to each, and its value."""
    paths = _Paths(root)
    return [(paths.tags(node), node.attrs["reference"]) for node in _unreadable(paths)]


def without_dangling(root: Node) -> Node:
    """Return the document without what Jenkins cannot read of it because a reference leads nowhere.

    That is the field or the member of a list, and of a sorted set whose comparator it is, the whole set.
    """
    if not any("reference" in node.attrs for node in root.walk()):
        return root
    paths = _Paths(root)
    for node in _unreadable(paths):
        lost = paths.parents[id(node)] if node.tag == "comparator" else node
        siblings = paths.parents[id(lost)].children if lost is not root else []
        siblings[:] = [sibling for sibling in siblings if sibling is not lost]
    return root


def _unreadable(paths: _Paths) -> list[Node]:
    """References to what stands neither around nor before them."""
    return [
        node
        for node in paths.root.walk()
        if "reference" in node.attrs
        and ((target := paths.target(node)) is None or paths.order[id(target)] > paths.order[id(node)])
    ]


def resolved(root: Node) -> Node:
    """Return the document with a copy of what it refers to in place of each reference.

    A reference to an element around it stays: a part that knows what it lies in. One that leads nowhere
    stays as well, unless it is known what Jenkins has there.
    """
    if not any("reference" in node.attrs for node in root.walk()):
        return root
    root = _copy(root)
    for _ in range(_MOST_COPIES):
        paths = _Paths(root)
        reference = next((node for node in root.walk() if _is_replaceable(paths, node)), None)
        if reference is None or len(paths.order) > _LARGEST:
            break
        _replace(paths, reference)
    return root


def _is_replaceable(paths: _Paths, node: Node) -> bool:
    if "reference" not in node.attrs or node is paths.root:
        return False
    target = paths.target(node)
    if target is None:
        return _is_comparator(paths, node) or _is_owner_of_view(paths, node)
    return not paths.is_ancestor(node, target)


def _is_comparator(paths: _Paths, node: Node) -> bool:
    """Return whether it orders the names of a view, which was cut out of a larger document."""
    return node.tag == "comparator" and paths.parents[id(node)].tag == "jobNames"


def _is_owner_of_view(paths: _Paths, node: Node) -> bool:
    """Return whether it is the owner of a separate view, which Jenkins sets when it reads the view."""
    return node.tag == "owner" and paths.parents[id(node)] is paths.root and is_view_root(paths.root.tag)


def _replace(paths: _Paths, reference: Node) -> None:
    """Put what a reference leads to in its place."""
    target = paths.target(reference)
    if target is None and reference.tag == "comparator":
        reference.attrs = {"class": _COMPARATOR}
    elif target is None:
        siblings = paths.parents[id(reference)].children
        siblings[:] = [sibling for sibling in siblings if sibling is not reference]
    else:
        copy = _relocated(paths, target, reference)
        reference.attrs = _attributes(reference, target)
        reference.text, reference.children = copy.text, copy.children


def _relocated(paths: _Paths, target: Node, place: Node) -> Node:
    """A copy of an element for another place: what it refers to outside itself is still what it was."""

    def copied(node: Node, depth: int) -> Node:
        attrs = dict(node.attrs)
        meant = paths.target(node) if "reference" in attrs else None
        if meant is not None and meant is not target and not paths.is_ancestor(meant, target):
            attrs["reference"] = "/".join([".."] * depth + [paths.path(place, meant)])
        elif meant is not None:
            attrs["reference"] = paths.path(node, meant)
        return Node(node.tag, node.text, [copied(child, depth + 1) for child in node.children], attrs)

    return copied(target, 0)


def _attributes(reference: Node, target: Node) -> dict[str, str]:
    """Return the attributes of a copy: the original's, and its class where the tag does not name it."""
    attrs = {name: value for name, value in target.attrs.items() if name not in ("class", "id")}
    java = reference.attrs.get("class") or target.attrs.get("class", "")
    if not java and reference.tag != target.tag and "." in target.tag:
        java = class_name(target.tag)
    return {"class": java, **attrs} if java and java != class_name(reference.tag) else attrs


def _copy(node: Node) -> Node:
    return Node(node.tag, node.text, map(_copy, node.children), dict(node.attrs))
