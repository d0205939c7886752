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
        """What happens to an object of its kind: `disable`, `delete` or `ignore`."""
        return self.removed.views if existing.kind == "view" else self.removed.jobs

    def choose(self, owned: Iterable[Existing]) -> list[tuple[Existing, str]]:
        """The objects that go, each with the reason; deepest first."""
        gone = [one for one in owned if one.key not in self.defined and not self._is_protected(one)]
        gone.sort(key=lambda one: (-one.full_name.count("/"), one.full_name))
        holding = self._holding({one.key for one in gone if self.policy(one) == "delete"})
        return list(self._chosen(gone, holding))

    def _is_protected(self, one: Existing) -> bool:
        """Return whether it, or a folder around it, must stay."""
        return not self.protected.isdisjoint((one.full_name, *names.ancestors(one.full_name)))

    def _chosen(self, gone: list[Existing], holding: dict[str, str]) -> Iterator[tuple[Existing, str]]:
        for one in gone:
            policy = self.policy(one)
            if policy == "disable" and not one.is_folder and not _is_disabled(one):
                yield one, "no longer defined"
            if policy == "delete":
                if one.is_folder and (held := holding.get(one.full_name)):
                    self.notes.append(_kept(one, held))
                    for above in names.ancestors(one.full_name):
                        holding.setdefault(above, one.full_name)
                else:
                    yield one, "no longer defined"

    def _holding(self, going: set[Key]) -> dict[str, str]:
        """Folders that something stays in, with one such object."""
        holding: dict[str, str] = {}
        staying = [one.key for one in self.live.values() if one.key not in going and not one.is_default_view]
        for _, name in (*staying, *self.defined):
            for above in names.ancestors(name):
                holding.setdefault(above, name)
        return holding


def _is_disabled(one: Existing) -> bool:
    """Whether we disabled it before, and it still is as far as the controller tells."""
    return one.marker is not None and one.marker.removed and one.disabled is not False


def _kept(folder: Existing, held: str) -> Problem:
    message = f'folder "{folder.full_name}" is no longer defined but stays: it holds "{held}"'
    return Problem(message, severity="note", job=folder.full_name, rule="removed")
