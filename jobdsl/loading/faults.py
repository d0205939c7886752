"""Which items hold a value that was refused: what stands in its place must not be taken for meant."""

from __future__ import annotations

from collections.abc import Container, Iterable

from jobdsl.elements.base import Record

__all__ = ["holds_any"]

_DEEPEST = 40


def holds_any(value: object, faulty: Container[int], depth: int = 0) -> bool:
    """Return whether a value, or any element in its fields, is one of those with these identities."""
    if id(value) in faulty:
        return True
    parts: Iterable[object] = ()
    if isinstance(value, Record):
        parts = [getattr(value, field.name, None) for field in value._fields.values() if field.stored]
    elif isinstance(value, list | tuple):
        parts = value
    return depth < _DEEPEST and any(holds_any(part, faulty, depth + 1) for part in parts)
