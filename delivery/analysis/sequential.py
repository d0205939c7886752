"""Judge a canary several times while it runs, with false alarms that do not add up. Pure.

The probability that a canary as good as its baseline is ever stopped is at most `Schedule.error_rate`, by
alpha spending: it is divided evenly among the planned judgements, and each part among the metrics (Lan and
DeMets' linear spending function, with Bonferroni's inequality in place of a joint distribution). So it holds
whatever the judgements and the metrics have to do with each other, and when a judgement is left out.
docs/canary-analysis.md compares it with other methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from delivery.analysis.classify import classify, points_of
from delivery.analysis.model import Judgement, Metric, MetricResult, Thresholds
from delivery.analysis.score import score

__all__ = ["Action", "LookDecision", "Schedule", "judge_interim"]

Action = Literal["continue", "promote", "ask", "roll back"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When a canary is judged, and how often a good one may be stopped."""

    minutes: float = 60.0
    """Time over which values are compared, from the end of the warm-up on."""
    interval_minutes: float = 5.0
    """Between two judgements; the last one is at the end of `minutes`."""
    warm_up_minutes: float = 10.0
    """Time at the beginning whose values are left out."""
    error_rate: float = 0.02
    """Probability that a canary as good as its baseline is not promoted, over all judgements and metrics."""
    minimum_points: int = 15
    """Values of each side below which a metric counts as one without data."""

    @property
    def judgements(self) -> int:
        """Number of judgements, the last one included."""
        return max(1, round(self.minutes / self.interval_minutes))

    def due(self, elapsed_minutes: float) -> int:
        """Return how many judgements are due, so long after the canary began to take traffic."""
        if elapsed_minutes >= self.warm_up_minutes + self.minutes:
            return self.judgements
        compared = max(0.0, elapsed_minutes - self.warm_up_minutes)
        return min(int(compared / self.interval_minutes + 1e-9), self.judgements - 1)

    def minutes_of(self, number: int) -> float:
        """Return when a judgement is due, in minutes after the canary began to take traffic."""
        compared = self.minutes if number >= self.judgements else number * self.interval_minutes
        return self.warm_up_minutes + compared

    def confidence(self, metric: Metric, count: int) -> float:
        """Return the confidence of the interval of one of `count` metrics in one judgement.

        A metric with a direction can fail on one side of its interval only.
        """
        share = self.error_rate / (self.judgements * count)
        sides = 1 if metric.direction == "either" else 2
        return max(metric.confidence, 1 - sides * share)


@dataclass(frozen=True, kw_only=True)
class LookDecision:
    """What a judgement has as its consequence, and why."""

    number: int
    """Of the judgement, from 1 on."""
    action: Action
    judgement: Judgement | None
    """None where no metric has enough values yet."""
    reasons: tuple[str, ...]
    pending: tuple[str, ...] = ()
    """Names of metrics that have too few values yet."""


def judge_interim(
    metrics: Sequence[Metric],
    weights: Mapping[str, float],
    thresholds: Thresholds,
    schedule: Schedule,
    number: int,
) -> LookDecision:
    """Judge all values up to now, as the `number`-th of the planned judgements.

    Before the last one, a lack of data decides nothing, and a canary that passes or is undecided continues.
    It is rolled back at once where its score is below the marginal one, a critical metric failed, or a metric
    is far out (`Effect.far`). The last one promotes, waits for a user, or rolls back.

    Args:
        metrics: Their values from the end of the warm-up on; at least one metric.
        weights: Weight of a group in percent.
        thresholds: Scores from which on a canary passes or is undecided.
        schedule: The planned judgements.
        number: From 1 on.
    """
    is_last = number >= schedule.judgements
    enough = [min(points_of(metric)) >= schedule.minimum_points for metric in metrics]
    judged = [
        _adjusted(metric, schedule, len(metrics)) if has_enough else _without_values(metric)
        for metric, has_enough in zip(metrics, enough, strict=True)
        if has_enough or is_last
    ]
    pending = tuple(metric.name for metric, has_enough in zip(metrics, enough, strict=True) if not has_enough)
    if not judged:
        return LookDecision(
            number=number,
            action="continue",
            judgement=None,
            reasons=(f"no metric has {schedule.minimum_points} values on both sides yet",),
            pending=pending,
        )
    results = [classify(metric) for metric in judged]
    judgement = score(results, _weights_of(weights, metrics, judged), thresholds)
    far = [
        _far_reason(result) for metric, result in zip(judged, results, strict=True) if _is_far(metric, result)
    ]
    few = [f"fewer than {schedule.minimum_points} values on a side: {', '.join(pending)}"] if pending else []
    return LookDecision(
        number=number,
        action=_action(judgement, is_far=bool(far), is_last=is_last),
        judgement=judgement,
        reasons=(*far, *judgement.reasons, *few),
        pending=pending,
    )


def _action(judgement: Judgement, *, is_far: bool, is_last: bool) -> Action:
    if is_far or judgement.verdict == "fail":
        return "roll back"
    if not is_last:
        return "continue"
    return "promote" if judgement.verdict == "pass" else "ask"


def _adjusted(metric: Metric, schedule: Schedule, count: int) -> Metric:
    """Return a metric with the confidence of one of many judgements, and correlated values allowed."""
    return replace(metric, confidence=schedule.confidence(metric, count), autocorrelation="correct")


def _without_values(metric: Metric) -> Metric:
    """Return a metric that has too few values to be compared, as one without any.

    A count of which there are too few values was not measured; that it is zero is not known.
    """
    return replace(metric, baseline=(), canary=(), nan="remove")


def _weights_of(
    weights: Mapping[str, float], metrics: Sequence[Metric], judged: Sequence[Metric]
) -> dict[str, float]:
    """Return the weights of the groups that are judged, raised to the percents of all groups.

    Otherwise a group whose values come late would count as one that failed.
    """
    every = list(dict.fromkeys(metric.group for metric in metrics))
    present = {metric.group for metric in judged}
    unweighted = [group for group in every if group not in weights]
    unassigned = max(0.0, 100 - sum(weights.get(group, 0.0) for group in every))
    shares = {group: weights[group] if group in weights else unassigned / len(unweighted) for group in every}
    total, counted = sum(shares.values()), sum(shares[group] for group in present)
    if not counted:  # those that weigh something come later
        return {group: 100 / len(present) for group in present}
    return {group: shares[group] * total / counted for group in present}


def _is_far(metric: Metric, result: MetricResult) -> bool:
    """Report whether a metric is so far out that the canary ends, whatever the metric weighs."""
    low, high = metric.effect.far
    size = result.effect_size
    if result.classification == "high":
        return size is None or size >= high
    return result.classification == "low" and (size is None or size <= low)


def _far_reason(result: MetricResult) -> str:
    return f"{result.name} is far from the baseline: {result.reason}"
