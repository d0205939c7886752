"""Coverage: which executors will serve the queue items, and what remains uncovered.

Items take, in this order: executors that are free; agents that drain for want of work and can be
taken back; executors on their way; executors whose builds should end before a new agent could serve.
Items with few places to go choose first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dynaslave.deciding.demand import LabelDemand
from dynaslave.deciding.matching import Matcher
from dynaslave.deciding.memory import Memory, Oldest
from dynaslave.deciding.supply import Supply
from dynaslave.deciding.tuning import Tuning
from jobdsl.grammar.labels import Expr

__all__ = ["ON_THE_WAY", "Coverage", "LabelCoverage", "UnusedSupply", "cover"]

ON_THE_WAY = "on the way"
ENDING = "about to end"


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """What serves the items of one label."""

    demand: LabelDemand
    uncovered: int
    """Items that nothing covers."""
    counted: Mapping[str, int]
    """How many of the items count for each pool."""
    passed_over: bool = False
    """Whether its oldest item waits although executors that seem to fit have been free for long."""

    def serve(self, pool: str, count: int) -> LabelCoverage:
        """Let a pool cover some of the items that nothing covers."""
        counted = {**self.counted, pool: self.counted.get(pool, 0) + count}
        return LabelCoverage(self.demand, self.uncovered - count, counted, self.passed_over)


@dataclass(frozen=True, slots=True)
class UnusedSupply:
    """What no item takes of a pool's executors."""

    executors: int = 0
    """Free or on their way."""
    coming: int = 0
    """On their way."""
    parked: tuple[tuple[str, int], ...] = ()
    """Agents that can be taken back, and how many executors are free there."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """All labels, and what their items take."""

    labels: tuple[LabelCoverage, ...]
    unused: Mapping[str, UnusedSupply]
    """By pool."""
    restored: Mapping[str, str]
    """Parked agents that are needed again, each with its pool."""
    sources: Mapping[str, Mapping[str, int]]
    """By pool: how many items are covered, by what."""
    oldest: Mapping[Expr | None, Oldest]

    def depends_on_time(self) -> bool:
        """Return whether time alone may change it: builds that should end, executors that nothing takes."""
        return any(ENDING in sources for sources in self.sources.values()) or any(
            oldest.free is not None for oldest in self.oldest.values()
        )

    def waiting(self) -> dict[str, int]:
        """Count items by the pool they count for; what nothing covers counts for the best one."""
        counts: dict[str, int] = {}
        for label in self.labels:
            for name, count in label.counted.items():
                counts[name] = counts.get(name, 0) + count
            if label.uncovered and label.demand.pools:
                best = label.demand.pools[0]
                counts[best] = counts.get(best, 0) + label.uncovered
        return counts


def cover(
    groups: Sequence[LabelDemand],
    bound: Sequence[LabelDemand],
    supply: Sequence[Supply],
    memory: Memory,
    now: float,
    tuning: Tuning,
) -> Coverage:
    """Give the groups' items what there is and what comes.

    Args:
        groups: items that any fitting executor can serve.
        bound: items that wait for one agent: they take nothing.
        supply: the executors.
        memory: of earlier polls.
        now: the time of the poll.
        tuning: the constants.
    """
    choices = _choices(groups, supply, memory, now, tuning)
    allocation = _Allocation(groups, supply)
    for take in (allocation.free, allocation.parked, allocation.coming):
        for choice in choices:
            if allocation.lacks(choice):
                take(choice)
    for choice in choices:
        if allocation.lacks(choice) and choice.group.pools:
            boot = memory.boot_seconds(choice.group.pools[0], tuning)
            if now - choice.oldest.since <= boot + tuning.dispatch_patience:
                allocation.ending(choice, boot)
    passed_over = {choice.number for choice in choices if choice.passed_over}
    return Coverage(
        labels=(*allocation.labels(passed_over), *map(_bound, bound)),
        unused=allocation.unused(),
        restored=allocation.restored,
        sources=allocation.sources,
        oldest={choice.group.label: choice.oldest for choice in choices},
    )


def _bound(group: LabelDemand) -> LabelCoverage:
    return LabelCoverage(group, 0, {group.bound_to: len(group.items)})


@dataclass(frozen=True, slots=True)
class _Choice:
    """A group, and the supplies that fit it, those first that the fewest other groups can take."""

    number: int
    group: LabelDemand
    places: Sequence[int]
    oldest: Oldest
    passed_over: bool


def _choices(
    groups: Sequence[LabelDemand], supply: Sequence[Supply], memory: Memory, now: float, tuning: Tuning
) -> list[_Choice]:
    """Order the groups: the one with the fewest supplies that fit chooses first."""
    matcher = Matcher([each.fit for each in supply])
    fitting = [matcher.fitting(group.label) for group in groups]
    takers = [0] * len(supply)
    for places in fitting:
        for at in places:
            takers[at] += 1
    choices = []
    for number in sorted(
        range(len(groups)), key=lambda number: (len(fitting[number]), groups[number].oldest)
    ):
        group, places = groups[number], sorted(fitting[number], key=takers.__getitem__)
        oldest = _oldest(group, any(supply[at].free for at in places), memory, now)
        passed_over = oldest.free is not None and now - oldest.free >= tuning.dispatch_patience
        choices.append(_Choice(number, group, places, oldest, passed_over))
    return choices


def _oldest(group: LabelDemand, fits: bool, memory: Memory, now: float) -> Oldest:
    """Since when the oldest item waits, and whether something that fits has been free all the time."""
    before = memory.oldest.get(group.label)
    if before is None or before.id != group.oldest:
        before = Oldest(group.oldest, now)
    free = None
    if fits:
        free = now if before.free is None else before.free
    return Oldest(group.oldest, before.since, free)


class _Allocation:
    """The count of one call of `cover`: what is taken of the supplies, which stay as they are."""

    def __init__(self, groups: Sequence[LabelDemand], supply: Sequence[Supply]) -> None:
        self._groups = groups
        self._supply = supply
        self._uncovered = [len(group.items) for group in groups]
        self._counted: list[dict[str, int]] = [{} for _ in groups]
        self._free = [each.free for each in supply]
        self._coming = [each.coming for each in supply]
        self._parked = [each.parked for each in supply]
        self._ends = [each.ends for each in supply]
        self.restored: dict[str, str] = {}
        self.sources: dict[str, dict[str, int]] = {}

    def lacks(self, choice: _Choice) -> bool:
        """Whether items of the group are not covered yet."""
        return self._uncovered[choice.number] > 0

    def free(self, choice: _Choice) -> None:
        for at in choice.places:
            if choice.passed_over and not self._supply[at].pool:
                continue  # a node of others that does not take them, whatever its labels are
            self._free[at] -= self._take(choice, at, self._free[at], "free")

    def parked(self, choice: _Choice) -> None:
        for at in choice.places:
            while self._parked[at] and self.lacks(choice):
                name, executors = self._parked[at][-1]
                self._parked[at] = self._parked[at][:-1]
                self.restored[name] = self._supply[at].pool
                self._free[at] += executors
                self._free[at] -= self._take(choice, at, self._free[at], "taken back")

    def coming(self, choice: _Choice) -> None:
        for at in choice.places:
            self._coming[at] -= self._take(choice, at, self._coming[at], ON_THE_WAY)

    def ending(self, choice: _Choice, boot: float) -> None:
        """Take executors whose builds should end within so many seconds."""
        for at in choice.places:
            taken = self._take(choice, at, bisect_right(self._ends[at], boot), ENDING)
            self._ends[at] = self._ends[at][taken:]

    def _take(self, choice: _Choice, at: int, executors: int, source: str) -> int:
        """Cover items by so many executors of a supply at most; gives by how many.

        They count for the pool that covers them, or for the one they would go to.
        """
        taken = min(self._uncovered[choice.number], executors)
        if taken:
            self._uncovered[choice.number] -= taken
            pool = self._supply[at].pool or (choice.group.pools[0] if choice.group.pools else "")
            if pool:
                counted, sources = self._counted[choice.number], self.sources.setdefault(pool, {})
                counted[pool] = counted.get(pool, 0) + taken
                sources[source] = sources.get(source, 0) + taken
        return taken

    def labels(self, passed_over: Collection[int]) -> Iterator[LabelCoverage]:
        """What covers each group, by their numbers."""
        for number, group in enumerate(self._groups):
            uncovered, counted = self._uncovered[number], self._counted[number]
            yield LabelCoverage(group, uncovered, counted, number in passed_over)

    def unused(self) -> dict[str, UnusedSupply]:
        """What is left of the supplies, by pool."""
        unused: dict[str, UnusedSupply] = {}
        rest = zip(self._supply, self._free, self._coming, self._parked, strict=True)
        for each, free, coming, parked in rest:
            of_pool = unused.get(each.pool, UnusedSupply())
            unused[each.pool] = UnusedSupply(
                of_pool.executors + free + coming, of_pool.coming + coming, of_pool.parked + parked
            )
        return unused
