"""A Status as text for a terminal: pools, what waits, agents, the last decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import click

from dynaslave.manager.status import Status
from dynaslave.manager.times import ago, clock, dollars

__all__ = ["lines", "table"]

_COLOURS = {"busy": "green", "draining": "yellow", "lost": "red", "held": "magenta"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows under a head, each column as wide as it must be, the last as long as it is."""
    all_rows = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(click.unstyle(row[at])) for row in all_rows) for at in range(len(head))]
    for number, row in enumerate(all_rows):
        cells = [
            cell + " " * (width - len(click.unstyle(cell))) for cell, width in zip(row, widths, strict=True)
        ]
        text = "  ".join(cells).rstrip()
        yield click.style(text, dim=True) if number == 0 else text


def lines(status: Status, *, most: int = 20) -> Iterator[str]:
    """The whole status; of long lists the first `most`."""
    acting = "acting" if status.active else "not acting"
    if status.holder and not status.active:
        acting = f"standing by, {status.holder} holds the lease"
    yield (
        f"{click.style(status.manager, bold=True)}: {acting}; {status.provider} for {status.url}, "
        f"seen {clock(status.at)} UTC"
    )
    for trouble in status.troubles:
        yield click.style(f"! {trouble}", fg="red")
    for note in status.notes:
        yield click.style(f"- {note}", fg="yellow")
    yield ""
    yield from table(("POOL", "WAITING", "AGENTS", "OF", "$ MONTH", "NOTE"), _pools(status))
    if status.queue:
        yield ""
        yield from table(("WAITS", "ITEM", "LABEL", "POOL"), _queue(status, most))
        yield from _more(len(status.queue), most)
    if status.agents:
        yield ""
        yield from table(("AGENT", "STATE", "FOR", "RUNS", "INSTANCE"), _agents(status, most))
        yield from _more(len(status.agents), most)
    if status.decisions:
        yield ""
        yield from table(("AT", "DECISION", "WHY"), _decisions(status, most))


def _more(count: int, most: int) -> Iterator[str]:
    if count > most:
        yield click.style(f"... and {count - most} more", dim=True)


def _pools(status: Status) -> Iterator[Sequence[str]]:
    for pool in status.pools:
        states = ", ".join(f"{count} {_state(state)}" for state, count in pool.agents.items()) or "none"
        yield (
            pool.name,
            str(pool.waiting),
            states,
            str(pool.max_agents),
            dollars(pool.dollars),
            pool.note,
        )


def _queue(status: Status, most: int) -> Iterator[Sequence[str]]:
    for row in status.queue[:most]:
        pool = row.pool or ("other nodes" if row.elsewhere else click.style("none", fg="red"))
        yield (ago(status.at - row.since), row.name, row.label, pool)


def _agents(status: Status, most: int) -> Iterator[Sequence[str]]:
    for row in status.agents[:most]:
        runs = str(len(row.builds)) if row.builds else ""
        where = " ".join(filter(None, (row.instance, row.type, row.zone, row.market)))
        old = click.style(" old", fg="yellow") if row.old else ""
        yield (row.name, _state(row.state) + old, ago(status.at - row.since), runs or row.note, where)


def _decisions(status: Status, most: int) -> Iterator[Sequence[str]]:
    for entry in status.decisions[:most]:
        times = f" ({entry.times} times)" if entry.times > 1 else ""
        error = click.style(f" FAILED: {entry.error}", fg="red") if entry.error else ""
        yield (clock(entry.at), f"{entry.action} {entry.target}{times}", f"{entry.reason}{error}")


def _state(state: str) -> str:
    return click.style(state, fg=_COLOURS.get(state)) if state in _COLOURS else state
