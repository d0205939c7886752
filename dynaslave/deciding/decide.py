"""The decision: from one poll, the pools, the memory and the limits to what is done about it. Pure.

`decide` names its stages in the order they run. Each takes values of the stages before it and returns
new ones, which do not change any more. docs/scaling.md has the rule in words, tuning.py its constants.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dynaslave.deciding.coverage import Coverage, LabelCoverage, cover
from dynaslave.deciding.decisions import (
    Abandon,
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.deciding.demand import OtherNodes, bound_groups, groups, other_nodes, paused
from dynaslave.deciding.departures import Departures, departures
from dynaslave.deciding.headroom import Headroom
from dynaslave.deciding.learning import learn, observe
from dynaslave.deciding.ledger import Ledger, join
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome, PoolView
from dynaslave.deciding.pool_state import Standing, standings_of
from dynaslave.deciding.reconcile import interruption, parked, settle_agents, settle_instances
from dynaslave.deciding.scale_down import idle_until, scale_down
from dynaslave.deciding.scale_up import ScaleUp, scale_up
from dynaslave.deciding.supply import executors_of, slots, supplies
from dynaslave.deciding.tuning import DEFAULTS, Tuning
from dynaslave.deciding.views import counted, notes, states, views
from dynaslave.model import AgentState, Snapshot
from dynaslave.pools.limits import Limits
from dynaslave.pools.pool import AgentPool

__all__ = ["decide", "learn"]


def decide(
    snapshot: Snapshot,
    pools: Sequence[AgentPool],
    memory: Memory,
    limits: Limits,
    *,
    tuning: Tuning = DEFAULTS,
    shown: bool = True,
) -> Outcome:
    """Decide what to do about a poll. The same arguments always give the same outcome.

    Where the poll is blind, nothing is launched and nothing ended.

    Args:
        snapshot: what the poll shows.
        pools: those that are declared.
        memory: of the outcome before, after `learn`; an empty one after a start.
        limits: of teams and of the account.
        tuning: the constants of the rule.
        shown: whether the outcome has what users are shown of it; a simulation does without.
    """
    now, ordered = snapshot.at, preferred(pools, limits)
    by_name = {pool.name: pool for pool in ordered}

    # What is there
    ledger = join(snapshot.nodes, snapshot.instances, by_name, now, memory.seen, tuning)
    if snapshot.blind:
        return _blind(snapshot, ordered, memory, ledger)
    memory = observe(memory, ledger, by_name, snapshot, tuning)
    leaving = departures(ledger, by_name, snapshot, memory, tuning)

    # What waits, and what serves it
    bound = leaving.keeping.bound
    unbound = [item for item in snapshot.queue if item.id not in bound] if bound else snapshot.queue
    demand = groups(unbound, ordered)
    pools_of_agents = {agent.name: agent.pool for agent in ledger.agents} if bound else {}
    bound_demand = bound_groups(snapshot.queue, bound, pools_of_agents)
    supply = supplies(
        ledger,
        by_name,
        memory.seen,
        going=leaving.uncounted,
        parked=parked(ledger, leaving.going),
        named=frozenset().union(*(group.label.atoms() for group in demand if group.label is not None)),
        now=now,
        tuning=tuning,
    )
    coverage = cover(demand, bound_demand, supply, memory, now, tuning)

    # What each pool has, gets, and can do without
    standings = standings_of(
        ledger,
        by_name,
        going=leaving.going,
        late=leaving.late.names,
        executors=executors_of(supply),
        coverage=coverage,
        paused=paused(snapshot.queue, ordered),
        memory=memory,
        now=now,
        tuning=tuning,
    )
    growth = scale_up(coverage, standings, Headroom(by_name, ledger, limits, memory, now, tuning))
    drains = scale_down(standings, growth, ledger, leaving, memory, now)

    # What is done, and until when that holds
    decisions = [
        *growth.decisions(),
        *drains,
        *settle_agents(ledger, leaving.going, leaving.keeping, by_name, growth.restored, now),
        *settle_instances(ledger, leaving.going, by_name, memory.seen, now, tuning),
    ]
    settled = _settled_until(
        ledger=ledger,
        pools=ordered,
        leaving=leaving,
        coverage=coverage,
        standings=standings,
        growth=growth,
        memory=memory,
        now=now,
    )
    outcome = Outcome(
        tuple(sorted(decisions, key=_order)),
        _remember(memory, standings, coverage),
        ledger.agents,
        until=now if decisions else min([settled, *(standing.until() for standing in standings.values())]),
        standings=standings,
        settled_until=settled,
    )
    return _explain(outcome, snapshot, leaving, growth, drains) if shown else outcome


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
    note = f"nothing is launched or ended, as these could not be seen: {', '.join(snapshot.blind)}"
    if snapshot.controller_unseen:
        memory = memory._replace(unseen=True)
    return Outcome(drains, memory, ledger.agents, shown, notes=(note,))


def _remember(memory: Memory, standings: Mapping[str, Standing], coverage: Coverage) -> Memory:
    return memory._replace(
        windows={name: standing.window for name, standing in standings.items()},
        traffic={name: standing.traffic for name, standing in standings.items()},
        oldest=coverage.oldest,
    )


def _settled_until(
    ledger: Ledger,
    pools: Iterable[AgentPool],
    leaving: Departures,
    coverage: Coverage,
    standings: Mapping[str, Standing],
    growth: ScaleUp,
    memory: Memory,
    now: float,
) -> float:
    """Return when a poll that shows the same may be decided otherwise; the standings are left out."""
    if growth.is_held_back or coverage.depends_on_time():
        return now
    times = [leaving.late.until]
    times += [until for until in leaving.returns.values() if until >= now]
    times += [agent.deadline for agent in ledger.agents if agent.deadline is not None]
    times += [agent.given_up for agent in ledger.agents if agent.given_up is not None]
    times += [memory.seen[name].hold.until for name in leaving.keeping.held]
    times += [at for standing in standings.values() for at in idle_until(standing, memory.seen, now)]
    if any(pool.schedule for pool in pools):
        times.append((now // 60 + 1) * 60)
    return min(times, default=math.inf)


def _explain(
    outcome: Outcome, snapshot: Snapshot, leaving: Departures, growth: ScaleUp, drains: Sequence[Drain]
) -> Outcome:
    """Add what users are shown of an outcome."""
    others = [_other_nodes(label, snapshot) for label in growth.labels]
    return replace(
        outcome,
        pools=views(growth, outcome.agents, outcome.standings, drains),
        counted=counted(growth.labels),
        elsewhere=frozenset(
            item.id
            for label, nodes in zip(growth.labels, others, strict=True)
            if nodes.online
            for item in label.demand.items
        ),
        notes=tuple(notes(snapshot, growth.labels, others, outcome.agents, leaving.keeping)),
    )


def _other_nodes(label: LabelCoverage, snapshot: Snapshot) -> OtherNodes:
    lacks = label.uncovered and not label.demand.pools
    return other_nodes(label.demand, snapshot.nodes) if lacks else OtherNodes()


_ORDER: tuple[type[Decision], ...] = (
    Restore, Drain, Adopt, Launch, Note, Retire, RemoveNode, Abandon, Suspect, EndInstance,
)  # fmt: skip
"""First what keeps builds safe, then what they wait for, then what can wait."""


def _order(decision: Decision) -> int:
    return _ORDER.index(type(decision))
