"""What became of a plan: an outcome for each change, with its problems."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jobdsl.errors import JobdslError, Problem
from jobdsl.planning.changes import Change

__all__ = ["ApplyResult", "ChangeOutcome", "Status", "failed", "problem_of", "skipped"]

Status = Literal["done", "incomplete", "failed", "skipped", "queued", "unbuilt"]
"""done; incomplete: made, but Jenkins dropped some of it, or it could not be read back; failed; skipped, for
another's failure; queued: the requested build was started; unbuilt: it was not."""


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """What became of one change."""

    change: Change
    status: Status
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return self.status in ("done", "queued")


@dataclass(slots=True)
class ApplyResult:
    """What became of a plan."""

    outcomes: list[ChangeOutcome] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every change was made in full."""
        return all(outcome.ok for outcome in self.outcomes)

    @property
    def problems(self) -> list[Problem]:
        """All problems, in the order they came up."""
        return [problem for outcome in self.outcomes for problem in outcome.problems]


def failed(change: Change, error: JobdslError, status: Status = "failed") -> ChangeOutcome:
    """Return the outcome of a change that could not be made, or not in full."""
    return ChangeOutcome(change, status, (problem_of(change, error),))


def skipped(change: Change, why: str) -> ChangeOutcome:
    """Return the outcome of a change that was not begun."""
    problem = Problem(f'"{change.full_name}" was left as it is: {why}', change.where, job=change.full_name)
    return ChangeOutcome(change, "skipped", (problem,))


def problem_of(change: Change, error: JobdslError) -> Problem:
    """Return an error as a problem of a change, at the line of its definition."""
    return Problem(error.message, change.where, error.hint, job=change.full_name, rule="apply")
