"""SVG charts: both series of a metric over time, how their values are distributed, and scores. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

__all__ = ["distribution", "scores", "series"]

WIDTH, HEIGHT, MARGIN = 480, 150, 8
_FOOT = 16
"""Height of the labels below a chart."""
_TEXT = 10
"""Height of a label."""
_BINS = 40

Values = Sequence[float | None]


def series(baseline: Values, canary: Values) -> str:
    """Draw both series over the same time axis; a missing value is a gap."""
    low, high = _range(baseline, canary)
    lines = [
        f'<polyline class="{name}" points="{points}"/>'
        for name, values in (("baseline", baseline), ("canary", canary))
        for points in _lines(values, low, high)
    ]
    labels = [_label(MARGIN, _TEXT, f"{high:.4g}"), _label(MARGIN, HEIGHT - 2, f"{low:.4g}")]
    return _svg(f"both series over time, from {low:.4g} to {high:.4g}", [*lines, *labels])


def distribution(baseline: Values, canary: Values) -> str:
    """Draw a histogram of each series on one axis of values, each scaled to its own number of values."""
    low, high = _range(baseline, canary)
    counts = {"baseline": _histogram(baseline, low, high), "canary": _histogram(canary, low, high)}
    peak = max((share for shares in counts.values() for share in shares), default=0.0) or 1.0
    width = (WIDTH - 2 * MARGIN) / _BINS
    bars = []
    for name, shares in counts.items():
        steps = []
        for index, share in enumerate(shares):
            x, top = MARGIN + index * width, HEIGHT - _FOOT - share / peak * (HEIGHT - MARGIN - _FOOT)
            steps += [f"{x:.1f},{top:.1f}", f"{x + width:.1f},{top:.1f}"]
        floor = HEIGHT - _FOOT
        area = f"{MARGIN},{floor} {' '.join(steps)} {WIDTH - MARGIN},{floor}"
        bars.append(f'<polygon class="{name}" points="{area}"/>')
    labels = [
        _label(MARGIN, HEIGHT - 2, f"{low:.4g}"),
        _label(WIDTH - MARGIN, HEIGHT - 2, f"{high:.4g}", anchor="end"),
    ]
    return _svg(f"distribution of the values, from {low:.4g} to {high:.4g}", [*bars, *labels])


def scores(points: Sequence[tuple[float, float]], passing: float, marginal: float) -> str:
    """Draw scores, from 0 to 100, over minutes, with the two scores that decide."""
    end = max(minutes for minutes, _ in points) or 1.0
    width, height = WIDTH - 2 * MARGIN, HEIGHT - MARGIN - _FOOT
    places = [
        (MARGIN + minutes / end * width, MARGIN + (1 - score / 100) * height) for minutes, score in points
    ]
    shapes = []
    for name, limit in (("pass", passing), ("marginal", marginal)):
        y = MARGIN + (1 - limit / 100) * height
        shapes.append(f'<line class="limit" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y:.1f}" y2="{y:.1f}"/>')
        shapes.append(_label(MARGIN, y + _TEXT, f"{name} {limit:g}"))
    shapes.append(f'<polyline class="score" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
    shapes += [
        f'<circle class="score" cx="{x:.1f}" cy="{y:.1f}" r="3">'
        f"<title>{score:g} at {minutes:.3g} min</title></circle>"
        for (x, y), (minutes, score) in zip(places, points, strict=True)
    ]
    shapes += [
        _label(MARGIN, HEIGHT - 2, "0 min"),
        _label(WIDTH - MARGIN, HEIGHT - 2, f"{end:.3g} min", anchor="end"),
    ]
    return _svg(f"score over time, {points[-1][1]:g} after {end:.3g} minutes", shapes)


def _label(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _finite(values: Values) -> list[float]:
    return [value for value in values if value is not None and isfinite(value)]


def _range(baseline: Values, canary: Values) -> tuple[float, float]:
    values = [*_finite(baseline), *_finite(canary)]
    return (min(values), max(values)) if values else (0.0, 1.0)


def _lines(values: Values, low: float, high: float) -> list[str]:
    """Return the points of each run of values without a gap; a single one becomes a short dash."""
    step = (WIDTH - 2 * MARGIN) / max(1, len(values) - 1)
    scale = (HEIGHT - 2 * _FOOT) / ((high - low) or 1.0)
    runs = groupby(enumerate(values), key=lambda item: item[1] is not None and isfinite(item[1]))
    lines = []
    for has_values, run in runs:
        places = [
            (MARGIN + index * step, HEIGHT - _FOOT - (value - low) * scale)
            for index, value in run
            if value is not None
        ]
        if has_values:
            end = [(places[0][0] + 1, places[0][1])] if len(places) == 1 else []
            lines.append(" ".join(f"{x:.1f},{y:.1f}" for x, y in [*places, *end]))
    return lines


def _histogram(values: Values, low: float, high: float) -> list[float]:
    """Return the share of the values in each bin."""
    finite = _finite(values)
    shares = [0.0] * _BINS
    for value in finite:
        index = int((value - low) / ((high - low) or 1.0) * _BINS)
        shares[min(index, _BINS - 1)] += 1 / len(finite)
    return shares


def _svg(title: str, shapes: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}"><title>{title}</title>'
        f"{''.join(shapes)}</svg>"
    )
