"""A simulation over time as one SVG: what waited, and what the agents did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from dynaslave.simulate.engine import Played
from dynaslave.simulate.faults import NEVER
from dynaslave.web.charts import HEIGHT, WIDTH, Band, area_chart

__all__ = ["to_svg"]

_POINTS = 480
_QUEUE: tuple[Band, ...] = (("waiting", "#c2410c"),)
_AGENTS: tuple[Band, ...] = (("busy", "#1d4ed8"), ("idle", "#93c5fd"), ("starting", "#cbd5e1"))
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#475569}.grid{stroke:#e2e8f0;stroke-width:1}"
    ".title{font-size:13px;fill:#0f172a}"
)
Span = tuple[float, float]


def to_svg(title: str, played: Played) -> str:
    """The queue, and executors that are busy, idle and starting, over the time of the trace."""
    world, end = played.world, max(played.finished, 1.0)
    times = [end * at / (_POINTS - 1) for at in range(_POINTS)]
    builds = list(zip(world.builds, world.started, world.ran_on, strict=True))
    waiting = [(build.submit, started) for build, started, _ in builds]
    busy = [
        (started, min(started + build.duration, machine.ended))
        for build, started, machine in builds
        if machine is not None
    ]
    starting, online = [], []
    for machine in world.machines:
        up = min(machine.serves_at, machine.ended)
        starting += [(machine.launched, up)] * machine.executors
        online += [(up, machine.ended)] * machine.executors
    values = {
        "waiting": _counts(waiting, times),
        "busy": _counts(busy, times),
        "starting": _counts(starting, times),
    }
    pairs = zip(_counts(online, times), values["busy"], strict=True)
    values["idle"] = [max(total - busy, 0) for total, busy in pairs]
    charts = [
        area_chart("builds waiting", times, _QUEUE, values, label=_day),
        area_chart("executors", times, _AGENTS, values, label=_day),
    ]
    return _page(title, charts)


def _day(when: float) -> str:
    """A moment of a trace: `day 1`, `day 1 12:00`."""
    day, seconds = divmod(int(when), 86_400)
    hours = f" {seconds // 3600:02}:{seconds % 3600 // 60:02}" if seconds else ""
    return f"day {day + 1}{hours}"


def _counts(spans: Iterable[Span], times: Sequence[float]) -> list[float]:
    """How many spans hold at most at once in each of some bins, that begin at evenly spaced times."""
    step, last = times[1] - times[0], len(times) - 1
    events: list[list[tuple[float, int]]] = [[] for _ in times]
    for start, stop in spans:
        if stop > start:
            events[min(int(start // step), last)].append((start, 1))
            if stop < NEVER and stop // step <= last:
                events[int(stop // step)].append((stop, -1))
    level = 0
    most: list[float] = []
    for event in events:
        highest = level
        for _, change in sorted(event):
            level += change
            highest = max(highest, level)
        most.append(highest)
    return most


def _page(title: str, charts: Sequence[str]) -> str:
    head, legend = 28, 24
    height = head + len(charts) * HEIGHT + legend
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        f'<style>{_STYLE}</style><rect width="100%" height="100%" fill="#fff"/>',
        f'<text class="title" x="8" y="19">{escape(title)}</text>',
    ]
    for at, chart in enumerate(charts):
        place = f'<svg x="0" y="{head + at * HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        parts.append(chart.replace("<svg ", place, 1))
    for at, (name, colour) in enumerate((*_QUEUE, *_AGENTS)):
        x, y = 36 + at * 110, height - 16
        parts.append(f'<rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15}" y="{y + 9}">{name}</text>')
    return "".join(parts) + "</svg>\n"
