"""Numbers over time as SVG: a stacked area for kinds of things, a line for one. Text in, text out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape

__all__ = ["Band", "area_chart"]

WIDTH, HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 8, 10, 22
_DAY = 86_400
_STEPS = (60, 300, 900, 1800, 3600, 7200, 21600, 43200, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY)
"""Seconds between two marks of the axis."""
Band = tuple[str, str]
"""Name of a band and its colour."""


def clock(when: float) -> str:
    """A moment as the time of day in UTC: `14:05`."""
    return datetime.fromtimestamp(when, UTC).strftime("%H:%M")


def area_chart(
    title: str,
    times: Sequence[float],
    bands: Sequence[Band],
    values: Mapping[str, Sequence[float]],
    *,
    label: Callable[[float], str] = clock,
) -> str:
    """A stacked area chart; `values` has one number for each time, by the band's name. Bands from below.

    label: names a moment on the axis.
    """
    if len(times) < 2:
        return f'<p class="empty">{escape(title)}: not enough seen yet</p>'
    totals = [sum(values[name][at] for name, _ in bands) for at in range(len(times))]
    top = _ceiling(max(totals))
    frame = _Frame(times[0], times[-1], top)
    parts = [frame.grid(), *_areas(frame, times, bands, values), frame.hours(label)]
    summary = f"{title}: now {_number(totals[-1])}, at most {_number(max(totals))}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(summary)}">'
        f"<title>{escape(summary)}</title>{''.join(parts)}</svg>"
    )


class _Frame:
    """Where times and values stand in the picture."""

    def __init__(self, start: float, end: float, top: float) -> None:
        self.start, self.end, self.top = start, max(end, start + 1), top

    def x(self, when: float) -> float:
        return _LEFT + (when - self.start) / (self.end - self.start) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - value / self.top * (HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> str:
        lines = []
        for share in (0, 0.5, 1):
            y = self.y(self.top * share)
            lines.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            lines.append(
                f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{_number(self.top * share)}</text>'
            )
        return "".join(lines)

    def hours(self, label: Callable[[float], str]) -> str:
        span = self.end - self.start
        step = next((seconds for seconds in _STEPS if span / seconds <= 7), 365 * 86400)
        first = math.ceil(self.start / step) * step
        texts = []
        for when in range(int(first), int(self.end) + 1, step):
            text = f'<text x="{self.x(when):.1f}" y="{HEIGHT - 6}" text-anchor="middle">{label(when)}</text>'
            texts.append(text)
        return "".join(texts)


def _areas(
    frame: _Frame, times: Sequence[float], bands: Sequence[Band], values: Mapping[str, Sequence[float]]
) -> list[str]:
    below = [0.0] * len(times)
    areas = []
    for name, colour in bands:
        if not any(values[name]):
            continue
        above = [low + value for low, value in zip(below, values[name], strict=True)]
        path = _outline(frame, times, above) + _outline(frame, times, below, back=True)
        areas.append(f'<path fill="{colour}" d="M{path}Z"><title>{escape(name)}</title></path>')
        below = above
    return areas


def _outline(frame: _Frame, times: Sequence[float], values: Sequence[float], *, back: bool = False) -> str:
    """Points of a staircase: a number holds until the next was seen."""
    points: list[str] = []
    for at, (when, value) in enumerate(zip(times, values, strict=True)):
        if at:
            points.append(f"{frame.x(when):.1f},{frame.y(values[at - 1]):.1f}")
        points.append(f"{frame.x(when):.1f},{frame.y(value):.1f}")
    return " ".join(reversed(points) if back else points) + " "


def _ceiling(value: float) -> float:
    """A round number not below a value, for the top of the scale; half of it is a whole number, too."""
    if value <= 2:
        return 2
    power: float = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)


def _number(value: float) -> str:
    return f"{value:g}"
