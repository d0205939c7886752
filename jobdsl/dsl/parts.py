"""The lists of a job (steps, publishers, ...), whose members may have names and be overridden by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self, SupportsIndex, overload

from jobdsl.dsl import context
from jobdsl.errors import DslError, suggestion

__all__ = ["Parts"]


class Slot(Protocol):
    """What the parts are for: its name, and what may be one."""

    name: str

    def member(self, value: Any) -> Any:
        """The part as it is kept. Raises DslError."""


class Parts(list[Any]):
    """A list whose members may be named: `steps={"test": steps.shell("make test")}`.

    A named part is replaced with `parts["test"] = ...`, removed with `del parts["test"]`, and
    others are put beside it with `before` and `after`. Everything a list does works too. What does
    not belong into the job's slot is told at the line that adds it, and left out.
    """

    __slots__ = ("names", "slot")

    def __init__(self, members: Iterable[Any] | Mapping[str, Any] = (), slot: Slot | None = None) -> None:
        self.slot = slot
        if isinstance(members, Mapping):
            kept = {name: member for name, member in members.items() if member is not None}
            super().__init__(kept.values())
            self.names: dict[str, Any] = kept
        else:
            super().__init__(members)
            self.names = members.names.copy() if isinstance(members, Parts) else {}

    def index_of(self, name: str) -> int:
        """Where the part of that name stands. Raises DslError when there is none."""
        part = self.names.get(name)
        for position, member in enumerate(self):
            if part is not None and member is part:
                return position
        hint = suggestion(name, self.names) or (
            "its parts: " + ", ".join(self.names) if self.names else "it has none"
        )
        raise DslError(f"there is no part named {name!r}", hint=hint)

    @overload
    def __getitem__(self, where: str) -> Any: ...
    @overload
    def __getitem__(self, where: Any) -> Any: ...
    def __getitem__(self, where: Any) -> Any:
        return super().__getitem__(self.index_of(where) if isinstance(where, str) else where)

    def __setitem__(self, where: Any, value: Any) -> None:
        if isinstance(where, slice):
            super().__setitem__(where, self._taken(value))
            return
        position = self.index_of(where) if isinstance(where, str) else where
        for taken in self._taken([value]):
            super().__setitem__(position, taken)
            if isinstance(where, str):
                self.names[where] = taken

    def __delitem__(self, where: Any) -> None:
        if isinstance(where, str):
            super().__delitem__(self.index_of(where))
            del self.names[where]
        else:
            super().__delitem__(where)

    def append(self, member: Any) -> None:
        """Put a member at the end."""
        self.extend([member])

    def extend(self, members: Iterable[Any]) -> None:
        """Put members at the end."""
        super().extend(self._taken(members))

    def __iadd__(self, members: Iterable[Any]) -> Self:  # type: ignore[misc]  # as list itself does
        self.extend(members)
        return self

    def insert(self, position: SupportsIndex, member: Any) -> None:
        """Put a member before the one at a position."""
        for taken in self._taken([member]):
            super().insert(position, taken)

    def _taken(self, members: Iterable[Any]) -> list[Any]:
        """The members as they are kept, without those that belong elsewhere."""
        if self.slot is None:
            return list(members)
        taken = []
        for one in members:
            try:
                taken.append(self.slot.member(one))
            except DslError as error:
                context.complain(DslError(f"{self.slot.name} {error.message}", hint=error.hint), self)
        return taken

    def before(self, name: str, *members: Any) -> None:
        """Put members before the part of that name."""
        position = self.index_of(name)
        self[position:position] = members

    def after(self, name: str, *members: Any) -> None:
        """Put members after the part of that name."""
        position = self.index_of(name) + 1
        self[position:position] = members
