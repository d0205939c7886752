"""From a poll and its decision to what users are shown. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from dynaslave.deciding.outcome import Outcome, PoolView
from dynaslave.manager.status import AgentRow, PoolRow, QueueRow
from dynaslave.model import Agent, QueueItem, Snapshot
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.schedules import floor_at
from jobdsl.printable import plural

__all__ = ["agent_rows", "pool_rows", "queue_rows", "troubles_of"]


def pool_rows(
    pools: Sequence[AgentPool], outcome: Outcome, dollars: Mapping[str, float] | None, now: float
) -> list[PoolRow]:
    """Every pool, in the order they are preferred; and those that are only still there because of agents."""
    views = {view.name: view for view in outcome.pools}
    by_name = {pool.name: pool for pool in pools}
    gone = {agent.pool for agent in outcome.agents} - set(by_name)
    rows = [_row(by_name[name], view, dollars, now) for name, view in views.items() if name in by_name]
    return rows + [_gone(name, outcome.agents, dollars) for name in sorted(gone)]


def _row(pool: AgentPool, view: PoolView, dollars: Mapping[str, float] | None, now: float) -> PoolRow:
    floor = floor_at(pool.schedule, pool.min_agents, pool.spares, now)
    return PoolRow(
        name=pool.name,
        label=pool.label,
        team=pool.team,
        waiting=view.waiting,
        agents={str(state): count for state, count in view.agents.items()},
        min_agents=floor.min_agents,
        max_agents=pool.max_agents,
        spares=floor.spares,
        dollars=_spent(pool.name, dollars),
        note="; ".join([*_notes(view), *_preference(pool)]),
    )


def _preference(pool: AgentPool) -> list[str]:
    """Return what the pool prefers, where it is set."""
    return [f"prefers {pool.prefer}"] if pool.prefer in ("cost", "speed") else []


def _spent(name: str, dollars: Mapping[str, float] | None) -> float | None:
    return None if dollars is None else dollars.get(name, 0.0)


def _notes(view: PoolView) -> Iterator[str]:
    if view.launching:
        yield f"launching {plural(view.launching, 'agent')}"
    if view.held_back:
        yield view.held_back


def _gone(name: str, agents: Sequence[Agent], dollars: Mapping[str, float] | None) -> PoolRow:
    """A pool that is no longer declared: its agents leave when they are idle."""
    counts: dict[str, int] = {}
    for agent in agents:
        if agent.pool == name:
            counts[str(agent.state)] = counts.get(str(agent.state), 0) + 1
    spent = _spent(name, dollars)
    note = "not declared: its agents leave when idle, unless it comes back within 30 s"
    return PoolRow(
        name=name,
        label="",
        team="",
        waiting=0,
        agents=counts,
        min_agents=0,
        max_agents=0,
        spares=0,
        dollars=spent,
        note=note,
    )


def queue_rows(
    queue: Sequence[QueueItem], counted: Mapping[int, str], elsewhere: Collection[int] = ()
) -> list[QueueRow]:
    """What waits for an executor, the longest first. What waits for something else is no row."""
    rows = [
        QueueRow(
            id=item.id,
            name=item.name,
            label=_label(item),
            since=item.since,
            pool=counted.get(item.id, ""),
            why=item.why,
            elsewhere=item.id in elsewhere,
        )
        for item in queue
        if item.ready
    ]
    return sorted(rows, key=lambda row: row.since)


def _label(item: QueueItem) -> str:
    if not item.known:
        return "?"
    return "any" if item.label is None else str(item.label)


def agent_rows(agents: Sequence[Agent], old: Collection[str] = ()) -> list[AgentRow]:
    """Every agent, by pool and name. `old`: those of an older image or template."""
    return [
        _agent_row(agent, agent.name in old)
        for agent in sorted(agents, key=lambda member: (member.pool, member.name))
    ]


def _agent_row(agent: Agent, old: bool) -> AgentRow:
    builds = [run.url for run in (*agent.node.running, *agent.node.one_off) if run.url]
    machine = agent.instance
    note = agent.node.reason or (
        f"will be taken away: {machine.doomed}" if machine and machine.doomed else ""
    )
    if machine and not agent.node.connected and machine.notes.get("why"):
        note = machine.notes["why"]
    if machine is None:
        return AgentRow(agent.name, agent.pool, str(agent.state), agent.since, builds, note=note)
    return AgentRow(
        name=agent.name,
        pool=agent.pool,
        state=str(agent.state),
        since=agent.since,
        builds=builds,
        instance=machine.id,
        type=machine.type,
        zone=machine.zone,
        market=machine.market,
        note=note or ("old: its pool has a newer image or template" if old else ""),
        old=old,
    )


def troubles_of(snapshot: Snapshot, problems: Sequence[object]) -> list[str]:
    """What could not be seen, and why the newest files of the estate are not in force."""
    messages = [f"could not be seen, so nothing is launched or ended: {part}" for part in snapshot.blind]
    if problems:
        messages.append(f"the estate's newest files do not load, the pools of before hold: {problems[0]}")
    return messages
