"""Verdicts about resources and their results, printed as a table or as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import click

from delivery.errors import DeliveryError
from jobdsl.cli.console import say, say_json

__all__ = ["CleanResult", "CleanVerdict", "carry_out", "tell"]

Action = Literal["remove", "keep"]


@dataclass(frozen=True, slots=True)
class CleanVerdict:
    """A resource, the action for it, and the reason."""

    kind: str
    """`image`, `instance`, `volume`, `snapshot`, `package`, `directory` ..."""
    id: str
    place: str
    """Its region, or `this host`."""
    action: Action
    reason: str
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further values of the JSON."""


@dataclass(frozen=True, slots=True)
class CleanResult:
    """The result of an action."""

    done: bool
    message: str


def carry_out(
    verdicts: Iterable[CleanVerdict], remove: Callable[[CleanVerdict], str]
) -> dict[str, CleanResult]:
    """Remove what is to be removed; return the results by id. A failure does not stop the others."""
    results = {}
    for verdict in verdicts:
        if verdict.action == "remove":
            try:
                results[verdict.id] = CleanResult(True, remove(verdict))
            except DeliveryError as error:
                results[verdict.id] = CleanResult(False, str(error))
    return results


def tell(
    verdicts: Sequence[CleanVerdict], results: Mapping[str, CleanResult], *, applied: bool, as_json: bool
) -> int:
    """Print the verdicts; return the exit code: 1 if something could not be removed."""
    if as_json:
        say_json([_json(verdict, results.get(verdict.id)) for verdict in verdicts])
    else:
        for line in _table([_row(verdict, results.get(verdict.id)) for verdict in verdicts]):
            say(line)
        due = sum(verdict.action == "remove" for verdict in verdicts)
        if not applied:
            summary = f"{due} to remove; nothing was removed without --apply" if due else "nothing to remove"
            click.echo(summary, err=True)
    return int(any(not result.done for result in results.values()))


def _row(verdict: CleanVerdict, result: CleanResult | None) -> tuple[str, ...]:
    word = verdict.action if result is None else "removed" if result.done else "failed"
    reason = result.message if result is not None and result.message else verdict.reason
    return word, verdict.kind, verdict.place, verdict.id, verdict.name or "-", reason


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    ]


def _json(verdict: CleanVerdict, result: CleanResult | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kind": verdict.kind,
        "id": verdict.id,
        "place": verdict.place,
        "name": verdict.name,
        "action": verdict.action,
        "reason": verdict.reason,
        **verdict.facts,
    }
    return values if result is None else {**values, "done": result.done, "result": result.message}
