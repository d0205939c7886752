"""Queries of metrics, and the series that answer them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Protocol

from delivery.analysis.model import Metric, MetricRules

__all__ = [
    "CloudWatchInput",
    "MetricSource",
    "Query",
    "Reading",
    "SampleWindow",
    "Side",
    "SourceName",
    "Subject",
]

SourceName = Literal["cloudwatch", "prometheus", "command"]
Side = Literal["baseline", "canary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatchInput:
    """A metric of CloudWatch, alone or as an input of metric math."""

    namespace: str
    metric: str
    statistic: str = "Average"
    """`Sum`, `Average`, `Maximum`, `p99` ..."""
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """`{group}`, `{target_group}` and `{load_balancer}` in a value are those of the side that is read."""


@dataclass(frozen=True, kw_only=True)
class Query(MetricRules):
    """A metric: where its values come from, and how they are judged."""

    source: SourceName
    query: str = ""
    """PromQL, a command, or metric math over `inputs`."""
    inputs: Mapping[str, CloudWatchInput] = field(default_factory=dict)
    """Metrics of CloudWatch by the name they have in `query`; without a query, the only one."""
    counter: bool = False
    """Values only rise, but for restarts: their increments are compared."""

    def mentions(self, placeholder: str) -> bool:
        """Return whether the query or a dimension has a placeholder, such as `group`, or its variable."""
        texts = [self.query, *(text for each in self.inputs.values() for text in each.dimensions.values())]
        names = (f"{{{placeholder}}}", f"DELIVERY_{placeholder.upper()}")
        return any(name in text for text in texts for name in names)

    def metric(self, baseline: Sequence[float | None], canary: Sequence[float | None]) -> Metric:
        """Return the metric with its two series."""
        rules: dict[str, Any] = {rule.name: getattr(self, rule.name) for rule in fields(MetricRules)}
        return Metric(**rules, baseline=tuple(baseline), canary=tuple(canary))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The group whose values are read, and what else names it in a query."""

    group: str
    side: Side
    target_group: str = ""
    """Its part of the ARN, as CloudWatch's dimension has it: `targetgroup/NAME/ID`."""
    load_balancer: str = ""
    """Its part of the ARN: `app/NAME/ID`; of a classic one its name."""
    instances: tuple[str, ...] = ()
    """Their ids; in a query, separated by `|`."""

    def fill(self, text: str) -> str:
        """Put the names into a query; other braces stay, as PromQL has them."""
        for name, value in {
            "group": self.group,
            "side": self.side,
            "target_group": self.target_group,
            "load_balancer": self.load_balancer,
            "instances": "|".join(self.instances),
        }.items():
            text = text.replace(f"{{{name}}}", value)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWindow:
    """A time with values at equal steps: at `start`, `start + step_seconds`, ..., before `end`."""

    start: float
    """Seconds since 1970, a multiple of the step."""
    end: float
    step_seconds: int = 60

    @classmethod
    def between(cls, start: float, end: float, step_seconds: int = 60) -> SampleWindow:
        """Return the whole steps between two times."""
        first = -(-int(start) // step_seconds) * step_seconds
        return cls(
            start=first, end=max(first, int(end) // step_seconds * step_seconds), step_seconds=step_seconds
        )

    @property
    def steps(self) -> int:
        """Number of values."""
        return max(0, int(self.end - self.start) // self.step_seconds)

    def index(self, time: float) -> int | None:
        """Return which step a time belongs to; None if it is outside."""
        place = int((time - self.start) // self.step_seconds)
        return place if 0 <= place < self.steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The values of one metric on one side, one for each step of a window, None where there is none."""

    values: tuple[float | None, ...]
    notes: tuple[str, ...] = ()
    """What a user should know of them, for example that the source had only a part."""


class MetricSource(Protocol):
    """A place where metrics are kept."""

    def read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        """Read metrics of one group; a reading for each query, by its name.

        Raises:
            DeliveryError: the source cannot be reached, or refuses a query.
        """
        ...
