"""Objects that people renamed, moved or copied in Jenkins: our marker on another object than it names. Pure.

Where the original still exists, with the marker of its own name, the other object is a copy; else it was
renamed. A definition whose object was renamed is not brought about a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from jobdsl.errors import Problem
from jobdsl.grammar import names
from jobdsl.model import Definition
from jobdsl.planning.inventory import Existing, Key
from jobdsl.planning.refusals import listed, refuse

__all__ = ["Copies"]


class Copies:
    """The objects of one seed that carry the marker of another object."""

    def __init__(
        self,
        seed: str,
        defined: Mapping[Key, Definition],
        live: Mapping[Key, Existing],
        owns: Callable[[Existing], bool],
    ) -> None:
        self._defined, self._live, self._owns = defined, live, owns
        self._reported: set[Key] = set()
        """What is missing, so that its definition is refused."""
        self._by_original: dict[Key, list[Existing]] = {}
        """The objects, but for those that came along with their folder, by what their marker names."""
        for existing in live.values():
            marker = existing.marker
            if marker is None or marker.seed != seed or owns(existing) or self._came_along(existing, seed):
                continue
            self._by_original.setdefault((existing.kind, marker.name), []).append(existing)

    def renamed(self, definition: Definition) -> Problem | None:
        """Return why a definition without an object is not brought about: people gave it another name."""
        for original in (definition.key, self._former(definition)):
            if bearers := self._by_original.get(original):
                self._reported.add(original)
                return self._refusal(definition, bearers)
        return None

    def _refusal(self, definition: Definition, bearers: list[Existing]) -> Problem:
        now = listed([bearer.full_name for bearer in bearers])
        carry = "carry" if len(bearers) > 1 else "carries"
        return refuse(
            definition,
            f"it was renamed or moved in Jenkins: {now} {carry} its marker",
            self._way_out(definition, bearers),
        )

    def problems(self) -> Iterator[Problem]:
        """Yield a warning for each object that nothing here manages, though it carries our marker."""
        for original, bearers in sorted(self._by_original.items()):
            for existing in bearers:
                if existing.key not in self._defined and original not in self._reported:
                    yield self._unmanaged(existing, original)

    def is_copy(self, existing: Existing) -> bool:
        """Return whether the object its marker was written for is still there."""
        marker = existing.marker
        original = self._live.get((existing.kind, marker.name)) if marker else None
        return original is not None and original is not existing and self._owns(original)

    def _unmanaged(self, existing: Existing, original: Key) -> Problem:
        marker, definition = existing.marker, self._defined.get(original)
        assert marker is not None  # it is why it is here
        kind = "view" if existing.kind == "view" else "folder" if existing.is_folder else "job"
        place = definition.where if definition else marker.where
        name = f'"{marker.name}" ({place})'
        if self.is_copy(existing):
            state = f"is a copy of {name}, made in Jenkins"
        elif definition is None:
            state = (
                f"was renamed or copied in Jenkins: it carries the marker of {name}, which is not defined now"
            )
        else:
            state = f"was renamed or copied in Jenkins: it carries the marker of {name}"
        return Problem(
            f'{kind} "{existing.full_name}" {state}, and nothing manages it',
            place,
            "delete it; or delete the last line of its description, if it is a "
            f"{kind} of its own, and define it if you like",
            severity="note" if existing.disabled else "warning",
            rule="copy",
            job=existing.full_name,
        )

    def _came_along(self, existing: Existing, seed: str) -> bool:
        """Return whether it lies in a folder that was renamed or copied with it."""
        folder = self._live.get(("item", names.parent(existing.full_name)))
        around, marker = folder.marker if folder else None, existing.marker
        if folder is None or around is None or marker is None or around.seed != seed or self._owns(folder):
            return False
        return marker.name == names.join(around.name, names.leaf(existing.full_name))

    def _former(self, definition: Definition) -> Key:
        """Return the key of what a definition was, where nothing else has that name now."""
        former = ("item", definition.renamed_from)
        return former if former not in self._defined and former not in self._live else ("item", "")

    def _way_out(self, definition: Definition, bearers: list[Existing]) -> str:
        """Return what to do with an object that people renamed."""
        if len(bearers) > 1:
            return "delete, in Jenkins, those that are copies, or the last line of their descriptions"
        bearer = bearers[0]
        old, new = definition.full_name, bearer.full_name
        if bearer.key in self._defined:
            return f'"{new}" is defined as well: rename it back, or delete it, in Jenkins'
        if definition.is_view:
            return f'define it as "{new}"; or delete "{new}" in Jenkins, and "{old}" is created again'
        if bearer.marker and bearer.marker.name != old:
            return f'add renamed_from="{new}"; or delete "{new}" in Jenkins, and "{old}" is created again'
        return (
            f'to keep that name, define it as "{new}" with renamed_from="{old}"; to undo it, '
            f'add renamed_from="{new}" here; or delete "{new}" in Jenkins, and "{old}" is created again'
        )
