"""How the memory grows: by what a poll shows of agents, and by what came of decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from dynaslave.deciding import build_counts
from dynaslave.deciding.backoff import struck
from dynaslave.deciding.boot_times import Boots
from dynaslave.deciding.capacity_cooldown import Coolings, interrupted, refused, still_cooling
from dynaslave.deciding.decisions import Launch, Report
from dynaslave.deciding.holds import Hold, follow
from dynaslave.deciding.launch_reliability import Trials
from dynaslave.deciding.ledger import AgentHistory, Ledger, launch_time, why_of
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.tuning import DEFAULTS, Tuning
from dynaslave.model import Agent, AgentState, Offline, Snapshot
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Offer

__all__ = ["learn", "observe"]


def learn(memory: Memory, reports: Iterable[Report], now: float, tuning: Tuning = DEFAULTS) -> Memory:
    """What came of decisions: refused offers rest, launches that failed count against their pool."""
    strikes, cooling, trials = dict(memory.strikes), dict(memory.cooling), dict(memory.trials)
    for report in reports:
        if isinstance(report.decision, Launch):
            pool, failed = report.decision.pool, len(report.refused)
            cooling = refused(cooling, report.refused, pool, now, tuning)
            trials[pool] = trials.get(pool, Trials()).more(report.launched + failed, failed, now, tuning)
            if report.launched == 0:
                strikes[pool] = struck(strikes.get(pool), tuning.refused_wait, _why(report), now, tuning)
    return memory._replace(strikes=strikes, cooling=cooling, trials=trials)


def _why(report: Report) -> str:
    refusals = [error.message for error in report.refused.values()]
    return report.error or next(iter(refusals), "") or "nothing was started"


def observe(
    memory: Memory, ledger: Ledger, pools: Mapping[str, AgentPool], snapshot: Snapshot, tuning: Tuning
) -> Memory:
    """Learn from a poll: which agents serve, which came and how long it took, which did not come in time."""
    now = snapshot.at
    restarted = _restarted(memory, snapshot)
    seen, boots, missed = {}, dict(memory.boots), {}
    came, failed = set(), Counter[str]()
    taken: dict[str, set[Offer]] = {}
    for agent in ledger.agents:
        before = memory.seen.get(agent.name)
        pool = pools.get(agent.pool)
        held = before.hold if before else None
        hold = follow(held, agent, restarted=restarted, now=now, patience=tuning.resume_deadline)
        seen[agent.name] = after = _seen(agent, before, pool, hold, now)
        if before is not None and after.served and not before.served and not before.missed:
            came.add(agent.pool)
            if agent.instance is not None:
                known = boots.get(agent.pool, Boots())
                launched = launch_time(agent.node, agent.instance, before, now)
                boots[agent.pool] = known.came(launched, agent.name, now, tuning)
        if after.missed and not (before is not None and before.missed) and pool is not None:
            missed[agent.pool] = _missed(agent, pool)
            failed[agent.pool] += 1
        if after.doomed and not (before is not None and before.doomed):
            failed[agent.pool] += 1
            taken.setdefault(agent.pool, set()).update(_never_served(agent, pool, after, now, tuning))
    strikes = {name: strike for name, strike in memory.strikes.items() if name in pools and name not in came}
    for name, why in missed.items():
        if name not in came:
            strikes[name] = struck(strikes.get(name), tuning.never_came_wait, why, now, tuning)
    trials = {name: trial for name, trial in memory.trials.items() if name in pools}
    for name, count in failed.items():
        if count and name in pools:
            trials[name] = trials.get(name, Trials()).more(0, count, now, tuning)
    return memory._replace(
        seen=seen,
        strikes=strikes,
        trials=trials,
        boots={name: times for name, times in boots.items() if name in pools},
        cooling=_cooling(memory, taken, now, tuning),
        missing={
            agent.pool: memory.missing.get(agent.pool, now)
            for agent in ledger.agents
            if agent.pool not in pools
        },
        session=snapshot.session or memory.session,
        unseen=False,
    )


_TAKEN_AWAY = "spot instances were interrupted before they served"


def _cooling(memory: Memory, taken: Mapping[str, set[Offer]], now: float, tuning: Tuning) -> Coolings:
    """Return the offers that rest. `taken`: by pool, those of instances taken away before they served."""
    cooling: Coolings = still_cooling(memory.cooling, now, tuning)
    for name, offers in taken.items():
        cooling = interrupted(cooling, offers, name, _TAKEN_AWAY, now, tuning) if offers else cooling
    return cooling


def _restarted(memory: Memory, snapshot: Snapshot) -> bool:
    """Return whether the controller did not answer, or started again, since the last poll that saw it."""
    return memory.unseen or bool(memory.session and snapshot.session not in ("", memory.session))


def _never_served(
    agent: Agent, pool: AgentPool | None, seen: AgentHistory, now: float, tuning: Tuning
) -> set[Offer]:
    """Return the offer of a young spot instance on which nothing has run; nothing for any other."""
    instance = agent.instance
    if pool is None or instance is None or instance.market != "spot" or seen.worked:
        return set()
    young = now - launch_time(agent.node, instance, None, now) <= tuning.spot_young
    return {Offer(instance.type, instance.zone, "spot")} if young else set()


def _doomed(agent: Agent) -> bool:
    """Return whether the cloud takes its machine away, or did so without a word."""
    instance = agent.instance
    if instance is None or not (instance.doomed or instance.notes):
        return False
    return bool(instance.doomed) or instance.notes.get("ended", "").startswith("Server.Spot")


def _missed(agent: Agent, pool: AgentPool) -> str:
    if agent.state is not AgentState.GONE:
        return f"{agent.name} did not dial in within {pool.boot_minutes:g} min{why_of(agent)}"
    ended = agent.instance.notes.get("ended", "") if agent.instance else ""
    because = f" ({ended})" if ended else ""
    return f"{agent.name}'s instance ended before its agent dialled in{because}{why_of(agent)}"


def _ended_early(agent: Agent, before: AgentHistory | None) -> bool:
    """Whether the instance of one we saw coming ended by itself: not announced, and not drained by us."""
    if agent.state is not AgentState.GONE or before is None or before.served:
        return False
    return agent.node.offline is Offline.NO and not _doomed(agent)


def _seen(
    agent: Agent, before: AgentHistory | None, pool: AgentPool | None, hold: Hold, now: float
) -> AgentHistory:
    busy = agent.node.busy
    if before is not None and _is_as_before(agent, before, pool, hold):
        return before._replace(useful=now, worked=True) if busy else before
    served = agent.node.connected or busy or (before is not None and before.served)
    gone = None
    if served and not agent.node.connected:
        gone = now if before is None or before.gone is None else before.gone
    fresh = before is None or (served and not before.served)
    overdue = agent.state in (AgentState.PENDING, AgentState.BOOTING) and (
        agent.deadline is not None and now > agent.deadline
    )
    taken, builds = _uses(agent, before, pool)
    if before is not None and hold.holds(now):  # what resumes is no other build
        builds |= before.builds
    return AgentHistory(
        state=agent.state,
        since=agent.since,
        useful=now if before is None or fresh or busy else before.useful,
        served=served,
        missed=overdue or _ended_early(agent, before) or (before is not None and before.missed),
        uses=taken,
        builds=builds,
        doomed=_doomed(agent),
        worked=busy or (before is not None and before.worked),
        hold=hold,
        gone=gone,
    )


def _is_as_before(agent: Agent, before: AgentHistory, pool: AgentPool | None, hold: Hold) -> bool:
    """Whether an agent that serves shows nothing new: most do, at most polls."""
    return (
        agent.state is before.state
        and agent.state in (AgentState.IDLE, AgentState.BUSY)
        and before.served
        and before.gone is None
        and agent.since == before.since
        and hold is before.hold
        and not hold.builds
        and not before.uses
        and (pool is None or pool.max_uses is None)
        and _doomed(agent) is before.doomed
    )


def _uses(agent: Agent, before: AgentHistory | None, pool: AgentPool | None) -> tuple[int, frozenset[str]]:
    if pool is None or pool.max_uses is None:
        return 0, frozenset()
    if before is not None:
        taken, marks = before.uses, before.builds
    else:
        taken, marks = build_counts.read(agent.instance.notes.get("uses", "") if agent.instance else "")
    return build_counts.count(taken, marks, (build.url for build in agent.node.running))
