"""How the commands speak: problems, colours, progress on a terminal and plain lines in a build log."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

import click

from jobdsl.errors import Problem, Severity

__all__ = ["Progress", "count", "say_problems"]

_COLORS: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "cyan"}


def count(number: int, word: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def say_problems(problems: Iterable[Problem], *, most: int = 200) -> int:
    """Print problems to stderr, by file and line; gives the number of errors."""
    ordered = sorted(
        problems,
        key=lambda one: (
            one.where is None,
            one.where.file if one.where else "",
            one.where.line if one.where else 0,
        ),
    )
    for one in ordered[:most]:
        place = click.style(f"{one.where}: ", bold=True) if one.where else ""
        hint = click.style(f"\n    {one.hint}", dim=True) if one.hint else ""
        click.echo(
            f"{place}{click.style(one.severity, fg=_COLORS[one.severity])}: {one.message}{hint}", err=True
        )
    if len(ordered) > most:
        click.echo(f"... and {len(ordered) - most} more", err=True)
    counts = Counter(one.severity for one in ordered)
    if ordered:
        click.echo(", ".join(count(counts[kind], kind) for kind in _COLORS if counts[kind]), err=True)
    return counts["error"]


class Progress:
    """How far a run is: one line rewritten on a terminal; in a build log a line now and then."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what, self.done = total, what, 0
        self.live = sys.stderr.isatty()
        self._step = max(1, total // 10)

    def advance(self) -> None:
        """One more is done."""
        self.done += 1
        line = f"{self.what}: {self.done} of {self.total}"
        if self.live:
            click.echo(f"\r{line}", nl=self.done == self.total, err=True)
        elif self.total > 20 and (self.done % self._step == 0 or self.done == self.total):
            click.echo(line, err=True)

    def line(self, text: str) -> None:
        """Print a line of its own without spoiling the rewritten one."""
        if self.live and self.done and self.done < self.total:
            click.echo("\r\033[K", nl=False, err=True)
        click.echo(text, err=True)
