"""Where a value begins and ends in a script: quotes, words of a shell, the rest of a line."""

from __future__ import annotations

import re

__all__ = ["Quotes", "unquoted", "value_at"]

_MARK = re.compile(r"\\.|[\"'\n]", re.DOTALL)
_BARE = re.compile(r"(?:[^\s\"'`|&;<>()\\]|\\(?![\"'\s]))+")
_REFERENCE = re.compile(r"\$\{[^{}\n]*\}")
"""One part of a word, whatever quotes are in it: `${name//\"/}`."""
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\\n]|\\.)*)"'),
    "'": re.compile(r"'((?:[^'\\\n]|\\.)*)'|'([^'\n]*)'"),
    "\\": re.compile(r"\\([\"'])((?:(?!\\\1)[^\n])*)\\\1"),
}


class Quotes:
    """Which quote is open at a place of a text; asked for places in rising order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._open = ""

    def at(self, place: int) -> str:
        """Return the quote that is open there, or nothing. A line's end closes all."""
        self._skip_lines(place)
        for match in _MARK.finditer(self._text, self._at, place):
            mark = match[0]
            if mark == "\n" or mark == self._open:
                self._open = ""
            elif len(mark) == 1 and not self._open and not self._within_word(match.start(), mark):
                self._open = mark
        self._at = max(self._at, place)
        return self._open

    def _skip_lines(self, place: int) -> None:
        """Go on where the line of a place begins; a line behind a backslash goes on."""
        end = self._text.rfind("\n", self._at, place)
        while end > 0 and self._text[end - 1] == "\\":
            end = self._text.rfind("\n", self._at, end)
        if end >= 0:
            self._at, self._open = end + 1, ""

    def _within_word(self, place: int, mark: str) -> bool:
        """Return whether a quotation mark is inside a word, as the apostrophe of don't, and opens nothing."""
        around = self._text[max(place - 1, 0) : place + 2]
        return mark == "'" and len(around) == 3 and around[0].isalpha() and around[2].isalpha()


def value_at(text: str, place: int, opened: str = "", *, whole: bool = False) -> tuple[int, int]:
    """Start and end of the value that begins there, without its quotes; equal where there is none.

    `opened` is the quote around it; `whole`: it takes all that is in that quote, spaces and all.
    """
    if opened and whole:
        return place, _closing(text, place, opened)
    first = text[place : place + 1]
    if first and first in _QUOTED and first != opened:
        match = _QUOTED[first].match(text, place)
        if match is not None and not _goes_on(text, match.end(), opened):
            group = 2 if first == "\\" else 1 if match[1] is not None else 2
            return match.span(group)
    end = _word(text, place, opened)
    while end > place and text[end - 1] in ",\\":
        end -= 1
    return place, end


def unquoted(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the span without blanks around it and without the quotes it stands in."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if end - start > 1 and text[start] == text[end - 1] and text[start] in "\"'":
        return start + 1, end - 1
    return start, end


def _closing(text: str, place: int, quote: str) -> int:
    for match in _MARK.finditer(text, place):
        if match[0] in ("\n", quote):
            return match.start()
    return len(text)


def _goes_on(text: str, place: int, opened: str) -> bool:
    """Return whether a word of a shell goes on behind a quote: \"a\"b."""
    after = text[place : place + 1]
    return bool(after) and after != opened and (after.isalnum() or after in "\"'$")


def _word(text: str, place: int, opened: str) -> int:
    """Return the end of a word with quoted parts in it."""
    end = place
    while end < len(text):
        mark = text[end]
        match = _REFERENCE.match(text, end) if mark == "$" else None
        if match is None and mark in _QUOTED and mark != opened:
            match = _QUOTED[mark].match(text, end)
        if match is None:
            match = _BARE.match(text, end)
        if match is None:
            break
        end = match.end()
    return end
