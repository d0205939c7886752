"""Which parts of a document are Jenkins elements, and which of them are written without a typed class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jobdsl.documents.tree import Node, class_name
from jobdsl.dsl.items import Item
from jobdsl.dsl.jobs import item
from jobdsl.dsl.viewkinds import view
from jobdsl.elements import load_all
from jobdsl.elements.base import Element, Record, registry
from jobdsl.elements.untyped import Literal, Raw
from jobdsl.importer.roundtrip import parts

__all__ = ["elements", "untyped"]

_COLLECTION = re.compile(
    r"java\.|javax\.|sun\.|com\.google\.common\.|hudson\.model\.View\$PropertyList\Z"
    r"|hudson\.util\.(?:\w*List|CopyOnWriteMap\b.*|\w*\$\w*List|PersistedList)\Z"
    r"|(?:\w+[-.])?(?:string-array|array|list|map|set|vector)\Z"
)
"""Collections and plain Java types: shapes of data, no extensions of Jenkins."""


@cache
def _aliases() -> frozenset[str]:
    """Return names without a dot that stand for elements all the same, such as EnvInjectBuilder."""
    load_all()
    return frozenset(name for name, cls in registry.items() if "." not in name and issubclass(cls, Element))


def _is_class(name: str) -> bool:
    return ("." in name or name in _aliases()) and _COLLECTION.match(name) is None


def _is_element(node: Node) -> bool:
    return _is_class(class_name(node.tag)) or _is_class(node.attrs.get("class", ""))


def elements(root: Node) -> int:
    """Return how many Jenkins elements stand below the root: a tag or a `class` names a class."""
    return sum(map(_is_element, root.walk())) - _is_element(root)


def untyped(definition: Item) -> int:
    """Return how many Jenkins elements an item writes without a typed class; its root is none of them."""
    count = sum(map(_untyped_here, _below(definition)))
    if not isinstance(definition, item | view):
        return count
    root = definition.definition
    return count - (_is_element(root.node) if isinstance(root, Literal) else _names_class(root))


def _untyped_here(value: Any) -> int:
    if isinstance(value, Literal):
        return elements(value.node) + _is_element(value.node)
    if isinstance(value, Raw):
        return _names_class(value) + _dotted(value.fields)
    if isinstance(value, Record):
        return _dotted(_extra(value))
    return _dotted(value) if isinstance(value, Mapping) else 0


def _extra(value: Any) -> Mapping[str, Any]:
    return value.extra or {}


def _names_class(raw: Raw) -> bool:
    return _is_class(raw.tag) or _is_class(raw.attrs.get("class", ""))


def _dotted(fields: Mapping[str, Any]) -> int:
    """Fields whose own tag names a class."""
    return sum(
        _is_class(class_name(tag)) and not (isinstance(field, Raw) and _is_class(field.tag))
        for tag, field in fields.items()
    )


def _below(value: Any) -> Iterator[Any]:
    """Yield the value and all values in it."""
    stack = [value]
    while stack:
        part = stack.pop()
        if not isinstance(part, str):
            yield part
            stack += parts(part)
