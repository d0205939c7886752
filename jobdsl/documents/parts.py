"""Parts of documents, and what is known of them by their texts: the jobs of a template share most of theirs.

A part is a child of the root as it is written, with all that is in it. Only documents as `to_text` writes
them are split; any other is read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from jobdsl.documents.tree import as_lxml
from jobdsl.errors import XmlError

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["PartMemory", "Pieces", "alone", "split"]

_T = TypeVar("_T")
_HEAD = re.compile(
    r'<\?xml version="1\.0" encoding="UTF-8"\?>\n<([\w.-]+)(?: plugin="[^"<>&${}]*")?>\n  <', re.ASCII
)
_BETWEEN = re.compile("\n  <(?!/)")
"""What stands between two children of the root, which are indented by two blanks."""
_MARK_TAG = "between.two.parts"
_MARK = f"<{_MARK_TAG}/>"
_HIDING = ("<!", "<?", "&#", _MARK_TAG)
"""Signs of comments, CDATA, instructions, references and marks: a part with them is not plain text."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A document that was split."""

    tag: str
    """Tag of its root."""
    head: str
    """All before the first child, by which the root is known."""
    children: list[str]

    def document(self, children: Iterable[str]) -> str:
        """Return a document with some children alone, each behind a mark but the first."""
        return f"{self.head}{f'{_MARK}<'.join(children)}\n</{self.tag}>\n"


def split(document: str) -> Pieces | None:
    """Split a document into the children of its root; None if it is not written as `to_text` does.

    A line in a text may resemble the start of a child; then a piece is not well-formed by itself. If each
    is, they are what the root holds, as the content of an element is a row of such pieces.
    """
    head = _HEAD.match(document)
    if head is None:
        return None
    end = f"\n</{head[1]}>\n"
    if not document.endswith(end):
        return None
    return Pieces(head[1], head[0], _BETWEEN.split(document[head.end() : -len(end)]))


class PartMemory(Generic[_T]):
    """A bounded memory of what was found in parts of documents, by their texts and the head before them."""

    def __init__(self, most_bytes: int, longest: int) -> None:
        """Make an empty one.

        Args:
            most_bytes: Size of the texts it holds at most; with the next one it begins anew.
            longest: Size from which a part is not kept.
        """
        self._most, self._longest = most_bytes, longest
        self._size = 0
        self._by_head: dict[str, dict[str, _T]] = {}
        self._seen: set[int] = set()

    def known(self, pieces: Pieces) -> tuple[Mapping[str, _T], set[str]] | None:
        """Return what is known of the parts under a root, and which of the others were asked for before.

        Those not asked for before, as of a job's own name, mostly never come again. None where most are such:
        then the document is read faster as a whole.
        """
        known = self._by_head.get(pieces.head, {})
        missing = [child for child in pieces.children if child not in known]
        repeated = {child for child in missing if hash(child) in self._seen}
        new = {hash(child) for child in missing if child not in repeated}
        if len(self._seen) + len(new) > self._most // _OVERHEAD:
            self._seen.clear()
        self._seen |= new
        return None if len(new) * 2 > len(pieces.children) else (known, repeated)

    def keep(self, pieces: Pieces, child: str, value: _T) -> None:
        """Remember what was found in a part."""
        if len(child) > self._longest:
            return
        if self._size + len(child) + _OVERHEAD > self._most:
            self._by_head.clear()
            self._size = 0
        self._size += len(child) + _OVERHEAD
        self._by_head.setdefault(pieces.head, {})[child] = value


_OVERHEAD = 500
"""Bytes that an entry takes besides its text, about."""


def alone(pieces: Pieces, children: list[str]) -> list[etree._Element] | None:
    """Read some children of a root; None unless each is one element by itself and read as it is written.

    The marks between them are children of the root as well only where all before them is closed.
    """
    text = "<" + "<".join(children)
    if any(sign in text for sign in _HIDING):
        return None
    try:
        elements = list(as_lxml(pieces.document(children)))
    except XmlError:
        return None
    marks = elements[1::2]
    if len(elements) != 2 * len(children) - 1 or any(mark.tag != _MARK_TAG for mark in marks):
        return None
    return elements[::2]
