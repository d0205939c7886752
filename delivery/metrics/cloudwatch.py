"""Metrics from CloudWatch: GetMetricData, with metric math, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from delivery.aws import asking
from delivery.clock import iso
from delivery.errors import DeliveryError
from delivery.metrics.model import CloudWatchInput, Query, Reading, SampleWindow, Subject
from delivery.metrics.series import placed

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = ["CloudWatch"]

_MOST_QUERIES = 500
"""Queries a call of GetMetricData takes, inputs of metric math included."""
_WORD = re.compile(r"\b[a-z][A-Za-z0-9_]*\b")
"""Ids in metric math begin with a small letter, functions with a capital."""


class CloudWatch:
    """The metrics of one account and region."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        """Read all metrics in as few calls as they fit into. AwsError; DeliveryError where one is refused."""
        readings: dict[str, Reading] = {}
        for batch in _batches(queries):
            readings |= self._read(batch, subject, window)
        return readings

    def _read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        requested = [
            part for index, query in enumerate(queries) for part in _data(index, query, subject, window)
        ]
        answers: dict[str, _Answer] = {_id(index): _Answer() for index in range(len(queries))}
        pages = self._aws.cloudwatch.get_paginator("get_metric_data")
        with asking(f"reading metrics of {subject.group} from CloudWatch"):
            for page in pages.paginate(
                MetricDataQueries=requested,
                StartTime=iso(window.start),
                EndTime=iso(window.end),
                ScanBy="TimestampAscending",
            ):
                for result in page["MetricDataResults"]:
                    answers.setdefault(result["Id"], _Answer()).add(result)
        return {query.name: answers[_id(index)].reading(query, window) for index, query in enumerate(queries)}


class _Answer:
    """What the pages have of one query."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float | None]] = []
        self.status = "Complete"
        self.messages: list[str] = []

    def add(self, result: Any) -> None:
        self.points += [
            (time.timestamp(), value)
            for time, value in zip(result["Timestamps"], result["Values"], strict=True)
        ]
        self.status = result.get("StatusCode", "Complete")  # PartialData on all pages but the last
        self.messages += [f"{each['Code']}: {each['Value']}" for each in result.get("Messages", ())]

    def reading(self, query: Query, window: SampleWindow) -> Reading:
        if self.status in ("InternalError", "Forbidden"):
            reason = "; ".join(self.messages) or self.status
            hint = "allow cloudwatch:GetMetricData to the role" if self.status == "Forbidden" else ""
            raise DeliveryError(f"metric {query.name}: CloudWatch refuses the query: {reason}", hint)
        values, left_out = placed(self.points, window)
        partial = ["CloudWatch had only a part of it"] if self.status == "PartialData" else []
        return Reading(values=values, notes=(*partial, *self.messages, *left_out))


def _batches(queries: Sequence[Query]) -> list[list[Query]]:
    batches: list[list[Query]] = [[]]
    count = 0
    for query in queries:
        size = len(query.inputs) + bool(query.query)
        if batches[-1] and count + size > _MOST_QUERIES:
            batches.append([])
            count = 0
        batches[-1].append(query)
        count += size
    return batches if batches[0] else []


def _id(index: int) -> str:
    return f"m{index}"


def _data(index: int, query: Query, subject: Subject, window: SampleWindow) -> list[Any]:
    """Return the queries of a metric as GetMetricData takes them; ids are unique in the call."""
    if not query.query:
        (only,) = query.inputs.values()
        return [_stat(_id(index), only, subject, window, is_returned=True)]
    renamed = {name: f"{_id(index)}_{name}" for name in query.inputs}
    expression = _WORD.sub(lambda word: renamed.get(word[0], word[0]), subject.fill(query.query))
    inputs = [
        _stat(renamed[name], each, subject, window, is_returned=False) for name, each in query.inputs.items()
    ]
    math = {"Id": _id(index), "Expression": expression, "Period": window.step_seconds, "ReturnData": True}
    return [*inputs, math]


def _stat(
    id: str, metric: CloudWatchInput, subject: Subject, window: SampleWindow, *, is_returned: bool
) -> Any:
    dimensions = [{"Name": name, "Value": subject.fill(value)} for name, value in metric.dimensions.items()]
    empty = [each["Name"] for each in dimensions if not each["Value"]]
    if empty:
        raise DeliveryError(
            f"metric {metric.metric}: dimension {empty[0]} is empty: {subject.group} has none",
            f"{metric.dimensions[empty[0]]} needs a target group and load balancer of its own for each side "
            '(traffic = "weighted"); else use {group}',
        )
    named = {"Namespace": metric.namespace, "MetricName": metric.metric, "Dimensions": dimensions}
    return {
        "Id": id,
        "MetricStat": {"Metric": named, "Period": window.step_seconds, "Stat": metric.statistic},
        "ReturnData": is_returned,
    }
