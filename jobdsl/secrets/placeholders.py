"""Placeholders of secrets: `${jobdsl:secret:NAME}` stands for a value that is kept elsewhere."""

from __future__ import annotations

import re

__all__ = ["SECRET_START", "TOKEN", "fits", "restored"]

SECRET_START = "${jobdsl:secret:"  # noqa: S105  # what stands for one
"""Prefix of a placeholder; the name follows, and a closing brace."""
TOKEN = re.compile(re.escape(SECRET_START) + r"([^{}<]+)\}")
"""A placeholder; the group is its name."""


def fits(wanted: str, stored: str) -> bool:
    """Return whether a text is another one with some value in the place of each of its placeholders."""
    first, *others = TOKEN.split(wanted)[::2]
    if not stored.startswith(first) or not others:
        return stored == wanted
    place = len(first)
    for piece in others[:-1]:
        place = stored.find(piece, place + 1) + len(piece)
        if place < len(piece):
            return False
    return stored.endswith(others[-1]) and len(stored) - len(others[-1]) > place


def restored(wanted: str, stored: str) -> str:
    """Return a stored text with the placeholders of the wanted one, on each line that fits a wanted line.

    So a difference of the two shows what differs, and no value of a secret on a line that does not.
    """
    with_tokens = [line for line in wanted.split("\n") if TOKEN.search(line)]
    if not with_tokens:
        return stored
    lines = stored.split("\n")
    return "\n".join(next((known for known in with_tokens if fits(known, line)), line) for line in lines)
