"""Jobs that start each other in a circle: each build starts the next one, and no end comes."""

from __future__ import annotations

from collections.abc import Iterator

from jobdsl.checks.findings import problem_of
from jobdsl.checks.lookups import EstateIndex
from jobdsl.documents.references import References
from jobdsl.errors import Problem
from jobdsl.model import Definition

__all__ = ["Cycles"]

_HINT = "end it: take one of these triggers out"


class Cycles:
    """Which job starts which, gathered definition by definition."""

    def __init__(self, estate: EstateIndex) -> None:
        self._estate = estate
        self._definitions: dict[str, Definition] = {}
        self._starts: dict[str, dict[str, None]] = {}

    def add(self, definition: Definition, references: References) -> None:
        """Note what a definition starts, and what starts it."""
        if definition.is_view:
            return
        self._definitions[definition.full_name] = definition
        for kind, name in references.jobs:
            other = None if "$" in name or "=" in name else self._estate.named(name, definition.parent)
            if other is not None and kind == "downstream":
                self._starts.setdefault(definition.full_name, {})[other] = None
            elif other is not None and kind == "upstream":
                self._starts.setdefault(other, {})[definition.full_name] = None

    def problems(self) -> Iterator[Problem]:
        """Yield one problem for each circle, at the first of its jobs."""
        reported: set[str] = set()
        for name in sorted(self._starts):
            circle = [] if name in reported else self._circle(name)
            if not circle or name not in self._definitions:
                continue
            reported.update(circle)
            if len(circle) == 1:
                message = "its builds start it again, without end"
            else:
                message = "its builds come back to it without end: " + " -> ".join([*circle, name])
            yield problem_of(self._definitions[name], "warning", message, _HINT, "trigger-cycle")

    def _circle(self, start: str) -> list[str]:
        """Return the shortest way from a job back to it; empty if there is none."""
        before: dict[str, str] = {}
        waiting = [start]
        for job in waiting:
            for follower in self._starts.get(job, ()):
                if follower == start:
                    path = [job]
                    while path[-1] != start:
                        path.append(before[path[-1]])
                    return path[::-1]
                if follower not in before:
                    before[follower] = job
                    waiting.append(follower)
        return []
