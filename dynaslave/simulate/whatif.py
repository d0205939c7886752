"""Other settings of a pool on the same trace: idle time, spares, executors; which of them are worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from dynaslave.pools.pool import AgentPool
from dynaslave.simulate.chance import Chance
from dynaslave.simulate.engine import Policy, run
from dynaslave.simulate.report import aligned, rounded
from dynaslave.simulate.result import Figures, result
from dynaslave.simulate.trace import Build

__all__ = ["EXECUTORS", "IDLE_MINUTES", "SPARES", "Setting", "frontier", "sweep", "to_json", "to_text"]

IDLE_MINUTES = (1.0, 2.0, 5.0, 10.0, 20.0)
SPARES = (0, 1, 2, 4)
EXECUTORS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Setting:
    """A pool as it might be, and what it comes to."""

    idle_minutes: float
    spares: int
    executors: int
    figures: Figures
    current: bool = False
    """Whether this is how the pool is."""


def sweep(
    builds: Sequence[Build], pool: AgentPool, policy: Callable[[], Policy], chance: Callable[[], Chance]
) -> list[Setting]:
    """Play a pool's builds under every combination of settings, its own among them.

    Builds are taken to last as long beside others on one agent: look at executors with care.
    """
    own = (pool.idle_minutes, pool.spares, pool.executors)
    grid = {own, *product(IDLE_MINUTES, SPARES, EXECUTORS)}
    found = []
    for idle, spares, executors in sorted(grid):
        other = replace(pool, idle_minutes=idle, spares=spares, executors=executors)
        played = run(builds, {pool.name: other}, policy(), chance())
        figures = result("", played).all
        found.append(Setting(idle, spares, executors, figures, (idle, spares, executors) == own))
    return found


def frontier(settings: Iterable[Setting]) -> list[Setting]:
    """Settings that no other with as many executors beats in both p95 and agent-hours, the cheapest first."""
    best: list[Setting] = []
    for one in sorted(settings, key=_order):
        last = best[-1] if best and best[-1].executors == one.executors else None
        if last is None or one.figures.wait_p95_s < last.figures.wait_p95_s:
            best.append(one)
    return best


def _order(one: Setting) -> tuple[int, float, float]:
    return (one.executors, one.figures.agent_hours, one.figures.wait_p95_s)


def to_json(settings: Sequence[Setting]) -> list[dict[str, Any]]:
    """All settings with their figures; `worth_it` are those of the frontier, `current` is how the pool is."""
    best = frontier(settings)
    return [
        {
            "idle_minutes": one.idle_minutes,
            "spares": one.spares,
            "executors": one.executors,
            "current": one.current,
            "worth_it": one in best,
            **rounded(one.figures),
        }
        for one in settings
    ]


def to_text(name: str, settings: Sequence[Setting]) -> str:
    """The frontier as a table, and how the pool is now."""
    best = frontier(settings)
    now = next(one for one in settings if one.current)
    shown = best if now in best else [*best, now]
    lines = [["idle_minutes", "spares", "executors", "p95", "mean", "agent-hours", "cost", ""]]
    lines += [_line(one) for one in shown]
    return f"pool {name}: {len(settings)} settings, those worth it\n{aligned(lines)}\n"


def _line(one: Setting) -> list[str]:
    figures = one.figures
    return [
        f"{one.idle_minutes:g}",
        str(one.spares),
        str(one.executors),
        f"{figures.wait_p95_s:,.0f} s",
        f"{figures.wait_mean_s:,.0f} s",
        f"{figures.agent_hours:,.1f}",
        f"${figures.cost:,.2f}",
        "now" if one.current else "",
    ]
