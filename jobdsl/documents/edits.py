"""How one sequence becomes another, with bounded work.

difflib takes time that grows with the square of what it compares, and more where lines repeat. Here that is
spent on short sequences only; long ones are compared by Myers' algorithm as far as a budget reaches, and
what is beyond counts as replaced.

Source of the algorithm: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

__all__ = ["BoundedMatcher"]

_SHORT = 250_000
"""Product of two lengths up to which difflib is asked: 500 lines on both sides."""
_MOST_EDITS = 300
"""Edits that are looked for in long sequences."""
_MOST_STEPS = 3_000_000
"""Comparisons that are made in long sequences."""

_Kind = Literal["replace", "delete", "insert", "equal"]
_Opcode = tuple[_Kind, int, int, int, int]
_Block = tuple[int, int, int]
"""Where equal members begin on both sides, and how many there are."""


class BoundedMatcher(SequenceMatcher[str]):
    """A SequenceMatcher that gives up where it would take long."""

    def __init__(self, before: Sequence[str], after: Sequence[str], *, autojunk: bool = True) -> None:
        self._before, self._after = before, after
        self._is_short = len(before) * len(after) <= _SHORT
        self._autojunk = autojunk
        super().__init__(None, before, after if self._is_short else (), autojunk)

    def get_opcodes(self) -> list[_Opcode]:
        """Return how to turn the one into the other, in the form of difflib."""
        if self._is_short:
            return super().get_opcodes()
        return list(_opcodes(self._blocks(), len(self._before), len(self._after)))

    def _blocks(self) -> Iterator[_Block]:
        before, after = self._before, self._after
        start = _common(before, after)
        end = _common(before[start:][::-1], after[start:][::-1])
        yield 0, 0, start
        old, new = before[start : len(before) - end], after[start : len(after) - end]
        if len(old) * len(new) <= _SHORT:
            matcher = SequenceMatcher(None, old, new, self._autojunk)
            blocks = [tuple(block) for block in matcher.get_matching_blocks()]
        else:
            numbers: dict[str, int] = {}
            sides = [[numbers.setdefault(line, len(numbers)) for line in side] for side in (old, new)]
            blocks = [(x, y, 1) for x, y in _matches(*sides)]
        yield from ((low + start, high + start, size) for low, high, size in blocks)
        yield len(before) - end, len(after) - end, end


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    """Return how many members at the start are equal."""
    for place, (left, right) in enumerate(zip(first, second, strict=False)):
        if left != right:
            return place
    return min(len(first), len(second))


def _opcodes(blocks: Iterator[_Block], old_length: int, new_length: int) -> Iterator[_Opcode]:
    old = new = equal_old = equal_new = 0
    for low, high, size in [*blocks, (old_length, new_length, 0)]:
        if (low, high) != (old, new):
            if (equal_old, equal_new) != (old, new):
                yield "equal", equal_old, old, equal_new, new
            kind: _Kind = "replace" if low > old and high > new else "delete" if low > old else "insert"
            yield kind, old, low, new, high
            equal_old, equal_new = low, high
        old, new = low + size, high + size
    if (equal_old, equal_new) != (old, new):
        yield "equal", equal_old, old, equal_new, new


def _matches(old: Sequence[int], new: Sequence[int]) -> list[tuple[int, int]]:
    """Return the places of equal members on a shortest way from one to the other; none if it is too far."""
    furthest, steps = {1: 0}, 0
    history: list[dict[int, int]] = []
    for edits in range(min(_MOST_EDITS, len(old) + len(new)) + 1):
        history.append(furthest.copy())
        for diagonal in range(-edits, edits + 1, 2):
            x = _start(furthest, diagonal, edits)
            y = first = x - diagonal
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            furthest[diagonal] = x
            steps += y - first + 1
            if x >= len(old) and y >= len(new):
                return _way_back(history, len(old), len(new))
        if steps > _MOST_STEPS:
            break
    return []


def _is_insertion(furthest: dict[int, int], diagonal: int, edits: int) -> bool:
    """Return whether a diagonal is entered by an insertion, from above; else by a deletion, from the left."""
    if abs(diagonal) == edits:
        return diagonal < 0 or edits == 0
    return furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)


def _start(furthest: dict[int, int], diagonal: int, edits: int) -> int:
    """Return where a diagonal is entered."""
    if _is_insertion(furthest, diagonal, edits):
        return furthest[diagonal + 1]
    return furthest[diagonal - 1] + 1


def _way_back(history: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    matches = []
    for edits in range(len(history) - 1, -1, -1):
        diagonal, furthest = x - y, history[edits]
        start = _start(furthest, diagonal, edits)
        while x > start:
            x, y = x - 1, y - 1
            matches.append((x, y))
        if _is_insertion(furthest, diagonal, edits):
            y -= 1
        else:
            x -= 1
    return matches[::-1]
