"""How the commands speak: problems, colours, progress on a terminal and plain lines in a build log."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

import click

from jobdsl.cli import places
from jobdsl.errors import Problem, Severity
from jobdsl.printable import json_text, one_line, printable

__all__ = ["Progress", "count", "say", "say_json", "say_problems"]

_COLORS: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "cyan"}

_LIKE = 5
"""How many problems alike, but for the job they are about, are shown in full."""


def count(number: int, word: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def say(text: str, *, err: bool = False) -> None:
    """Print text that may hold what others wrote: names, reasons, what a server answered."""
    click.echo(printable(text), err=err)


def say_json(value: object) -> None:
    """Print a value as JSON, alone on stdout: indented, in UTF-8, with what nothing shows escaped."""
    click.echo(json_text(value))


def say_problems(problems: Iterable[Problem], *, most: int = 200) -> int:
    """Print problems to stderr, by file and line; gives the number of errors."""
    ordered = sorted(
        map(places.seen_problem, problems),
        key=lambda problem: (
            problem.where is None,
            problem.where.file if problem.where else "",
            problem.where.line if problem.where else 0,
        ),
    )
    shown, hidden = _without_repeats(ordered)
    for problem in shown[:most]:
        place = click.style(f"{one_line(str(problem.where))}: ", bold=True) if problem.where else ""
        hint = click.style(f"\n    {_indented(problem.hint)}", dim=True) if problem.hint else ""
        severity = click.style(problem.severity, fg=_COLORS[problem.severity])
        click.echo(f"{place}{severity}: {_indented(problem.message)}{hint}", err=True)
    for last, more in hidden:
        click.echo(f"{last.severity}: {_indented(_without_job(last))}: {more} more like it", err=True)
    if len(shown) > most:
        click.echo(f"... and {len(shown) - most} more", err=True)
    counts = Counter(problem.severity for problem in ordered)
    if ordered:
        click.echo(", ".join(count(counts[kind], kind) for kind in _COLORS if counts[kind]), err=True)
    return counts["error"]


def _indented(text: str) -> str:
    """Text whose further lines cannot be taken for lines of our own."""
    return printable(text).replace("\n", "\n    ")


def _without_repeats(problems: list[Problem]) -> tuple[list[Problem], list[tuple[Problem, int]]]:
    """Return the problems, with only the first few equal ones of many jobs, and how many are left out."""
    seen: Counter[tuple[str, str, str]] = Counter()
    last: dict[tuple[str, str, str], Problem] = {}
    shown = []
    for problem in problems:
        kind = (problem.severity, problem.rule, _without_job(problem))
        seen[kind] += 1
        last[kind] = problem
        if seen[kind] <= _LIKE:
            shown.append(problem)
    return shown, [(last[kind], number - _LIKE) for kind, number in seen.items() if number > _LIKE]


def _without_job(problem: Problem) -> str:
    return problem.message.removeprefix(f"{problem.job}: ")


class Progress:
    """How far a run is: one line rewritten on a terminal; in a build log a line now and then."""

    def __init__(self, total: int, caption: str) -> None:
        self.total, self.caption, self.done = total, caption, 0
        self.live = sys.stderr.isatty()
        self._step = max(25, total // 10)

    def advance(self) -> None:
        """One more is done."""
        self.done += 1
        line = f"{self.caption}: {self.done} of {self.total}"
        if self.live:
            click.echo(f"\r{line}", nl=self.done == self.total, err=True)
        elif self.total > 25 and (self.done % self._step == 0 or self.done == self.total):
            click.echo(line, err=True)

    def line(self, text: str) -> None:
        """Print a line of its own without spoiling the rewritten one."""
        if self.live and self.done and self.done < self.total:
            click.echo("\r\033[K", nl=False, err=True)
        click.echo(text, err=True)
