"""How the memory grows: by what a look shows of agents, and by what came of decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from dynaslave.deciding import uses
from dynaslave.deciding.backoff import NEVER_CAME, REFUSED, struck
from dynaslave.deciding.boots import Boots
from dynaslave.deciding.decisions import Launch, Report
from dynaslave.deciding.ledger import Ledger, Seen, launch_time
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.offers import refused, still_cooling
from dynaslave.deciding.trials import Trials
from dynaslave.model import Agent, Offline, State
from dynaslave.pools.pool import AgentPool

__all__ = ["learn", "observe"]


def learn(memory: Memory, reports: Iterable[Report], now: float) -> Memory:
    """What came of decisions: refused offers rest, launches that failed count against their pool."""
    strikes, cooling, trials = dict(memory.strikes), dict(memory.cooling), dict(memory.trials)
    for report in reports:
        if isinstance(report.decision, Launch):
            pool, failed = report.decision.pool, len(report.refused)
            cooling = refused(cooling, report.refused, now)
            trials[pool] = trials.get(pool, Trials()).more(report.launched + failed, failed, now)
            if report.launched == 0:
                strikes[pool] = struck(strikes.get(pool), REFUSED, _why(report), now)
    return replace(memory, strikes=strikes, cooling=cooling, trials=trials)


def _why(report: Report) -> str:
    refusals = [error.message for error in report.refused.values()]
    return report.error or next(iter(refusals), "") or "nothing was started"


def observe(memory: Memory, ledger: Ledger, pools: Mapping[str, AgentPool], now: float) -> Memory:
    """What a look shows: who serves, who came and how long it took, who did not come in time."""
    seen, boots, missed = {}, dict(memory.boots), {}
    came, failed = set(), Counter[str]()
    for agent in ledger.agents:
        before = memory.seen.get(agent.name)
        pool = pools.get(agent.pool)
        seen[agent.name] = after = _seen(agent, before, pool, now)
        if before is not None and after.served and not before.served and not before.missed:
            came.add(agent.pool)
            if agent.instance is not None:
                known = boots.get(agent.pool, Boots())
                launched = launch_time(agent.node, agent.instance, before, now)
                boots[agent.pool] = known.came(launched, agent.name, now)
        if after.missed and not (before is not None and before.missed) and pool is not None:
            missed[agent.pool] = _missed(agent, pool)
            failed[agent.pool] += 1
        failed[agent.pool] += after.doomed and not (before is not None and before.doomed)
    strikes = {name: one for name, one in memory.strikes.items() if name in pools and name not in came}
    for name, why in missed.items():
        if name not in came:
            strikes[name] = struck(strikes.get(name), NEVER_CAME, why, now)
    trials = {name: one for name, one in memory.trials.items() if name in pools}
    for name, count in failed.items():
        if count and name in pools:
            trials[name] = trials.get(name, Trials()).more(0, count, now)
    return replace(
        memory,
        seen=seen,
        strikes=strikes,
        trials=trials,
        boots={name: times for name, times in boots.items() if name in pools},
        cooling=still_cooling(memory.cooling, now),
        missing={
            agent.pool: memory.missing.get(agent.pool, now)
            for agent in ledger.agents
            if agent.pool not in pools
        },
    )


def _missed(agent: Agent, pool: AgentPool) -> str:
    if agent.state is not State.GONE:
        return f"{agent.name} did not dial in within {pool.boot_minutes:g} min"
    why = agent.instance.notes.get("ended", "") if agent.instance else ""
    return f"{agent.name}'s instance ended before its agent dialled in" + (f" ({why})" if why else "")


def _ended_early(agent: Agent, before: Seen | None) -> bool:
    """Whether the instance of one we saw coming ended by itself: not announced, and not drained by us."""
    announced = agent.instance is not None and bool(agent.instance.doomed)
    coming = before is not None and not before.served and agent.node.offline is Offline.NO
    return agent.state is State.GONE and coming and not announced


def _seen(agent: Agent, before: Seen | None, pool: AgentPool | None, now: float) -> Seen:
    served = agent.node.connected or (before is not None and before.served)
    fresh = before is None or (served and not before.served)
    overdue = agent.state in (State.PENDING, State.BOOTING) and (
        agent.deadline is not None and now > agent.deadline
    )
    taken, builds = _uses(agent, before, pool)
    return Seen(
        state=agent.state,
        since=agent.since,
        useful=now if before is None or fresh or agent.node.busy else before.useful,
        served=served,
        missed=overdue or _ended_early(agent, before) or (before is not None and before.missed),
        uses=taken,
        builds=builds,
        doomed=agent.instance is not None and bool(agent.instance.doomed),
    )


def _uses(agent: Agent, before: Seen | None, pool: AgentPool | None) -> tuple[int, frozenset[str]]:
    if pool is None or pool.max_uses is None:
        return 0, frozenset()
    if before is not None:
        taken, marks = before.uses, before.builds
    else:
        taken, marks = uses.read(agent.instance.notes.get("uses", "") if agent.instance else "")
    return uses.count(taken, marks, (build.url for build in agent.node.running))
