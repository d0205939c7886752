"""The settings of an analysis as what judges and sources take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.analysis.model import Effect, Thresholds
from delivery.metrics.model import CloudWatchInput, MetricSource, Query

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import AnalysisSettings
    from delivery.settings.analysis import MetricSettings

__all__ = ["queries_of", "sources_of", "thresholds_of"]

_NO_EFFECT = {"meanRatio": 1.0, "cles": 0.5}
_FAR = {"meanRatio": (0.5, 2.0), "cles": (0.02, 0.98)}


def queries_of(settings: AnalysisSettings) -> list[Query]:
    """Return the metrics as queries."""
    return [_query(metric) for metric in settings.metrics]


def thresholds_of(settings: AnalysisSettings) -> Thresholds:
    """Return the scores that decide."""
    return Thresholds(passing=settings.pass_score, marginal=settings.marginal_score)


def sources_of(settings: AnalysisSettings, aws: Aws) -> dict[str, MetricSource]:
    """Open the sources that metrics name."""
    from delivery.metrics.cloudwatch import CloudWatch
    from delivery.metrics.command import Command
    from delivery.metrics.prometheus import Prometheus

    sources: dict[str, MetricSource] = {"cloudwatch": CloudWatch(aws), "command": Command()}
    if settings.prometheus_url is not None:
        sources["prometheus"] = Prometheus(settings.prometheus_url, settings.prometheus_token_variable)
    return sources


def _query(metric: MetricSettings) -> Query:
    return Query(
        name=metric.name,
        source=metric.source,
        query=metric.query,
        inputs={
            name: CloudWatchInput(
                namespace=each.namespace,
                metric=each.metric,
                statistic=each.statistic,
                dimensions=each.dimensions,
            )
            for name, each in metric.inputs.items()
        },
        counter=metric.counter,
        direction=metric.direction,
        nan=metric.nan,
        outliers=metric.outliers,
        critical=metric.critical,
        must_have_data=metric.must_have_data,
        tolerance=metric.tolerance,
        confidence=metric.confidence,
        effect=_effect(metric),
        group=metric.group,
    )


def _effect(metric: MetricSettings) -> Effect:
    neutral = (_NO_EFFECT[metric.measure],) * 2
    allowed = _pair(metric.allowed, neutral)
    return Effect(
        measure=metric.measure,
        allowed=allowed,
        critical=_pair(metric.critical_effect, allowed),
        far=_pair(metric.far, _FAR[metric.measure]),
    )


def _pair(values: tuple[float, ...] | None, default: tuple[float, ...]) -> tuple[float, float]:
    low, high = default if values is None else values
    return float(low), float(high)
