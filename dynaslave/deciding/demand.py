"""Demand: ready queue items by label, and the pools that can serve them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from dynaslave.deciding.matching import Labelled, Matcher
from dynaslave.model import JenkinsNode, Offline, QueueItem
from dynaslave.pools.pool import AgentPool
from jobdsl.grammar.labels import Expr

__all__ = ["LabelDemand", "OtherNodes", "bound_groups", "groups", "other_nodes", "paused"]


@dataclass(frozen=True, slots=True)
class LabelDemand:
    """Ready items with one label."""

    label: Expr | None
    items: tuple[QueueItem, ...]
    pools: tuple[str, ...]
    """Pools that can serve it, the preferred first."""
    oldest: int
    """Id of the item that came first."""
    since: float
    """When it came."""
    bound_to: str = ""
    """The pool whose agent the items wait for, where no other agent would serve them."""


@dataclass(frozen=True, slots=True)
class OtherNodes:
    """Nodes that can serve what no pool can."""

    online: bool = False
    """Whether one of them is online: the items wait for it."""
    offline: tuple[str, ...] = ()
    """Their names, where all of them are offline."""


_id = attrgetter("id")
_since = attrgetter("since")


def groups(queue: Iterable[QueueItem], pools: Sequence[AgentPool]) -> tuple[LabelDemand, ...]:
    """Group ready items whose label is known, each with the pools of `pools` that fit, in that order."""
    matcher = Matcher([Labelled(frozenset(pool.labels), pool.mode == "exclusive") for pool in pools])
    return tuple(
        LabelDemand(
            label,
            tuple(items),
            tuple(pools[at].name for at in matcher.fitting(label)),
            min(map(_id, items)),
            min(map(_since, items)),
        )
        for label, items in _by_label(queue).items()
    )


def _by_label(queue: Iterable[QueueItem]) -> dict[Expr | None, list[QueueItem]]:
    by_object: dict[int, list[QueueItem]] = {}  # equal labels are mostly one object: comparing all is slow
    for item in queue:
        if item.ready and item.known:
            items = by_object.get(id(item.label))
            if items is None:
                by_object[id(item.label)] = [item]
            else:
                items.append(item)
    by_label: dict[Expr | None, list[QueueItem]] = {}
    for items in by_object.values():
        by_label.setdefault(items[0].label, []).extend(items)
    return by_label


def bound_groups(
    queue: Iterable[QueueItem], bound: Mapping[int, str], pools: Mapping[str, str]
) -> tuple[LabelDemand, ...]:
    """Group ready items that wait for one agent: they count for its pool, and no other agent serves them.

    Args:
        queue: all items.
        bound: by item, the agent it waits for.
        pools: by agent, its pool.
    """
    waiting: dict[tuple[str, Expr | None], list[QueueItem]] = {}
    for item in queue:
        if item.ready and item.id in bound:
            waiting.setdefault((pools[bound[item.id]], item.label), []).append(item)
    return tuple(
        LabelDemand(label, tuple(items), (), items[0].id, min(map(_since, items)), pool)
        for (pool, label), items in waiting.items()
    )


def paused(queue: Iterable[QueueItem], pools: Sequence[AgentPool]) -> dict[str, int]:
    """Count items that only a controller that shuts down keeps waiting, by the pool they would go to."""
    items = [replace(item, ready=True) for item in queue if item.paused]
    counts: dict[str, int] = {}
    for group in groups(items, pools) if items else ():
        for name in group.pools[:1]:
            counts[name] = counts.get(name, 0) + len(group.items)
    return counts


def other_nodes(group: LabelDemand, nodes: Sequence[JenkinsNode]) -> OtherNodes:
    """Find the nodes that can serve what no pool can, busy or offline as they are."""
    fitting = [node for node in nodes if node.executors and _fits(group.label, node)]
    online = any(node.connected and node.offline is Offline.NO for node in fitting)
    return OtherNodes(online, () if online else tuple(sorted(node.name for node in fitting)))


def _fits(label: Expr | None, node: JenkinsNode) -> bool:
    return not node.exclusive if label is None else label.matches(node.labels)
