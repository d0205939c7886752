"""Our rule on made traces beside those of others: the EC2 plugin's, no delay, and a fixed number."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from benchmarks import traces
from dynaslave.pools.pool import AgentPool, Prefer, make
from dynaslave.pools.prices import shipped
from dynaslave.simulate.engine import run
from dynaslave.simulate.faults import Chance, FaultRates
from dynaslave.simulate.policies import policy
from dynaslave.simulate.result import Figures, result
from dynaslave.trace import TraceBuild

OURS, BASELINES = "default", ("no-delay", "node-provisioner", "fixed")
SHAPES = (
    "workday", "office_days", "steady", "medium", "sparse", "scheduled", "short", "matrix", "long",
    "executors",
)  # fmt: skip
FAULTS = FaultRates(0.10, 0.03, 0.05)
TITLE = "{}: mean wait, wait at p95, agent-hours; builds our rule killed, starved"


def main() -> None:
    print(TITLE.format("Builds on made traces"))
    _table(FaultRates())
    print()
    print(TITLE.format("The same with 10 % capacity errors, 3 % never connecting, spot interruptions"))
    _table(FAULTS)
    print()
    print("Builds on made traces, by what a pool prefers: mean wait, wait at p95, agent-hours")
    _preferences()


def _table(faults: FaultRates) -> None:
    print(f"  {'':12}{OURS:>22}{''.join(f'{name:>22}' for name in BASELINES)}")
    for shape in SHAPES:
        builds, pools = traces.made(shape)
        if faults != FaultRates():
            pools = {name: _spot(pool) for name, pool in pools.items()}
        ours = _figures(OURS, builds, pools, faults)
        rest = [_figures(name, builds, pools, faults) for name in BASELINES]
        cells = "".join(f"{_cell(one):>22}" for one in rest)
        best = min(one.wait_p95_s for one in rest[:2])
        ratio = f"{ours.wait_p95_s / best:.2f} of the better" if best else ""
        print(f"  {shape:12}{_cell(ours):>22}{cells}   {ours.killed} {ours.starved}  {ratio}")


def _preferences() -> None:
    """Each value of `prefer` next to no-delay, and whether it keeps what it is for."""
    values = get_args(Prefer)
    print(f"  {'':12}{''.join(f'{value:>22}' for value in values)}{'no-delay':>22}   worse than no-delay")
    for shape in (*SHAPES, "tiny", "bursts"):
        builds, pools = traces.made(shape)
        found = {
            value: _figures(
                OURS,
                builds,
                {name: replace(pool, prefer=value) for name, pool in pools.items()},
                FaultRates(),
            )
            for value in values
        }
        other = _figures("no-delay", builds, pools, FaultRates())
        cost, speed = found["cost"], found["speed"]
        worse = ["cost: hours"] if cost.agent_hours > other.agent_hours else []
        worse += ["speed: mean"] if speed.wait_mean_s > other.wait_mean_s else []
        worse += ["speed: p95"] if speed.wait_p95_s > other.wait_p95_s else []
        cells = "".join(f"{_cell(figures):>22}" for figures in (*found.values(), other))
        print(f"  {shape:12}{cells}   {', '.join(worse) or '-'}", flush=True)


def _cell(one: Figures) -> str:
    return f"{one.wait_mean_s:.0f} s {one.wait_p95_s:.0f} s {one.agent_hours:.0f} h"


def _figures(name: str, builds: list[TraceBuild], pools: dict[str, AgentPool], faults: FaultRates) -> Figures:
    return result(name, run(builds, pools, policy(name, shipped()), Chance(1, faults))).all


def _spot(pool: AgentPool) -> AgentPool:
    given = {"name": pool.name, "max_agents": pool.max_agents, "instance_types": pool.instance_types}
    return make({**given, "executors": pool.executors, "spot": True})


if __name__ == "__main__":
    main()
