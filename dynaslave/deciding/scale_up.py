"""What is launched, and which draining agents are taken back: for uncovered items, minimums and spares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynaslave.deciding.capacity_cooldown import Coolings, avoided
from dynaslave.deciding.decisions import Launch, Restore
from dynaslave.deciding.demand import Demand, LabelDemand
from dynaslave.deciding.headroom import Room
from dynaslave.deciding.pool_state import Standing, executors_of
from dynaslave.deciding.supply import slots
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.schedules import Floor
from jobdsl.printable import plural

__all__ = ["Grown", "Growth", "scale_up"]


@dataclass(slots=True)
class Growth:
    """What a pool gets, and why not more."""

    uncovered: int = 0
    """Items nothing covers."""
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
    held_back: str = ""
    """What stood in the way of more."""


@dataclass(slots=True)
class Grown:
    """Everything that grows."""

    growth: dict[str, Growth] = field(default_factory=dict)
    restored: dict[str, str] = field(default_factory=dict)
    """Agents taken back, each with the reason."""
    back: dict[str, int] = field(default_factory=dict)
    """How many of them, by pool."""

    def restore(self, node: str, pool: str, reason: str) -> None:
        """Take an agent back."""
        self.restored[node] = reason
        self.back[pool] = self.back.get(pool, 0) + 1

    def decisions(
        self,
        standings: Mapping[str, Standing],
        demand: Demand,
        room: Room,
        cooling: Coolings,
        now: float,
    ) -> list[Restore | Launch]:
        """As decisions: one launch for each pool."""
        launches = []
        for name, one in self.growth.items():
            if one.agents:
                pool, floor = standings[name].pool, standings[name].floor
                reason = _reason(name, one, demand.covered.get(name, {}), floor, standings[name].late)
                avoid = avoided(cooling, name, pool.instance_types, now) | room.forbidden(pool)
                launches.append(Launch(name, one.agents, reason, avoid))
        return [*(Restore(node, reason) for node, reason in self.restored.items()), *launches]


def scale_up(demand: Demand, standings: Mapping[str, Standing], room: Room) -> Grown:
    """What to launch and to take back; the pools in the order they are preferred."""
    grown = Grown({name: Growth() for name in standings})
    pools = {name: one.pool for name, one in standings.items()}
    rank = {name: at for at, name in enumerate(standings)}
    waiting = [group for group in demand.groups if group.left and group.pools]
    waiting.sort(key=lambda one: (-pools[one.pools[0]].priority, one.since, rank[one.pools[0]], one.oldest))
    for group in waiting:
        _launch_for(group, pools, grown, room)
    for node, name in demand.restored.items():
        grown.restore(node, name, "builds wait that it can take")
    left = executors_of(demand.supplies)
    coming: dict[str, int] = {}
    parked: dict[str, list[tuple[str, int]]] = {}
    for one in demand.supplies:
        coming[one.pool] = coming.get(one.pool, 0) + one.coming
        parked.setdefault(one.pool, []).extend(one.parked)
    for name, standing in standings.items():
        _double(standing, grown.growth[name], room, coming.get(name, 0))
        _keep(standing, grown, room, left.get(name, 0), parked.get(name, ()))
    return grown


def _launch_for(group: LabelDemand, pools: Mapping[str, AgentPool], grown: Grown, room: Room) -> None:
    """Agents for what is left of a group: of its best pool that has room, then of the next."""
    for name in group.pools:
        growth, executors = grown.growth[name], slots(pools[name])
        growth.uncovered += _take(group, name, growth)
        if group.left:
            granted = room.grant(pools[name], -(-group.left // executors))
            growth.agents += granted.agents
            growth.unused += granted.agents * executors
            growth.held_back = granted.held_back or growth.held_back
            growth.uncovered += _take(group, name, growth)
        if not group.left:
            return
    first = group.pools[0]
    group.counted[first] = group.counted.get(first, 0) + group.left
    grown.growth[first].uncovered += group.left


def _double(standing: Standing, growth: Growth, room: Room, coming: int) -> None:
    """Launch a few more than needed. `coming`: executors on their way that no item takes."""
    if growth.served:
        wanted = standing.doubles(standing.expecting + growth.served)
        wanted -= (coming + growth.unused) // slots(standing.pool)
        growth.doubled = room.grant(standing.pool, wanted).agents
        growth.agents += growth.doubled
        growth.unused += growth.doubled * slots(standing.pool)


def _take(group: LabelDemand, pool: str, growth: Growth) -> int:
    """Let items of the group have executors that are launched anyway."""
    taken = min(group.left, growth.unused)
    if taken:
        growth.unused -= taken
        growth.served += taken
        group.left -= taken
        group.counted[pool] = group.counted.get(pool, 0) + taken
    return taken


def _keep(
    standing: Standing, grown: Grown, room: Room, spare: int, parked: Sequence[tuple[str, int]]
) -> None:
    """What is missing to the agents that are always kept, and to the executors kept free.

    spare: executors that no item takes. parked: agents that can be taken back, and what is free there.
    """
    pool, floor = standing.pool, standing.floor
    growth, wanted = grown.growth[pool.name], floor.free(slots(pool))
    have = standing.staying + grown.back.get(pool.name, 0) + growth.agents
    free = spare + growth.unused
    for node, executors in parked:
        if have >= floor.min_agents and free >= wanted:
            break
        grown.restore(node, pool.name, _kept(floor))
        have, free = have + 1, free + executors
    missing = max(floor.min_agents - have, -((free - wanted) // slots(pool)))
    granted = room.grant(pool, missing)
    growth.agents += granted.agents
    growth.for_floor += granted.agents
    growth.held_back = growth.held_back or granted.held_back


def _kept(floor: Floor) -> str:
    said = [plural(floor.min_agents, "agent") + " at least"] if floor.min_agents else []
    said += [plural(floor.spares, "spare")] if floor.spares else []
    if floor.ahead:
        said.append(f"{plural(floor.ahead, 'executor')} free for builds that are likely to come soon")
    return f"the pool keeps {' and '.join(said)}"


def _reason(name: str, growth: Growth, covered: Mapping[str, int], floor: Floor, late: int) -> str:
    """Why so many agents are launched, in one line."""
    parts = []
    if growth.agents > growth.for_floor + growth.doubled:
        waiting = growth.uncovered + sum(covered.values())
        parts.append(f"{plural(waiting, 'build')} {'waits' if waiting == 1 else 'wait'} for {name}")
        parts += [f"{_executors(count)} {how}" for how, count in covered.items() if count]
    if late:
        parts.append(f"{plural(late, 'agent')} on the way {'is' if late == 1 else 'are'} late")
    if growth.doubled:
        parts.append(f"{growth.doubled} more, as some boot much slower than others")
    if growth.for_floor:
        parts.append(_kept(floor))
    if growth.held_back:
        parts.append(f"no more, as {growth.held_back}")
    return "; ".join(parts)


def _executors(count: int) -> str:
    return f"{plural(count, 'executor')} {'is' if count == 1 else 'are'}"
