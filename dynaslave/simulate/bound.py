"""The bound: what builds cost at least if none of them waited and everything were known beforehand.

A greedy clairvoyant: each agent is launched just so early that it serves when its build comes, and is kept
for a later build where that costs less than another boot. Each executor counts for itself. No policy can know
the future, so none reaches it; how far one is above it is what forecasts and patience could still save.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dynaslave.model import Market
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.prices import BILLING_MINIMUM, Table
from dynaslave.provider import Offer
from dynaslave.simulate.baselines import price_of
from dynaslave.simulate.faults import BOOT
from dynaslave.simulate.result import Figures, PolicyResult
from dynaslave.trace import TraceBuild

__all__ = ["NAME", "bound"]

NAME = "bound"
"""As which policy it stands in a table."""


class _Sum(NamedTuple):
    builds: int
    busy: float
    billed: float
    """Agent seconds."""
    dollars: float
    launches: int


def bound(builds: Sequence[TraceBuild], pools: Mapping[str, AgentPool], table: Table) -> PolicyResult:
    """Return the bound of all builds, by pool and by team."""
    sums = {
        name: _of_pool([build for build in builds if build.pool == name], pool, table)
        for name, pool in pools.items()
    }
    teams = sorted({pool.team for pool in pools.values()} - {""})
    return PolicyResult(
        NAME,
        _figures(sums.values()),
        {name: _figures([figures]) for name, figures in sums.items()},
        {team: _figures([sums[name] for name in pools if pools[name].team == team]) for team in teams},
    )


def _of_pool(builds: Sequence[TraceBuild], pool: AgentPool, table: Table) -> _Sum:
    boot = sum(BOOT) / 2
    free: list[float] = []
    """When executors that could be kept became free, the one that waits longest first."""
    spans = 0.0
    launches = 0
    busy = math.fsum(build.duration for build in builds)
    for build in sorted(builds, key=lambda build: build.submit):
        while free and build.submit - free[0] > boot:
            heapq.heappop(free)  # another boot is cheaper than to keep it
        reused = max((since for since in free if since <= build.submit), default=None)
        if reused is None:
            launches += 1
            spans += max(boot + build.duration, BILLING_MINIMUM)
        else:
            free.remove(reused)
            heapq.heapify(free)
            spans += build.submit - reused + build.duration
        heapq.heappush(free, build.submit + build.duration)
    billed = spans / pool.executors
    market: Market = "spot" if pool.spot != "no" else "on-demand"
    price = min((price_of(Offer(kind, "", market), table) for kind in pool.instance_types), default=0.0)
    return _Sum(len(builds), busy / pool.executors, billed, billed / 3600 * price, launches)


def _figures(sums: Iterable[_Sum]) -> Figures:
    parts = list(sums)
    billed = math.fsum(part.billed for part in parts)
    return Figures(
        jobs=sum(part.builds for part in parts),
        wait_mean_s=0.0,
        wait_p50_s=0.0,
        wait_p95_s=0.0,
        wait_p99_s=0.0,
        wait_max_s=0.0,
        agent_hours=billed / 3600,
        cost=math.fsum(part.dollars for part in parts),
        utilisation=math.fsum(part.busy for part in parts) / billed if billed else 0.0,
        launches=sum(part.launches for part in parts),
        killed=0,
        interrupted=0,
        starved=0,
    )
