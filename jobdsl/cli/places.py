"""Places in an estate's files as seen from the current directory, so that editors can open them.

Definitions, plans and markers name files relative to the estate's root; people run commands elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.errors import Problem, Where

if TYPE_CHECKING:
    from jobdsl.planning.changes import Plan

__all__ = ["seen_plan", "seen_problem", "use"]

_PLACE = re.compile(r"(?<![\w./-])([\w./-]*\w\.\w+)(?=:[0-9])")
"""A file in a message that has a line."""
_roots: list[Path] = []
"""The estate of the command that runs, if it has one."""


def use(root: Path | None) -> None:
    """Set the estate whose files are meant from now on."""
    _roots[:] = [] if root is None else [root]


def seen_problem(problem: Problem) -> Problem:
    """Return a problem with the places it names as seen from the current directory."""
    if not _roots:
        return problem
    where, message, hint = _seen(problem.where), _in_text(problem.message), _in_text(problem.hint)
    return replace(problem, where=where, message=message, hint=hint)


def seen_plan(plan: Plan) -> Plan:
    """Return a plan, to be shown, with the places it names as seen from the current directory."""
    changes = tuple(replace(change, where=_seen(change.where)) for change in plan.changes)
    return replace(plan, changes=changes, problems=tuple(map(seen_problem, plan.problems)))


def _seen(where: Where | None) -> Where | None:
    if where is None or not _roots or Path(where.file).is_absolute():
        return where
    return Where(_path(where.file), where.line)


def _in_text(text: str) -> str:
    def seen(match: re.Match[str]) -> str:
        return _path(match[1]) if (_roots[0] / match[1]).is_file() else match[0]

    return _PLACE.sub(seen, text)


def _path(file: str) -> str:
    """Return the path from the current directory; of an estate elsewhere, the path as it was given."""
    path, current = _roots[0] / file, Path.cwd()
    if not path.is_absolute():
        return str(path)
    return str(path.relative_to(current)) if path.is_relative_to(current) else str(path)
