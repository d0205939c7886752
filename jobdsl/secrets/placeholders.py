"""Placeholders of secrets: `${jobdsl:secret:NAME}` stands for a value that is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["SECRET_START", "TOKEN", "fits", "restored", "starts", "without_names"]

SECRET_START = "${jobdsl:secret:"  # noqa: S105  # what stands for one
"""Prefix of a placeholder; the name follows, and a closing brace."""
TOKEN = re.compile(re.escape(SECRET_START) + r"([^{}<]+)\}")
"""A placeholder; the group is its name."""


def starts(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a text that begin like a placeholder."""
    for match in re.finditer(re.escape(SECRET_START), text):
        yield match.span()


def without_names(text: str) -> str:
    """Return a text of the same length whose placeholders read as references to variables."""
    if SECRET_START not in text:
        return text
    return TOKEN.sub(lambda match: "${" + "x" * (len(match[0]) - 3) + "}", text)


_MOST_WORK = 50_000_000
"""Product of the lines with placeholders and the characters they are looked for in."""
_NOT_SHOWN = "(not shown: it has too many lines with placeholders)"


def fits(desired: str, stored: str) -> bool:
    """Return whether a text is another one with some value in the place of each of its placeholders."""
    first, *others = TOKEN.split(desired)[::2]
    if not stored.startswith(first) or not others:
        return stored == desired
    place = len(first)
    for piece in others[:-1]:
        place = stored.find(piece, place + 1) + len(piece)
        if place < len(piece):
            return False
    return stored.endswith(others[-1]) and len(stored) - len(others[-1]) > place


def restored(desired: str, stored: str) -> str:
    """Return a stored text with the placeholders of the wanted one, on each line that fits a wanted line.

    So a difference of the two shows what differs, and no value of a secret on a line that does not.
    """
    with_tokens = list(dict.fromkeys(line for line in desired.split("\n") if TOKEN.search(line)))
    if not with_tokens:
        return stored
    if len(with_tokens) * len(stored) > _MOST_WORK:
        return _NOT_SHOWN
    lines = stored.split("\n")
    return "\n".join(next((known for known in with_tokens if fits(known, line)), line) for line in lines)
