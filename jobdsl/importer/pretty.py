"""Python expressions as small trees, and how they are broken into lines (as black and ruff format do)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from unicodedata import east_asian_width

__all__ = ["WIDTH", "Brackets", "Code", "choose", "show", "when"]

WIDTH = 100
"""Columns of a line of generated source."""
_STEP = "    "

Code: TypeAlias = "str | Brackets"
"""An expression: source that is never broken (a literal, a name), or a group."""


@dataclass(frozen=True, slots=True)
class Brackets:
    """Something in brackets: a call, a list, a dict; each part with what is before it (`steps=`).

    Without a start it is a conditional expression, made by `when` or `choose`.
    """

    start: str
    parts: list[tuple[str, Code]] = field(default_factory=list)
    end: str = ")"

    @property
    def is_conditional(self) -> bool:
        """Return whether this is an expression that is None where a condition does not hold."""
        return not self.start


def when(condition: Code, code: Code) -> Brackets:
    """Return an expression that is `code` where a condition holds, else None."""
    return Brackets("", [("", code), (" if ", condition)], " else None")


def choose(condition: Code, code: Code, other: Code) -> Brackets:
    """Return an expression that is `code` where a condition holds, else `other`."""
    return Brackets("", [("", code), (" if ", condition), (" else ", other)], "")


def show(code: Code, indent: str, column: int, after: int = 0) -> str:
    """Return the source of an expression that starts at `column` on a line indented by `indent`.

    `after` is the room what follows on its last line needs.
    """
    if isinstance(code, str):
        return code
    flat = _flat(code, WIDTH - column - after)
    if flat is not None:
        return flat
    if _hugs(code):
        label, only = code.parts[0]
        start = code.start + label
        return start + show(only, indent, column + len(start), after + 1) + code.end
    deeper = indent + _STEP
    if code.is_conditional:
        (_, inner), (_, condition), *other = code.parts
        otherwise = f"else {show(other[0][1], deeper, len(deeper))}" if other else "else None"
        shown = show(inner, deeper, len(deeper)), f"if {show(condition, deeper, len(deeper))}", otherwise
        return "\n".join(["(", *(deeper + line for line in shown), f"{indent})"])
    lines = [
        f"{deeper}{label}{show(part, deeper, len(deeper) + len(label), 1)}," for label, part in code.parts
    ]
    return "\n".join([code.start, *lines, indent + code.end])


def _hugs(group: Brackets) -> bool:
    """Return whether a text of several lines, as the only argument, stays on the line of its bracket."""
    only = group.parts[0][1] if len(group.parts) == 1 else None
    return group.end == ")" and isinstance(only, str) and "\n" in only


def _flat(code: Code, room: int) -> str | None:
    """On one line of `room` columns, or None."""
    pieces: list[str] = []
    for piece in _pieces(code):
        room -= columns(piece)
        if room < 0 or "\n" in piece:
            return None
        pieces.append(piece)
    return "".join(pieces)


def columns(text: str) -> int:
    """Return how many columns a text takes: wide characters of East Asia take two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(east_asian_width(c) in "WF" for c in text)


def _pieces(code: Code) -> Iterable[str]:
    if isinstance(code, str):
        yield code
        return
    yield code.start
    for position, (label, part) in enumerate(code.parts):
        yield f", {label}" if position and code.start else label
        yield from _pieces(part)
    yield code.end
