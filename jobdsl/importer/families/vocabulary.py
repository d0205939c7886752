"""What the vocabulary knows of a call: the names of its positional arguments, and defaults as source."""

from __future__ import annotations

import builtins
from functools import cache
from keyword import iskeyword, issoftkeyword
from typing import Any

import jobdsl
from jobdsl.elements.kinds import REQUIRED
from jobdsl.importer.literals import quoted

__all__ = ["default_of", "free_name", "name_of"]


@cache
def _class(start: str) -> Any:
    member: Any = jobdsl
    for word in start.removesuffix("(").split("."):
        member = getattr(member, word, None)
    return member if hasattr(member, "_fields") else None


def name_of(start: str, index: int) -> str:
    """Return the name of an argument that is given without one, or empty text."""
    cls = _class(start)
    first = [field.name for field in cls._fields.values() if field.first] if cls is not None else []
    return first[index] if index < len(first) else ""


def default_of(start: str, label: str) -> str | None:
    """Return the source of an argument's default; None if it is not known."""
    cls = _class(start)
    field = cls._fields.get(label.removesuffix("=")) if cls is not None else None
    if field is None or field.default is REQUIRED:
        return None
    if field.default is None or isinstance(field.default, bool | int):
        return repr(field.default)
    if isinstance(field.default, str):
        return quoted(field.default)
    return "[]" if field.default == () else None


def free_name(name: str, kind: str) -> str:
    """Return a name, with what it is for after it where Python or the vocabulary has that name."""
    is_taken = iskeyword(name) or issoftkeyword(name) or hasattr(builtins, name) or name in jobdsl.__all__
    return f"{name}_{kind}" if is_taken or name in ("layouts", "shared") else name
