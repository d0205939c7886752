"""Several judgements of one canary: false alarms that do not add up, and when a run ends early."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.analysis.model import Effect, Metric, Thresholds
from delivery.analysis.score import judge
from delivery.analysis.score_history import score_history
from delivery.analysis.sequential import LookDecision, Schedule, judge_interim
from delivery.analysis.statistics import shift_interval, variance_inflation

SCHEDULE = Schedule(minutes=60, interval_minutes=5, warm_up_minutes=10)


def metric(baseline: Any, canary: Any, name: str = "m", **more: Any) -> Metric:
    return Metric(
        name=name, baseline=tuple(baseline), canary=tuple(canary), **{"direction": "increase", **more}
    )


def decided(*metrics: Metric, number: int = 3, weights: dict[str, float] | None = None) -> LookDecision:
    return judge_interim(metrics, weights or {}, Thresholds(), SCHEDULE, number)


def fading(
    chance: np.random.Generator, count: int, memory: float = 0.8
) -> np.ndarray[Any, np.dtype[np.float64]]:
    values = chance.normal(size=count + 50)
    for at in range(1, len(values)):
        values[at] += memory * values[at - 1]
    return values[50:]


GOOD = ([10.0, 11, 12, 13, 14] * 4, [10.5, 11, 12, 13, 13.5] * 4)
WORSE = ([10.0, 11, 12, 13, 14] * 4, [15.0, 16, 17, 18, 19] * 4)
FAR = ([10.0, 11, 12, 13, 14] * 4, [50.0, 51, 52, 53, 54] * 4)


def test_judgements_are_due_after_the_warm_up() -> None:
    assert [SCHEDULE.due(minutes) for minutes in (0, 10, 14.9, 15, 64.9, 65, 69.9, 70, 500)] == [
        0, 0, 0, 1, 10, 11, 11, 12, 12,
    ]  # fmt: skip
    assert SCHEDULE.minutes_of(1) == 15
    assert SCHEDULE.minutes_of(12) == 70
    uneven = Schedule(minutes=25, interval_minutes=10, warm_up_minutes=0)
    assert uneven.due(24.9) < uneven.judgements == uneven.due(25)


@given(
    st.floats(1, 500),
    st.floats(1, 60),
    st.floats(0, 60),
    st.integers(1, 40),
    st.sampled_from(["increase", "either"]),
)
def test_the_parts_of_the_error_rate_never_exceed_it(
    minutes: float, interval: float, warm_up: float, count: int, direction: Any
) -> None:
    schedule = Schedule(minutes=minutes, interval_minutes=interval, warm_up_minutes=warm_up)
    sides = 1 if direction == "either" else 2
    each = (1 - schedule.confidence(metric([], [], direction=direction), count)) / sides
    assert each * count * schedule.judgements <= schedule.error_rate * 1.000001
    last = warm_up + minutes
    due = [schedule.due(at) for at in np.linspace(0, last, 50)]
    assert due == sorted(due)
    assert schedule.due(last) == schedule.judgements


def test_good_canaries_are_not_stopped_more_often_with_more_judgements() -> None:
    """Series whose values depend on those before: without a correction a fifth and more is stopped."""
    chance, stopped, uncorrected = np.random.default_rng(11), 0, 0
    for _ in range(150):
        baseline, canary = fading(chance, 60, 0.6) + 20, fading(chance, 60, 0.6) + 20
        parts = [metric(baseline[:end], canary[:end]) for end in range(5, 65, 5)]
        actions = [decided(part, number=number).action for number, part in enumerate(parts, 1)]
        stopped += {*actions} != {"continue", "promote"}
        uncorrected += any(judge([part]).verdict != "pass" for part in parts)
    assert uncorrected > 30
    assert stopped <= 3


def test_a_worse_canary_is_found_before_the_end() -> None:
    chance = np.random.default_rng(5)
    baseline, canary = fading(chance, 60, 0.5) + 20, 1.2 * (fading(chance, 60, 0.5) + 20)
    critical = Effect(allowed=(0.9, 1.1), critical=(0.9, 1.1))
    actions = [
        decided(metric(baseline[:end], canary[:end], critical=True, effect=critical), number=end // 5).action
        for end in range(5, 65, 5)
    ]
    assert "roll back" in actions[:8]


def test_a_metric_far_out_ends_the_canary_whatever_it_weighs() -> None:
    others = [metric(*GOOD, name=f"m{number}", group=f"g{number}") for number in range(9)]
    light = {"light": 1.0}
    worse = decided(*others, metric(*WORSE, group="light"), weights=light)
    assert worse.action == "continue"
    far = decided(*others, metric(*FAR, group="light"), weights=light)
    assert far.action == "roll back"
    assert far.reasons[0].startswith("m is far from the baseline: higher than the baseline")
    wider = metric(*FAR, group="light", effect=Effect(far=(0.1, 10)))
    assert decided(*others, wider, weights=light).action == "continue"


def test_a_critical_metric_ends_the_canary_at_once() -> None:
    others = [metric(*GOOD, name=f"m{number}") for number in range(30)]
    assert decided(*others, metric(*WORSE)).action == "continue"
    assert decided(*others, metric(*WORSE, critical=True)).action == "roll back"


@pytest.mark.parametrize(("series", "expected"), [(GOOD, "promote"), (WORSE, "ask"), (FAR, "roll back")])
def test_the_last_judgement_decides(series: Any, expected: str) -> None:
    others = [metric(*GOOD, name=f"m{number}") for number in range(5)]
    assert decided(*others, metric(*series), number=12).action == expected


def test_a_lack_of_data_decides_at_the_end_only() -> None:
    few = metric(GOOD[0][:5], GOOD[1][:5], name="late", critical=True, group="late")
    early = decided(metric(*GOOD), few, weights={"late": 90})
    assert early.action == "continue"
    assert early.pending == ("late",)
    assert early.judgement is not None
    assert early.judgement.score == 100
    assert decided(few).judgement is None
    assert decided(metric(*GOOD), few, number=12).action == "roll back"
    silent = metric(GOOD[0], [None] * 20, must_have_data=True, name="silent")
    assert decided(metric(*GOOD), silent, number=12).action == "roll back"


def test_a_group_that_weighs_nothing_fails_no_canary() -> None:
    late = metric([], [], group="main")
    decision = decided(metric(*GOOD, group="extra"), late, weights={"main": 100.0})
    assert decision.action == "continue"


def test_correlated_values_widen_the_interval_and_independent_ones_do_not() -> None:
    chance = np.random.default_rng(2)
    independent = [variance_inflation(chance.normal(size=100), chance.normal(size=100)) for _ in range(50)]
    correlated = [variance_inflation(fading(chance, 100), fading(chance, 100)) for _ in range(50)]
    assert np.median(independent) < 1.5
    assert np.median(correlated) > 4  # (1 + 0.8) / (1 - 0.8) is 9
    ours, theirs = chance.normal(size=60), chance.normal(size=60)
    narrow, wide = (shift_interval(ours, theirs, 0.95, inflation=factor) for factor in (1.0, 9.0))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


def test_a_steady_drift_apart_is_no_noise() -> None:
    chance = np.random.default_rng(4)
    leak = np.arange(60) * 1.0 + chance.normal(size=60)
    assert variance_inflation(leak, chance.normal(size=60)) < 2


@given(
    st.lists(st.none() | st.integers(-3, 3), max_size=30),
    st.lists(st.none() | st.integers(-3, 3), max_size=30),
)
def test_any_series_has_an_inflation(canary: list[Any], baseline: list[Any]) -> None:
    ours, theirs = (
        np.array([np.nan if v is None else v for v in side], dtype=float) for side in (canary, baseline)
    )
    assert 1.0 <= variance_inflation(ours, theirs) < 1000
    assert decided(metric(baseline, canary), number=12).action in ("promote", "ask", "roll back")


def test_the_history_has_the_score_of_each_judgement() -> None:
    chance = np.random.default_rng(3)
    baseline, canary = chance.normal(10, 1, 60), chance.normal(11.2, 1, 60)  # few values do not show it
    late = metric(baseline, canary)
    decision = decided(late, number=12)
    points = score_history((late,), {}, Thresholds(), SCHEDULE, decision, 60)
    assert [point.minutes for point in points] == [*range(25, 71, 5)]  # 15 values are the minimum
    assert points[0].score == 100
    assert points[-1].score == decision.judgement.score == 0  # type: ignore[union-attr]
    scores = [point.score for point in points]
    assert scores == sorted(scores, reverse=True)
