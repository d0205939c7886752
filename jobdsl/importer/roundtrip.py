"""Which typed elements do not come back from their own source: they are then written untyped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import jobdsl
from jobdsl.elements import load_all
from jobdsl.elements.base import Element, Record, registry
from jobdsl.elements.untyped import Raw
from jobdsl.importer.codegen import Writer
from jobdsl.importer.pretty import show

__all__ = ["parts", "unfaithful", "unspeakable"]


def parts(value: Any) -> Iterator[Any]:
    """Yield the values a value is made of, one level down."""
    if isinstance(value, Raw):
        yield from value.members
        yield from value.fields.values()
    elif isinstance(value, Record):
        record: Any = value
        yield from (getattr(record, name) for name, field in record._fields.items() if field.stored)
        yield from (record.extra or {}).values()
    elif isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from value


@cache
def unspeakable() -> frozenset[str]:
    """Jenkins classes whose typed class no DSL file could name."""
    load_all()
    return frozenset(java for java, cls in registry.items() if not _is_spoken(cls))


def _is_spoken(cls: type[Record]) -> bool:
    member: Any = jobdsl
    for word in cls.dsl_name().split("."):
        member = getattr(member, word, None)
    return member is cls


def unfaithful(value: Any) -> set[str]:
    """Jenkins classes of the innermost elements whose source makes another element."""
    inner = set().union(*(unfaithful(part) for part in parts(value)))
    if inner or not isinstance(value, Element):
        return inner
    return set() if _comes_back(value) else {value.java}


def _comes_back(element: Element) -> bool:
    writer = Writer()
    try:
        source = show(writer.code(element), "", 0)
        words = {word: getattr(jobdsl, word) for word in writer.uses}
        evaluated: Any = eval(source, words)  # noqa: S307  # our own source: calls and literals
        return bool(evaluated.write("\n") == element.write("\n"))
    except Exception:  # noqa: BLE001  # whatever its source trips over, it is then written untyped
        return False
