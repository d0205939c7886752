"""What is launched, and which draining agents are taken back: for uncovered items, minimums and spares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from dynaslave.deciding.capacity_cooldown import avoided
from dynaslave.deciding.coverage import Coverage, LabelCoverage, UnusedSupply
from dynaslave.deciding.decisions import Launch, Restore
from dynaslave.deciding.headroom import Headroom
from dynaslave.deciding.pool_state import Standing
from dynaslave.deciding.supply import slots
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.schedules import Floor
from jobdsl.printable import plural

__all__ = ["Growth", "ScaleUp", "scale_up"]


class Growth(NamedTuple):
    """What a pool gets, and why not more."""

    uncovered: int = 0
    """Items that nothing covers but what is launched."""
    agents: int = 0
    """Agents to launch."""
    for_floor: int = 0
    """Those of them that no item needs."""
    unused: int = 0
    """Executors of these agents that no item needs."""
    served: int = 0
    """Items these agents are launched for."""
    doubled: int = 0
    """Agents that are launched because others may boot slowly."""
    restored: int = 0
    """Draining agents that are taken back."""
    held_back: str = ""
    """What stood in the way of more."""
    full: bool = False
    """Whether a limit leaves no room for one more, where items stay uncovered and no agent is launched."""

    @property
    def grows(self) -> bool:
        """Return whether the pool gets agents."""
        return bool(self.agents or self.restored)


@dataclass(frozen=True, slots=True)
class ScaleUp:
    """Everything that grows."""

    growth: Mapping[str, Growth]
    """By pool."""
    restored: Mapping[str, str]
    """Agents taken back, each with the reason."""
    labels: tuple[LabelCoverage, ...]
    """The coverage of all labels, launches included."""
    launches: tuple[Launch, ...]
    """One for each pool that needs agents."""

    @property
    def is_held_back(self) -> bool:
        """Return whether a limit or a failure stood in the way of any pool."""
        return any(growth.held_back for growth in self.growth.values())

    def decisions(self) -> Iterator[Restore | Launch]:
        """Give what is done."""
        for node, reason in self.restored.items():
            yield Restore(node, reason)
        yield from self.launches


def scale_up(coverage: Coverage, standings: Mapping[str, Standing], headroom: Headroom) -> ScaleUp:
    """Decide what to launch and to take back; the pools in the order they are preferred."""
    growth = {name: Growth() for name in standings}
    labels = list(coverage.labels)
    pools = {name: standing.pool for name, standing in standings.items()}
    for number in _order(coverage, pools):
        labels[number], grown, headroom = _launch_for(labels[number], pools, growth, headroom)
        growth.update(grown)
    restored = dict.fromkeys(coverage.restored, "builds wait that it can take")
    for name in coverage.restored.values():
        growth[name] = growth[name]._replace(restored=growth[name].restored + 1)
    for name, standing in standings.items():
        unused = coverage.unused.get(name, UnusedSupply())
        growth[name], headroom = _double(standing, growth[name], headroom, unused.coming)
        growth[name], headroom, again = _keep(standing, growth[name], headroom, unused)
        restored.update(again)
    for name, of_pool in growth.items():
        if of_pool.uncovered and not of_pool.agents:
            growth[name] = of_pool._replace(full=headroom.is_full(pools[name]))
    launches = tuple(
        _launch(standings[name], of_pool, coverage, headroom)
        for name, of_pool in growth.items()
        if of_pool.agents
    )
    return ScaleUp(growth, restored, tuple(labels), launches)


def _order(coverage: Coverage, pools: Mapping[str, AgentPool]) -> list[int]:
    """The labels with uncovered items, by their place: priority of the best pool, then age."""
    rank = {name: at for at, name in enumerate(pools)}

    def key(number: int) -> tuple[int, float, int, int]:
        group = coverage.labels[number].demand
        best = group.pools[0]
        return (-pools[best].priority, group.since, rank[best], group.oldest)

    waiting = [at for at, label in enumerate(coverage.labels) if label.uncovered and label.demand.pools]
    return sorted(waiting, key=key)


def _launch_for(
    label: LabelCoverage, pools: Mapping[str, AgentPool], before: Mapping[str, Growth], headroom: Headroom
) -> tuple[LabelCoverage, dict[str, Growth], Headroom]:
    """Launch agents for what nothing covers: of the best pool that has room, then of the next.

    Returns:
        The coverage then, the growth of pools that changed, and what is left of the headroom.
    """
    changed: dict[str, Growth] = {}
    for name in label.demand.pools:
        growth, executors = before[name], slots(pools[name])
        label, growth = _serve(label, name, growth)
        if label.uncovered:
            headroom, agents, held_back = headroom.grant(pools[name], -(-label.uncovered // executors))
            growth = growth._replace(
                agents=growth.agents + agents,
                unused=growth.unused + agents * executors,
                held_back=held_back or growth.held_back,
            )
            label, growth = _serve(label, name, growth)
        changed[name] = growth
        if not label.uncovered:
            return label, changed, headroom
    best, rest = label.demand.pools[0], label.uncovered
    changed[best] = changed[best]._replace(uncovered=changed[best].uncovered + rest)
    counted = {**label.counted, best: label.counted.get(best, 0) + rest}
    return replace(label, counted=counted), changed, headroom


def _serve(label: LabelCoverage, pool: str, growth: Growth) -> tuple[LabelCoverage, Growth]:
    """Let items have executors that are launched anyway."""
    count = min(label.uncovered, growth.unused)
    if not count:
        return label, growth
    return label.serve(pool, count), growth._replace(
        unused=growth.unused - count,
        served=growth.served + count,
        uncovered=growth.uncovered + count,
    )


def _double(standing: Standing, growth: Growth, headroom: Headroom, coming: int) -> tuple[Growth, Headroom]:
    """Launch a few more than needed. `coming`: executors on their way that no item takes."""
    if not growth.served:
        return growth, headroom
    executors = slots(standing.pool)
    desired = standing.doubles(standing.expecting + growth.served) - (coming + growth.unused) // executors
    headroom, agents, _ = headroom.grant(standing.pool, desired)
    return growth._replace(
        doubled=agents, agents=growth.agents + agents, unused=growth.unused + agents * executors
    ), headroom


def _keep(
    standing: Standing, growth: Growth, headroom: Headroom, unused: UnusedSupply
) -> tuple[Growth, Headroom, dict[str, str]]:
    """Take back or launch what the agents that are always kept, and the executors kept free, lack.

    Returns:
        The growth, what is left of the headroom, and the agents taken back with the reason.
    """
    pool, floor = standing.pool, standing.floor
    desired = floor.free(slots(pool))
    present = standing.staying + growth.restored + growth.agents
    free = unused.executors + growth.unused
    restored = {}
    for node, executors in unused.parked:
        if present >= floor.min_agents and free >= desired:
            break
        restored[node] = _floor_reason(floor)
        present, free = present + 1, free + executors
    missing = max(floor.min_agents - present, -((free - desired) // slots(pool)))
    headroom, agents, held_back = headroom.grant(pool, missing)
    growth = growth._replace(
        restored=growth.restored + len(restored),
        agents=growth.agents + agents,
        for_floor=growth.for_floor + agents,
        held_back=growth.held_back or held_back,
    )
    return growth, headroom, restored


def _launch(standing: Standing, growth: Growth, coverage: Coverage, headroom: Headroom) -> Launch:
    pool = standing.pool
    reason = _reason(standing, growth, coverage.sources.get(pool.name, {}))
    cooling = avoided(headroom.memory.cooling, pool.name, pool.instance_types, headroom.now)
    return Launch(pool.name, growth.agents, reason, cooling | headroom.forbidden(pool))


def _floor_reason(floor: Floor) -> str:
    parts = [plural(floor.min_agents, "agent") + " at least"] if floor.min_agents else []
    parts += [plural(floor.spares, "spare")] if floor.spares else []
    if floor.ahead:
        parts.append(f"{plural(floor.ahead, 'executor')} free for builds that are likely to come soon")
    return f"the pool keeps {' and '.join(parts)}"


def _reason(standing: Standing, growth: Growth, sources: Mapping[str, int]) -> str:
    """Why so many agents are launched, in one line."""
    name, late = standing.pool.name, standing.late
    parts = []
    if growth.agents > growth.for_floor + growth.doubled:
        waiting = growth.uncovered + sum(sources.values())
        parts.append(f"{plural(waiting, 'build')} {'waits' if waiting == 1 else 'wait'} for {name}")
        parts += [f"{_executors(count)} {source}" for source, count in sources.items() if count]
    if late:
        parts.append(f"{plural(late, 'agent')} on the way {'is' if late == 1 else 'are'} late")
    if growth.doubled:
        parts.append(f"{growth.doubled} more, as some boot much slower than others")
    if growth.for_floor:
        parts.append(_floor_reason(standing.floor))
    if growth.held_back:
        parts.append(f"no more, as {growth.held_back}")
    return "; ".join(parts)


def _executors(count: int) -> str:
    return f"{plural(count, 'executor')} {'is' if count == 1 else 'are'}"
