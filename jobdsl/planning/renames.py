"""Renames: which items of the seed move, in which order, and the inventory afterwards.

`renamed_from` stays in the files after the move was made; then there is nothing to do. A move that
a kill cut in half (renamed, but not yet in its new folder) is recognised by its marker and finished.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from jobdsl.checks.renames import FormerNames
from jobdsl.documents.marker import UNMARKED, Marker
from jobdsl.errors import Problem
from jobdsl.grammar import names
from jobdsl.model import Definition
from jobdsl.planning.inventory import Existing, Inventory, Key, class_of
from jobdsl.planning.refusals import REFUSED, mistake, refuse

__all__ = ["Renames"]


class Renames:
    """The moves of one plan. After `run`, `live` is the controller as it is once they are made."""

    def __init__(
        self,
        seed: str,
        defined: Mapping[Key, Definition],
        inventory: Inventory,
        folders: Collection[str] = (),
        stuck: Mapping[Key, Problem | None] | None = None,
    ) -> None:
        self.seed = seed
        self.defined = defined
        self.inventory = inventory
        self.folders = folders
        """Globs of the names under which what the estate defines is ours without a marker."""
        self.stuck = stuck or {}
        """Definitions that are refused for another reason: what they were stays where it is."""
        self.live: dict[Key, Existing] = dict(inventory.objects)
        self.moves: list[tuple[str, str]] = []
        """(source, target), in order; a source is the name it has when its turn comes."""
        self.sources: dict[str, str] = {}
        """Source by target."""
        self.refused: set[Key] = set()
        """Definitions that are dealt with: nothing else is planned for them."""
        self.protected: set[str] = set()
        """Items that must stay because a refused rename speaks of them."""
        self.occupied: set[str] = set()
        """Names of items that had to move away, and could not because of what is on the controller."""
        self.problems: list[Problem] = []
        self._renamed: dict[str, Definition] = {}
        self._folded = {names.key(name): name for kind, name in self.live if kind == "item"}

    def run(self) -> None:
        """Decide all moves."""
        former_names = FormerNames(self.defined.values())
        for definition in self.defined.values():
            if why := former_names.refusal(definition):
                self._keep_in_place(definition, mistake(definition, *why))
            elif definition.key in self.stuck:
                self._keep_in_place(definition, self.stuck[definition.key])
            elif definition.renamed_from and not definition.is_view:
                self._renamed[definition.renamed_from] = definition
        self._claim()
        for definition in self._ordered():
            self._rename(definition)

    def owns(self, existing: Existing) -> bool:
        """Return whether an object is ours: it has our marker, for the name it has or had before a rename.

        Also one that people renamed in Jenkins, where the estate has followed: its old name is neither
        defined nor on the controller.
        """
        marker = existing.marker
        if marker is None or marker.seed != self.seed:
            return False
        if marker.name == existing.full_name or existing.full_name in self._later_names(marker.name):
            return True
        original = (existing.kind, marker.name)
        gone = original not in self.defined and original not in self.inventory.objects
        return gone and existing.key in self.defined

    # objects without a marker

    def _claim(self) -> None:
        """Take what is defined in the seed's own folders for ours where it carries no marker."""
        for key, existing in self.live.items():
            if existing.hidden or not names.covers(self.folders, existing.full_name):
                continue
            names_now = (existing.full_name, *self._later_names(existing.full_name))
            definitions = [self.defined.get((existing.kind, name)) for name in names_now]
            definition = next(filter(None, definitions), None)
            if definition is not None and (existing.marker is None or self._is_copied_over(existing)):
                marker = Marker(
                    seed=self.seed, name=existing.full_name, where=definition.where, digest=UNMARKED
                )
                self.live[key] = replace(existing, marker=marker)

    def _is_copied_over(self, existing: Existing) -> bool:
        """Return whether it carries the marker of another object of ours, which has its own."""
        marker = existing.marker
        if marker is None or marker.seed != self.seed or self.owns(existing):
            return False
        original = self.inventory.get(existing.kind, marker.name)
        return original is not None and self.owns(original)

    def _later_names(self, name: str) -> Iterator[str]:
        """Yield the names an object once called `name` has after the renames of the estate."""
        for _ in self._renamed:  # each rename applies once
            name = self._renamed_once(name)
            if not name:
                return
            yield name

    def _renamed_once(self, name: str) -> str:
        for prefix in (name, *reversed(names.ancestors(name))):
            if definition := self._renamed.get(prefix):
                return definition.full_name + name[len(prefix) :]
        return ""

    # order

    def _ordered(self) -> list[Definition]:
        """Folders before what lies in them; an item leaves a name before another takes it."""
        former_of = {definition.full_name: former for former, definition in self._renamed.items()}
        graph: dict[str, set[str]] = {}
        for former, definition in self._renamed.items():
            above = (*names.ancestors(former), *names.ancestors(definition.full_name))
            graph[former] = {name for name in above if name in self._renamed and name != former}
            graph[former] |= {former_of[n] for n in names.ancestors(definition.full_name) if n in former_of}
            graph[former] |= {definition.full_name} & self._renamed.keys()
        while True:
            try:
                order = list(TopologicalSorter(graph).static_order())
            except CycleError as error:
                self._refuse_cycle(error.args[1], graph)
            else:
                return [self._renamed[former] for former in order if former in self._renamed]

    def _refuse_cycle(self, cycle: list[str], graph: dict[str, set[str]]) -> None:
        for former in set(cycle):
            definition = self._renamed.pop(former)
            text = f'"{former}" cannot move here: the renames wait for one another, or change places'
            hint = "rename one of them to a third name first, in a run of its own"
            self._keep_in_place(definition, mistake(definition, text, hint))
            del graph[former]
        for before in graph.values():
            before -= set(cycle)

    # one rename

    def _rename(self, definition: Definition) -> None:
        source = self._source(definition)
        if source is None:
            if (meant := self._meant(definition)) is not None:
                self._refuse_misnamed(definition, meant)
            return  # it was moved before, or never was
        target = definition.full_name
        taken = self._folded.get(names.key(target), source.full_name)
        if taken != source.full_name:
            reused = ("item", definition.renamed_from) in self.defined
            if not reused and self._is_former(source, definition):
                self._refuse(
                    definition,
                    f'"{source.full_name}" cannot move here: "{taken}" is on the controller already',
                    "delete one of the two in Jenkins, or remove renamed_from",
                )
            return
        if why := self._obstacle(definition, source):
            self._refuse(definition, f'"{source.full_name}" cannot move here: {why[0]}', why[1])
            return
        self._move(source.full_name, target)
        self.moves.append((source.full_name, target))
        self.sources[target] = source.full_name

    def _source(self, definition: Definition) -> Existing | None:
        """Return the item under its former name, or where half of the move has left it."""
        former, target = definition.renamed_from, definition.full_name
        if self._was_called(target, former):
            return None  # it is there; what has its former name now is another
        before = [name for name in (self._current(former), former) if name != target]
        places = [name for name in self._halfway(former, target) if name not in before]
        halfway = [name for name in places if self._was_called(name, former)]
        reused = ("item", former) in self.defined  # by a definition that a run cut short may have made
        for name in (*halfway, *before) if reused else (*before, *halfway):
            if existing := self.live.get(("item", name)):
                return existing
        return None

    def _meant(self, definition: Definition) -> Existing | None:
        """Return the item of ours that a former name means, where it is not a full name or in another case.

        Only one that the estate no longer defines, for a definition that is not on the controller yet.
        """
        target, former = definition.full_name, definition.renamed_from
        if names.key(target) in self._folded:
            return None
        for folder in ("", *reversed(names.ancestors(target))):
            name = self._folded.get(names.key(names.join(folder, former)), "")
            existing = self.live.get(("item", name))
            if existing is not None and existing.key not in self.defined and self.owns(existing):
                return existing
        return None

    def _refuse_misnamed(self, definition: Definition, meant: Existing) -> None:
        former, name = definition.renamed_from, meant.full_name
        text = f'renamed_from "{former}" is nothing on the controller, where "{name}" is no longer defined'
        hint = (
            f'write renamed_from="{name}": a former name is a full name, counted from the top; '
            "or remove renamed_from, if this is a new one"
        )
        self._refuse(definition, text, hint)
        self.protected.add(name)

    def _was_called(self, name: str, former: str) -> bool:
        """Return whether an item's marker has a former name."""
        existing = self.live.get(("item", name))
        marker = existing.marker if existing else None
        return marker is not None and (marker.seed, marker.name) == (self.seed, former)

    def _halfway(self, former: str, target: str) -> Iterator[str]:
        """Where a run that was cut short may have left it: on its way, or in a folder that has moved."""
        passing = names.between(former, target)
        for start in (former, *self._taken_along(former)):
            if start != former:
                yield start
            yield names.join(names.parent(start), names.leaf(target))
            yield names.join(names.parent(target), names.leaf(start))
            yield names.join(names.parent(start), passing)
            yield names.join(names.parent(target), passing)

    def _taken_along(self, name: str) -> Iterator[str]:
        """Yield the names it has after renames of the folders above it."""
        for _ in self._renamed:  # each rename applies once
            above = next(
                (folder for folder in reversed(names.ancestors(name)) if folder in self._renamed), ""
            )
            if not above:
                return
            name = self._renamed[above].full_name + name[len(above) :]
            yield name

    def _current(self, name: str) -> str:
        """Return where an item of that name is after the moves decided so far."""
        for source, target in self.moves:
            if name == source or name.startswith(source + "/"):
                name = target + name[len(source) :]
        return name

    def _is_former(self, existing: Existing, definition: Definition) -> bool:
        """Return whether it is the item of ours that the definition was, also where people renamed it."""
        marker = existing.marker
        if marker is None or marker.seed != self.seed:
            return False
        if self.owns(existing) or marker.name in (definition.renamed_from, definition.full_name):
            return True
        original = (existing.kind, marker.name)
        return original not in self.defined and original not in self.inventory.objects

    def _obstacle(self, definition: Definition, source: Existing) -> tuple[str, str] | None:
        """Return why a move must not be made, and the way out."""
        if not self._is_former(source, definition):
            return "it was not made by this seed", "adopt it under its own name first, or remove renamed_from"
        class_name = class_of(definition.root)
        if class_name and source.class_name and class_name != source.class_name:
            return f"it is a {source.class_name}, the definition a {class_name}", "remove renamed_from"
        name = definition.name
        if name != names.leaf(source.full_name) and (why := names.refusal(name)):
            return why, names.way_out(name)
        if definition.full_name.startswith(source.full_name + "/"):
            return "a folder cannot move into itself", "choose a name outside of it"
        returns = source.marker is not None and source.marker.name == definition.full_name
        foreign = [] if returns or not source.is_folder else self._foreign(source, definition.renamed_from)
        if foreign:
            some = ", ".join(foreign[:3]) + (" and more" if len(foreign) > 3 else "")
            return f"it holds what this seed did not make ({some})", "move those by hand first"
        return None

    def _foreign(self, source: Existing, former: str) -> list[str]:
        """Objects below a folder, once called `former`, that are not ours."""
        folder = source.full_name
        below = [existing for existing in self.live.values() if existing.full_name.startswith(folder + "/")]
        return [
            existing.full_name
            for existing in below
            if not (
                self.owns(existing) or existing.is_default_view or self._moved_along(existing, folder, former)
            )
        ]

    def _moved_along(self, existing: Existing, folder: str, former: str) -> bool:
        """Return whether it was made for the name it had when its folder had its former one."""
        if existing.marker is None or existing.marker.seed != self.seed:
            return False
        around = self.live[("item", folder)].marker
        before = (former, around.name) if around and around.seed == self.seed else (former,)
        return existing.marker.name in {name + existing.full_name[len(folder) :] for name in before}

    def _move(self, source: str, target: str) -> None:
        """Give an item and all below it their new names."""
        existing = self.live[("item", source)]
        marked = existing.marker.name if existing.marker else source
        prefix = source + "/"
        below = [key for key in self.live if key[1].startswith(prefix)] if existing.is_folder else []
        for kind, name in [("item", source), *below]:
            moving = self.live.pop((kind, name))
            moved = target + name[len(source) :]
            marker = moving.marker
            came_along = marker is not None and marker.name == marked + name[len(source) :]
            if marker and marker.seed == self.seed and came_along and marker.name != moved:
                marker = replace(
                    marker, name=self.defined[("item", target)].renamed_from + name[len(source) :]
                )
            self.live[(kind, moved)] = replace(moving, full_name=moved, marker=marker)
            if kind == "item":
                self._folded.pop(names.key(name), None)
                self._folded[names.key(moved)] = moved

    def _refuse(self, definition: Definition, message: str, hint: str = "") -> None:
        self._keep_in_place(definition, refuse(definition, message, hint))

    def _keep_in_place(self, definition: Definition, problem: Problem | None) -> None:
        """Plan nothing for a definition, and remove nothing that it speaks of."""
        if problem is not None:
            self.problems.append(problem)
        former = {definition.renamed_from, self._current(definition.renamed_from)}
        self.refused.add(definition.key)
        self.protected |= {definition.full_name, *former}
        if problem is None or problem.rule == REFUSED:
            self.occupied |= former
