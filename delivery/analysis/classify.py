"""Classify one metric: the canary differs from its baseline in a direction and by a size that count. Pure.

The rules are those published for Kayenta's NetflixACAJudge; its constants are the defaults of `Metric`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np

from delivery.analysis.model import Classification, Effect, Interval, Metric, MetricResult
from delivery.analysis.statistics import (
    Sample,
    common_language_effect,
    mean_ratio,
    separated,
    shift_interval,
    variance_inflation,
    without_outliers,
)

__all__ = ["classify", "points_of"]


def classify(metric: Metric) -> MetricResult:
    """Compare the canary of a metric with its baseline."""
    baseline, canary = _prepared(metric, metric.baseline), _prepared(metric, metric.canary)
    points = (len(baseline), len(canary))
    if np.isinf(baseline).any() or np.isinf(canary).any():
        return _result(metric, "error", "a value is infinite", metric.critical, points)
    if 0 in points:
        return _without_data(metric, points)
    if np.array_equal(np.sort(baseline), np.sort(canary)) or _is_constant(np.concatenate((baseline, canary))):
        return _result(metric, "pass", "baseline and canary are equal", points=points)
    size = _effect_size(metric.effect, canary, baseline)
    if _is_constant(baseline) and _is_constant(canary):
        baseline, canary = separated(baseline), separated(canary)
    interval = shift_interval(canary, baseline, metric.confidence, inflation=_inflation(metric))
    classification, is_critical = _classification(metric, interval, size)
    reason = _reason(metric, classification, interval, size, is_critical)
    return _result(
        metric=metric,
        classification=classification,
        reason=reason,
        is_critical=is_critical,
        points=points,
        interval=interval,
        effect_size=size,
    )


def points_of(metric: Metric) -> tuple[int, int]:
    """Count the values of baseline and canary that are compared."""
    return len(_prepared(metric, metric.baseline)), len(_prepared(metric, metric.canary))


def _inflation(metric: Metric) -> float:
    """Return how much more a metric's values vary than independent ones, or 1 if that is ignored."""
    if metric.autocorrelation == "ignore":
        return 1.0
    canary, baseline = (
        np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        for values in (metric.canary, metric.baseline)
    )
    if metric.nan == "replace":
        canary, baseline = np.nan_to_num(canary), np.nan_to_num(baseline)
    return variance_inflation(canary, baseline)


def _prepared(metric: Metric, values: Sequence[float | None]) -> Sample:
    """Return the values to compare: what is missing is left out or zero, outliers as the metric is set."""
    sample = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    is_missing = np.isnan(sample)
    sample = np.where(is_missing, 0.0, sample) if metric.nan == "replace" else sample[~is_missing]
    return without_outliers(sample, metric.outlier_factor) if metric.outliers == "remove" else sample


def _is_constant(sample: Sample) -> bool:
    return bool((sample == sample[0]).all())


def _without_data(metric: Metric, points: tuple[int, int]) -> MetricResult:
    sides = [side for side, count in zip(("baseline", "canary"), points, strict=True) if not count]
    reason = f"no data of {' and '.join(sides)}"
    if metric.nan == "replace":
        return _result(metric, "pass", f"{reason}, which counts as zero", points=points)
    if metric.critical:
        return _result(
            metric, "nodata", f"{reason}, and the metric is critical", is_critical=True, points=points
        )
    if metric.must_have_data:
        return _result(metric, "nodata-fail", f"{reason}, and the metric must have data", points=points)
    return _result(metric, "nodata", reason, points=points)


def _effect_size(effect: Effect, canary: Sample, baseline: Sample) -> float | None:
    measure = mean_ratio if effect.measure == "meanRatio" else common_language_effect
    return measure(canary, baseline)


def _classification(metric: Metric, interval: Interval, size: float | None) -> tuple[Classification, bool]:
    """Return the class, and whether it is a critical failure; without an effect size the interval decides."""
    bound = metric.tolerance * abs(interval.estimate)
    low, high = metric.effect.allowed
    critical_low, critical_high = metric.effect.critical
    if metric.direction != "decrease" and interval.lower > bound and (size is None or size >= high):
        return "high", metric.critical and (size is None or size >= critical_high)
    if metric.direction != "increase" and interval.upper < -bound and (size is None or size <= low):
        return "low", metric.critical and (size is None or size <= critical_low)
    return "pass", False


def _percent(share: float) -> str:
    """Return a confidence as text, never rounded up to 100 %."""
    return f"{floor(share * 1e5 + 1e-6) / 1e3:g}%"


def _reason(
    metric: Metric, classification: Classification, interval: Interval, size: float | None, is_critical: bool
) -> str:
    between = f"between {interval.lower:+.4g} and {interval.upper:+.4g}"
    shift = f"shift {interval.estimate:+.4g}, {_percent(metric.confidence)} {between}"
    names = {"meanRatio": "times the baseline's mean", "cles": "probability of a larger value"}
    effect = (
        "no effect size, the baseline's mean is 0"
        if size is None
        else f"{size:.3g} {names[metric.effect.measure]}"
    )
    words = {"high": "higher than the baseline", "low": "lower than the baseline"}
    start = words.get(classification, "no difference that counts")
    return f"{start}{', critically' if is_critical else ''}: {shift}; {effect}"


def _result(
    metric: Metric,
    classification: Classification,
    reason: str,
    is_critical: bool = False,
    points: tuple[int, int] = (0, 0),
    interval: Interval | None = None,
    effect_size: float | None = None,
) -> MetricResult:
    return MetricResult(
        name=metric.name,
        group=metric.group,
        classification=classification,
        critical=is_critical,
        reason=reason,
        interval=interval,
        effect_size=effect_size,
        points=points,
    )
