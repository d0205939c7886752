"""Removals: what becomes of objects of ours whose definition is gone.

A folder is deleted only when nothing stays in it. Folders cannot be disabled; they stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from jobdsl.errors import Problem
from jobdsl.grammar import names
from jobdsl.planning.inventory import Existing, Key
from jobdsl.settings.config import Removed

__all__ = ["Removals"]


class Removals:
    """Which of the objects of ours go, and how."""

    def __init__(
        self,
        removed: Removed,
        defined: Iterable[Key],
        live: Mapping[Key, Existing],
        protected: set[str],
    ) -> None:
        self.removed = removed
        self.defined = set(defined)
        self.live = live
        self.protected = protected
        self.notes: list[Problem] = []

    def policy(self, existing: Existing) -> str:
        """Return what happens to an object of its kind: `disable`, `delete` or `ignore`."""
        return self.removed.views if existing.kind == "view" else self.removed.jobs

    def choose(self, owned: Iterable[Existing]) -> list[tuple[Existing, str]]:
        """Return the objects that go, each with the reason; deepest first."""
        gone = [
            existing
            for existing in owned
            if existing.key not in self.defined and not self._is_protected(existing)
        ]
        gone.sort(key=lambda existing: (-existing.full_name.count("/"), existing.full_name))
        holding = self._holding({existing.key for existing in gone if self.policy(existing) == "delete"})
        return list(self._chosen(gone, holding))

    def _is_protected(self, existing: Existing) -> bool:
        """Return whether it, or a folder around it, must stay."""
        return not self.protected.isdisjoint((existing.full_name, *names.ancestors(existing.full_name)))

    def _chosen(self, gone: list[Existing], holding: dict[str, str]) -> Iterator[tuple[Existing, str]]:
        for existing in gone:
            policy = self.policy(existing)
            if policy == "disable" and not existing.is_folder and not _is_disabled(existing):
                yield existing, "no longer defined"
            if policy == "delete":
                if existing.is_folder and (held := holding.get(existing.full_name)):
                    self.notes.append(_stays(existing, held))
                    for above in names.ancestors(existing.full_name):
                        holding.setdefault(above, existing.full_name)
                else:
                    yield existing, "no longer defined"

    def _holding(self, going: set[Key]) -> dict[str, str]:
        """Folders that something stays in, with one such object."""
        holding: dict[str, str] = {}
        staying = [
            existing.key
            for existing in self.live.values()
            if existing.key not in going and not existing.is_default_view
        ]
        for _, name in (*staying, *self.defined):
            for above in names.ancestors(name):
                holding.setdefault(above, name)
        return holding


def _is_disabled(existing: Existing) -> bool:
    """Return whether this seed disabled it before, and it still is as far as the controller shows."""
    return existing.marker is not None and existing.marker.removed and existing.disabled is not False


def _stays(folder: Existing, held: str) -> Problem:
    message = f'folder "{folder.full_name}" is no longer defined but stays: it holds "{held}"'
    return Problem(message, severity="note", job=folder.full_name, rule="removed")
