"""Checks of definitions that are no items, such as agent pools: other packages bring them.

A package names its check in the entry point group `jobdsl.checks`, under the kind of definition it
knows. It is called with the estate's root, the estate and its settings, and gives back problems.
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

__all__ = ["GROUP", "check"]

GROUP = "jobdsl.checks"
Check = Callable[[Path, "Estate", "Settings"], Iterable[Problem]]


def check(root: Path, estate: Estate, settings: Settings) -> list[Problem]:
    """Return what the checks find; nothing is looked up for an estate of items alone."""
    if not estate.extra and not settings.extra:
        return []
    checks = {entry_point.name: entry_point for entry_point in entry_points(group=GROUP)}
    problems = [_unchecked(kind, values[0]) for kind, values in estate.extra.items() if kind not in checks]
    for name in sorted(checks):
        run: Check = checks[name].load()
        problems += run(root, estate, settings)
    return problems


def _unchecked(kind: str, value: dict[str, Any]) -> Problem:
    where = Where(str(value.get("file", "?")), int(value.get("line", 0)))
    hint = "install the package whose definition it is again: it has none of its entry points"
    return Problem(f"nothing installed here checks a {kind}", where, hint, "warning")
