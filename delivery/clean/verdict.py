"""What is to become of one thing, why, and what became of it; told as a table or as JSON."""

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
    """One thing and what is done with it."""

    kind: str
    """`image`, `instance`, `volume`, `snapshot`, `package`, `directory` ..."""
    id: str
    place: str
    """Its region, or `this host`."""
    action: Action
    reason: str
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else JSON is to say."""


@dataclass(frozen=True, slots=True)
class CleanResult:
    """What became of it."""

    done: bool
    told: str


def carry_out(
    verdicts: Iterable[CleanVerdict], remove: Callable[[CleanVerdict], str]
) -> dict[str, CleanResult]:
    """Remove what is to be removed; gives what became of each, by id. One that fails stops no other."""
    results = {}
    for one in verdicts:
        if one.action == "remove":
            try:
                results[one.id] = CleanResult(True, remove(one))
            except DeliveryError as error:
                results[one.id] = CleanResult(False, str(error))
    return results


def tell(
    verdicts: Sequence[CleanVerdict], results: Mapping[str, CleanResult], *, applied: bool, as_json: bool
) -> int:
    """Say it on stdout; gives the exit code: 1 if something could not be removed."""
    if as_json:
        say_json([_json(one, results.get(one.id)) for one in verdicts])
    else:
        for line in _table([_row(one, results.get(one.id)) for one in verdicts]):
            say(line)
        due = sum(one.action == "remove" for one in verdicts)
        if not applied:
            said = f"{due} to remove, nothing was done: --apply does it" if due else "nothing to remove"
            click.echo(said, err=True)
    return int(any(not one.done for one in results.values()))


def _row(one: CleanVerdict, result: CleanResult | None) -> tuple[str, ...]:
    word = one.action if result is None else "removed" if result.done else "failed"
    reason = result.told if result is not None and result.told else one.reason
    return word, one.kind, one.place, one.id, one.name or "-", reason


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(5)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]])
        for row in rows
    ]


def _json(one: CleanVerdict, result: CleanResult | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": one.kind,
        "id": one.id,
        "place": one.place,
        "name": one.name,
        "action": one.action,
        "reason": one.reason,
        **one.facts,
    }
    return said if result is None else {**said, "done": result.done, "result": result.told}
