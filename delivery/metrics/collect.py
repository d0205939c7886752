"""All metrics of both sides: each source is queried for its own, and the series are made comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from delivery.analysis.model import Metric
from delivery.errors import DeliveryError
from delivery.metrics.model import MetricSource, Query, Reading, SampleWindow, Side, Subject
from delivery.metrics.series import describe_gaps, increments

__all__ = ["Collected", "collect"]


class Collected(NamedTuple):
    """The metrics of a canary at one time."""

    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]
    """What is missing, late, restarted, or could not be read."""


def collect(
    queries: Sequence[Query],
    sources: Mapping[str, MetricSource],
    baseline: Subject,
    canary: Subject,
    window: SampleWindow,
) -> Collected:
    """Read the series of both sides. A source that does not answer has no values, and a note.

    Args:
        queries: The metrics.
        sources: By the names that queries have of them.
        baseline: The group the canary is compared with.
        canary: The group that is judged.
        window: From the end of the warm-up to the last values that have come in.
    """
    notes: list[str] = []
    sides: dict[Side, dict[str, Reading]] = {
        subject.side: _side(queries, sources, subject, window, notes) for subject in (baseline, canary)
    }
    metrics = tuple(
        query.metric(
            _comparable(query, "baseline", sides["baseline"][query.name], notes),
            _comparable(query, "canary", sides["canary"][query.name], notes),
        )
        for query in queries
    )
    return Collected(metrics, tuple(notes))


def _side(
    queries: Sequence[Query],
    sources: Mapping[str, MetricSource],
    subject: Subject,
    window: SampleWindow,
    notes: list[str],
) -> dict[str, Reading]:
    readings = {query.name: Reading(values=()) for query in queries}
    if not window.steps:
        return readings
    for name in dict.fromkeys(query.source for query in queries):
        own = [query for query in queries if query.source == name]
        try:
            readings |= sources[name].read(own, subject, window)
        except DeliveryError as error:
            notes.append(f"{subject.side}: {error.message}{f' ({error.hint})' if error.hint else ''}")
    return readings


def _comparable(query: Query, side: Side, reading: Reading, notes: list[str]) -> tuple[float | None, ...]:
    values = reading.values
    about = [*reading.notes]
    if query.counter and values:
        values, restarts = increments(values)
        values = values[1:]  # what was added before the first value is not known
        about += [f"the counter began again {restarts} times"] if restarts else []
    if query.nan == "remove":
        about += describe_gaps(values)
    notes += [f"{query.name}, {side}: {note}" for note in about]
    return values
