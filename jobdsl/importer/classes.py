"""Which parts of a document are Jenkins elements, and which of them are written without a typed class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jobdsl.elements.base import Record, registry
from jobdsl.importer.faithful import parts
from jobdsl.raw import Literal, Raw
from jobdsl.tree import Node, class_name

__all__ = ["elements", "untyped"]

_COLLECTION = re.compile(
    r"java\.|javax\.|sun\.|com\.google\.common\.|hudson\.model\.View\$PropertyList\Z"
    r"|hudson\.util\.(?:\w*List|CopyOnWriteMap\b.*|\w*\$\w*List|PersistedList)\Z"
    r"|(?:\w+[-.])?(?:string-array|array|list|map|set|vector)\Z"
)
"""Collections and plain Java types: shapes of data, no extensions of Jenkins."""


def _is_class(name: str) -> bool:
    return ("." in name or name in registry) and _COLLECTION.match(name) is None


def _is_element(node: Node) -> bool:
    return _is_class(class_name(node.tag)) or _is_class(node.attrs.get("class", ""))


def elements(root: Node) -> int:
    """How many Jenkins elements stand below the root: a tag or a `class` names a class."""
    return sum(map(_is_element, root.walk())) - _is_element(root)


def untyped(value: Any) -> int:
    """How many Jenkins elements a value writes without a typed class, itself included."""
    return sum(_untyped_here(one) for one in _below(value))


def _untyped_here(value: Any) -> int:
    if isinstance(value, Literal):
        return elements(value.node) + _is_element(value.node)
    if isinstance(value, Raw):
        own = _is_class(value.tag) or _is_class(value.attrs.get("class", ""))
        return own + _dotted(value.fields)
    if isinstance(value, Record):
        return _dotted(_extra(value))
    return _dotted(value) if isinstance(value, Mapping) else 0


def _extra(value: Any) -> Mapping[str, Any]:
    return value.extra or {}


def _dotted(fields: Mapping[str, Any]) -> int:
    """Fields whose own tag names a class."""
    return sum(
        _is_class(class_name(tag)) and not (isinstance(one, Raw) and _is_class(one.tag))
        for tag, one in fields.items()
    )


def _below(value: Any) -> Iterator[Any]:
    """The value and all values in it."""
    stack = [value]
    while stack:
        one = stack.pop()
        if not isinstance(one, str):
            yield one
            stack += parts(one)
