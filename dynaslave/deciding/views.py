"""What people are shown of a decision: each pool's numbers, each item's pool, and what they should know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, repeat
from operator import attrgetter

from dynaslave.deciding.coverage import LabelCoverage
from dynaslave.deciding.decisions import Drain
from dynaslave.deciding.demand import OtherNodes
from dynaslave.deciding.holds import Kept
from dynaslave.deciding.outcome import PoolView
from dynaslave.deciding.pool_state import Standing
from dynaslave.deciding.scale_up import ScaleUp
from dynaslave.model import Agent, AgentState, Offline, QueueItem, Snapshot
from jobdsl.printable import plural

__all__ = ["counted", "notes", "states", "views"]


def views(
    scale_up: ScaleUp,
    agents: Sequence[Agent],
    standings: Mapping[str, Standing],
    drains: Sequence[Drain],
) -> tuple[PoolView, ...]:
    """Each pool. `drains`: of agents that are let go now."""
    waiting: Counter[str] = Counter()
    oldest: dict[str, float] = {}
    for label in scale_up.labels:
        for name, count in label.counted.items():
            waiting[name] += count
            oldest[name] = min(oldest.get(name, label.demand.since), label.demand.since)
    drained = {drain.node for drain in drains}
    leaving = Counter(agent.pool for agent in agents if agent.name in drained) if drained else Counter[str]()
    counts = states(agents)
    return tuple(
        PoolView(
            name=name,
            waiting=waiting[name],
            oldest=oldest.get(name),
            uncovered=growth.uncovered,
            agents=counts.get(name, {}),
            launching=growth.agents,
            desired=standings[name].staying + growth.restored + growth.agents - leaving[name],
            held_back=growth.held_back,
        )
        for name, growth in scale_up.growth.items()
    )


def states(agents: Sequence[Agent]) -> dict[str, dict[AgentState, int]]:
    """How many agents of each pool are in which state."""
    counts: dict[str, dict[AgentState, int]] = {}
    for agent in agents:
        of_pool = counts.setdefault(agent.pool, {})
        of_pool[agent.state] = of_pool.get(agent.state, 0) + 1
    return counts


def counted(labels: Sequence[LabelCoverage]) -> dict[int, str]:
    """The pool each item counts for, by the item's id; of one label, the first in the queue choose first."""
    pools: dict[int, str] = {}
    for label in labels:
        ids = map(_id, label.demand.items)
        for name, count in label.counted.items():
            pools.update(zip(islice(ids, count), repeat(name), strict=False))
    return pools


_id = attrgetter("id")


def notes(
    snapshot: Snapshot,
    labels: Sequence[LabelCoverage],
    others: Sequence[OtherNodes],
    agents: Sequence[Agent],
    keeping: Kept,
) -> Iterator[str]:
    """What users should know. `others`: by label, the nodes of others that can serve what no pool can."""
    if snapshot.quiet:
        yield f"Jenkins quiets down ({snapshot.quiet}): no build starts until it restarts or it is cancelled"
    unknown = [
        item for item in snapshot.queue if item.ready and not item.known and item.id not in keeping.bound
    ]
    if unknown:
        example = f"{unknown[0].name} ({unknown[0].why or 'no reason given'})"
        yield f"{_wait(unknown)}, and the controller does not report for which label: {example}"
    for label, nodes in zip(labels, others, strict=True):
        group = label.demand
        message = _wait(group.items) + ("" if group.label is None else f" for {group.label}")
        them = "it" if len(group.items) == 1 else "them"
        if nodes.offline:
            offline = _some(nodes.offline)
            yield f"{message}, no pool can serve {them}, and the nodes that can are offline: {offline}"
        elif label.uncovered and not group.pools and not nodes.online:
            yield f"{message}, and no pool and no node can serve {them}"
        elif label.passed_over:
            yield f"{message}, though executors that fit have been free for a while"
    yield from _agent_notes(snapshot.at, agents, keeping)


def _agent_notes(now: float, agents: Sequence[Agent], keeping: Kept) -> Iterator[str]:
    for agent in agents:
        if agent.given_up is not None:
            message = (
                "its instance has ended"
                if agent.state is AgentState.GONE
                else "its agent does not exist any more"
            )
            minutes = max(0.0, agent.given_up - now) / 60
            message += ", and a build holds an executor there"
            yield f"{agent.name}: {message}; it is given up in {minutes:.0f} min"
        elif agent.node.offline is Offline.MONITOR:
            yield f"{agent.name}: Jenkins took it offline, {agent.node.reason or 'without a reason'}"
    if keeping.held:
        who = f"{plural(len(keeping.held), 'agent')} {'is' if len(keeping.held) == 1 else 'are'}"
        names = _some(sorted(keeping.held))
        yield f"{who} kept for builds that were interrupted and may go on there: {names}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")


def _wait(items: Sequence[QueueItem]) -> str:
    return f"{plural(len(items), 'build')} {'waits' if len(items) == 1 else 'wait'}"
