"""Other settings of a pool on the same trace: idle time, spares, executors; which of them are worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from dynaslave.pools.pool import AgentPool, Spot
from dynaslave.pools.prices import Table
from dynaslave.simulate.baselines import SPOT_SHARE
from dynaslave.simulate.engine import Played, Policy, run
from dynaslave.simulate.faults import Chance
from dynaslave.simulate.machines import Machine
from dynaslave.simulate.policies import policy
from dynaslave.simulate.report import aligned, rounded
from dynaslave.simulate.result import Figures, result
from dynaslave.trace import TraceBuild
from jobdsl.printable import plural

__all__ = [
    "EXECUTORS",
    "IDLE_MINUTES",
    "SPARES",
    "Setting",
    "coarse_policy",
    "frontier",
    "same_course",
    "sweep",
    "to_json",
    "to_text",
]

IDLE_MINUTES = (1.0, 2.0, 5.0, 10.0, 20.0)
SPARES = (0, 1, 2, 4)
EXECUTORS = (1, 2, 4)
_INTERVAL = 30.0
"""Seconds between the polls of a policy whose settings are compared."""
_PAIRS = 4
"""Pairs of settings that are played at most."""
_PRICE_SHARES: dict[Spot, float] = {"no": 1.0, "prefer": SPOT_SHARE, "only": SPOT_SHARE}
"""Share of the on-demand price that a pool pays where every launch succeeds."""


Progress = Callable[[int, int], None]
"""Called after each play: how many are done, and how many there will be at most."""


class Knobs(NamedTuple):
    """What is changed of a pool."""

    idle_minutes: float
    spares: int
    executors: int
    max_agents: int
    spot: Spot


def knobs_of(pool: AgentPool) -> Knobs:
    """How a pool is."""
    return Knobs(pool.idle_minutes, pool.spares, pool.executors, pool.max_agents, pool.spot)


@dataclass(frozen=True, slots=True)
class Setting:
    """A pool as it might be, and what it comes to."""

    idle_minutes: float
    spares: int
    executors: int
    figures: Figures
    current: bool = False
    """Whether this is how the pool is."""
    max_agents: int = 0
    spot: Spot = "no"

    @property
    def knobs(self) -> Knobs:
        """Return what is changed of the pool."""
        return Knobs(self.idle_minutes, self.spares, self.executors, self.max_agents, self.spot)


def coarse_policy(name: str, prices: Table) -> Policy:
    """Return a policy that polls less often than a manager does, the same for all settings."""
    compared = policy(name, prices)
    compared.interval = max(compared.interval, _INTERVAL)
    return compared


def sweep(
    builds: Sequence[TraceBuild],
    pool: AgentPool,
    new_policy: Callable[[], Policy],
    chance: Callable[[], Chance],
    progress: Progress | None = None,
    processes: int = 1,
) -> list[Setting]:
    """Play a pool's builds under other settings, its own among them: one of them changed, then two.

    First each setting is changed alone. What is then worth it of idle times and spares is tried together; of
    settings that lose alone, no pair is played. Builds are taken to last as long next to others on one agent:
    judge executors with care.

    Args:
        builds: of this pool.
        pool: as it is.
        new_policy, chance: called for each play; both are pickled where there are several processes.
        progress: called after each play with how many are done, and how many there will be at most.
        processes: that share the plays; the settings are the same for any number.
    """
    plays = _Plays(builds, new_policy, chance)
    if processes == 1:
        return _Sweep(plays, pool, map, progress).run()
    with ProcessPoolExecutor(processes) as workers:
        try:
            return _Sweep(plays, pool, workers.map, progress).run()
        finally:
            workers.shutdown(cancel_futures=True)


class _Plays(NamedTuple):
    """Plays the same builds against pools."""

    builds: Sequence[TraceBuild]
    new_policy: Callable[[], Policy]
    chance: Callable[[], Chance]

    def course(self, pool: AgentPool) -> Played:
        """Play the builds against a pool."""
        return run(self.builds, {pool.name: pool}, self.new_policy(), self.chance())

    def figures(self, pool: AgentPool) -> Figures:
        """Play the builds against a pool, and return what it comes to."""
        return result("", self.course(pool)).all


Mapped = Callable[[Callable[[AgentPool], Figures], Iterable[AgentPool]], Iterator[Figures]]
"""`map`, or that of a pool of processes: the results come in the order of the pools."""


class _Sweep:
    """The settings that were played."""

    def __init__(self, plays: _Plays, pool: AgentPool, mapped: Mapped, progress: Progress | None) -> None:
        self.plays, self.pool, self.mapped, self.progress = plays, pool, mapped, progress
        self.settings: dict[Knobs, Setting] = {}
        self.played = plays.course(pool)
        """The pool as it is."""

    def run(self) -> list[Setting]:
        own = knobs_of(self.pool)
        alone = [own, *(own._replace(idle_minutes=minutes) for minutes in IDLE_MINUTES)]
        alone += [own._replace(spares=spares) for spares in SPARES if spares <= self.pool.max_agents]
        alone += [own._replace(executors=executors) for executors in EXECUTORS]
        alone += [own._replace(max_agents=most) for most in self.most()]
        alone += [own._replace(spot="no" if own.spot != "no" else "prefer")]
        self.play(alone, 4)
        best = frontier(entry for entry in self.settings.values() if entry.executors == own.executors)
        idles = {entry.idle_minutes for entry in best if entry.spares == own.spares}
        spares = {entry.spares for entry in best if entry.idle_minutes == own.idle_minutes}
        pairs = [own._replace(idle_minutes=idle, spares=free) for idle in idles for free in spares]
        self.play(sorted(pairs)[:_PAIRS], 0)
        return sorted(self.settings.values(), key=lambda entry: entry.knobs)

    def most(self) -> list[int]:
        """Return other maximums worth a play: half of it, and twice as many."""
        return sorted({max(1, self.pool.min_agents, self.pool.max_agents // 2), 2 * self.pool.max_agents})

    def play(self, settings: Sequence[Knobs], more: int) -> None:
        """Play settings; `more` are to come at most."""
        new = [knobs for knobs in dict.fromkeys(settings) if knobs not in self.settings]
        planned = len(self.settings) + len(new) + more
        own, chance = knobs_of(self.pool), self.plays.chance()
        known = {
            knobs: result("", same).all
            for knobs in new
            if (same := self.played if knobs == own else same_course(self.played, self.pool, knobs, chance))
        }
        others = [replace(self.pool, **knobs._asdict()) for knobs in new if knobs not in known]
        figures = self.mapped(self.plays.figures, others)
        for knobs in new:
            self.settings[knobs] = Setting(
                idle_minutes=knobs.idle_minutes,
                spares=knobs.spares,
                executors=knobs.executors,
                figures=known[knobs] if knobs in known else next(figures),
                current=knobs == own,
                max_agents=knobs.max_agents,
                spot=knobs.spot,
            )
            if self.progress is not None:
                self.progress(len(self.settings), planned)


def same_course(played: Played, pool: AgentPool, knobs: Knobs, chance: Chance) -> Played | None:
    """What a setting comes to that cannot change the course of a simulation; None if it may.

    Where nothing fails, a maximum that was never reached is none, and spot differs in its price only.
    """
    own = knobs_of(pool)
    faults = chance.faults
    if faults.capacity_errors:
        return None
    if knobs._replace(max_agents=own.max_agents) == own:
        most = most_at_once(played.world.machines)
        return played if most < own.max_agents and most <= knobs.max_agents else None
    if knobs._replace(spot=own.spot) == own and not faults.interruptions:
        share = _PRICE_SHARES[knobs.spot] / _PRICE_SHARES[own.spot]
        world = copy(played.world)
        world.machines = [replace(machine, price=machine.price * share) for machine in world.machines]
        return played._replace(world=world)
    return None


def most_at_once(machines: Iterable[Machine]) -> int:
    """How many machines there were at most; one that ends as another is launched is still there."""
    changes = [(machine.launched, 0) for machine in machines] + [(machine.ended, 1) for machine in machines]
    most = now = 0
    for _, ends in sorted(changes):
        now += -1 if ends else 1
        most = max(most, now)
    return most


def frontier(settings: Iterable[Setting]) -> list[Setting]:
    """Settings that no other with as many executors beats in both p95 and agent-hours, the cheapest first."""
    best: list[Setting] = []
    for entry in sorted(settings, key=_order):
        last = best[-1] if best and best[-1].executors == entry.executors else None
        if last is None or entry.figures.wait_p95_s < last.figures.wait_p95_s:
            best.append(entry)
    return best


def _order(entry: Setting) -> tuple[int, float, float]:
    return (entry.executors, entry.figures.agent_hours, entry.figures.wait_p95_s)


def to_json(settings: Sequence[Setting]) -> list[dict[str, Any]]:
    """All settings with their figures; `worth_it` are those of the frontier, `current` is how the pool is."""
    best = frontier(settings)
    return [
        {
            **entry.knobs._asdict(),
            "current": entry.current,
            "worth_it": entry in best,
            **rounded(entry.figures),
        }
        for entry in settings
    ]


def to_text(name: str, settings: Sequence[Setting], bound: Figures) -> str:
    """One sentence of advice, the frontier as a table, and how the pool is now."""
    best = frontier(settings)
    now = next(entry for entry in settings if entry.current)
    shown = best if now in best else [*best, now]
    heads = [
        "idle_minutes",
        "spares",
        "executors",
        "max_agents",
        "spot",
        "p95",
        "mean",
        "agent-hours",
        "cost",
    ]
    lines = [[*heads, ""], *(_line(entry) for entry in shown)]
    lines.append(["-", "-", "-", "-", "-", *_numbers(bound), "bound"])
    head = f"pool {name}: {plural(len(settings), 'setting')}, those worth it"
    return f"{advice(settings)}\n{head}\n{aligned(lines)}\n"


def advice(settings: Sequence[Setting]) -> str:
    """Return one sentence: what to change, and what comes of it by these builds."""
    now = next(entry for entry in settings if entry.current)
    # Spot is always cheaper here; whether interrupted builds are worth that is for people to say.
    same = [entry for entry in settings if (entry.executors, entry.spot) == (now.executors, now.spot)]
    better = [entry for entry in same if _is_better(entry, now)]
    if not better:
        return "Leave the pool as it is: no other setting that was tried is cheaper and no slower."
    best = min(better, key=_badness)
    was, now_is = now.figures, best.figures
    changes = [
        f"{key} = {value:g}" if isinstance(value, int | float) else f"{key} = {_SPOT[value]}"
        for key, value, before in zip(best.knobs._fields, best.knobs, now.knobs, strict=True)
        if value != before
    ]
    return (
        f"Set {' and '.join(changes)}: builds wait {now_is.wait_p95_s:,.0f} s (p95) instead of "
        f"{was.wait_p95_s:,.0f} s, for ${now_is.cost:,.2f} instead of ${was.cost:,.2f} "
        f"({now_is.agent_hours:,.1f} agent-hours instead of {was.agent_hours:,.1f})."
    )


_SPOT: dict[str | int | float, str] = {"no": "False", "prefer": "True", "only": '"only"'}


def _spent(entry: Setting) -> float:
    """What it costs; agent-hours where no price is known."""
    return entry.figures.cost or entry.figures.agent_hours


def _is_better(entry: Setting, now: Setting) -> bool:
    """Report whether a setting is no slower and no dearer, and worth a change in one of both."""
    waits, costs = entry.figures.wait_p95_s, _spent(entry)
    no_worse = waits <= now.figures.wait_p95_s + 1 and costs <= _spent(now) * 1.001
    return no_worse and (waits < 0.9 * now.figures.wait_p95_s or costs < 0.97 * _spent(now))


def _badness(entry: Setting) -> tuple[float, float]:
    return (_spent(entry), entry.figures.wait_p95_s)


def _line(entry: Setting) -> list[str]:
    return [
        f"{entry.idle_minutes:g}",
        str(entry.spares),
        str(entry.executors),
        str(entry.max_agents),
        entry.spot,
        *_numbers(entry.figures),
        "now" if entry.current else "",
    ]


def _numbers(figures: Figures) -> list[str]:
    return [
        f"{figures.wait_p95_s:,.0f} s",
        f"{figures.wait_mean_s:,.0f} s",
        f"{figures.agent_hours:,.1f}",
        f"${figures.cost:,.2f}",
    ]
