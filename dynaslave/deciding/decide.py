"""The decision: from one look, the pools, the memory and the limits to what is done about it. Pure.

docs/scaling.md says the rule in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from dynaslave.deciding.decisions import (
    Abandon,
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
from dynaslave.deciding.demand import LabelDemand, bound_groups, cover, groups, look_elsewhere, paused
from dynaslave.deciding.drift import outdated, replace_outdated
from dynaslave.deciding.headroom import Room
from dynaslave.deciding.holds import keep
from dynaslave.deciding.learning import learn, observe
from dynaslave.deciding.ledger import Ledger, join
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome, PoolView
from dynaslave.deciding.pool_state import Standing, executors_of, standings
from dynaslave.deciding.reconcile import interruption, must_go, parked, settle_agents, settle_instances
from dynaslave.deciding.scale_down import idle_until, replace_unfit, scale_down
from dynaslave.deciding.scale_up import scale_up
from dynaslave.deciding.stragglers import late
from dynaslave.deciding.supply import Supply, slots, supplies
from dynaslave.deciding.views import counted, notes, states, views
from dynaslave.model import AgentState, Snapshot
from dynaslave.pools.limits import Limits
from dynaslave.pools.pool import AgentPool

__all__ = ["decide", "learn"]


def decide(
    snapshot: Snapshot, pools: Sequence[AgentPool], memory: Memory, limits: Limits, *, shown: bool = True
) -> Outcome:
    """Decide what to do about a poll. The same arguments always give the same outcome.

    Where the poll is blind, nothing is launched and nothing ended.

    Args:
        snapshot: what the poll shows.
        pools: those that are declared.
        memory: of the outcome before, after `learn`; an empty one after a start.
        limits: of teams and of the account.
        shown: whether the outcome says what users are shown of it; a simulation does without.
    """
    ordered = preferred(pools, limits)
    by_name = {pool.name: pool for pool in ordered}
    ledger = join(snapshot.nodes, snapshot.instances, by_name, snapshot.at, memory.seen, limits.deadlines)
    if snapshot.blind:
        return _blind(snapshot, ordered, memory, ledger)
    observed = observe(memory, ledger, by_name, snapshot, limits.deadlines)
    decision = _Decision(snapshot, ordered, observed, limits, ledger)
    outcome = decision.outcome()
    return decision.explained(outcome) if shown else outcome


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
        if agent.state not in (AgentState.DRAINING, AgentState.HELD, AgentState.GONE)
        and (reason := interruption(agent))
    )
    counts = states(ledger.agents)
    shown = tuple(PoolView(pool.name, agents=counts.get(pool.name, {})) for pool in pools)
    said = f"nothing is launched or ended, as these could not be seen: {', '.join(snapshot.blind)}"
    if snapshot.controller_unseen:
        memory = memory._replace(unseen=True)
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
        self.returns = {name: since + limits.deadlines.undeclared for name, since in memory.missing.items()}
        awaited = {name for name, until in self.returns.items() if now < until}
        self.kept = keep(ledger.agents, snapshot.queue, memory.seen, now)
        self.going = must_go(ledger, pools, memory.seen, self.kept, awaited)
        self.old = outdated(ledger.agents, snapshot.current)
        self.late = late(ledger, self.going, memory, now)
        bound = self.kept.bound
        found = (
            groups([item for item in snapshot.queue if item.id not in bound], ordered)
            if bound
            else (groups(snapshot.queue, ordered))
        )
        supply = self.supply(found)
        executors = executors_of(supply)
        self.demand = cover(found, supply, memory, now)
        self.demand.groups += bound_groups(
            snapshot.queue, bound, {one.name: one.pool for one in ledger.agents}
        )
        self.standings = standings(
            ledger,
            pools,
            self.going,
            self.late.names,
            executors,
            self.demand,
            paused(snapshot.queue, ordered),
            memory,
            now,
        )
        self.room = Room(pools, ledger, limits, memory, now)
        self.grown = scale_up(self.demand, self.standings, self.room)
        self.drains = [
            drain for one in self.standings.values() for drain in self.shrink(one) or self.renew(one)
        ]

    def supply(self, found: Sequence[LabelDemand]) -> list[Supply]:
        """What there is, and what comes."""
        named = frozenset().union(*(group.label.atoms() for group in found if group.label is not None))
        parkable = parked(self.ledger, self.going)
        absent = self.going.keys() | self.late.names
        return supplies(self.ledger, self.pools, self.memory.seen, absent, parkable, named, self.now)

    def outcome(self) -> Outcome:
        decisions = [
            *self.grown.decisions(self.standings, self.demand, self.room, self.memory.cooling, self.now),
            *self.drains,
            *settle_agents(self.ledger, self.going, self.kept, self.pools, self.grown.restored, self.now),
            *settle_instances(
                self.ledger, self.going, self.pools, self.memory.seen, self.limits.deadlines, self.now
            ),
        ]
        settled = self.settled_until()
        until = min([settled, *(one.until() for one in self.standings.values())])
        return Outcome(
            tuple(sorted(decisions, key=lambda one: _ORDER.index(type(one)))),
            self.remembered(),
            self.ledger.agents,
            until=self.now if decisions else until,
            standings=self.standings,
            settled_until=settled,
        )

    def explained(self, outcome: Outcome) -> Outcome:
        """Add what users are shown of it."""
        look_elsewhere(self.demand.groups, self.snapshot.nodes)
        return replace(
            outcome,
            pools=views(self.demand.groups, self.grown, self.ledger.agents, self.standings, self.drains),
            counted=counted(self.demand.groups),
            elsewhere=frozenset(
                item.id for group in self.demand.groups if group.elsewhere for item in group.items
            ),
            notes=tuple(notes(self.snapshot, self.demand.groups, self.ledger.agents, self.kept)),
        )

    def remembered(self) -> Memory:
        return self.memory._replace(
            windows={name: one.window for name, one in self.standings.items()},
            traffic={name: one.traffic for name, one in self.standings.items()},
            oldest=self.demand.oldest,
        )

    def settled_until(self) -> float:
        """When a look that shows the same may be decided otherwise, but for what the standings say."""
        held_back = any(one.held_back for one in self.grown.growth.values())
        if held_back or self.demand.counts_on_time():
            return self.now
        times = [self.late.until]
        times += [until for until in self.returns.values() if until >= self.now]
        times += [agent.deadline for agent in self.ledger.agents if agent.deadline is not None]
        times += [agent.given_up for agent in self.ledger.agents if agent.given_up is not None]
        times += [self.memory.seen[name].hold.until for name in self.kept.held]
        times += [at for one in self.standings.values() for at in idle_until(one, self.memory.seen, self.now)]
        if any(pool.schedule for pool in self.ordered):
            times.append((self.now // 60 + 1) * 60)
        return min(times, default=math.inf)

    def renew(self, one: Standing) -> list[Drain]:
        """Agents of a pool to replace by ones of its newest image or template; none where launches fail."""
        name = one.pool.name
        growth = self.grown.growth[name]
        if growth.agents or growth.held_back or self.grown.back.get(name) or name in self.memory.strikes:
            return []
        leaving = [agent for agent in self.ledger.agents if agent.pool == name]
        leaving = [agent for agent in leaving if agent.state is AgentState.DRAINING]
        return replace_outdated(one, self.old, len(leaving), self.kept.needed)

    def shrink(self, one: Standing) -> list[Drain]:
        """Agents of a pool that nobody needs; none while it grows."""
        growth = self.grown.growth[one.pool.name]
        if growth.uncovered and not growth.agents and self.room.is_full(one.pool):
            unfit = replace_unfit(
                one, self.demand.groups, growth.uncovered, self.kept.needed, growth.held_back
            )
            if unfit:
                return unfit
        over, surplus = max(0, one.staying - one.pool.max_agents), one.surplus()
        grows = growth.agents or self.grown.back.get(one.pool.name)
        if grows or not (surplus or over):
            return []
        return scale_down(one, self.memory.seen, surplus, over, self.kept.needed, self.now)


_ORDER = (Restore, Drain, Adopt, Launch, Note, Retire, RemoveNode, Abandon, Suspect, EndInstance)
"""First what keeps builds safe, then what they wait for, then what can wait."""
