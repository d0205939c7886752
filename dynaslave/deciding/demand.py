"""Demand: queue items by label, the pools they count for, and which executors will serve them.

Items take, in this order: executors that are free; agents that drain for want of work and can be
taken back; executors on their way; executors whose builds should end before a new agent could serve.
What remains is uncovered. Items with few places to go choose first.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from dynaslave.deciding.matching import Labelled, Matcher
from dynaslave.deciding.memory import Memory, Oldest
from dynaslave.deciding.supply import Supply
from dynaslave.model import JenkinsNode, Offline, QueueItem
from dynaslave.pools.pool import AgentPool
from jobdsl.grammar.labels import Expr

__all__ = [
    "ON_THE_WAY",
    "PATIENCE",
    "Demand",
    "LabelDemand",
    "bound_groups",
    "cover",
    "groups",
    "look_elsewhere",
    "paused",
]

ON_THE_WAY = "on the way"
ENDING = "about to end"
PATIENCE = 30.0
"""Seconds in which Jenkins gives a waiting item a free executor, if it does at all (it looks every 5)."""


@dataclass(slots=True)
class LabelDemand:
    """Ready items with one label."""

    label: Expr | None
    items: list[QueueItem] = field(default_factory=list)
    pools: tuple[str, ...] = ()
    """Pools that can serve it, the preferred first."""
    left: int = 0
    """Items that nothing covers."""
    counted: dict[str, int] = field(default_factory=dict)
    """How many of the items count for each pool."""
    passed_over: bool = False
    """Whether its oldest item waits although executors that seem to fit have been free for long."""
    oldest: int = 0
    """Id of the item that came first."""
    since: float = 0.0
    """When it came."""
    elsewhere: bool = False
    """Whether no pool can serve it, and a node that can is online: it waits for that one."""
    offline: tuple[str, ...] = ()
    """Nodes that could serve what no pool can, if they were online."""


@dataclass(slots=True)
class Demand:
    """All groups, and what they took."""

    groups: list[LabelDemand]
    supplies: list[Supply]
    """With what nobody took."""
    restored: dict[str, str] = field(default_factory=dict)
    """Parked agents that are needed again, each with its pool."""
    covered: dict[str, dict[str, int]] = field(default_factory=dict)
    """By pool: how many items are covered, by what."""
    oldest: dict[Expr | None, Oldest] = field(default_factory=dict)

    def counts_on_time(self) -> bool:
        """Whether time alone may tell otherwise: of builds that should end, of executors nobody takes."""
        return any(ENDING in covered for covered in self.covered.values()) or any(
            one.free is not None for one in self.oldest.values()
        )

    def waiting(self) -> dict[str, int]:
        """Items by the pool they count for; what nothing covers counts for the best one."""
        found: dict[str, int] = {}
        for group in self.groups:
            for name, count in group.counted.items():
                found[name] = found.get(name, 0) + count
            if group.left and group.pools:
                found[group.pools[0]] = found.get(group.pools[0], 0) + group.left
        return found


_id = attrgetter("id")
_since = attrgetter("since")


def groups(queue: Iterable[QueueItem], pools: Sequence[AgentPool]) -> list[LabelDemand]:
    """Ready items whose label is known, by label; each with the pools of `pools` that fit, in that order."""
    by_object: dict[
        int, LabelDemand
    ] = {}  # equal labels are mostly one object: comparing them all would be dear
    for item in queue:
        if item.ready and item.known:
            group = by_object.get(id(item.label))
            if group is None:
                group = by_object[id(item.label)] = LabelDemand(item.label)
            group.items.append(item)
    found: dict[Expr | None, LabelDemand] = {}
    for group in by_object.values():
        if group.label in found:
            found[group.label].items += group.items
        else:
            found[group.label] = group
    matcher = Matcher([Labelled(frozenset(pool.labels), pool.mode == "exclusive") for pool in pools])
    for group in found.values():
        group.left = len(group.items)
        group.oldest = min(map(_id, group.items))
        group.since = min(map(_since, group.items))
        group.pools = tuple(pools[at].name for at in matcher.fitting(group.label))
    return list(found.values())


def look_elsewhere(found: Iterable[LabelDemand], nodes: Sequence[JenkinsNode]) -> None:
    """Find the nodes that can serve what no pool can, busy or offline as they are."""
    for group in found:
        if group.left and not group.pools:
            fitting = [node for node in nodes if node.executors and _fits(group.label, node)]
            online = [node for node in fitting if node.connected and node.offline is Offline.NO]
            group.elsewhere = bool(online)
            group.offline = () if online else tuple(sorted(node.name for node in fitting))


def _fits(label: Expr | None, node: JenkinsNode) -> bool:
    return not node.exclusive if label is None else label.matches(node.labels)


def paused(queue: Iterable[QueueItem], pools: Sequence[AgentPool]) -> dict[str, int]:
    """Return how many items only a controller that shuts down keeps waiting, by the pool they would go to."""
    items = [replace(item, ready=True) for item in queue if item.paused]
    found: dict[str, int] = {}
    if not items:
        return found
    for group in groups(items, pools):
        for name in group.pools[:1]:
            found[name] = found.get(name, 0) + len(group.items)
    return found


def bound_groups(
    queue: Iterable[QueueItem], bound: Mapping[int, str], pools: Mapping[str, str]
) -> list[LabelDemand]:
    """Ready items that wait for one agent: they count for its pool, and no other agent would serve them.

    Args:
        queue: all items.
        bound: by item, the agent it waits for.
        pools: by agent, its pool.
    """
    found: dict[tuple[str, Expr | None], LabelDemand] = {}
    for item in queue:
        if item.ready and item.id in bound:
            pool = pools[bound[item.id]]
            group = found.setdefault(
                (pool, item.label), LabelDemand(item.label, oldest=item.id, since=item.since)
            )
            group.items.append(item)
            group.since = min(group.since, item.since)
            group.counted[pool] = len(group.items)
    return list(found.values())


def cover(found: list[LabelDemand], supply: list[Supply], memory: Memory, now: float) -> Demand:
    """Give the groups' items what there is and what comes."""
    return _Cover(Demand(found, supply), memory, now).all()


class _Cover:
    """Hands out executors, kind by kind, to one group after the other."""

    def __init__(self, demand: Demand, memory: Memory, now: float) -> None:
        self.demand = demand
        self.memory = memory
        self.now = now

    def all(self) -> Demand:
        choices = self.choices()
        for group, fitting in choices:
            self.remember(group, fitting)
        for step in (self.free, self.parked, self.coming, self.ending):
            for group, fitting in choices:
                if group.left:
                    step(group, fitting)
        return self.demand

    def choices(self) -> list[tuple[LabelDemand, list[Supply]]]:
        """What fits each group; who has least choice first, and what fewest others want first."""
        supply = self.demand.supplies
        matcher = Matcher([one.fit for one in supply])
        places = [(group, matcher.fitting(group.label)) for group in self.demand.groups]
        wanted = [0] * len(supply)
        for _, fitting in places:
            for at in fitting:
                wanted[at] += 1
        places.sort(key=lambda place: (len(place[1]), place[0].oldest))
        return [
            (group, [supply[at] for at in sorted(fitting, key=wanted.__getitem__)])
            for group, fitting in places
        ]

    def remember(self, group: LabelDemand, fitting: list[Supply]) -> None:
        """Since when the oldest item waits, and whether something that fits has been free all the time."""
        before = self.memory.oldest.get(group.label)
        if before is None or before.id != group.oldest:
            before = Oldest(group.oldest, self.now)
        free = None
        if any(one.free for one in fitting):
            free = self.now if before.free is None else before.free
        self.demand.oldest[group.label] = Oldest(group.oldest, before.since, free)
        group.passed_over = free is not None and self.now - free >= PATIENCE

    def count(self, group: LabelDemand, pool: str, taken: int, how: str) -> None:
        """Items that are covered count for the pool that covers them, or for the one they would go to."""
        group.left -= taken
        name = pool or (group.pools[0] if group.pools else "")
        if name:
            group.counted[name] = group.counted.get(name, 0) + taken
            told = self.demand.covered.setdefault(name, {})
            told[how] = told.get(how, 0) + taken

    def free(self, group: LabelDemand, fitting: list[Supply]) -> None:
        for one in fitting:
            if group.passed_over and not one.pool:
                continue  # somebody else's node that does not take them, whatever its labels say
            if taken := min(group.left, one.free):
                one.free -= taken
                self.count(group, one.pool, taken, "free")

    def parked(self, group: LabelDemand, fitting: list[Supply]) -> None:
        for one in fitting:
            while group.left and one.parked:
                name, executors = one.parked.pop()
                self.demand.restored[name] = one.pool
                one.free += executors
                if taken := min(group.left, one.free):
                    one.free -= taken
                    self.count(group, one.pool, taken, "taken back")

    def coming(self, group: LabelDemand, fitting: list[Supply]) -> None:
        for one in fitting:
            if taken := min(group.left, one.coming):
                one.coming -= taken
                self.count(group, one.pool, taken, ON_THE_WAY)

    def ending(self, group: LabelDemand, fitting: list[Supply]) -> None:
        """Nobody waits for the end of a build for longer than a new agent would take."""
        if not group.pools:
            return
        boot = self.memory.boot_seconds(group.pools[0])
        if self.now - self.demand.oldest[group.label].since > boot + PATIENCE:
            return
        for one in fitting:
            soon = bisect_right(one.ends, boot)
            if taken := min(group.left, soon):
                del one.ends[:taken]
                self.count(group, one.pool, taken, ENDING)
