"""How many builds an agent has taken, counted poll by poll, and as text that is written on its instance.

Builds are identified by their addresses. One that begins and ends between two polls is not seen, so
`max_uses` bounds the builds that polls have seen (docs/pools.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

__all__ = ["count", "read", "write"]


def count(uses: int, before: frozenset[str], urls: Iterable[str]) -> tuple[int, frozenset[str]]:
    """The builds taken so far, and marks of those that run now."""
    marks = frozenset(f"{crc32(url.encode()):08x}" for url in urls)
    return uses + len(marks - before), marks


def write(uses: int, marks: frozenset[str]) -> str:
    """As text. An instance's tag has room for the marks of 25 builds; the rest would be counted again."""
    return " ".join([str(uses), *sorted(marks)[:25]])


def read(text: str) -> tuple[int, frozenset[str]]:
    """What `write` wrote; nothing taken, if it is something else."""
    first, *marks = text.split() or ["0"]
    return (int(first), frozenset(marks)) if first.isdecimal() else (0, frozenset())
