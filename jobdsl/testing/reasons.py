"""Why an item of the queue waits, in Jenkins' words, and whether Jenkins calls it stuck."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from jobdsl.errors import DslError
from jobdsl.grammar.labels import parse
from jobdsl.testing.queue import SimulatedQueueItem

if TYPE_CHECKING:
    from jobdsl.testing.scheduler import Scheduler

__all__ = ["printed", "stuck", "why"]


@lru_cache(maxsize=4096)
def printed(label: str) -> str:
    """Return a label expression as Jenkins prints it: without spaces."""
    try:
        return str(parse(label))
    except DslError:
        return label


def _span(seconds: float) -> str:
    """Return a time as Jenkins writes it: `3.8 sec`, `4 min 51 sec`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} sec"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} hr {minutes} min"
    return f"{minutes} min {rest} sec" if minutes else f"{rest} sec"


def why(scheduler: Scheduler, entry: SimulatedQueueItem) -> str | None:
    """Return the reason Jenkins gives for an item that waits."""
    if entry.state == "left":
        return None
    if entry.state == "waiting":
        remaining = entry.ready - scheduler.clock.now()
        return f"In the quiet period. Expires in {_span(remaining)}" if remaining > 0 else "Finished waiting"
    if entry.state == "blocked":
        running = scheduler.running.of(entry.item) if entry.item is not None else []
        if not running or entry.parameters:
            return "A build is already in progress"
        return f"Build #{running[0].number} is already in progress (ETA: N/A)"
    if scheduler.quieting:
        return "Jenkins is about to shut down"
    return _no_executor(scheduler, entry)


def _no_executor(scheduler: Scheduler, entry: SimulatedQueueItem) -> str:
    if entry.label is None:
        return "Waiting for next available executor"
    label = printed(entry.label)
    fitting = scheduler.computers.fitting(entry.label)
    if not fitting:
        return (
            f"There are no nodes with the label \u2018{label}\u2019"
            if scheduler.computers.agents
            else f"\u2018Jenkins\u2019 doesn\u2019t have label \u2018{label}\u2019"
        )
    if not any(computer.online for computer in fitting):
        name = fitting[0].display_name
        return (
            f"\u2018{name}\u2019 is offline"
            if len(fitting) == 1
            else f"All nodes of label \u2018{label}\u2019 are offline"
        )
    where = fitting[0].display_name if len(fitting) == 1 else label
    return f"Waiting for next available executor on \u2018{where}\u2019"


def stuck(scheduler: Scheduler, entry: SimulatedQueueItem) -> bool:
    """Return whether Jenkins calls it stuck: no node of its label is there, or none online."""
    if entry.state != "buildable" or entry.label is None:
        return False
    return not any(computer.online for computer in scheduler.computers.fitting(entry.label))
