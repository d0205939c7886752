"""Which files a process may name: a problem it reports in another team's file is not blamed on that team.

A place in a file of another team counts only where the process' own files import that file, and then the
problem also names the files that ran. Any other place gives way to the file that ran.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from jobdsl.errors import Problem, Where
from jobdsl.loading.imports import imported
from jobdsl.loading.protocol import Frame
from jobdsl.settings.config import Settings

__all__ = ["Sender"]

_SHOWN = 3
"""Files of a group that are named."""


class Sender:
    """One process that runs one group of files, as the places that its problems name are concerned."""

    def __init__(self, root: Path, own: frozenset[str], settings: Settings) -> None:
        self.root, self.own, self.settings = root, own, settings
        self.running = ""
        """The file of its own that runs, or ran last."""

    @cached_property
    def imported(self) -> frozenset[str]:
        """The files that its own files import."""
        return imported(self.root, self.own)

    @cached_property
    def group(self) -> str:
        """Whose files it runs, in words; empty where no teams are named."""
        if not self.settings.teams:
            return ""
        teams = sorted({team.name for file in self.own for team in self.settings.teams_of(file)})
        word = "team" if len(teams) == 1 else "teams"
        team_names = f"{word} {', '.join(teams)}" if teams else "no team"
        files = sorted(self.own)
        more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
        return f"{', '.join(files[:_SHOWN])}{more} of {team_names}"

    @property
    def place(self) -> Where | None:
        """The file that is named where no better place is known."""
        if self.running:
            return Where(self.running, 0)
        return Where(min(self.own), 0) if len(self.own) == 1 else None

    def may_name(self, file: str) -> bool:
        """Return whether a problem may stand at this file."""
        if not self.settings.teams or file in self.own or file in self.imported:
            return True
        is_inside = not file.startswith("/") and ".." not in file.split("/")
        return is_inside and not self.settings.teams_of(file)

    def placed(self, problem: Problem) -> Problem:
        """Return a problem at a place the process may name, with whose files ran where it is not theirs."""
        where = problem.where
        if not self.group or (where is not None and where.file in self.own):
            return problem
        notes = [problem.hint, f"reported by the process that ran {self.group}"]
        if where is not None and not self.may_name(where.file):
            notes[1] += f", which named {where}"
            where = self.place
        hint = "; ".join(filter(None, notes))
        return Problem(problem.message, where, hint, problem.severity, problem.rule, problem.job)

    def checked(self, frame: Frame) -> Frame:
        """Return a problem or an item as it was sent, with the places that the process may name."""
        (kind, *values), body = frame
        if kind == "problem":
            severity, message, file, line, hint, job = values
            problem = self.placed(Problem(message, Where(file, line) if file else None, hint, severity))
            where = problem.where or Where("", 0)
            return [kind, severity, message, where.file, where.line, problem.hint, job], body
        *rest, template, line = values
        return frame if self.may_name(template) else ([kind, *rest, "", 0], body)
