"""Runs checks: each gives problems under its name, and one that cannot be run is a note, never a pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from delivery.aws import ErrorMeaning, meaning
from delivery.errors import DeliveryError
from jobdsl.errors import Problem, Severity

__all__ = ["DoctorCheck", "run_checks"]


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One thing that is checked."""

    name: str
    """The `rule` of its problems."""
    about: str
    """In a few words, for reports."""
    run: Callable[[], Iterable[Problem]] = field(repr=False)


def run_checks(checks: Iterable[DoctorCheck]) -> list[Problem]:
    """Run all checks, whatever each of them finds."""
    return [problem for check in checks for problem in _problems_of(check)]


def _problems_of(check: DoctorCheck) -> Iterator[Problem]:
    try:
        for problem in check.run():
            yield replace(problem, rule=check.name)
    except DeliveryError as error:
        for problem in error.problems:
            yield replace(problem, rule=check.name, severity=_severity(error))


def _severity(error: DeliveryError) -> Severity:
    """Return `note` for what could not be looked up, else `error`."""
    unread = (ErrorMeaning.Denied, ErrorMeaning.Throttled, ErrorMeaning.Unavailable)
    return "note" if meaning(error) in unread else "error"
