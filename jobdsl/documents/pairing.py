"""Which child of a document is which child of the stored one."""

from __future__ import annotations

from collections import Counter, deque

from jobdsl.documents.aliases import replacements, tag_class
from jobdsl.documents.storing import UNORDERED, is_class, is_value
from jobdsl.documents.tree import Node, class_name

__all__ = ["pair"]

_NAMED = ("ParameterDefinition", "Axis", "axis")
"""How the tags of objects end that a list has one of for each name."""


def pair(desired: list[Node], stored: list[Node]) -> dict[int, Node]:
    """Return for each desired child (by identity) its partner: the next of its class or field, and its key.

    A class that Jenkins replaces is paired with the one it makes of it.
    """
    alone = _each_alone(desired, stored)
    if alone is not None:
        return alone
    waiting: dict[tuple[str, str], deque[Node]] = {}
    for child in stored:
        waiting.setdefault((tag_class(child.tag), _key(child)), deque()).append(child)
    counting = _that_count(desired, stored)
    partners: dict[int, Node] = {}
    for child in counting:
        names = (tag_class(child.tag), *replacements(class_name(child.tag)))
        candidates = next((queue for name in names if (queue := waiting.get((name, _key(child))))), None)
        if candidates:
            partners[id(child)] = candidates.popleft()
    unpaired = [child for child in counting if child.tag in UNORDERED and id(child) not in partners]
    others = {id(child) for rest in waiting.values() for child in rest}
    spare = [child for child in stored if child.tag in UNORDERED and id(child) in others]
    return partners | {id(child): other for child, other in zip(unpaired, spare, strict=False)}


def _each_alone(desired: list[Node], stored: list[Node]) -> dict[int, Node] | None:
    """Return the partners where every tag is there once at most and under the same name; None elsewhere."""
    by_tag = {child.tag: child for child in stored}
    tags = {child.tag for child in desired}
    if len(by_tag) < len(stored) or len(tags) < len(desired) or not tags <= by_tag.keys():
        return None
    if any(tag in UNORDERED or tag.endswith(_NAMED) for tag in tags):
        return None
    return {id(child): by_tag[child.tag] for child in desired}


def _key(node: Node) -> str:
    """Return what distinguishes a child in its class: a text, or the name of a parameter or axis."""
    if node.tag in UNORDERED:
        return node.text
    name = node.find("name") if node.tag.endswith(_NAMED) else None
    return name.text if name else ""


def _that_count(desired: list[Node], stored: list[Node]) -> list[Node]:
    """Return the children without the first ones of a field that stands more often than it is stored."""
    names = [tag_class(child.tag) for child in desired]
    counts, stored_counts = Counter(names), Counter(tag_class(child.tag) for child in stored)
    fields = {name for name in counts if counts[name] > 1 and not is_class(name) and not is_value(name)}
    surplus = {name: counts[name] - stored_counts[name] for name in fields - UNORDERED}
    if not surplus:
        return desired
    counting = []
    for name, child in zip(names, desired, strict=True):
        if surplus.get(name, 0) > 0:
            surplus[name] -= 1
        else:
            counting.append(child)
    return counting
