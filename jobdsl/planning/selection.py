"""A part of a plan: the objects whose names match, and what they need. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from jobdsl.errors import Problem, suggestion
from jobdsl.grammar import names
from jobdsl.planning.changes import Action, Change
from jobdsl.planning.order import dependencies, stages

__all__ = ["Selection"]

_NEEDED = (Action.CREATE, Action.MOVE, Action.REPLACE, Action.DELETE)
"""Changes that make a place for others, or free one; a folder that is only updated is there already."""


class Selection:
    """Objects chosen by globs of their full names; without globs all of them."""

    def __init__(self, patterns: Collection[str], full_names: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        known = set(full_names)
        self._chosen = {name for name in known if self._matches(name)} if patterns else set()
        self._around = {above for name in self._chosen for above in names.ancestors(name)}
        self._unmatched = [
            pattern for pattern in self.patterns if not any(names.matches(pattern, name) for name in known)
        ]
        self._known = known

    def has(self, full_name: str) -> bool:
        """Return whether an object of this name is chosen."""
        return not self.patterns or full_name in self._chosen or self._matches(full_name)

    def concerns(self, problem: Problem) -> bool:
        """Return whether a problem is about something chosen, a folder around it, or about no object."""
        return not problem.job or self.has(problem.job) or problem.job in self._around

    def problems(self) -> list[Problem]:
        """List the globs that choose nothing."""
        return [
            Problem(
                f'--only "{pattern}" fits nothing in the estate or on the controller',
                hint=suggestion(pattern, self._known) or 'a folder with all in it: --only "FOLDER/**"',
                rule="plan",
            )
            for pattern in self._unmatched
        ]

    def of(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes of chosen objects, and the changes they wait for, in their order."""
        if not self.patterns:
            return list(changes)
        selected: list[Change] = []
        for stage in stages(changes):
            before = dependencies(stage)
            ahead = [at for at, change in enumerate(stage) if self._is_chosen(change)]
            needed: set[int] = set()
            while ahead:
                at = ahead.pop()
                if at not in needed:
                    needed.add(at)
                    ahead += [other for other in before[at] if stage[other].action in _NEEDED]
            selected += [change for at, change in enumerate(stage) if at in needed]
        return selected

    def _is_chosen(self, change: Change) -> bool:
        return self.has(change.full_name) or (change.source != "" and self._matches(change.source))

    def _matches(self, full_name: str) -> bool:
        return any(names.matches(pattern, full_name) for pattern in self.patterns)
