"""Checks of definitions that are no items, such as agent pools, and of files: other packages bring them.

A package names its check in the entry point group `jobdsl.checks`, under the kind of definition it
knows. It is called with the estate's root, the estate and its settings, and gives back problems. In the
group `jobdsl.file_checks` it names a check of a file at the estate's root, under the file's name; that is
called with the path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobdsl.errors import Problem, Where

if TYPE_CHECKING:
    from jobdsl.model import Estate
    from jobdsl.settings.config import Settings

__all__ = ["FILE_GROUP", "GROUP", "check"]

GROUP = "jobdsl.checks"
FILE_GROUP = "jobdsl.file_checks"
_OWN = "jobdsl.toml"
"""Settings of jobdsl itself, which are checked where they are read."""
Check = Callable[[Path, "Estate", "Settings"], Iterable[Problem]]
FileCheck = Callable[[Path], Iterable[Problem]]


def check(root: Path, estate: Estate, settings: Settings) -> list[Problem]:
    """Return the problems of all checks; no entry point is read for an estate of items alone."""
    problems = _check_files(root)
    if not estate.extra and not settings.extra:
        return problems
    checks = {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}
    problems += [_unchecked(kind, values[0]) for kind, values in estate.extra.items() if kind not in checks]
    for name in sorted(checks):
        run: Check = checks[name].load()
        problems += run(root, estate, settings)
    return problems


def _check_files(root: Path) -> list[Problem]:
    """Check files at the root that some package knows."""
    files = {file.name: file for file in sorted(root.glob("*.toml")) if file.name != _OWN}
    if not files:
        return []
    problems: list[Problem] = []
    for entry_point in sorted(entry_points(group=FILE_GROUP), key=lambda each: each.name):
        if entry_point.name in files:
            run: FileCheck = entry_point.load()
            problems += run(files[entry_point.name])
    return problems


def _unchecked(kind: str, value: dict[str, Any]) -> Problem:
    where = Where(str(value.get("file", "?")), int(value.get("line", 0)))
    hint = "install the package whose definition it is again: it has none of its entry points"
    return Problem(f"nothing installed here checks a {kind}", where, hint, "warning")
