"""What is known of parts of documents, by their texts: the jobs of one template share most of theirs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Parts"]

_T = TypeVar("_T")


class Parts(Generic[_T]):
    """A bounded memory of what was found in parts of documents.

    A part is known by its text and by its place: all of the document outside the part that what is found
    in it depends on.
    """

    def __init__(self, most_bytes: int, longest: int) -> None:
        """Make an empty one.

        Args:
            most_bytes: Size of the texts it holds at most; with the next one it begins anew.
            longest: Size from which a part is not kept.
        """
        self._most, self._longest = most_bytes, longest
        self._size = 0
        self._places: dict[Hashable, dict[bytes, _T]] = {}

    def at(self, place: Hashable) -> dict[bytes, _T]:
        """Return what is known of the parts at a place, by their texts."""
        return self._places.get(place, {})

    def keep(self, place: Hashable, text: bytes, found: _T) -> None:
        """Remember what was found in a part."""
        if len(text) > self._longest:
            return
        if self._size + len(text) + _OVERHEAD > self._most:
            self._places.clear()
            self._size = 0
        self._size += len(text) + _OVERHEAD
        self._places.setdefault(place, {})[text] = found


_OVERHEAD = 500
"""Bytes that an entry takes besides its text, about."""
