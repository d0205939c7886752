"""Metrics from a command of the user's that prints JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from delivery.clock import iso
from delivery.errors import DeliveryError
from delivery.metrics.model import Query, Reading, SampleWindow, Subject
from delivery.metrics.series import placed
from delivery.shell import run

__all__ = ["Command"]

_SHOWN = 200
"""Characters of an error that are shown."""


class Command:
    """Commands run by /bin/sh; each prints the values of one metric of one group.

    It prints a list of `[seconds since 1970, number or null]`, or an object with that list as `values`. The
    environment has which: DELIVERY_GROUP, DELIVERY_SIDE, DELIVERY_START and DELIVERY_END (UTC, ISO; with
    `_SECONDS` behind the name as seconds since 1970), DELIVERY_STEP_SECONDS.
    """

    def __init__(self, timeout_seconds: float = 60.0) -> None:
        self._timeout = timeout_seconds

    def read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        """Run one command after another. DeliveryError."""
        return {query.name: self._read(query, subject, window) for query in queries}

    def _read(self, query: Query, subject: Subject, window: SampleWindow) -> Reading:
        result = run(query.query, _environment(subject, window), self._timeout)
        if result.exit_code is None:
            raise DeliveryError(f"metric {query.name}: its command took longer than {self._timeout:g} s")
        if result.exit_code:
            lines = result.errors.strip().splitlines() or result.output.strip().splitlines() or ["no output"]
            raise DeliveryError(
                f"metric {query.name}: exit code {result.exit_code} of its command: {lines[-1][:_SHOWN]}"
            )
        values, notes = placed(_points(query.name, result.output), window)
        return Reading(values=values, notes=tuple(notes))


def _environment(subject: Subject, window: SampleWindow) -> dict[str, str]:
    return {
        "DELIVERY_GROUP": subject.group,
        "DELIVERY_SIDE": subject.side,
        "DELIVERY_TARGET_GROUP": subject.target_group,
        "DELIVERY_LOAD_BALANCER": subject.load_balancer,
        "DELIVERY_INSTANCES": " ".join(subject.instances),
        "DELIVERY_START": iso(window.start),
        "DELIVERY_END": iso(window.end),
        "DELIVERY_START_SECONDS": f"{window.start:.0f}",
        "DELIVERY_END_SECONDS": f"{window.end:.0f}",
        "DELIVERY_STEP_SECONDS": str(window.step_seconds),
    }


def _points(name: str, output: str) -> list[tuple[float, float | None]]:
    try:
        document = json.loads(output)
    except (RecursionError, ValueError):
        raise DeliveryError(
            f"metric {name}: its command prints no JSON: {output.strip()[:_SHOWN]}",
            "a list of [seconds since 1970, number or null]",
        ) from None
    points = document.get("values") if isinstance(document, dict) else document
    if not isinstance(points, list) or not all(map(_is_point, points)):
        wrong = (
            next((each for each in points if not _is_point(each)), None)
            if isinstance(points, list)
            else points
        )
        raise DeliveryError(
            f"metric {name}: its command prints {json.dumps(wrong)[:_SHOWN]} where a point is expected",
            "a list of [seconds since 1970, number or null]",
        )
    return [(float(time), None if value is None else float(value)) for time, value in points]


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_number(value[0])
        and (value[1] is None or _is_number(value[1]))
    )


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and float(value) is not None
    except OverflowError:
        return False
