"""Which of many sets of labels fit an expression, judged all at once.

For each label one whole number has a bit for every set that holds it; an expression is worked out on
these numbers, and what comes out has a bit for every set that fits. So a thousand pools cost little more
than one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import NamedTuple

from jobdsl.grammar.labels import And, Atom, Expr, Iff, Implies, Not, Or, Paren

__all__ = ["Labelled", "Matcher"]


class Labelled(NamedTuple):
    """Something with labels."""

    labels: frozenset[str]
    exclusive: bool
    """Whether it is only for items that name a label."""


class Matcher:
    """Finds what fits an expression among the sets it was made of."""

    def __init__(self, all_of_them: Sequence[Labelled]) -> None:
        self._everything = (1 << len(all_of_them)) - 1
        self._holders: dict[str, int] = {}
        self._normal = 0
        for at, element in enumerate(all_of_them):
            for label in element.labels:
                self._holders[label] = self._holders.get(label, 0) | 1 << at
            self._normal |= (not element.exclusive) << at

    def fitting(self, expr: Expr | None) -> list[int]:
        """The places of all that fit, in order. None fits all that are not exclusive."""
        return _places(self._normal if expr is None else _fits(expr, self._holders, self._everything))


def _fits(expr: Expr, holders: Mapping[str, int], everything: int) -> int:
    """The bits of all sets for which the expression holds."""
    match expr:
        case Atom(name):
            return holders.get(name, 0)
        case Paren(base):
            return _fits(base, holders, everything)
        case Not(base):
            return everything ^ _fits(base, holders, everything)
        case And(operands) | Or(operands) | Iff(operands) | Implies(operands):
            parts = [_fits(part, holders, everything) for part in operands]
    if isinstance(expr, And):
        return reduce(and_, parts)
    if isinstance(expr, Or):
        return reduce(or_, parts)
    if isinstance(expr, Implies):
        return (everything ^ parts[0]) | parts[1]
    return reduce(lambda first, right: everything ^ first ^ right, parts)


def _places(bits: int) -> list[int]:
    matching = []
    while bits:
        lowest = bits & -bits
        matching.append(lowest.bit_length() - 1)
        bits ^= lowest
    return matching
