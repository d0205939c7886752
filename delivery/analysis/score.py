"""Score a canary over all its metrics, and decide. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from delivery.analysis.classify import classify
from delivery.analysis.model import Judgement, Metric, MetricResult, Thresholds, Verdict

__all__ = ["judge", "score"]

_FEW_POINTS = 50
"""Values of each side below which a verdict rests on little."""


def judge(
    metrics: Iterable[Metric],
    weights: Mapping[str, float] | None = None,
    thresholds: Thresholds | None = None,
) -> Judgement:
    """Classify each metric and decide on all of them.

    Args:
        metrics: At least one.
        weights: Weight of a group in percent; groups without one share what is left of 100 equally.
        thresholds: Scores from which on the canary passes or is undecided.
    """
    return score([classify(metric) for metric in metrics], weights or {}, thresholds or Thresholds())


def score(results: Iterable[MetricResult], weights: Mapping[str, float], thresholds: Thresholds) -> Judgement:
    """Decide on metrics that are classified."""
    metrics = tuple(results)
    groups = {name: _group_score(metrics, name) for name in dict.fromkeys(result.group for result in metrics)}
    shares = _shares(groups, weights)
    weighted = round(sum(groups[name] * shares[name] / 100 for name in groups), 2)
    vetoes = _vetoes(metrics)
    total = 0.0 if vetoes else weighted
    highest = round(sum(shares.values()), 2)
    limits = [f"the weights add up to {highest:g} percent: no score can be higher"] if highest < 100 else []
    return Judgement(
        metrics=metrics,
        groups=groups,
        weights=shares,
        score=total,
        verdict=_verdict(total, thresholds),
        reasons=(*vetoes, *limits, *_reasons(metrics)),
    )


def _group_score(metrics: Iterable[MetricResult], group: str) -> float:
    """Return the share of a group's metrics with data that passed, in percent; 100 where none has data."""
    counted = [result for result in metrics if result.group == group and result.classification != "nodata"]
    passed = sum(result.classification == "pass" for result in counted)
    return 100 * passed / len(counted) if counted else 100.0


def _shares(groups: Iterable[str], weights: Mapping[str, float]) -> dict[str, float]:
    names = list(groups)
    unweighted = [name for name in names if name not in weights]
    unassigned = max(0.0, 100.0 - sum(weights[name] for name in names if name in weights))
    return {name: weights[name] if name in weights else unassigned / len(unweighted) for name in names}


def _vetoes(metrics: tuple[MetricResult, ...]) -> list[str]:
    """Return why the score is 0 whatever the groups' scores are."""
    vetoes = [
        f"{result.name} is critical and did not pass: {result.reason}"
        for result in metrics
        if result.critical
    ]
    without = sum(result.classification == "nodata" for result in metrics)
    if 2 * without >= len(metrics):
        vetoes.append(f"{without} of {len(metrics)} metrics have no data")
    return vetoes


def _verdict(total: float, thresholds: Thresholds) -> Verdict:
    if total >= thresholds.passing:
        return "pass"
    return "marginal" if total >= thresholds.marginal else "fail"


def _reasons(metrics: Iterable[MetricResult]) -> list[str]:
    reasons = [
        f"{result.name} ({result.group}): {result.reason}"
        for result in metrics
        if result.classification not in ("pass", "nodata") and not result.critical
    ]
    few = [
        result.name for result in metrics if result.interval is not None and min(result.points) < _FEW_POINTS
    ]
    if few:
        reasons.append(
            f"fewer than {_FEW_POINTS} values on a side, so the verdict rests on little: {', '.join(few)}"
        )
    return reasons
