"""What a plan is made of: changes, each with its reason, and the problems that stand in the way."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum

from jobdsl.documents.marker import Marker
from jobdsl.documents.roots import is_folder_root
from jobdsl.errors import Problem, Where
from jobdsl.planning.inventory import Key
from jobdsl.planning.refusals import REFUSED

__all__ = ["Action", "Change", "Plan"]


class Action(StrEnum):
    """What happens to an object."""

    CREATE = "create"
    UPDATE = "update"
    ADOPT = "adopt"
    MOVE = "move"
    REPLACE = "replace"
    DISABLE = "disable"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do, with its reason."""

    action: Action
    kind: str
    """`item` or `view`."""
    full_name: str
    """Name after the change."""
    _: KW_ONLY
    reason: str
    where: Where | None = None
    """The definition; for a removal the line that once held it."""
    root: str = ""
    """Root element of the document."""
    document: str = ""
    """What is sent, without its marker; empty for removals."""
    source: str = ""
    """For a move: the full name it has when the move's turn comes."""
    before: str = ""
    """Digest in the marker of the object on the controller."""
    after: str = ""
    """Digest of the document."""
    queue: bool = False
    """Build once afterwards."""

    @property
    def key(self) -> Key:
        """Kind and full name."""
        return (self.kind, self.full_name)

    def marker(self, seed: str, state: str = "") -> Marker:
        """Make the marker that the document is sent with: in a state, or with its digest."""
        assert self.where is not None  # every definition has a line
        return Marker(seed=seed, name=self.full_name, where=self.where, digest=state or self.after)

    @property
    def is_removal(self) -> bool:
        """Whether something of ours goes away by it."""
        return self.action in (Action.DISABLE, Action.DELETE)

    @property
    def is_folder(self) -> bool:
        """Whether its document is a plain folder's."""
        return is_folder_root(self.root)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do."""

    seed: str
    changes: tuple[Change, ...] = ()
    """In the order they are shown: moves first, then by name, removals last."""
    unchanged: int = 0
    problems: tuple[Problem, ...] = ()
    """What is refused (errors), and what should be known (warnings, notes)."""

    @property
    def errors(self) -> list[Problem]:
        """Everything that is refused."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def refused(self) -> list[Problem]:
        """The refusals that concern one object each: the others can be applied."""
        return [problem for problem in self.errors if problem.rule == REFUSED]

    @property
    def blocking(self) -> list[Problem]:
        """The errors that stand in the way of applying any of the plan."""
        return [problem for problem in self.errors if problem.rule != REFUSED]

    def origins(self) -> dict[Key, Key]:
        """What each change is about, by the name it has before the first move: moves take objects along."""
        moves = [change for change in self.changes if change.action is Action.MOVE]
        origins: dict[Key, Key] = {}
        for change in self.changes:
            name, before = change.full_name, moves
            if change.action is Action.MOVE:
                name, before = change.source, moves[: moves.index(change)]
            for move in reversed(before):
                if name.startswith(move.full_name + "/"):
                    name = move.source + name[len(move.full_name) :]
                elif name == move.full_name and change.kind == "item":
                    name = move.source
            origins[change.key] = (change.kind, name)
        return origins

    def counts(self) -> dict[str, int]:
        """Number of changes by action, for the actions that occur."""
        actions = [change.action.value for change in self.changes]
        return {action.value: actions.count(action.value) for action in Action if action.value in actions}
