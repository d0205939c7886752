"""How a job hands on what it made to the jobs it starts: as their parameters, or as artifacts they copy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from jobdsl import DslError, misc, properties, publish, steps
from jobdsl.errors import suggestion

__all__ = ["STARTED_BY", "WAYS", "HandOn", "chain", "check_hand_on", "copied_from"]

HandOn = Literal["parameters", "artifacts"]
WAYS = ("parameters", "artifacts")
"""`parameters` needs the Parameterized Trigger plugin; `artifacts` needs no plugin but Copy Artifact."""

STARTED_BY = steps.built_upstream(fallback=True, strategy="UseNewest")
"""The build that started this one; of several the newest, and the last successful one if none did."""


def check_hand_on(hand_on: str) -> None:
    """Raise DslError for an unknown way."""
    if hand_on not in WAYS:
        near = suggestion(str(hand_on), WAYS) or '"artifacts" needs no Parameterized Trigger plugin'
        raise DslError(f"hand_on takes one of {', '.join(WAYS)}, not {hand_on!r}", hint=near)


def chain(then: str | Iterable[str], hand_on: HandOn, file: str) -> dict[str, dict[str, Any]]:
    """Return what a job gets to start others: publishers and properties by the names of the parts.

    `file`: an artifact of `NAME=value` lines with what is handed on.
    """
    jobs = [then] if isinstance(then, str) else list(then)
    if not jobs:
        return {"publishers": {}, "properties": {}}
    names = ", ".join(jobs)
    if hand_on == "artifacts":
        permission = properties.copy_permission([name.strip() for name in names.split(",")])
        return {"publishers": {"next": publish.downstream(names)}, "properties": {"copied": permission}}
    parameters = [misc.parameters_file(file, fail_if_missing=True)]
    return {"publishers": {"next": publish.trigger(names, parameters=parameters)}, "properties": {}}


def copied_from(job: str, file: str, *, to: str) -> Any:
    """Return the step that copies what a job hands on: of the build that started this one, else the last."""
    return steps.copy_artifacts(job, file, to=to, build=STARTED_BY, optional=True)
