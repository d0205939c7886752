"""Scores of a canary over time: of the values up to each judgement. Pure.

They are computed from the series, so that a run that goes on later has the whole history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from delivery.analysis.model import Metric, Thresholds
from delivery.analysis.sequential import LookDecision, Schedule, judge_interim

__all__ = ["ScorePoint", "score_history"]


class ScorePoint(NamedTuple):
    """A score, and when it was reached."""

    minutes: float
    """After the canary began to take traffic."""
    score: float


def score_history(
    metrics: Sequence[Metric],
    weights: Mapping[str, float],
    thresholds: Thresholds,
    schedule: Schedule,
    decision: LookDecision,
    step_seconds: int,
) -> tuple[ScorePoint, ...]:
    """Compute the score of each judgement up to a decision; those without enough values are left out.

    Args:
        metrics: With all values up to the decision.
        weights: Weight of a group in percent.
        thresholds: Scores from which on a canary passes or is undecided.
        schedule: The planned judgements.
        decision: The last judgement.
        step_seconds: Between two values.
    """
    points = []
    for number in range(1, decision.number + 1):
        minutes = schedule.minutes_of(number)
        if number == decision.number:
            judgement = decision.judgement
        else:
            count = int((minutes - schedule.warm_up_minutes) * 60 // step_seconds)
            earlier = [
                replace(metric, baseline=metric.baseline[:count], canary=metric.canary[:count])
                for metric in metrics
            ]
            judgement = judge_interim(earlier, weights, thresholds, schedule, number).judgement
        if judgement is not None:
            points.append(ScorePoint(minutes, judgement.score))
    return tuple(points)
