"""Errors of the project: problems, each with a place and a hint.

JobdslError                 exit code 1; carries one or more Problems
├── DslError                a bad call in a DSL file (wrong argument, wrong type, bad name)
├── EstateError             all problems of a run in an estate
├── XmlError                a document that cannot be read
└── ControllerError         what the controller answered, or that it did not
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

__all__ = [
    "ControllerError",
    "DslError",
    "EstateError",
    "JobdslError",
    "Problem",
    "Severity",
    "Where",
    "XmlError",
    "suggestion",
]

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Where:
    """A line of a user's file; the file is relative to the estate's root."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: what, where, and the way out."""

    message: str
    where: Where | None = None
    hint: str = ""
    severity: Severity = "error"
    rule: str = ""
    """The lint rule or check that found it; empty for errors of Python itself."""
    job: str = ""
    """Full name of the item it is about, if it is about one."""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {self.message}{hint}"

    def to_json(self) -> dict[str, str | int | None]:
        """Return the problem as JSON values, the same in all outputs: see docs/cli.md."""
        return {
            "severity": self.severity,
            "rule": self.rule,
            "name": self.job,
            "file": self.where.file if self.where else None,
            "line": self.where.line if self.where else None,
            "message": self.message,
            "hint": self.hint,
        }

    def at(self, where: Where | None) -> Problem:
        """Return the same problem, placed at `where` unless it has a place already."""
        return self if self.where or where is None else replace(self, where=where)


class JobdslError(Exception):
    """Base of all errors we raise on purpose; never shown with a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", where: Where | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        if hint:
            self.add_note(hint)  # shown by Python and pytest, where the problems are not printed

    @property
    def problems(self) -> list[Problem]:
        """The error as a list of problems to print."""
        return [Problem(self.message, where=self.where, hint=self.hint)]


class DslError(JobdslError):
    """A call in a DSL file that cannot be right."""


class XmlError(JobdslError):
    """A document that is no well-formed, harmless XML; `line` is its line in the document."""

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class EstateError(JobdslError):
    """All problems of one run."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = list(problems)
        super().__init__(f"{len(self._problems)} problem{'s' if len(self._problems) != 1 else ''}")

    @property
    def problems(self) -> list[Problem]:
        """Every one of them."""
        return self._problems


class ControllerError(JobdslError):
    """The controller refused, failed or did not answer; `status` is the HTTP status, 0 for none."""

    def __init__(self, message: str, *, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


_LONGEST_WORD = 100
"""Characters of a word that has a suggestion, or is one: the work grows with their product."""
_MOST_CANDIDATES = 20_000


def suggestion(word: str, candidates: Iterable[str]) -> str:
    """`did you mean "x"?` for the nearest candidate, or an empty string."""
    import difflib  # only wanted when something is wrong
    from itertools import islice

    if len(word) > _LONGEST_WORD:
        return ""
    lowered = {
        candidate.lower().replace("_", ""): candidate
        for candidate in islice(candidates, _MOST_CANDIDATES)
        if len(candidate) <= _LONGEST_WORD
    }
    near = difflib.get_close_matches(word.lower().replace("_", ""), list(lowered), n=1, cutoff=0.6)
    return f'did you mean "{lowered[near[0]]}"?' if near else ""
