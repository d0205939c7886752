"""The plan: what a run would change on the controller and why. Pure: (estate, inventory, settings) -> Plan.

1. Renames: an item of ours under its former name is moved, with its builds.
2. Every definition: created, updated where its digest or state differs, adopted where asked, or refused.
3. Objects of ours without a definition: disabled, deleted or left alone, within limits.

Nothing is planned for an object that does not carry our marker, made for its own name, except for what the
estate defines in folders that are the seed's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from jobdsl.documents.marker import UNFINISHED, UNMARKED
from jobdsl.documents.other_tools import writer_of
from jobdsl.errors import Problem, suggestion
from jobdsl.grammar import names
from jobdsl.model import Definition, Estate
from jobdsl.planning.changes import Action, Change, Plan
from jobdsl.planning.copies import Copies
from jobdsl.planning.inventory import BORN_VIEW, Existing, Inventory, Key, class_of
from jobdsl.planning.notes import taken_from_others, unmarked
from jobdsl.planning.order import dependencies, stages
from jobdsl.planning.refusals import listed, mistake, refuse
from jobdsl.planning.removals import Removals
from jobdsl.planning.renames import Renames
from jobdsl.planning.selection import Selection
from jobdsl.planning.still_used import Use, still_used
from jobdsl.settings.config import Removed

__all__ = ["RULES", "Action", "Change", "Plan", "plan"]

RULES = ("unknown-folder", "bad-name", "renamed-from")
"""Rules of lint that a plan decides itself, as it knows what is on the controller and what moves."""


def plan(
    estate: Estate,
    inventory: Inventory,
    seed: str,
    removed: Removed | None = None,
    *,
    adopt: Iterable[str] = (),
    drift: Mapping[Key, str] | None = None,
    partial: bool = False,
    uses: Iterable[Use] = (),
    only: Collection[str] = (),
    folders: Collection[str] = (),
) -> Plan:
    """Return the changes that bring a controller up to date.

    `adopt`: globs of full names whose unmarked objects may be taken over. `drift`: for objects whose
    live document differs from its definition, what differs (`--refresh`). `partial`: the estate is
    only a part of what the seed defines, so nothing is removed. `uses`: references of the estate to jobs;
    those to jobs that go are problems. `only`: globs of the full names that are planned, with what they need;
    without any, everything. `folders`: globs of the seed's own folders.
    """
    uses, adopt, stuck = tuple(uses), tuple(adopt), dict[Key, Problem | None]()
    while True:
        planner = _Planner(
            estate,
            inventory,
            seed,
            removed=removed or Removed(),
            adopt=adopt,
            drift=drift or {},
            folders=folders,
            stuck=stuck,
        )
        result = planner.run(partial, uses, only)
        if not (moved := planner.refused_moves()):
            return result
        stuck |= moved


class _Planner:
    def __init__(
        self,
        estate: Estate,
        inventory: Inventory,
        seed: str,
        *,
        removed: Removed,
        adopt: tuple[str, ...],
        drift: Mapping[Key, str],
        folders: Collection[str],
        stuck: Mapping[Key, Problem | None],
    ) -> None:
        self.seed, self.adopt, self.drift, self.removed = seed, adopt, drift, removed
        self.folders = folders
        self.defined = {definition.key: definition for definition in estate.definitions}
        self.before = tuple(inventory.objects)
        self.renames = Renames(seed, self.defined, inventory, folders, stuck)
        self.changes: list[Change] = []
        self.problems: list[Problem] = []
        self.unchanged: list[str] = []
        self.hidden: list[str] = []
        """Views that are there, though this user may not see them."""

    def run(self, partial: bool, uses: Iterable[Use], only: Collection[str]) -> Plan:
        self.renames.run()
        self.problems += self.renames.problems
        self.refused: dict[Key, Problem | None] = dict.fromkeys(self.renames.refused)
        self.live: Mapping[Key, Existing] = self.renames.live
        self.copies = Copies(self.seed, self.defined, self.live, self.renames.owns)
        self.folded = {names.key(name): name for kind, name in self.live if kind == "item"}
        for definition in self.defined.values():
            if definition.key not in self.refused and not self._is_in_refused(definition):
                self._define(definition)
        self.problems += self.copies.problems()
        if not partial:
            self._remove()
        self.problems += unmarked(self.live, self.defined, self.folders)
        self._note_hidden()
        moves = [change for change in self.changes if change.action is Action.MOVE]
        order = {target: position for position, (_, target) in enumerate(self.renames.moves)}
        moves.sort(key=lambda change: order[change.full_name])
        rest = [change for change in self.changes if change.action is not Action.MOVE]
        selection = Selection(only, [name for _, name in (*self.before, *self.live, *self.defined)])
        changes = tuple(selection.of([*moves, *rest]))
        self._check_order(changes)
        self.problems += taken_from_others(changes, self.live)
        self._check_removals(changes)
        remaining = {names.key(name) for kind, name in {**self.live, **self.defined} if kind == "item"}
        self.problems += still_used(changes, uses, remaining)
        problems = [problem for problem in self.problems if selection.concerns(problem)]
        unchanged = sum(selection.has(name) for name in self.unchanged)
        return Plan(self.seed, changes, unchanged, (*selection.problems(), *problems))

    def refused_moves(self) -> dict[Key, Problem | None]:
        """Return the refused definitions that were thought to move: all else was planned as if they had."""
        moved = ((key, problem) for key, problem in self.refused.items() if key[0] == "item")
        return {key: problem for key, problem in moved if key[1] in self.renames.sources}

    def _check_order(self, changes: tuple[Change, ...]) -> None:
        """Refuse moves that wait for one another: for example into a folder created anew under its own old
        name.
        """
        first, _ = stages(changes)
        if not self.renames.moves:
            return
        try:
            TopologicalSorter(dependencies(first)).prepare()
        except CycleError as error:
            moves = [first[at] for at in error.args[1] if first[at].action is Action.MOVE]
            for move in {move.key: move for move in moves}.values():
                text = f'"{move.source}" cannot move to "{move.full_name}": that place is made later'
                hint = "move it somewhere else first, in a run of its own"
                self.problems.append(Problem(text, move.where, hint, rule="plan", job=move.full_name))

    def _define(self, definition: Definition) -> None:
        existing = self.live.get(definition.key)
        if existing is not None and existing.hidden:
            self.hidden.append(definition.full_name)
            return
        renamed = self.copies.renamed(definition) if existing is None else None
        if problem := renamed or self._misplaced(definition) or self._refusal(definition, existing):
            self.problems.append(problem)
            self.refused[definition.key] = problem
        elif existing is None:
            self._add(Action.CREATE, definition, "new")
        else:
            self._compare(definition, existing)

    def _is_in_refused(self, definition: Definition) -> bool:
        """Return whether its folder will not be there, for a reason that is reported already."""
        folder = ("item", definition.parent)
        live = self.live.get(folder)
        if folder in self.refused and not (live and live.is_folder):
            self.refused[definition.key] = None
            return True
        return False

    def _misplaced(self, definition: Definition) -> Problem | None:
        """Return why its folder cannot hold it."""
        parent = definition.parent
        if not parent or self._is_folder(parent):
            return None
        if ("item", parent) in self.defined or ("item", parent) in self.live:
            make_problem = mistake if ("item", parent) in self.defined else refuse
            return make_problem(
                definition, f'"{parent}" is not a folder', "only a plain folder can hold jobs and views"
            )
        known = [name for kind, name in {**self.live, **self.defined} if kind == "item" and name != parent]
        return refuse(
            definition,
            f'its folder "{parent}" is neither in the estate nor on the controller',
            suggestion(parent, filter(self._is_folder, known)) or f'define it: with folder("{parent}"): ...',
        )

    def _is_folder(self, name: str) -> bool:
        defined, live = self.defined.get(("item", name)), self.live.get(("item", name))
        return defined.is_folder if defined else live is not None and live.is_folder

    @staticmethod
    def _unnameable(definition: Definition) -> Problem | None:
        """Return why Jenkins would not take its name; an object that has it already may keep it."""
        why = names.refusal(definition.name)
        return mistake(definition, why, names.way_out(definition.name)) if why else None

    def _twin(self, definition: Definition) -> Problem | None:
        """Return why an item cannot be created beside another of its name in another letter case."""
        twin = self.folded.get(names.key(definition.full_name)) if not definition.is_view else None
        if twin is None:
            return None
        hint = f'use that name, or renamed_from="{twin}" if it is the same job'
        return refuse(definition, f'Jenkins takes it for "{twin}", which is on the controller', hint)

    def _born(self, definition: Definition) -> Problem | None:
        """Return why a view cannot be made: its folder, new itself, will have one of that name already."""
        parent = ("item", definition.parent)
        folder = self.defined.get(parent)
        if (
            not definition.is_view
            or folder is None
            or parent in self.live
            or "<folderViews" in folder.document
        ):
            return None
        if names.leaf(definition.full_name) != BORN_VIEW:
            return None
        hint = "give it another name, or define the folder's views with folder(folder_views=...)"
        return mistake(
            definition, f'Jenkins creates a view "{BORN_VIEW}" of all jobs in every new folder', hint
        )

    def _refusal(self, definition: Definition, existing: Existing | None) -> Problem | None:
        """Return why an existing object must not be touched for this definition."""
        if existing is None:
            return self._unnameable(definition) or self._twin(definition) or self._born(definition)
        marker, name = existing.marker, definition.full_name
        if marker and marker.seed != self.seed and marker.name == name:
            return refuse(
                definition,
                f'it belongs to the seed "{marker.seed}", '
                f"line {marker.where.line} of its {marker.where.file}",
                "remove one of the two definitions; to hand it over, delete the last line of its "
                "description in Jenkins and adopt it",
            )
        if existing.kind == "item" and name in self.renames.occupied:
            return refuse(definition, "the item that has its name now could not be moved away")
        is_taken_over = self._ours(existing) and not (
            _is_unmarked(existing) and writer_of(existing.description)
        )
        if is_taken_over or self._adopts(name):
            return self._other_type(definition, existing)
        why = "was not made by this seed, or its marker was deleted"
        if tool := writer_of(existing.description):
            return refuse(
                definition,
                f"{tool} wrote it, and would write it again",
                f"take it out of the sources of {tool} and use --adopt '{name}', or out of this estate",
            )
        if marker:
            why = f'carries the marker of "{marker.name}": a copy, or renamed by hand'
        hint = f"take it over with --adopt '{name}'"
        if not names.covers(self.folders, name):
            hint += ", or name its folder in jobdsl.toml if all in it is this seed's own: seed.folders"
        return refuse(definition, f"it exists on the controller and {why}", hint)

    def _ours(self, existing: Existing) -> bool:
        return self.renames.owns(existing)

    def _adopts(self, name: str) -> bool:
        return any(names.matches(pattern, name) for pattern in self.adopt)

    def _other_type(self, definition: Definition, existing: Existing) -> Problem | None:
        if self._same_type(definition, existing) or definition.is_view or self._may_replace(existing):
            return None
        return refuse(
            definition,
            f"it is a {existing.class_name} on the controller, the definition a {class_of(definition.root)}",
            "Jenkins cannot change the type of an item: give it another name, or "
            + (
                f"--allow-replace '{definition.full_name}' to delete it, with its builds, and create it again"
                if self._can_replace(existing)
                else "delete that one in Jenkins first"
            ),
        )

    def _may_replace(self, existing: Existing) -> bool:
        """Return whether the settings allow to delete an item and make it anew."""
        allowed = any(names.matches(pattern, existing.full_name) for pattern in self.removed.replace)
        return (allowed or self.removed.jobs == "delete") and self._can_replace(existing)

    def _can_replace(self, existing: Existing) -> bool:
        """Return whether an item is ours and can be made anew; a folder would take its content along."""
        can = not existing.is_folder and not names.refusal(names.leaf(existing.full_name))
        return can and self._ours(existing) and not _is_unmarked(existing)

    @staticmethod
    def _same_type(definition: Definition, existing: Existing) -> bool:
        class_name = class_of(definition.root)
        return not class_name or not existing.class_name or class_name == existing.class_name

    def _compare(self, definition: Definition, existing: Existing) -> None:
        if not self._same_type(definition, existing):
            kinds = f"{existing.class_name} becomes {class_of(definition.root)}"
            return self._add(Action.REPLACE, definition, kinds, existing)
        if not self._ours(existing):
            return self._add(Action.ADOPT, definition, "taken over as requested", existing)
        source = self.renames.sources.get(definition.full_name) if not definition.is_view else None
        if source is not None:
            return self._add(Action.MOVE, definition, f"renamed from {source}", existing, source)
        if _is_unmarked(existing):
            return self._add(Action.ADOPT, definition, "its marker was deleted", existing)
        if reason := self._outdated(definition, existing):
            return self._add(Action.UPDATE, definition, reason, existing)
        self.unchanged.append(definition.full_name)
        return None

    def _outdated(self, definition: Definition, existing: Existing) -> str:
        """Return why an object of this seed differs from its definition; empty if it does not."""
        marker = existing.marker
        assert marker is not None  # it is ours
        if marker.removed:
            return "defined again"
        if why := UNFINISHED.get(marker.digest):
            return why
        if marker.digest != definition.digest:
            return "definition changed"
        if marker.name != definition.full_name:
            return f"moved along from {marker.name}"
        return self.drift.get(definition.key, "")

    def _add(
        self,
        action: Action,
        definition: Definition,
        reason: str,
        existing: Existing | None = None,
        source: str = "",
    ) -> None:
        change = Change(
            action,
            definition.key[0],
            definition.full_name,
            reason=reason,
            where=definition.where,
            root=definition.root,
            document=definition.document,
            source=source,
            before=existing.marker.digest if existing and existing.marker else "",
            after=definition.digest,
            queue=_builds(definition) and not _only_moves(definition, existing),
        )
        self.changes.append(change)

    def _note_hidden(self) -> None:
        """Report once which views this user may not see."""
        if self.hidden:
            text = (
                f"this user may not see, so that nothing is planned for them, the views {listed(self.hidden)}"
            )
            hint = "give it the permission View/Read"
            self.problems.append(Problem(text, hint=hint, severity="warning", rule="hidden"))

    def _remove(self) -> None:
        owned = [existing for existing in self.live.values() if self._ours(existing)]
        removals = Removals(self.removed, self.defined, self.live, self.renames.protected)
        for existing, reason in removals.choose(owned):
            action = Action.DISABLE if removals.policy(existing) == "disable" else Action.DELETE
            marker = existing.marker
            assert marker is not None  # it is ours
            self.changes.append(
                Change(action, *existing.key, reason=reason, where=marker.where, before=marker.digest)
            )
        self.problems += removals.notes

    def _check_removals(self, changes: Iterable[Change]) -> None:
        """Refuse to remove more than the settings allow."""
        gone = [change for change in changes if change.is_removal or change.action is Action.REPLACE]
        owned = sum(map(self._ours, self.live.values()))
        if gone and (why := self.removed.too_many(len(gone), owned)):
            hint = f"if that is meant: --allow-removals {len(gone)}, or raise the limit in jobdsl.toml"
            self.problems.append(Problem(f"too much at once: {why}", hint=hint, rule="removed"))


def _is_unmarked(existing: Existing) -> bool:
    """Return whether it is ours without a marker."""
    return existing.marker is not None and existing.marker.digest == UNMARKED


def _builds(definition: Definition) -> bool:
    """Return whether it is to be built once it was made or changed, and can be: what is disabled cannot."""
    buildable = not (definition.is_view or definition.is_folder)
    return definition.queue and buildable and "\n  <disabled>true</disabled>" not in definition.document


def _only_moves(definition: Definition, existing: Existing | None) -> bool:
    """Whether an object gets another name, by a rename of its own or of its folder, and is else the same."""
    marker = existing.marker if existing else None
    return marker is not None and marker.digest == definition.digest and marker.name != definition.full_name
