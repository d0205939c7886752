"""About how many words a pattern takes as a function with its calls, without making it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from jobdsl.importer.families.patterns import Branch, Hole, Pattern, cost
from jobdsl.importer.pretty import Code, show

__all__ = ["FunctionSize", "size_of"]

_WORD = re.compile(r"[A-Za-z0-9_.]+|[^\sA-Za-z0-9_.]")
_CALL, _HOLE, _OPTION, _DEFAULT = 4, 1, 7, 3
"""Words of a call, a hole, an optional part, and a default."""


@dataclass(slots=True)
class FunctionSize:
    """What a function costs: words, and parameters of two kinds."""

    words: int = 0
    values: set[tuple[str, ...]] = field(default_factory=set)
    flags: set[tuple[str, ...]] = field(default_factory=set)


def size_of(pattern: Pattern, rows: Sequence[int]) -> FunctionSize:
    """Return the size of a pattern of these rows."""
    size = FunctionSize(_CALL * len(rows))
    _add(size, pattern, rows, frozenset(rows))
    return size


def _add(size: FunctionSize, pattern: Pattern, rows: Sequence[int], present: frozenset[int]) -> None:
    if isinstance(pattern, str):
        size.words += cost(pattern)
    elif isinstance(pattern, Branch):
        size.words += 2
        for part in pattern.parts:
            size.words += 1 + 2 * bool(part.label)
            if not part.rows >= present:
                size.words += _OPTION
                _column(size, tuple("True" if row in part.rows else "False" for row in rows), size.flags)
            _add(size, part.pattern, rows, present & part.rows)
    else:
        _hole(size, pattern, rows)


def _hole(size: FunctionSize, hole: Hole, rows: Sequence[int]) -> None:
    size.words += _HOLE
    codes = [hole.codes[row] for row in rows if row in hole.codes]
    shown = tuple(code if isinstance(code, str) else show(code, "", 0) for code in codes)
    if len(set(shown)) == 1:
        size.words += cost(codes[0])
        return
    common = _common(shown)
    size.words += sum(common.values()) // 3
    _column(size, shown, size.values, codes, sum(common.values()))


def _common(texts: Sequence[str]) -> Counter[str]:
    """Return the words that all texts have, where all are texts."""
    if not all(text[:1] in "\"'r" for text in texts):
        return Counter()
    common = Counter(_words(texts[0]))
    for text in dict.fromkeys(texts):
        common &= Counter(_words(text))
    return common


@lru_cache(maxsize=20_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))


def _column(
    size: FunctionSize,
    shown: tuple[str, ...],
    known: set[tuple[str, ...]],
    codes: Sequence[Code] | None = None,
    common: int = 0,
) -> None:
    """Count a parameter, once."""
    if shown in known:
        return
    known.add(shown)
    costs = [max(1, cost(code) - common // 3) for code in codes or shown]
    most, times = Counter(shown).most_common(1)[0]
    with_default = (
        sum(value_cost + 2 for value_cost, text in zip(costs, shown, strict=True) if text != most) + _DEFAULT
    )
    size.words += min(sum(costs), with_default) if times > 1 else sum(costs)
