"""What a manager answers at which path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynaslave.manager.metrics import CONTENT_TYPE_LATEST, Metrics
from dynaslave.web.page import render
from dynaslave.web.server import Page, Routes

if TYPE_CHECKING:
    from dynaslave.manager.loop import Manager

__all__ = ["routes"]


def routes(manager: Manager, metrics: Metrics) -> Routes:
    """The status page, the same as JSON, metrics, and whether the loop still turns."""

    def health() -> Page:
        trouble = manager.trouble
        text = trouble or f"the last tick that succeeded ended {manager.age():.0f} s ago"
        return Page(f"{text}\n".encode(), "text/plain; charset=utf-8", 503 if trouble else 200)

    return {
        "/": lambda: Page(render(manager.status, manager.series.samples()).encode()),
        "/status.json": lambda: Page.of_json(manager.status.plain()),
        "/metrics": lambda: Page(metrics.text(), CONTENT_TYPE_LATEST),
        "/healthz": health,
    }
