"""What must be put right whatever the demand: agents that have to go, deadlines, orphans, suspicions.

An agent is only ever ended in two polls: one takes it offline, so that nothing starts there any more;
a later one finds it idle and ends it. Where a build runs, or seems to, nothing is ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dynaslave.deciding import build_counts
from dynaslave.deciding.decisions import (
    Abandon,
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Note,
    RemoveNode,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.deciding.holds import Kept
from dynaslave.deciding.ledger import AgentHistory, Ledger, exists, why_of
from dynaslave.deciding.tuning import Tuning
from dynaslave.drain_reasons import Why
from dynaslave.model import Agent, AgentState, Instance, Offline
from dynaslave.pools.pool import AgentPool
from jobdsl.printable import plural

__all__ = ["interruption", "must_go", "parked", "settle_agents", "settle_instances"]


def must_go(
    ledger: Ledger,
    pools: Mapping[str, AgentPool],
    seen: Mapping[str, AgentHistory],
    keeping: Kept,
    awaited: Collection[str] = (),
) -> dict[str, str]:
    """Agents that cannot stay, each with the reason. What runs there may end in peace, or go on first.

    awaited: pools that are not declared, and may come back.
    """
    going = {}
    stay = keeping.stay
    for agent in ledger.agents:
        if agent.state in (AgentState.GONE, AgentState.HELD):
            continue
        reason = _cannot_stay(agent, ledger.claimed_twice)
        if not reason and agent.name not in stay and agent.pool not in awaited:
            reason = _should_not_stay(pools.get(agent.pool), agent, seen.get(agent.name))
        if reason:
            going[agent.name] = reason
    return going


def interruption(agent: Agent) -> str:
    """Why the cloud takes its machine away soon; empty if it does not."""
    return Why.INTERRUPTION.says(agent.instance.doomed) if agent.instance and agent.instance.doomed else ""


def _cannot_stay(agent: Agent, claimed_twice: Collection[str]) -> str:
    if reason := interruption(agent):
        return reason
    if agent.name in claimed_twice:
        return Why.CLAIMED_TWICE.says("two instances claim this node; both are replaced")
    if agent.node.offline is Offline.MONITOR:
        return Why.MONITOR.says(f"Jenkins took it offline, {agent.node.reason or 'without a reason'}")
    return ""


def _should_not_stay(pool: AgentPool | None, agent: Agent, seen: AgentHistory | None) -> str:
    if pool is None:
        return Why.NO_POOL.says(f"{agent.pool} is not in the estate any more")
    taken = seen.uses if seen else 0
    if pool.max_uses is not None and taken >= pool.max_uses:
        return Why.LAST_BUILD.says(f"it has taken {plural(taken, 'build')}, max_uses is {pool.max_uses}")
    return ""


def parked(ledger: Ledger, going: Collection[str]) -> set[str]:
    """Agents that drain for want of work only, and can be taken back."""
    return {
        agent.name
        for agent in ledger.agents
        if agent.state is AgentState.DRAINING
        and agent.node.connected
        and agent.name not in going
        and (Why.SURPLUS.drains(agent) or Why.WINDING_DOWN.drains(agent))
    }


def settle_agents(
    ledger: Ledger,
    going: Mapping[str, str],
    keeping: Kept,
    pools: Collection[str],
    restored: Collection[str],
    now: float,
) -> Iterator[Decision]:
    """What each agent needs; at most one decision for each. Those in `restored` are taken care of."""
    for agent in ledger.agents:
        if agent.name in restored:
            continue
        if agent.given_up is not None and now > agent.given_up:
            yield Abandon(agent.name, _abandoned(agent))
        elif agent.node.offline is Offline.MONITOR and agent.state is AgentState.DRAINING:
            yield Drain(agent.name, going[agent.name])
        elif agent.state is AgentState.DRAINING:
            yield from _draining(agent, going, keeping, pools)
        elif agent.state is AgentState.GONE:
            if not agent.node.busy:
                yield RemoveNode(agent.name, f"its instance has ended{why_of(agent)}")
        elif agent.name in going:
            yield Drain(agent.name, going[agent.name])
        elif agent.deadline is not None and now > agent.deadline and not agent.node.busy:
            yield _overdue(agent, now)


_SLIPPED_IN = (Why.SURPLUS, Why.NEVER_CAME, Why.LOST)
"""Reasons that a build which started in the last moment proves wrong."""


def _abandoned(agent: Agent) -> str:
    ended = agent.instance is None or agent.state is AgentState.GONE
    event = "its instance has ended" if ended else "its agent has been gone for too long"
    return (
        f"{event}, and a build holds an executor there: it fails, or is tried again, once the node is removed"
    )


def _draining(
    agent: Agent, going: Mapping[str, str], keeping: Kept, pools: Collection[str]
) -> Iterator[Decision]:
    back = agent.name not in going and agent.node.connected
    undeclared = back and Why.NO_POOL.drains(agent)
    if undeclared and agent.pool in pools:
        yield Restore(agent.name, f"{agent.pool} is declared again")
    elif not agent.node.busy:
        if back and agent.name in keeping.named:
            yield Restore(agent.name, "a build waits that can run on this agent only")
        elif agent.name in going or not (undeclared or agent.name in keeping.held):
            yield Retire(agent.name, f"drained and idle ({agent.node.reason})")
    elif agent.name not in going and any(why.drains(agent) for why in _SLIPPED_IN):
        yield Restore(agent.name, "a build started there before it was offline")


def _overdue(agent: Agent, now: float) -> Decision:
    waited = f"{(now - agent.since) / 60:.0f} min"
    if agent.state is AgentState.REQUESTED:
        return RemoveNode(agent.name, f"no instance came for it in {waited}")
    if agent.state is AgentState.LOST:
        return Drain(agent.name, Why.LOST.says(f"its agent has been gone for {waited}"))
    return Drain(agent.name, Why.NEVER_CAME.says(f"its agent did not dial in within {waited}{why_of(agent)}"))


def settle_instances(
    ledger: Ledger,
    going: Collection[str],
    pools: Mapping[str, AgentPool],
    seen: Mapping[str, AgentHistory],
    now: float,
    tuning: Tuning,
) -> Iterator[Decision]:
    """What instances need: a node, a note, or an end in two steps."""
    for instance, node in ledger.adoptions:
        if node.name not in going:
            yield Adopt(instance.id, node.name, f"its launch {instance.intent} was interrupted")
    for instance in ledger.strays:
        yield from _stray(instance, now, tuning)
    for agent in ledger.agents:
        if agent.instance is not None and exists(agent):
            if agent.instance.suspect:
                yield Note(agent.instance.id, {"suspect": ""}, f"it belongs to {agent.name} after all")
            before = seen.get(agent.name)
            if before is not None and before.uses:
                yield from _uses(agent, agent.instance, pools.get(agent.pool), before)


def _stray(instance: Instance, now: float, tuning: Tuning) -> Iterator[Decision]:
    missing = f"its node {instance.node} does not exist" if instance.node else "no node is its own"
    if not instance.suspect or instance.suspect > now:  # marked by a clock that was set back since
        yield Suspect(instance.id, missing)
    elif now - instance.suspect >= tuning.suspect_deadline:
        yield EndInstance(instance.id, f"{missing}, for {(now - instance.suspect) / 60:.0f} min")


def _uses(agent: Agent, instance: Instance, pool: AgentPool | None, seen: AgentHistory) -> Iterator[Decision]:
    """One-shot agents need no note: the first poll of their build drains them, and that mark lasts."""
    if pool is None or pool.max_uses is None or pool.max_uses < 2:
        return
    text = build_counts.write(seen.uses, seen.builds)
    if instance.notes.get("uses", "") != text:
        yield Note(instance.id, {"uses": text}, f"{agent.name} has taken {plural(seen.uses, 'build')}")
