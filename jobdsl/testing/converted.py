"""What the controller makes of classes and fields of old versions when it reads them.

Which ones it reads is known from the sources (`jobdsl.documents.conversions`); of what they become, the
content is as near as that table has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from jobdsl.documents.aliases import replacements, stored_name, tag_class
from jobdsl.documents.conversions import Conversion, conversions_of, widened_branches
from jobdsl.documents.tree import Node, tag_name

__all__ = ["convert", "replaced"]

_GIT = "hudson.plugins.git.GitSCM"
_AXES = {"label": "hudson.matrix.LabelAxis", "jdk": "hudson.matrix.JDKAxis"}
_ONLY_WITHOUT = frozenset({"traits", "extensions"})
"""Lists that old fields become members of only where the document has no such list."""


def replaced(java: str, node: Node) -> str:
    """Return the class that takes the place of an old one; an axis is recognised by its name."""
    first = replacements(java)[0]
    name = node.find("name") if java == "hudson.matrix.Axis" else None
    return _AXES.get(name.text, first) if name is not None else first


@lru_cache(maxsize=1000)
def _not_written(java: str) -> frozenset[str]:
    """Old fields of a class that are read, and never written."""
    return frozenset(
        tag for tag, conversion in conversions_of(java).items() if conversion.how not in ("copied", "kept")
    )


def convert(java: str, posted: Node, written: Node, defaults: Mapping[str, str | None]) -> None:
    """Put what old fields of a posted object become into the written one, and take them out of it.

    A field that the class still has gets its default again.
    """
    for path, conversion in conversions_of(java).items():
        field = _find(posted, path)
        prefix = path.rpartition("/")[0]
        holder, source = _find(written, prefix), _find(posted, prefix)
        if field is None or holder is None or source is None:
            continue
        if conversion.how in ("converted", "copied") and not conversion.makes_nothing_of(field):
            _make(source, holder, conversion, field)
    if java == _GIT:
        _widen_branches(posted, written)
    for path in _not_written(java):
        prefix, _, tag = path.rpartition("/")
        holder = _find(written, prefix)
        field = holder.find(tag) if holder is not None else None
        if holder is None or field is None or not (field.text or field.children):
            continue
        if default := defaults.get(path):
            field.text, field.children = default, []
        else:
            holder.children = [child for child in holder.children if child is not field]


def _widen_branches(posted: Node, written: Node) -> None:
    widened, branches = widened_branches(posted), written.find("branches")
    for branch in branches.children if branches else ():
        name = branch.find("name")
        if name is not None:
            name.text = widened.get(name.text, name.text)


def _find(node: Node, path: str) -> Node | None:
    child: Node | None = node
    for tag in path.split("/") if path else ():
        child = child.find(tag) if child is not None else None
    return child


def _make(source: Node, holder: Node, conversion: Conversion, field: Node) -> None:
    target = conversion.target
    if target[0] in _ONLY_WITHOUT and source.find(target[0]) is not None:
        return
    for name in target[:-1]:
        holder = _child(holder, name)
    last, java = target[-1], conversion.into.partition("=")[2]
    target_node = _child(holder, last)
    if java:
        target_node.attrs["class"] = stored_name(java)
        target_node.children = []
    elif "." in last and (_is_named_after(last, field) or not _is_boolean(field)):
        target_node.children = [*target_node.children, Node(field.tag, field.text, field.children)]
    elif "." not in last and not target_node.children and not target_node.text:
        target_node.text, target_node.children = field.text, field.children


def _is_boolean(field: Node) -> bool:
    return field.text.strip().lower() in ("true", "false")


def _is_named_after(java: str, field: Node) -> bool:
    """Whether a class is the field's namesake, as `StatusFilter` is of `statusFilter`: it keeps the value."""
    return java.rpartition(".")[2].lower() == field.tag.lower()


def _child(holder: Node, name: str) -> Node:
    """Return the child of that name, made where there is none."""
    child_node = next((child for child in holder.children if tag_class(child.tag) == name), None)
    if child_node is None:
        child_node = Node(tag_name(name))
        holder.children.append(child_node)
    return child_node
