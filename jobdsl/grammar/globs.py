"""Globs with many wildcards, matched in time that grows with the path alone.

A regular expression tries every way to share a path among the wildcards. Here all ways are followed at once,
one bit for each place of the pattern.
"""

from __future__ import annotations

import re
from collections import defaultdict

__all__ = ["Glob"]

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|.", re.DOTALL)


class Glob:
    """A pattern of `*`, `?`, `**` and `**/`, with the meaning they have in `names.matches`."""

    def __init__(self, pattern: str) -> None:
        tokens = _TOKEN.findall(pattern)
        places: dict[str, int] = defaultdict(int)
        for place, token in enumerate(tokens):
            places[token] |= 1 << place
        self._one, self._star = places.pop("?", 0), places.pop("*", 0)
        self._stars, self._folders = places.pop("**", 0), places.pop("**/", 0)
        self._literals = places
        self._end = 1 << len(tokens)

    def fullmatch(self, path: str) -> bool | None:
        """Return whether the pattern fits all of a path; None, as a regular expression does, where not."""
        states, inside = self._skipped(1), 0
        for char in path:
            inside |= states & self._folders
            following = states & self._stars
            advancing = states & self._literals.get(char, 0)
            if char == "/":
                advancing |= inside
            else:
                following |= states & self._star
                advancing |= states & self._one
            states = self._skipped(following | advancing << 1)
            if not states and not inside:
                return None
        return True if states & self._end else None

    def _skipped(self, states: int) -> int:
        """Return the places that are reached without a character, too: wildcards fit nothing as well."""
        optional = self._star | self._stars | self._folders
        while (more := states | (states & optional) << 1) != states:
            states = more
        return states
