"""Find the families of an import: clusters of calls, as functions that save what they cost. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from jobdsl.importer.families.clusters import CallCluster, Clusters
from jobdsl.importer.families.parameters import Family, family_of
from jobdsl.importer.families.patterns import Branch, Pattern, cost, narrower
from jobdsl.importer.families.sizes import size_of
from jobdsl.importer.pretty import Brackets

__all__ = ["FEWEST", "FamilyFinder", "find"]

FEWEST = 3
"""Members from which on calls are a family."""
_ALIKE = (0.5, 0.7, 0.8, 0.9, 0.97)
"""Shares of features in common of a cluster; the next one where a function would get too many parameters."""
_SAVING = 8
"""Words a function has to save."""
_MOST_VALUES, _MOST_FLAGS = 7, 2
"""Parameters up to which a function is easy to read, the name included."""
_EXCESS = 100
"""Words that each parameter beyond those that are easy to read has to save."""
_SMALL_ROW = 12
"""Words of a call up to which no smaller families are looked for."""
_MOST_EXCESS = 10
"""Parameters beyond those, at most."""
_NARROWINGS = 4
"""Times that a list becomes a parameter as a whole, less one."""

Make = Callable[[Pattern, frozenset[int]], Family | None]


def find(codes: Mapping[int, Brackets], least: int = FEWEST) -> list[Family]:
    """Return the families among calls, each with at least `least` members, in the order of their first calls.

    Args:
        codes: The calls by a number; the order of the numbers is that of the names.
        least: Members from which on calls are a family.
    """
    return FamilyFinder(codes, least).find()


class FamilyFinder:
    """Finds families among calls, and how much two calls are alike.

    Args:
        codes: The calls by a number; the order of the numbers is that of the names.
        least: Members from which on calls are a family.
        make: What makes a function of a pattern.
        most_values: Parameters up to which a function is easy to read.
    """

    def __init__(
        self,
        codes: Mapping[int, Brackets],
        least: int,
        *,
        make: Make = family_of,
        most_values: int = _MOST_VALUES,
    ) -> None:
        self._make = make
        self._most_values = most_values
        codes = {row: codes[row] for row in sorted(codes)}
        self.codes = codes
        self.least = max(2, least)
        self.costs = {row: cost(code) for row, code in codes.items()}
        self.clusters = Clusters(codes, self._estimate, is_named=make is family_of)

    def find(self, without: Container[int] = ()) -> list[Family]:
        """Return the families among the calls that are not `without`, in the order of their first calls."""
        families: list[Family] = []
        for start in dict.fromkeys(code.start for code in self.codes.values()):
            rows = [row for row, code in self.codes.items() if code.start == start and row not in without]
            families += self.families(rows, 0)[1]
        return sorted(families, key=lambda family: family.rows[0])

    def family(self, rows: Sequence[int]) -> Family | None:
        """Return these calls as one family, if that saves anything."""
        return self._family(self.clusters.of(rows))[1]

    def saved(self, family: Family) -> int:
        """Return the words that a family saves."""
        return sum(self.costs[row] for row in family.rows) - family.size

    def similarity(self, row: int, other: int) -> float:
        """Return the share of what two calls hold that both have."""
        return self.clusters.similarity(row, other)

    def families(self, rows: Sequence[int], level: int) -> tuple[int, list[Family]]:
        """Return families of calls that are alike to a degree, and the words they save."""
        saved, families = 0, []
        for cluster in self.clusters.at_level(rows, _ALIKE[level]):
            if len(cluster.rows) >= self.least:
                more, parts = self._best(cluster, level)
                saved += more
                families += parts
        return saved, families

    def _best(self, cluster: CallCluster, level: int) -> tuple[int, list[Family]]:
        """Return a cluster as one family, or as families of its parts where these save more."""
        saved, family, is_easy = self._family(cluster)
        best = (saved, [family] if family is not None else [])
        is_last = level + 1 == len(_ALIKE) or len(cluster.rows) < 2 * self.least - 1
        if is_last or (is_easy and family is not None and family.row_size <= _SMALL_ROW):
            return best
        parts = self.families(sorted(cluster.rows), level + 1)
        return max(best, parts, key=lambda pair: pair[0])

    def _family(self, cluster: CallCluster) -> tuple[int, Family | None, bool]:
        """Return what a cluster saves, its family if it saves anything, and whether that is easy to read.

        Where it has too many parameters, lists become parameters as a whole.
        """
        pattern: Pattern | None = self.clusters.pattern(sorted(cluster.rows))
        best: tuple[int, Family | None, bool] = (0, None, False)
        for _ in range(_NARROWINGS):
            family = self._make(pattern, cluster.rows) if isinstance(pattern, Branch) else None
            if family is None or not isinstance(pattern, Branch):
                break
            saved, is_easy = self._weighed(family)
            if saved > best[0]:
                best = (saved, family, is_easy)
            if is_easy:
                break
            pattern = narrower(pattern, family.rows)
        return best

    def _weighed(self, family: Family) -> tuple[int, bool]:
        """Return the words that a family saves, and whether it is easy to read."""
        flags = sum(parameter.is_flag for parameter in family.parameters)
        excess = self._excess(len(family.parameters) - flags, flags)
        saved = self.saved(family) - _SAVING - _EXCESS * excess
        return (saved if excess <= _MOST_EXCESS else 0), excess == 0

    def _estimate(self, pattern: Pattern, rows: frozenset[int]) -> int:
        """Return about what a family would save."""
        if len(rows) < 2 or not isinstance(pattern, Branch):
            return 0
        size = size_of(pattern, sorted(rows))
        excess = self._excess(len(size.values), len(size.flags))
        return sum(self.costs[row] for row in rows) - size.words - _SAVING - _EXCESS * excess

    def _excess(self, values: int, flags: int) -> int:
        """Return the number of parameters beyond those that are easy to read."""
        return max(0, values - self._most_values) + max(0, flags - _MOST_FLAGS)
