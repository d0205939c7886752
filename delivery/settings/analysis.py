"""`[analysis]`, or a file of its own, on canaries: metrics, and when they are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from delivery.errors import SettingsError
from delivery.settings import values
from jobdsl.errors import EstateError, Problem, Where
from jobdsl.settings.tomlread import Reader, checked, number

__all__ = ["AnalysisSettings", "InputSettings", "MetricSettings", "load_analysis", "read_analysis"]


def _bad_pair(pair: tuple[float, ...]) -> str:
    return "" if len(pair) == 2 and 0 <= pair[0] <= pair[1] else "must be two rising numbers, [LOW, HIGH]"


@dataclass(frozen=True, slots=True)
class InputSettings:
    """`[analysis.metrics.NAME.inputs.INPUT]`: a metric of CloudWatch, alone or for metric math in `query`."""

    namespace: str = ""
    metric: str = ""
    statistic: str = "Average"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """`{group}`, `{target_group}` and `{load_balancer}` in a value are those of each side."""


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """`[analysis.metrics.NAME]`: a metric, where its values come from, and how they are judged."""

    name: str
    source: Literal["prometheus", "cloudwatch", "command"] = "prometheus"
    query: str = ""
    """PromQL, a command, or metric math over `inputs`; `{group}` is the name of the group that is read."""
    counter: bool = False
    """Values only rise, but for restarts: their increments are compared."""
    direction: Literal["increase", "decrease", "either"] = "either"
    """Which change is a deterioration."""
    nan: Literal["remove", "replace"] = "remove"
    """Whether a missing value is left out, or counts as zero."""
    outliers: Literal["keep", "remove"] = "keep"
    critical: bool = False
    """A deterioration of critical size ends the canary at once."""
    must_have_data: bool = False
    tolerance: float = number(0.25, 0)
    confidence: float = number(0.98, 0.5, 0.9999999)
    """Of the interval, at least."""
    measure: Literal["meanRatio", "cles"] = "meanRatio"
    allowed: tuple[float, ...] | None = checked(None, _bad_pair)
    """Effects in between are no deterioration; None: any significant change is one."""
    critical_effect: tuple[float, ...] | None = checked(None, _bad_pair)
    """Effects beyond are critical; None takes `allowed`."""
    far: tuple[float, ...] | None = checked(None, _bad_pair)
    """Effects beyond end the canary at once, whatever the metric weighs."""
    group: str = "default"
    """Metrics that are scored together."""
    inputs: Mapping[str, InputSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """`[analysis]`: how a canary is judged by its metrics."""

    minutes: float = number(60.0, 0.1)
    """Time over which values are compared, after the warm-up."""
    interval_minutes: float = number(5.0, 0.1)
    """Between two judgements."""
    warm_up_minutes: float = number(10.0, 0)
    """Time at the beginning whose values are left out."""
    delay_minutes: float = number(1.0, 0)
    """After how long values are complete; CloudWatch takes up to 3 minutes."""
    step_seconds: int = number(60, 1)
    """Between two values of a series."""
    error_rate: float = number(0.02, 0.0001, 0.5)
    """Probability that a canary as good as its baseline is not promoted."""
    minimum_points: int = number(15, 2)
    """Values of each side below which a metric is not judged."""
    pass_score: float = number(95.0, 0, 100)
    marginal_score: float = number(75.0, 0, 100)
    """From here to `pass_score` a user decides; below, the canary is rolled back."""
    prometheus_url: str | None = checked(None, values.bad_url)
    prometheus_token_variable: str | None = None
    """Environment variable with a bearer token."""
    reports: str | None = None
    """Directory for reports of each judgement, `GROUP.html`, `.md` and `.json`, from that of this file on."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Percent of groups of metrics; groups without one share equally what is left of 100."""
    metrics: tuple[MetricSettings, ...] = ()


def load_analysis(path: Path) -> AnalysisSettings:
    """Read a file with the keys of `[analysis]`. SettingsError with everything that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([Problem(f"cannot be read: {reason}", where=Where(str(path), 0))]) from error
    try:
        reader = Reader(text, str(path))
        settings = read_analysis(reader, reader.document, ())
        reader.finish()
    except EstateError as error:
        raise SettingsError(error.problems) from error
    return settings


def read_analysis(reader: Reader, value: object, path: tuple[str, ...]) -> AnalysisSettings:
    """Read the table at a path of a document."""
    table = dict(reader.mapping(value, path))
    metrics = _metrics(reader, table.pop("metrics", {}), (*path, "metrics"))
    weights = _weights(reader, table.pop("weights", {}), (*path, "weights"), metrics)
    settings = reader.table(AnalysisSettings, table, path, metrics=metrics, weights=weights)
    if not metrics:
        reader.error(path, "the analysis has no metric", "[analysis.metrics.latency]")
    if settings.marginal_score > settings.pass_score:
        reader.error((*path, "marginal_score"), "marginal_score is above pass_score")
    if settings.prometheus_url is None and any(each.source == "prometheus" for each in metrics):
        reader.error(path, "metrics from Prometheus need prometheus_url", 'prometheus_url = "http://..."')
    if settings.reports is not None:
        located = str(Path(reader.file).parent / Path(settings.reports).expanduser())
        settings = replace(settings, reports=located)
    return settings


def _metrics(reader: Reader, value: object, path: tuple[str, ...]) -> tuple[MetricSettings, ...]:
    metrics = []
    for name, entry in reader.mapping(value, path).items():
        table = dict(reader.mapping(entry, (*path, name)))
        inputs = _inputs(reader, table.pop("inputs", {}), (*path, name, "inputs"))
        metric = reader.table(MetricSettings, table, (*path, name), name=name, inputs=inputs)
        _check(reader, metric, (*path, name))
        metrics.append(metric)
    return tuple(metrics)


def _check(reader: Reader, metric: MetricSettings, path: tuple[str, ...]) -> None:
    if metric.source == "cloudwatch":
        if not metric.inputs:
            reader.error(
                path, f"metric {metric.name} of CloudWatch has no inputs", "inputs.NAME.namespace = ..."
            )
        elif not metric.query and len(metric.inputs) > 1:
            reader.error(path, f"metric {metric.name} has several inputs and no query", 'query = "a / b"')
    elif not metric.query:
        reader.error(path, f"metric {metric.name} has no query")
    elif metric.inputs:
        reader.error((*path, "inputs"), f"inputs of metric {metric.name}: only CloudWatch has any")


def _inputs(reader: Reader, value: object, path: tuple[str, ...]) -> dict[str, InputSettings]:
    inputs = {}
    for name, entry in reader.mapping(value, path).items():
        table = dict(reader.mapping(entry, (*path, name)))
        place = (*path, name, "dimensions")
        dimensions = reader.mapping(table.pop("dimensions", {}), place)
        for key, text in dimensions.items():
            if not isinstance(text, str):
                reader.error((*place, key), f"dimension {key} must be text")
        inputs[name] = reader.table(InputSettings, table, (*path, name), dimensions=dict(dimensions))
        if not inputs[name].namespace or not inputs[name].metric:
            reader.error((*path, name), f"input {name} needs namespace and metric")
        if not name[:1].islower() or not name.isidentifier():
            reader.error((*path, name), f"input {name!r}: must be a small letter, then letters, digits and _")
    return inputs


def _weights(
    reader: Reader, value: object, path: tuple[str, ...], metrics: tuple[MetricSettings, ...]
) -> dict[str, float]:
    groups = {metric.group for metric in metrics}
    weights: dict[str, float] = {}
    for name, weight in reader.mapping(value, path).items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 100:
            reader.error((*path, name), f"the weight of {name} must be a number from 0 to 100")
        elif name not in groups:
            known = ", ".join(sorted(groups))
            reader.error((*path, name), f"no metric is in group {name}", f"groups are {known}")
        else:
            weights[name] = float(weight)
    if sum(weights.values()) > 100:
        reader.error(path, f"the weights add up to {sum(weights.values()):g}, more than 100")
    return weights
