"""The decision: from one look, the pools, the memory and the limits to what is done about it. Pure.

docs/scaling.md says the rule in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dynaslave.decisions import (
    Adopt,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.demand import Demand, cover, groups
from dynaslave.learning import learn, observe
from dynaslave.ledger import Ledger, is_coming, join
from dynaslave.limits import Limits
from dynaslave.memory import Memory
from dynaslave.model import Snapshot, State
from dynaslave.outcome import Outcome, PoolView
from dynaslave.pools import AgentPool
from dynaslave.reconcile import interruption, must_go, parked, settle_agents, settle_instances
from dynaslave.room import Room
from dynaslave.scale_down import scale_down, serving_of, spare_agents, watch
from dynaslave.scale_up import scale_up
from dynaslave.schedules import Floor, floor_at
from dynaslave.shown import counted, notes, states, views
from dynaslave.supply import slots, supplies

__all__ = ["decide", "learn"]


def decide(snapshot: Snapshot, pools: Sequence[AgentPool], memory: Memory, limits: Limits) -> Outcome:
    """What to do about a look. The same arguments always give the same outcome.

    memory: of the outcome before, after `learn`; an empty one after a start. Where the look is blind,
    nothing is launched and nothing ended.
    """
    ordered = preferred(pools, limits)
    by_name = {pool.name: pool for pool in ordered}
    ledger = join(snapshot.nodes, snapshot.instances, by_name, snapshot.at, memory.seen, limits.deadlines)
    if snapshot.blind:
        return _blind(snapshot, ordered, memory, ledger)
    return _Decision(
        snapshot, ordered, observe(memory, ledger, by_name, snapshot.at), limits, ledger
    ).outcome()


def preferred(pools: Sequence[AgentPool], limits: Limits) -> list[AgentPool]:
    """Pools in the order items choose them: priority, then price of an executor, then name."""

    def price(pool: AgentPool) -> float:
        if not pool.instance_types:
            return 0.0
        facts = limits.types.get(pool.instance_types[0])
        return facts.dollars_hour / slots(pool) if facts else float("inf")

    return sorted(pools, key=lambda pool: (-pool.priority, price(pool), pool.name))


def _blind(snapshot: Snapshot, pools: Sequence[AgentPool], memory: Memory, ledger: Ledger) -> Outcome:
    """What may be done half blind: keep builds away from machines that are about to be taken away."""
    drains = tuple(
        Drain(agent.name, reason)
        for agent in ledger.agents
        if agent.state not in (State.DRAINING, State.HELD, State.GONE) and (reason := interruption(agent))
    )
    counts = states(ledger.agents)
    shown = tuple(PoolView(pool.name, agents=counts.get(pool.name, {})) for pool in pools)
    said = f"nothing is launched or ended, as these could not be seen: {', '.join(snapshot.blind)}"
    return Outcome(drains, memory, ledger.agents, shown, notes=(said,))


class _Decision:
    """One decision while it is made."""

    def __init__(
        self,
        snapshot: Snapshot,
        ordered: Sequence[AgentPool],
        memory: Memory,
        limits: Limits,
        ledger: Ledger,
    ) -> None:
        self.now = now = snapshot.at
        self.snapshot = snapshot
        self.ordered = ordered
        self.pools = pools = {pool.name: pool for pool in ordered}
        self.memory = memory
        self.limits = limits
        self.ledger = ledger
        self.floors = {pool.name: _floor(pool, now) for pool in ordered}
        self.going = must_go(ledger, pools, memory.seen)
        self.serving = serving_of(ledger.agents, pools, self.going)
        coming = Counter(
            agent.pool for agent in ledger.agents if agent.name not in self.going and is_coming(agent, now)
        )
        self.staying = {name: len(agents) + coming[name] for name, agents in self.serving.items()}
        self.demand = self.weigh()
        self.room = Room(pools, ledger, limits, memory.strikes, now)
        self.grown = scale_up(self.demand, ordered, self.staying, self.floors, self.room)

    def weigh(self) -> Demand:
        """Which items are covered, by what."""
        found = groups(self.snapshot.queue, self.ordered)
        named = frozenset().union(*(group.label.atoms() for group in found if group.label is not None))
        parkable = parked(self.ledger, self.going)
        supply = supplies(self.ledger, self.pools, self.memory.seen, self.going, parkable, named, self.now)
        return cover(found, supply, self.memory, self.now)

    def outcome(self) -> Outcome:
        spare = spare_agents(self.demand, self.ordered, self.serving, self.floors)
        windows = watch(self.memory.windows, spare, self.pools, self.now)
        drains = [drain for pool in self.ordered for drain in self.shrink(pool, windows[pool.name].least())]
        decisions = [
            *self.grown.decisions(
                self.pools, self.demand, self.floors, self.room, self.memory.cooling, self.now
            ),
            *drains,
            *settle_agents(self.ledger, self.going, self.grown.restored, self.now),
            *settle_instances(
                self.ledger, self.going, self.pools, self.memory.seen, self.limits.deadlines, self.now
            ),
        ]
        return Outcome(
            tuple(sorted(decisions, key=lambda one: _ORDER.index(type(one)))),
            replace(self.memory, windows=windows, oldest=self.demand.oldest),
            self.ledger.agents,
            views(
                self.demand.groups, self.grown, self.ledger.agents, self.staying, {one.node for one in drains}
            ),
            counted(self.demand.groups),
            tuple(notes(self.snapshot, self.demand.groups, self.ledger.agents)),
        )

    def shrink(self, pool: AgentPool, surplus: int) -> list[Drain]:
        """Agents of a pool that nobody needs; none while it grows."""
        over = max(0, self.staying[pool.name] - pool.max_agents)
        grows = self.grown.growth[pool.name].agents or self.grown.back.get(pool.name)
        if grows or not (surplus or over):
            return []
        return scale_down(pool, self.serving[pool.name], self.memory.seen, surplus, over)


_ORDER = (Restore, Drain, Adopt, Launch, Note, Retire, RemoveNode, Suspect, EndInstance)
"""First what keeps builds safe, then what they wait for, then what can wait."""


def _floor(pool: AgentPool, now: float) -> Floor:
    floor = floor_at(pool.schedule, pool.min_agents, pool.spares, now)
    return Floor(min(floor.min_agents, pool.max_agents), floor.spares)
