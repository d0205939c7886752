"""Reports of a judgement: JSON, text, Markdown, and one HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from delivery.analysis import charts
from delivery.analysis.model import Judgement, Metric, MetricResult, Thresholds
from delivery.analysis.score_history import ScorePoint
from jobdsl.printable import json_text, one_line, printable

__all__ = ["Texts", "as_html", "as_json", "as_markdown", "as_text"]


class Texts(NamedTuple):
    """A judgement, as text in any format."""

    judgement: Judgement
    metrics: Sequence[Metric]
    thresholds: Thresholds
    scores: Sequence[ScorePoint] = ()
    """Of the judgements up to this one, where there are several."""

    def of(self, name: str) -> str:
        """Return it as `text`, `json`, `markdown` or `html`."""
        if name == "html":
            return as_html(self.judgement, self.metrics, self.thresholds, self.scores)
        if name == "json":
            scores = [point._asdict() for point in self.scores]
            return json_text(as_json(self.judgement) | ({"scores": scores} if scores else {}))
        return as_markdown(self.judgement) if name == "markdown" else as_text(self.judgement)


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Return the judgement as JSON values; docs/canary-analysis.md describes them."""
    return {
        "verdict": judgement.verdict,
        "score": judgement.score,
        "reasons": list(judgement.reasons),
        "groups": {
            name: {"score": round(score, 2), "weight": round(judgement.weights[name], 2)}
            for name, score in judgement.groups.items()
        },
        "metrics": [_metric_json(result) for result in judgement.metrics],
    }


def _metric_json(result: MetricResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "group": result.group,
        "classification": result.classification,
        "critical": result.critical,
        "reason": result.reason,
        "interval": asdict(result.interval) if result.interval else None,
        "effect": result.effect_size,
        "points": {"baseline": result.points[0], "canary": result.points[1]},
    }


def as_text(judgement: Judgement) -> str:
    """Return lines for a terminal or a build log."""
    width = max(len(one_line(result.name)) for result in judgement.metrics)
    rows = [
        f"  {result.classification:11} {one_line(result.name):{width}}  {one_line(result.reason)}"
        for result in judgement.metrics
    ]
    head = f"{judgement.verdict}: score {judgement.score:g} of 100"
    reasons = [f"  {one_line(reason)}" for reason in judgement.reasons]
    return "\n".join([head, *rows, *(["", "Reasons:", *reasons] if reasons else [])])


def as_markdown(judgement: Judgement) -> str:
    """Return a section for a pull request, a chat or a build's description."""
    rows = [
        f"| {_cell(result.name)} | {_cell(result.group)} | {result.classification}"
        f"{' (critical)' if result.critical else ''} | {_cell(result.reason)} |"
        for result in judgement.metrics
    ]
    reasons = [f"- {_cell(reason)}" for reason in judgement.reasons]
    return "\n".join(
        [
            f"## Canary analysis: {judgement.verdict}, score {judgement.score:g} of 100",
            "",
            *([*reasons, ""] if reasons else []),
            "| metric | group | result | reason |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    """Return text that ends no cell, makes no link and holds no markup."""
    return "".join(f"\\{letter}" if letter in "\\|`*_[]<>" else letter for letter in one_line(text))


class _Row(NamedTuple):
    result: MetricResult
    series: Any
    distribution: Any


def _shown(metric: Metric) -> tuple[charts.Values, charts.Values]:
    """Return both series as they are judged: zero for what is missing, where the metric is set so."""
    if metric.nan == "remove":
        return metric.baseline, metric.canary
    baseline, canary = (
        [0.0 if v is None else v for v in values] for values in (metric.baseline, metric.canary)
    )
    return baseline, canary


def as_html(
    judgement: Judgement,
    metrics: Sequence[Metric],
    thresholds: Thresholds,
    scores: Sequence[ScorePoint] = (),
) -> str:
    """Return one page that needs nothing else: verdict, reasons, and charts of each metric.

    Args:
        judgement: The judgement of these metrics.
        metrics: The metrics, in the order of the judgement's results.
        thresholds: Those of the judgement.
        scores: Of the judgements up to this one; drawn over time.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("delivery.analysis", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    rows = [
        _Row(
            result,
            Markup(charts.series(*_shown(metric))),  # noqa: S704  # numbers and words of ours
            Markup(charts.distribution(*_shown(metric))),  # noqa: S704
        )
        for result, metric in zip(judgement.metrics, metrics, strict=True)
    ]
    chart = charts.scores(scores, thresholds.passing, thresholds.marginal) if scores else ""
    page = environment.get_template("report.html.j2").render(
        judgement=judgement,
        rows=rows,
        thresholds=thresholds,
        score_chart=Markup(chart),  # noqa: S704  # numbers and words of ours
    )
    return printable(page) + "\n"
