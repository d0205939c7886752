"""Values of an analysis: a metric with its two series, its classification, and the judgement of all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Autocorrelation",
    "Classification",
    "Direction",
    "Effect",
    "Interval",
    "Judgement",
    "Measure",
    "Metric",
    "MetricResult",
    "MetricRules",
    "NanStrategy",
    "OutlierStrategy",
    "Thresholds",
    "Verdict",
]

Direction = Literal["increase", "decrease", "either"]
"""Which change of a metric is a deterioration."""
NanStrategy = Literal["remove", "replace"]
"""What becomes of missing values: left out (gauges), or zero (counts, where no data means none happened)."""
OutlierStrategy = Literal["keep", "remove"]
Autocorrelation = Literal["ignore", "correct"]
"""Whether the interval is widened where the values of a series depend on those before."""
Measure = Literal["meanRatio", "cles"]
"""How large a change is: mean(canary) / mean(baseline), or the probability of a larger value."""
Classification = Literal["pass", "high", "low", "nodata", "nodata-fail", "error"]
Verdict = Literal["pass", "marginal", "fail"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How large a significant change must be to count, and to be critical: `(low, high)`."""

    measure: Measure = "meanRatio"
    allowed: tuple[float, float] = (1.0, 1.0)
    """Effect sizes up to, and from, which on a significant change counts; 0.5 is no effect of `cles`."""
    critical: tuple[float, float] = (1.0, 1.0)
    far: tuple[float, float] = (0.5, 2.0)
    """Effect sizes beyond which a significant change ends a sequence of judgements at once."""


@dataclass(frozen=True, kw_only=True)
class MetricRules:
    """How one metric is judged."""

    name: str
    direction: Direction = "either"
    nan: NanStrategy = "remove"
    outliers: OutlierStrategy = "keep"
    outlier_factor: float = 3.0
    """Interquartile ranges beyond the quartiles from which on a value is an outlier."""
    critical: bool = False
    """A deterioration of critical size fails the whole judgement."""
    must_have_data: bool = False
    tolerance: float = 0.25
    """Share of the estimated shift by which the interval must be away from zero."""
    confidence: float = 0.98
    autocorrelation: Autocorrelation = "ignore"
    effect: Effect = Effect()
    group: str = "default"


@dataclass(frozen=True, kw_only=True)
class Metric(MetricRules):
    """One metric: the values of baseline and canary at the same times, None where one is missing."""

    baseline: tuple[float | None, ...]
    canary: tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The shift from baseline to canary: its estimate, and the bounds of its confidence interval."""

    lower: float
    estimate: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """The classification of one metric, with what it rests on."""

    name: str
    group: str
    classification: Classification
    critical: bool
    """The metric is critical, and this result fails the whole judgement."""
    reason: str
    interval: Interval | None = None
    effect_size: float | None = None
    points: tuple[int, int] = (0, 0)
    """Values of baseline and canary that were compared."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Scores from 0 to 100 from which on a canary passes, or is undecided."""

    passing: float = 95.0
    marginal: float = 75.0


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All metrics together."""

    metrics: tuple[MetricResult, ...]
    groups: Mapping[str, float]
    """The score of each group, from 0 to 100."""
    weights: Mapping[str, float]
    """The weight of each group in percent."""
    score: float
    verdict: Verdict
    reasons: tuple[str, ...]
