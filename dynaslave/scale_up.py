"""What is launched, and which draining agents are taken back: for uncovered items, minimums and spares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dynaslave.decisions import Launch, Restore
from dynaslave.demand import Demand, Group
from dynaslave.offers import Cooling, avoided
from dynaslave.pools import AgentPool
from dynaslave.provider import Offer
from dynaslave.room import Room
from dynaslave.schedules import Floor
from dynaslave.supply import slots
from dynaslave.words import plural

__all__ = ["Growth", "scale_up"]


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
        pools: Mapping[str, AgentPool],
        demand: Demand,
        floors: Mapping[str, Floor],
        room: Room,
        cooling: Mapping[Offer, Cooling],
        now: float,
    ) -> list[Restore | Launch]:
        """As decisions: one launch for each pool."""
        launches = [
            Launch(
                name,
                one.agents,
                _reason(name, one, demand.covered.get(name, {}), floors[name]),
                avoided(cooling, pools[name].instance_types, now) | room.forbidden(pools[name]),
            )
            for name, one in self.growth.items()
            if one.agents
        ]
        return [*(Restore(node, reason) for node, reason in self.restored.items()), *launches]


def scale_up(
    demand: Demand,
    pools: Sequence[AgentPool],
    staying: Mapping[str, int],
    floors: Mapping[str, Floor],
    room: Room,
) -> Grown:
    """What to launch and to take back.

    pools: in the order they are preferred. staying: agents of each that serve or come, and need not go.
    """
    grown = Grown({pool.name: Growth() for pool in pools})
    by_name = {pool.name: pool for pool in pools}
    rank = {pool.name: at for at, pool in enumerate(pools)}
    waiting = [group for group in demand.groups if group.left and group.pools]
    waiting.sort(key=lambda one: (-by_name[one.pools[0]].priority, one.since, rank[one.pools[0]], one.oldest))
    for group in waiting:
        _launch_for(group, by_name, grown, room)
    for node, name in demand.restored.items():
        grown.restore(node, name, "builds wait that it can take")
    _floors(demand, pools, staying, floors, grown, room)
    return grown


def _launch_for(group: Group, pools: Mapping[str, AgentPool], grown: Grown, room: Room) -> None:
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


def _take(group: Group, pool: str, growth: Growth) -> int:
    """Let items of the group have executors that are launched anyway."""
    taken = min(group.left, growth.unused)
    if taken:
        growth.unused -= taken
        group.left -= taken
        group.counted[pool] = group.counted.get(pool, 0) + taken
    return taken


def _floors(
    demand: Demand,
    pools: Sequence[AgentPool],
    staying: Mapping[str, int],
    floors: Mapping[str, Floor],
    grown: Grown,
    room: Room,
) -> None:
    """What is missing to the agents that are always kept, and to the spares."""
    spare = dict.fromkeys(staying, 0)
    parked: dict[str, list[tuple[str, int]]] = {}
    for one in demand.supplies:
        if one.pool:
            spare[one.pool] += one.free + one.coming
            parked.setdefault(one.pool, []).extend(one.parked)
    for pool in pools:
        growth, floor = grown.growth[pool.name], floors[pool.name]
        wanted = floor.spares * slots(pool)
        have = staying[pool.name] + grown.back.get(pool.name, 0) + growth.agents
        free = spare[pool.name] + growth.unused
        for node, executors in parked.get(pool.name, ()):
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
    return f"the pool keeps {' and '.join(said)}"


def _reason(name: str, growth: Growth, covered: Mapping[str, int], floor: Floor) -> str:
    """Why so many agents are launched, in one line."""
    parts = []
    if growth.agents > growth.for_floor:
        waiting = growth.uncovered + sum(covered.values())
        parts.append(f"{plural(waiting, 'build')} {'waits' if waiting == 1 else 'wait'} for {name}")
        parts += [f"{_executors(count)} {how}" for how, count in covered.items() if count]
    if growth.for_floor:
        parts.append(_kept(floor))
    if growth.held_back:
        parts.append(f"no more, as {growth.held_back}")
    return "; ".join(parts)


def _executors(count: int) -> str:
    return f"{plural(count, 'executor')} {'is' if count == 1 else 'are'}"
