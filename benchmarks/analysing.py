"""Canaries judged by their metrics: how many good ones are stopped, how many bad ones are found, and when.

    python -m benchmarks.analysing

Compared on the same series: judgements in sequence that share one error rate, the same judgements without
that, one judgement at the end, and alarms with fixed thresholds on the canary alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from benchmarks.canaries import FAULTS, HEALTHY, Array, Fault, group, load
from delivery.analysis.model import Effect, Metric, Thresholds
from delivery.analysis.score import judge
from delivery.analysis.sequential import Schedule, judge_interim

DAYS, BAD_DAYS = 1_000, 100
SCHEDULE = Schedule()
MINUTES = int(SCHEDULE.warm_up_minutes + SCHEDULE.minutes)
MOST_STOPPED = 0.02
"""Share of good canaries that may be stopped: the bound of `make bench`."""
JUDGEMENT_MILLISECONDS = 200.0
"""Bound of one judgement of 50 metrics of 1,000 values a side."""
THRESHOLDS = Thresholds()

Series = Mapping[str, Array]


class Ending(NamedTuple):
    """How a canary ended."""

    stopped: bool
    """It was not promoted without a user."""
    minute: float
    """After it began to take traffic."""


def metric_of(name: str, baseline: Array, canary: Array) -> Metric:
    """Declare a metric as users would."""
    allowed = {"errors": 1.5, "latency p99": 1.15, "memory": 1.05}.get(name, 1.1)
    return Metric(
        name=name,
        baseline=tuple(None if np.isnan(value) else float(value) for value in baseline),
        canary=tuple(None if np.isnan(value) else float(value) for value in canary),
        direction="increase",
        nan="replace" if name == "errors" else "remove",
        critical=name in ("latency mean", "errors", "memory"),
        effect=Effect(allowed=(1 / allowed, allowed), critical=(1 / allowed, allowed)),
        group=name.split()[0],
    )


def metrics_of(baseline: Series, canary: Series, day: int, until: int) -> list[Metric]:
    """Return the metrics of one day, from the end of the warm-up to a minute."""
    span = slice(int(SCHEDULE.warm_up_minutes), until)
    return [metric_of(name, baseline[name][day, span], canary[name][day, span]) for name in baseline]


def in_sequence(baseline: Series, canary: Series, day: int) -> Ending:
    """Judge as a deploy does."""
    for number in range(1, SCHEDULE.judgements + 1):
        minute = SCHEDULE.minutes_of(number)
        metrics = metrics_of(baseline, canary, day, int(minute))
        action = judge_interim(metrics, {}, THRESHOLDS, SCHEDULE, number).action
        if action != "continue":
            break
    return Ending(action != "promote", minute)


def without_spending(baseline: Series, canary: Series, day: int) -> Ending:
    """Judge at the same minutes by the published rules alone."""
    for number in range(1, SCHEDULE.judgements + 1):
        minute = SCHEDULE.minutes_of(number)
        verdict = judge(metrics_of(baseline, canary, day, int(minute))).verdict
        if verdict == "fail":
            break
    return Ending(verdict != "pass", minute)


def at_the_end(baseline: Series, canary: Series, day: int) -> Ending:
    """Judge once, by the published rules."""
    verdict = judge(metrics_of(baseline, canary, day, MINUTES)).verdict
    return Ending(verdict != "pass", MINUTES)


class Alarms:
    """Thresholds on the canary alone, from what a month of good groups had."""

    def __init__(self, normal: Series) -> None:
        self.limits = {name: float(np.nanquantile(values, 0.999)) for name, values in normal.items()}

    def __call__(self, _: Series, canary: Series, day: int) -> Ending:
        """Find three values in a row above the limit, as an alarm with 3 of 3 datapoints does."""
        above = np.zeros(MINUTES, dtype=bool)
        for name, limit in self.limits.items():
            high = np.nan_to_num(canary[name][day]) > limit
            above[2:] |= high[2:] & high[1:-1] & high[:-2]
        above[: int(SCHEDULE.warm_up_minutes)] = False
        return Ending(True, float(np.argmax(above)) + 1) if above.any() else Ending(False, MINUTES)


Method = Callable[[Series, Series, int], Ending]


def pairs(days: int, fault: Fault, seed: int) -> tuple[Series, Series]:
    """Draw baselines and canaries of so many days."""
    chance = np.random.default_rng(seed)
    shared = load(days, MINUTES, chance)
    return group(shared, HEALTHY, chance), group(shared, fault, chance)


def stopped(method: Method, days: int, fault: Fault, seed: int) -> tuple[float, float]:
    """Return the share of canaries that were stopped, and the median minute of that."""
    baseline, canary = pairs(days, fault, seed)
    endings = [method(baseline, canary, day) for day in range(days)]
    minutes = [ending.minute for ending in endings if ending.stopped]
    return len(minutes) / days, float(np.median(minutes)) if minutes else float("nan")


def speed() -> float:
    """Return the milliseconds of one judgement of 50 metrics of 1,000 values a side; the best of five."""
    chance = np.random.default_rng(3)
    metrics = [
        metric_of(f"m{number}", chance.lognormal(3, 1, 1_000), chance.lognormal(3.05, 1, 1_000))
        for number in range(50)
    ]
    times = []
    for _ in range(5):
        start = time.process_time()
        judge(metrics)
        times.append(1000 * (time.process_time() - start))
    return min(times)


def main() -> int:
    """Print the table; 1 if a bound is broken."""
    milliseconds = speed()
    print(f"One judgement of 50 metrics of 1,000 values a side: {milliseconds:.0f} ms")
    month, _ = pairs(30, HEALTHY, 9)
    methods: dict[str, Method] = {
        "in sequence": in_sequence,
        "the same, no correction": without_spending,
        "once, at the end": at_the_end,
        "alarms": Alarms(month),
    }
    print(
        f"Canaries of {SCHEDULE.minutes:g} min after {SCHEDULE.warm_up_minutes:g} min of warm-up, "
        f"{SCHEDULE.judgements} judgements: share stopped, median minute"
    )
    print(f"  {'':52}" + "".join(f"{name:>26}" for name in methods))
    wrong = 1.0
    for index, fault in enumerate((HEALTHY, *FAULTS)):
        days = BAD_DAYS if index else DAYS
        row = []
        for name, method in methods.items():
            share, minute = stopped(method, days, fault, seed=index)
            if fault is HEALTHY and name == "in sequence":
                wrong = share
            row.append(f"{share:16.1%} {minute:5.0f} min")
        label = fault.name if index else "as good as the baseline"
        print(f"  {label:52}" + "".join(f"{text:>26}" for text in row))
    return int(wrong > MOST_STOPPED or milliseconds > JUDGEMENT_MILLISECONDS)


if __name__ == "__main__":
    sys.exit(main())
