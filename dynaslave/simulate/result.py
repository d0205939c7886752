"""What a simulation came to: waits, agent-hours, costs, in all and by pool and team."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dynaslave.pools.prices import BILLING_MINIMUM
from dynaslave.simulate.engine import Played
from dynaslave.simulate.faults import NEVER
from dynaslave.simulate.machines import Machine

__all__ = ["Figures", "PolicyResult", "quantile", "result"]


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some builds and machines. Builds that never started have waited to the end."""

    jobs: int
    wait_mean_s: float
    wait_p50_s: float
    wait_p95_s: float
    wait_p99_s: float
    wait_max_s: float
    agent_hours: float
    """Billed: from launch to termination, at least a minute each."""
    cost: float
    """Dollars."""
    utilisation: float
    """Share of the billed executor time in which builds ran."""
    launches: int
    killed: int
    """Builds that ran on an agent the policy terminated."""
    interrupted: int
    """Builds lost with an agent the cloud took away."""
    starved: int
    """Builds that never started."""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """The figures of one policy."""

    policy: str
    all: Figures
    pools: dict[str, Figures]
    teams: dict[str, Figures]


def result(policy: str, played: Played) -> PolicyResult:
    """The figures of a simulation that is over."""
    world = played.world
    names = list(world.pools)
    teams = sorted({state.pool.team for state in world.pools.values()} - {""})
    members = {team: {name for name in names if world.pools[name].pool.team == team} for team in teams}
    return PolicyResult(
        policy,
        _figures(played, set(names)),
        {name: _figures(played, {name}) for name in names},
        {team: _figures(played, members[team]) for team in teams},
    )


def _figures(played: Played, pools: set[str]) -> Figures:
    """Of the machines of some pools, and the builds that asked for them."""
    world = played.world
    waits, starved = [], 0
    for build, started in zip(world.builds, world.started, strict=True):
        if build.pool in pools:
            starved += started == NEVER
            waits.append(min(started, played.stopped) - build.submit)
    waits.sort()
    machines = [machine for machine in world.machines if machine.pool.pool.name in pools]
    billed = [_billed(machine, played.finished) for machine in machines]
    offered = math.fsum(
        seconds * machine.executors for machine, seconds in zip(machines, billed, strict=True)
    )
    return Figures(
        jobs=len(waits),
        wait_mean_s=math.fsum(waits) / len(waits) if waits else 0.0,
        wait_p50_s=quantile(waits, 0.50),
        wait_p95_s=quantile(waits, 0.95),
        wait_p99_s=quantile(waits, 0.99),
        wait_max_s=waits[-1] if waits else 0.0,
        agent_hours=math.fsum(billed) / 3600,
        cost=math.fsum(seconds * machine.price for machine, seconds in zip(machines, billed, strict=True))
        / 3600,
        utilisation=math.fsum(machine.busy for machine in machines) / offered if offered else 0.0,
        launches=len(machines),
        killed=sum(machine.killed for machine in machines),
        interrupted=sum(machine.interrupted for machine in machines),
        starved=starved,
    )


def _billed(machine: Machine, finished: float) -> float:
    """Seconds; a machine that never ended is billed until the last build did."""
    end = machine.ended if machine.ended < NEVER else max(finished, machine.launched)
    return max(end - machine.launched, BILLING_MINIMUM)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank); 0 of nothing."""
    if not ordered:
        return 0.0
    return ordered[max(math.ceil(share * len(ordered) - 1e-9), 1) - 1]
