"""Lines of a text that have a word in them, found without reading the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

__all__ = ["Lines", "having", "lines_with"]

Lines: TypeAlias = Sequence[tuple[int, int]]
"""Starts and ends of lines in a text."""


def lines_with(text: str, words: Iterable[str]) -> Lines:
    """List the lines of a text that have one of these words in them, in order."""
    lines: dict[int, int] = {}
    for word in words:
        place = text.find(word)
        while place >= 0:
            end = text.find("\n", place)
            end = len(text) if end < 0 else end
            lines[text.rfind("\n", 0, place) + 1] = end
            place = text.find(word, end)
    return sorted(lines.items())


def having(text: str, lines: Lines, *signs: str) -> Lines:
    """Return those of some lines of a text that have one of these signs in them."""
    return [(start, end) for start, end in lines if any(text.find(sign, start, end) >= 0 for sign in signs)]
