"""The status page: a Status and its recent past as HTML that refreshes itself and fits a phone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from dynaslave.controller.builds import build_name
from dynaslave.manager.series import Sample
from dynaslave.manager.status import Status
from dynaslave.manager.times import ago, clock, dollars
from dynaslave.model import AgentState
from dynaslave.web.charts import area_chart
from jobdsl.printable import shown

__all__ = ["render"]

COLOURS = {
    AgentState.BUSY: "#2f6f4f",
    AgentState.IDLE: "#7cc49a",
    AgentState.REQUESTED: "#c9d8f0",
    AgentState.PENDING: "#9db9e8",
    AgentState.BOOTING: "#6f95d8",
    AgentState.DRAINING: "#e0b45c",
    AgentState.HELD: "#b9a7d1",
    AgentState.LOST: "#d0665a",
    AgentState.GONE: "#a9a9a9",
}
_REFRESH = 10
"""Seconds between two loads of the page."""


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, finalize=shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(ago=ago, clock=clock, dollars=dollars, short=build_name)
    return environment


def render(status: Status, samples: Sequence[Sample]) -> str:
    """The page."""
    text = (files("dynaslave.web") / "page.html.j2").read_text(encoding="utf-8")
    times = [sample.at for sample in samples]
    agents = {str(state): [sample.agents.get(state, 0) for sample in samples] for state in COLOURS}
    queue = {"waiting": [sample.waiting for sample in samples]}
    return (
        _environment()
        .from_string(text)
        .render(
            status=status,
            refresh=_REFRESH,
            colours=COLOURS,
            agents_chart=area_chart(
                "Agents", times, [(str(state), colour) for state, colour in COLOURS.items()], agents
            ),
            queue_chart=area_chart("Queue", times, [("waiting", "#b45f3c")], queue),
        )
    )
