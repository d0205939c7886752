"""Which calls are alike: clusters by what they hold, larger ones by what a merge saves. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from jobdsl.importer.families.patterns import Pattern, merged, pattern_of
from jobdsl.importer.pretty import Brackets, Code

__all__ = ["CallCluster", "Clusters"]

_NEAR = 0.3
"""Share of features in common from which two clusters may be merged."""
_COMMON = 60
"""Leaders with a feature from which on the feature is ignored."""
_LINES = 10
"""Maximum number of lines that identify a text."""
_MOST_LEADERS = 8
"""Leaders that a call is compared with: those with most features in common."""
_MOST_NEIGHBOURS = 8
"""Other clusters that a cluster is tried with."""

Features = frozenset[int]
Gain = Callable[[Pattern, frozenset[int]], int]


@dataclass(slots=True)
class CallCluster:
    """Calls with one pattern."""

    rows: frozenset[int]
    pattern: Pattern
    features: Features


class Clusters:
    """Finds clusters among calls.

    Args:
        codes: The calls by row, in the order of their names.
        gain: What writing these rows as one function saves; below 1 it does not pay.
        is_named: Whether the first argument is the name of a job, which is ignored.
    """

    def __init__(self, codes: Mapping[int, Brackets], gain: Gain, *, is_named: bool = True) -> None:
        names: dict[str, int] = {}
        self._codes = codes
        self._gain = gain
        self._features = {row: _features(code, names, is_named) for row, code in codes.items()}

    def similarity(self, row: int, other: int) -> float:
        """Return the share of the features of two calls that both have."""
        return _similarity(self._features[row], self._features[other])

    def at_level(self, rows: Sequence[int], alike: float) -> list[CallCluster]:
        """Return clusters of calls, merged where that saves words.

        Args:
            rows: The calls.
            alike: Share of features that a call has in common with the first of its cluster.
        """
        return self._merged(self._alike(rows, alike))

    def _alike(self, rows: Sequence[int], alike: float) -> list[CallCluster]:
        """Cluster calls around leaders, in the order of their names."""
        members: dict[int, list[int]] = {}
        holders: dict[int, list[int]] = defaultdict(list)
        exact: dict[Features, int] = {}
        features = self._features
        for row in rows:
            best = exact.get(features[row])
            if best is None:
                best = self._leader(row, holders, alike)
                exact[features[row]] = row if best is None else best
            if best is not None:
                members[best].append(row)
                continue
            members[row] = [row]
            for feature in features[row]:
                holders[feature].append(row)
        return [self.of(group) for group in members.values()]

    def _leader(self, row: int, holders: Mapping[int, list[int]], alike: float) -> int | None:
        """Return the leader that is most like a call, if any is like it."""
        shared: Counter[int] = Counter()
        for feature in self._features[row]:
            leaders = holders.get(feature, ())
            if len(leaders) <= _COMMON:
                shared.update(leaders)
        nearest = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_LEADERS]
        scores = [
            (-_similarity(self._features[leader], self._features[row]), leader) for leader, _ in nearest
        ]
        score, leader = min(scores, default=(0.0, row))
        return leader if -score >= alike else None

    def of(self, rows: Sequence[int]) -> CallCluster:
        """Return these calls as one cluster."""
        return CallCluster(frozenset(rows), self.pattern(rows), self._features[rows[0]])

    def pattern(self, rows: Sequence[int]) -> Pattern:
        """Return the pattern of calls: halves first, so that each is copied few times."""
        if len(rows) == 1:
            return pattern_of(self._codes[rows[0]], rows[0])
        left, right = rows[: len(rows) // 2], rows[len(rows) // 2 :]
        return merged(self.pattern(left), self.pattern(right), frozenset(left), frozenset(right))

    def _merged(self, clusters: list[CallCluster]) -> list[CallCluster]:
        """Merge clusters while that saves something, the most similar pairs first."""
        root = list(range(len(clusters)))
        saved = [max(0, self._gain(cluster.pattern, cluster.rows)) for cluster in clusters]
        tried: set[tuple[frozenset[int], frozenset[int]]] = set()
        for _, index, other in self._near(clusters):
            left, right = sorted((_root(root, index), _root(root, other)))
            first, second = clusters[left], clusters[right]
            if left == right or (first.rows, second.rows) in tried:
                continue
            tried.add((first.rows, second.rows))
            pattern = merged(first.pattern, second.pattern, first.rows, second.rows)
            together = self._gain(pattern, first.rows | second.rows)
            if together > saved[left] + saved[right]:
                root[right] = left
                clusters[left] = CallCluster(first.rows | second.rows, pattern, first.features)
                saved[left] = together
        return [cluster for index, cluster in enumerate(clusters) if root[index] == index]

    def _near(self, clusters: Sequence[CallCluster]) -> list[tuple[float, int, int]]:
        """Return pairs of clusters that are alike, the most similar first."""
        pairs: set[tuple[float, int, int]] = set()
        holders: dict[int, list[int]] = defaultdict(list)
        for index, cluster in enumerate(clusters):
            for feature in sorted(cluster.features):
                holders[feature].append(index)
        for index, cluster in enumerate(clusters):
            shared: Counter[int] = Counter()
            for feature in cluster.features:
                if len(holders[feature]) <= _COMMON:
                    shared.update(holders[feature])
            del shared[index]
            nearest = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_NEIGHBOURS]
            for other, _ in nearest:
                similarity = _similarity(cluster.features, clusters[other].features)
                if similarity >= _NEAR:
                    pairs.add((-similarity, min(index, other), max(index, other)))
        return sorted(pairs)


def _features(code: Brackets, names: dict[str, int], is_named: bool) -> Features:
    """Return numbers of what a call holds: each path of calls and labels, and each constant at its path."""
    numbers: set[int] = set()

    def walk(part: Code, path: str) -> None:
        if isinstance(part, str):
            numbers.add(names.setdefault(f"{path}={part}", len(names)))
            numbers.update(names.setdefault(f"{path}|{line}", len(names)) for line in _sample(part))
            return
        path = f"{path}/{part.start}"
        numbers.add(names.setdefault(path, len(names)))
        for label, inner in part.parts:
            walk(inner, f"{path}{label}")

    walk(Brackets(code.start, code.parts[1:], code.end) if is_named else code, "")
    return frozenset(numbers)


def _sample(text: str) -> list[str]:
    """Return lines of a text of several, evenly over all."""
    lines = text.splitlines() if "\n" in text else []
    return lines[:: -(-len(lines) // _LINES) or 1]


def _similarity(left: Features, right: Features) -> float:
    return len(left & right) / (len(left | right) or 1)


def _root(root: list[int], index: int) -> int:
    while root[index] != index:
        index = root[index]
    return index
