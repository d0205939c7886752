"""Made traces of builds: the days of different teams, each from its seed.

python -m benchmarks.traces medium > trace.csv
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from random import Random

from dynaslave.pools.pool import AgentPool, make
from dynaslave.trace import TraceBuild

HOUR, DAY = 3600.0, 86_400.0
Made = tuple[list[TraceBuild], dict[str, AgentPool]]


def pool(name: str = "linux", **given: object) -> dict[str, AgentPool]:
    types = ["c7i.xlarge", "c6i.xlarge", "m7i.xlarge"]
    return {name: make({"name": name, "max_agents": 60, "instance_types": types, **given})}


def _arrivals(dice: Random, rate: Callable[[float], float], most: float, length: float) -> Iterator[float]:
    """Times of a Poisson process whose rate (builds a second) changes over time and is never above `most`."""
    now = 0.0
    while (now := now + dice.expovariate(most)) < length:
        if dice.random() * most < rate(now):
            yield now


def _lognormal(dice: Random, mean: float, spread: float = 0.8) -> float:
    """A duration in seconds, at least five."""
    return max(dice.lognormvariate(math.log(mean) - spread**2 / 2, spread), 5.0)


def _office(now: float) -> float:
    """How busy people are, 0 to 1: from 8 to 18, less at noon, nobody at weekends."""
    day, hour = int(now // DAY) % 7, now % DAY / HOUR
    if day >= 5:
        return 0.03
    shape = math.exp(-((hour - 10.5) ** 2) / 3) + math.exp(-((hour - 15) ** 2) / 4)
    return min(0.03 + shape, 1.0)


def office_days(seed: int) -> Made:
    """Pushes by office hours, each of which starts a handful of builds; five days and a weekend."""
    dice = Random(seed)
    builds = [
        TraceBuild(now + part * dice.random(), _lognormal(dice, 420), "linux")
        for now in _arrivals(dice, lambda now: 0.012 * _office(now), 0.012, 7 * DAY)
        for part in range(min(1 + int(dice.expovariate(0.35)), 12))
    ]
    return builds, pool()


def steady(seed: int) -> Made:
    """Six builds a minute around the clock, eight minutes each."""
    dice = Random(seed)
    times = _arrivals(dice, lambda _: 0.1, 0.1, 12 * HOUR)
    return [TraceBuild(now, _lognormal(dice, 480), "linux") for now in times], pool(max_agents=100)


def sparse(seed: int) -> Made:
    """A build now and then: one in ten minutes, five minutes each."""
    dice = Random(seed)
    times = _arrivals(dice, lambda _: 1 / 600, 1 / 600, 5 * DAY)
    return [TraceBuild(now, _lognormal(dice, 300), "linux") for now in times], pool(max_agents=10)


def scheduled(seed: int) -> Made:
    """One build at each hour, two minutes long: what a schedule starts."""
    dice = Random(seed)
    builds = [
        TraceBuild(hour * HOUR + dice.uniform(0, 5), _lognormal(dice, 120, 0.3), "linux")
        for hour in range(72)
    ]
    return builds, pool(max_agents=10)


def workday(seed: int) -> Made:
    """A day of a busy controller: sixty jobs of very different lengths, and a few builds at each hour."""
    dice = Random(seed)
    jobs = [min(dice.lognormvariate(math.log(500), 1.3), 2 * HOUR) for _ in range(60)]
    weights = [dice.paretovariate(1.0) for _ in jobs]
    builds = [
        TraceBuild(
            now + 3 * part * dice.random(), _lognormal(dice, dice.choices(jobs, weights)[0], 0.3), "linux"
        )
        for now in _arrivals(dice, lambda now: 0.012 * (0.25 + _office(now)), 0.015, DAY)
        for part in range(min(1 + int(dice.expovariate(0.7)), 10))
    ]
    builds += [
        TraceBuild(hour * HOUR + 60 * part, _lognormal(dice, 900, 0.5), "linux")
        for hour in range(24)
        for part in range(dice.choice((1, 2, 6)))
    ]
    return builds, pool()


def medium(seed: int) -> Made:
    """One build in two minutes, six minutes each."""
    dice = Random(seed)
    times = _arrivals(dice, lambda _: 1 / 120, 1 / 120, 3 * DAY)
    return [TraceBuild(now, _lognormal(dice, 360), "linux") for now in times], pool(max_agents=20)


def nightly(seed: int) -> Made:
    """Three hundred builds at one in the morning, little else."""
    dice = Random(seed)
    builds = [
        TraceBuild(day * DAY + HOUR + dice.uniform(0, 60), _lognormal(dice, 600), "linux")
        for day in range(5)
        for _ in range(300)
    ]
    builds += [
        TraceBuild(now, _lognormal(dice, 300), "linux")
        for now in _arrivals(dice, lambda _: 1 / 1800, 1 / 1800, 5 * DAY)
    ]
    return builds, pool(max_agents=80)


def short(seed: int) -> Made:
    """Many builds of less than a minute, more by day."""
    dice = Random(seed)
    times = _arrivals(dice, lambda now: 0.25 * _office(now), 0.25, DAY)
    return [TraceBuild(now, _lognormal(dice, 35, 0.5), "linux") for now in times], pool(max_agents=40)


def long(seed: int) -> Made:
    """Few builds of an hour and more."""
    dice = Random(seed)
    times = _arrivals(dice, lambda now: 0.001 * (0.3 + _office(now)), 0.0013, 7 * DAY)
    return [TraceBuild(now, _lognormal(dice, 5000, 0.6), "linux") for now in times], pool(max_agents=20)


def matrix(seed: int) -> Made:
    """Twenty to sixty builds at once, each half an hour or so."""
    dice = Random(seed)
    builds = []
    for now in _arrivals(dice, lambda _: 1 / 1800, 1 / 1800, 2 * DAY):
        builds += [TraceBuild(now, _lognormal(dice, 240, 0.5), "linux") for _ in range(dice.randint(20, 60))]
    return builds, pool(max_agents=60)


def tiny(seed: int) -> Made:
    """One build in two minutes, twenty seconds each: much shorter than a boot."""
    dice = Random(seed)
    times = _arrivals(dice, lambda _: 1 / 120, 1 / 120, 2 * DAY)
    return [TraceBuild(now, _lognormal(dice, 20), "linux") for now in times], pool()


def bursts(seed: int) -> Made:
    """Ten builds at once each ten minutes, four minutes each."""
    dice = Random(seed)
    builds = [
        TraceBuild(600.0 * number + dice.uniform(0, 3), _lognormal(dice, 240), "linux")
        for number in range(144)
        for _ in range(10)
    ]
    return builds, pool()


def heavy_tails(seed: int) -> Made:
    """Most builds take a minute, some take hours."""
    dice = Random(seed)
    times = _arrivals(dice, lambda now: 0.03 * _office(now), 0.03, 3 * DAY)
    builds = [TraceBuild(now, min(40 * dice.paretovariate(1.1), 4 * HOUR), "linux") for now in times]
    return builds, pool(max_agents=50)


def executors(seed: int) -> Made:
    """Office days on agents with four executors."""
    builds, _ = office_days(seed)
    return builds, pool(executors=4, max_agents=20)


def three_pools(seed: int) -> Made:
    """Three teams: steady small builds, a nightly batch, a few long ones; the first may use either."""
    dice = Random(seed)
    builds = [
        TraceBuild(now, _lognormal(dice, 200), "web")
        for now in _arrivals(dice, lambda now: 0.02 * _office(now), 0.02, 5 * DAY)
    ]
    builds += [
        TraceBuild(day * DAY + 2 * HOUR + dice.uniform(0, 300), _lognormal(dice, 900), "data")
        for day in range(5)
        for _ in range(80)
    ]
    builds += [
        TraceBuild(now, _lognormal(dice, 2400), "ios")
        for now in _arrivals(dice, lambda now: 0.0012 * _office(now), 0.0012, 5 * DAY)
    ]
    pools = (
        pool("web", max_agents=30, team="web")
        | pool("data", max_agents=50, team="data")
        | pool("ios", max_agents=8, team="apps")
    )
    return builds, pools


TRACES: dict[str, Callable[[int], Made]] = {
    one.__name__: one
    for one in (
        office_days, workday, steady, medium, sparse, scheduled, nightly, short, long, matrix, heavy_tails,
        executors, three_pools, tiny, bursts,
    )
}  # fmt: skip


def made(name: str, seed: int = 1) -> Made:
    """A trace by its name, in the order the builds came."""
    builds, pools = TRACES[name](seed)
    return sorted(builds, key=lambda one: one.submit), pools


def main() -> None:
    """Print a trace as CSV."""
    builds, _ = made(sys.argv[1])
    print("submit_s,duration_s,pool")
    for build in builds:
        print(f"{build.submit:.1f},{build.duration:.1f},{build.pool}")


if __name__ == "__main__":
    main()
