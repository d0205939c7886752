"""Items that a run takes away although the estate still refers to them. Pure.

Jenkins lets a job go that others trigger, follow or copy from. The references would be errors of the next
run, when it is no longer known what they meant; so they are errors of the run that removes the job.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from jobdsl.documents.references import References
from jobdsl.errors import Problem, Severity
from jobdsl.grammar import names
from jobdsl.model import Definition
from jobdsl.planning.changes import Action, Change

__all__ = ["RULE", "Neighbours", "Use", "still_used", "used_elsewhere", "uses"]

RULE = "still-used"
_WORDS = {
    "copied": "copies artifacts from",
    "downstream": "triggers",
    "listed": "lists",
    "run": "offers the builds of",
    "upstream": "is triggered by",
}


@dataclass(frozen=True, slots=True)
class Use:
    """A reference from a definition to a job."""

    definition: Definition
    kind: str
    """`downstream`, `upstream`, `copied`, `run` of a parameter, or `listed` in a view."""
    name: str
    """The name as the definition writes it."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Jobs next to one in the controller's graph of triggers."""

    full_name: str
    upstream: tuple[str, ...]
    """Full names of the jobs that start it."""
    downstream: tuple[str, ...]
    """Full names of the jobs it starts, or that follow it."""


def uses(definition: Definition, references: References) -> list[Use]:
    """List the jobs that a definition refers to by a name that is known before a build."""
    named = [*references.jobs, *(("listed", name) for name in references.listed)]
    return [Use(definition, kind, name) for kind, name in named if "$" not in name]


def still_used(
    changes: Sequence[Change], all_uses: Iterable[Use], remaining: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem for each reference to an item that these changes delete, move away or disable.

    Args:
        changes: All changes of the plan.
        all_uses: References of the estate.
        remaining: Keys of the names of all items that are defined, or on the controller when all moves are
            made; what is deleted may be among them.
    """
    gone = {
        names.key(change.full_name): change
        for change in changes
        if change.kind == "item" and change.is_removal
    }
    moves = [change for change in changes if change.action is Action.MOVE]
    if not gone and not moves:
        return
    for use in all_uses:
        problem = _problem(use, gone, moves, remaining)
        if problem is not None:
            yield problem


def used_elsewhere(
    changes: Sequence[Change], neighbours: Iterable[Neighbours], defined: Collection[str]
) -> Iterator[Problem]:
    """Yield a warning for each job outside the estate next to one that these changes delete or disable.

    Args:
        changes: All changes of the plan.
        neighbours: The controller's neighbours of the jobs that the changes remove.
        defined: Full names of the estate's items; their references are for `still_used`.
    """
    gone = {change.full_name: change for change in changes if change.kind == "item" and change.is_removal}
    for job in neighbours:
        change = gone[job.full_name]
        verb = "disables" if change.action is Action.DISABLE else "deletes"
        words = [(name, "triggers it") for name in job.upstream]
        words += [(name, "is started by it") for name in job.downstream]
        for name, word in words:
            if name and name not in gone and name not in defined:
                text = (
                    f'"{job.full_name}", which this run {verb}, is used outside the estate: "{name}" {word}'
                )
                hint = f'change "{name}" in Jenkins or in its own estate'
                yield Problem(text, change.where, hint, "warning", RULE, job.full_name)


def _problem(
    use: Use, gone: dict[str, Change], moves: Sequence[Change], remaining: Collection[str]
) -> Problem | None:
    bare = use.name.split("/", 1)[0] if "=" in use.name else use.name  # cells of a matrix stand for the job
    problem: Problem | None = None
    definition = use.definition
    # a folder's document holds views, which list what lies in the folder
    folder = definition.full_name if definition.is_folder else definition.parent
    if use.kind == "run":
        folder = ""  # Jenkins takes a full name
    for candidate in (names.resolve(bare, folder), names.resolve(bare, "")):
        if not candidate:
            continue
        change = gone.get(names.key(candidate))
        if change is not None:
            problem = problem or _removed(use, change)
        elif names.key(candidate) in remaining:
            return None
        elif (target := _moved(candidate, moves)) and target != candidate:
            problem = problem or _report(
                use, candidate, f'which this run moves to "{target}"', f'write "{target}"'
            )
    return problem


def _removed(use: Use, change: Change) -> Problem:
    verb = "disables" if change.action is Action.DISABLE else "deletes"
    place = f" (it was at {change.where})" if change.where else ""
    severity: Severity = "warning" if change.action is Action.DISABLE else "error"
    return _report(
        use,
        change.full_name,
        f"which this run {verb}, as it is no longer defined{place}",
        "remove the reference, or define the job again",
        severity,
    )


def _report(use: Use, name: str, why: str, hint: str, severity: Severity = "error") -> Problem:
    definition = use.definition
    text = f'{definition.full_name}: it {_WORDS[use.kind]} "{name}", {why}'
    return Problem(text, definition.where, hint, severity, RULE, definition.full_name)


def _moved(name: str, moves: Sequence[Change]) -> str:
    """Return the name that an item, or what lies below it, has after the moves."""
    for move in moves:
        if name == move.source or name.startswith(move.source + "/"):
            name = move.full_name + name[len(move.source) :]
    return name
