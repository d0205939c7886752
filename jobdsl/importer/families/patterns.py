"""Calls with holes: what several calls have in common, and what each has in its own (anti-unification). Pure.

A pattern stands for several rows (calls). A part is there in all of them, or in some (`rows`); a hole has the
expression of each row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TypeAlias

from jobdsl.importer.families.expressions import is_closed
from jobdsl.importer.families.vocabulary import default_of, name_of
from jobdsl.importer.pretty import Brackets, Code

__all__ = ["Branch", "Hole", "Part", "Pattern", "cost", "merged", "narrower", "pattern_of", "row_code"]

_WORDS = re.compile(r"\w+|[^\w\s]")
_LONGEST_LIST = 400
"""Elements of a list up to which two are aligned; longer ones are a hole as a whole."""

Pattern: TypeAlias = "str | Branch | Hole"
"""An expression all rows have, brackets with patterns inside, or a hole."""


@dataclass(slots=True)
class Part:
    """A member of brackets: its label (`steps=`), its pattern, and the rows that have it."""

    label: str
    pattern: Pattern
    rows: frozenset[int]


@dataclass(slots=True)
class Branch:
    """Something in brackets that all rows have."""

    start: str
    parts: list[Part]
    end: str


@dataclass(slots=True)
class Hole:
    """An expression that differs: that of each row."""

    codes: dict[int, Code] = field(default_factory=dict)


def pattern_of(code: Code, row: int) -> Pattern:
    """Return the pattern of a single row."""
    if isinstance(code, str):
        return code if is_closed(code) else Hole({row: code})
    rows = frozenset((row,))
    if _is_atom(code):
        return Hole({row: code})
    parts = [Part(label, pattern_of(part, row), rows) for label, part in code.parts]
    return Branch(code.start, parts, code.end)


def _is_atom(code: Brackets) -> bool:
    """Return whether an expression is never looked into: a handle of a secret."""
    return code.start == "secret("


def row_code(pattern: Pattern, row: int) -> Code:
    """Return the expression of one row again."""
    if isinstance(pattern, str):
        return pattern
    if isinstance(pattern, Hole):
        return pattern.codes[row]
    parts = [(part.label, row_code(part.pattern, row)) for part in pattern.parts if row in part.rows]
    return Brackets(pattern.start, parts, pattern.end)


def narrower(pattern: Branch, rows: Sequence[int]) -> Branch | None:
    """Return a pattern in which the list that differs in most places is one hole, if there is one."""
    lists = [(path, places) for path, part in _lists(pattern, ()) if (places := _places(part, rows)) > 1]
    if not lists:
        return None
    path, _ = max(lists, key=lambda pair: pair[1])
    return _replaced(pattern, path, rows)


def _lists(pattern: Branch, path: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Branch]]:
    """Yield the lists that all rows have and that are in no other list, by their indexes from the top."""
    for index, part in enumerate(pattern.parts):
        if isinstance(part.pattern, Branch):
            if part.pattern.start == "[":
                yield (*path, index), part.pattern
            else:
                yield from _lists(part.pattern, (*path, index))


def _places(pattern: Pattern, rows: Sequence[int]) -> int:
    """Return the number of parts in which rows differ."""
    if isinstance(pattern, str):
        return 0
    if isinstance(pattern, Hole):
        return 1
    optional = len({part.rows for part in pattern.parts if len(part.rows) < len(rows)})
    return optional + sum(_places(part.pattern, rows) for part in pattern.parts)


def _replaced(pattern: Branch, path: Sequence[int], rows: Sequence[int]) -> Branch:
    """Return a pattern with a hole in the place of one of its parts."""
    index, *rest = path
    part = pattern.parts[index]
    present = [row for row in rows if row in part.rows]
    assert isinstance(part.pattern, Branch)
    inner: Pattern = Hole({row: row_code(part.pattern, row) for row in present})
    if rest:
        inner = _replaced(part.pattern, rest, present)
    parts = [*pattern.parts]
    parts[index] = Part(part.label, inner, part.rows)
    return Branch(pattern.start, parts, pattern.end)


def merged(left: Pattern, right: Pattern, left_rows: frozenset[int], right_rows: frozenset[int]) -> Pattern:
    """Return the most specific pattern of the rows of both."""
    if isinstance(left, str) and left == right:
        return left
    if (
        isinstance(left, Branch)
        and isinstance(right, Branch)
        and (left.start, left.end) == (right.start, right.end)
    ):
        parts = _parts(left, right, left_rows, right_rows)
        if parts is not None:
            return Branch(left.start, parts, left.end)
    return Hole(
        {row: row_code(left, row) for row in sorted(left_rows)}
        | {row: row_code(right, row) for row in sorted(right_rows)}
    )


def _parts(
    left: Branch, right: Branch, left_rows: frozenset[int], right_rows: frozenset[int]
) -> list[Part] | None:
    """Return the parts of both in one order, or None where there is none."""
    if max(len(left.parts), len(right.parts)) > _LONGEST_LIST:
        return None
    if left.start == "[":
        pairs = _aligned(left.parts, right.parts)
    else:
        named = _named([part.label for part in left.parts], [part.label for part in right.parts])
        if named is None:
            return None
        pairs = named
    parts: list[Part] = []
    for ours, theirs in pairs:
        if ours is not None and theirs is not None:
            our_part, their_part = left.parts[ours], right.parts[theirs]
            pattern = merged(our_part.pattern, their_part.pattern, our_part.rows, their_part.rows)
            parts.append(Part(our_part.label, pattern, our_part.rows | their_part.rows))
            continue
        side, index = (right, theirs) if theirs is not None else (left, ours or 0)
        part = side.parts[index]
        if left.start != "[":
            others = left_rows if theirs is not None else right_rows
            filled = _filled(part, part.label or name_of(left.start, index), left.start, others)
            if filled is None:
                return None
            part = filled
        elif _start(part) == "text":
            return None  # a text more or less: the list differs as a whole
        parts.append(part)
    return sorted(parts, key=lambda part: bool(part.label))  # Python wants those without a label first


def _filled(part: Part, name: str, start: str, others: frozenset[int]) -> Part | None:
    """Return an argument with its default for the rows that do not give it; None where that is unknown."""
    default = default_of(start, name) if name else None
    if default is None:
        return None
    codes = {row: row_code(part.pattern, row) for row in sorted(part.rows)} | dict.fromkeys(
        sorted(others), default
    )
    return Part(part.label, Hole(codes), part.rows | others)


Pair: TypeAlias = "tuple[int | None, int | None]"


def _aligned(left: Sequence[Part], right: Sequence[Part]) -> list[Pair]:
    """Pair the elements of two lists: by call and first argument, then by call."""
    pairs: list[Pair] = []
    for is_equal, ours, theirs in _blocks(left, right, _first):
        if is_equal:
            pairs += zip(ours, theirs, strict=True)
            continue
        inner = _blocks(left[ours.start : ours.stop], right[theirs.start : theirs.stop], _start)
        for is_like, some, others in inner:
            mine = [ours.start + index for index in some]
            other = [theirs.start + index for index in others]
            if is_like:
                pairs += zip(mine, other, strict=True)
            else:
                pairs += [(index, None) for index in mine]
                pairs += [(None, index) for index in other]
    return pairs


def _blocks(
    left: Sequence[Part], right: Sequence[Part], key: Callable[[Part], str]
) -> Iterator[tuple[bool, range, range]]:
    """Yield runs of both lists, and whether their elements have equal keys."""
    matcher = SequenceMatcher(None, list(map(key, left)), list(map(key, right)), autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        yield tag == "equal", range(start, end), range(other_start, other_end)


def _start(part: Part) -> str:
    """Return the call that an element is in all rows; "text" for another value."""
    if isinstance(part.pattern, Branch):
        return part.pattern.start
    if isinstance(part.pattern, Hole):
        starts = {code.start if isinstance(code, Brackets) else "" for code in part.pattern.codes.values()}
        return starts.pop() or "text" if len(starts) == 1 else "text"
    return "text"


def _first(part: Part) -> str:
    """Return the call of an element with its first argument, which is often its name."""
    if isinstance(part.pattern, Branch) and part.pattern.parts:
        first = part.pattern.parts[0]
        if isinstance(first.pattern, str) and not first.label:
            return f"{part.pattern.start}{first.pattern}"
    return _start(part)


def _named(left: list[str], right: list[str]) -> list[Pair] | None:
    """Pair parts by their labels, those without by their order; None where the orders differ."""
    places = {key: index for index, key in _numbered(right)}
    ours = {key for _, key in _numbered(left)}
    common = [key for _, key in _numbered(left) if key in places]
    if [places[key] for key in common] != sorted(places[key] for key in common):
        return None
    pairs: list[Pair] = []
    after = 0
    for index, key in _numbered(left):
        if key in places:
            pairs += [(None, other) for other in range(after, places[key])]
            pairs.append((index, places[key]))
            after = places[key] + 1
        else:
            pairs.append((index, None))
    pairs += [(None, other) for other in range(after, len(right))]
    assert ours or not left
    return pairs


def _numbered(keys: list[str]) -> Iterator[tuple[int, str]]:
    """Number parts without a label, so that each key is there once."""
    for index, key in enumerate(keys):
        yield index, key or f"#{index}"


def cost(pattern: Pattern | Code) -> int:
    """Return about how many words a person reads: tokens, and words of texts by three."""
    if isinstance(pattern, str):
        return 1 + len(_WORDS.findall(pattern)) // 3 if pattern[:1] in "\"'r" else 1
    if isinstance(pattern, Hole):
        return 1
    parts: Iterable[tuple[str, Pattern | Code]]
    if isinstance(pattern, Branch):
        parts = ((part.label, part.pattern) for part in pattern.parts)
    else:
        parts = pattern.parts
    return 2 + sum(cost(part) + 1 + 2 * bool(label) for label, part in parts)
