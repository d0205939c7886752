"""The lists of a job (steps, publishers, ...), whose members may have names and be overridden by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self, SupportsIndex, overload

from jobdsl import context
from jobdsl.errors import DslError, suggestion

__all__ = ["UNNAMED", "Parts"]

UNNAMED = 'none of its parts has a name: give them with a dict, as in {"build": steps.shell("make")}'


class Slot(Protocol):
    """What the parts are for: its name, and what may be one."""

    name: str

    def member(self, value: Any) -> Any:
        """Return the part as it is kept. Raises DslError."""


class Parts(list[Any]):
    """A list whose members may be named: `steps={"test": steps.shell("make test")}`.

    A named part is replaced with `parts["test"] = ...`, removed with `del parts["test"]`, and others, named
    or not, are put next to it with `before` and `after`. Everything a list does works too. What does
    not belong into the job's slot is reported at the line that adds it, and left out.
    """

    __slots__ = ("names", "slot")

    def __init__(self, members: Iterable[Any] | Mapping[str, Any] = (), slot: Slot | None = None) -> None:
        self.slot = slot
        if isinstance(members, Mapping):
            present = {name: member for name, member in members.items() if member is not None}
            super().__init__(present.values())
            self.names: dict[str, Any] = present
        else:
            super().__init__(members)
            self.names = members.names.copy() if isinstance(members, Parts) else {}

    def index_of(self, name: str) -> int:
        """Return where the part of that name stands. Raises DslError when there is none."""
        position = self._find(name)
        if position is not None:
            return position
        names = [known for known in self.names if self._find(known) is not None]
        known = f"its parts: {', '.join(names)}" if names else UNNAMED
        raise DslError(f"there is no part named {name!r}", hint=suggestion(name, names) or known)

    def has(self, name: str) -> bool:
        """Return whether there is a part of that name."""
        return self._find(name) is not None

    def _find(self, name: str) -> int | None:
        part = self.names.get(name)
        return next((at for at, member in enumerate(self) if part is not None and member is part), None)

    def _position(self, name: str) -> int | None:
        """As `index_of`, for changes: a name that is not there is remembered, and the file goes on."""
        try:
            return self.index_of(name)
        except DslError as error:
            context.complain(error, self)
            return None

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
        position = self._position(where) if isinstance(where, str) else where
        if position is None:
            return
        for taken in self._taken([value]):
            super().__setitem__(position, taken)
            if isinstance(where, str):
                self.names[where] = taken

    def __delitem__(self, where: Any) -> None:
        if not isinstance(where, str):
            super().__delitem__(where)
        elif (position := self._position(where)) is not None:
            super().__delitem__(position)
            del self.names[where]

    def append(self, member: Any) -> None:
        """Put a member at the end; a dict gives it a name: `append({"lint": steps.shell("make lint")})`."""
        self.extend(member if isinstance(member, Mapping) else [member])

    def extend(self, members: Iterable[Any]) -> None:
        """Put members at the end, those of a dict under their names."""
        super().extend(self._taken(members))

    def __iadd__(self, members: Iterable[Any]) -> Self:  # type: ignore[misc]  # as list itself does
        self.extend(members)
        return self

    def insert(self, position: SupportsIndex, member: Any) -> None:
        """Put a member before the one at a position; a dict gives it a name."""
        self[position:position] = member if isinstance(member, Mapping) else [member]

    def _taken(self, members: Iterable[Any]) -> list[Any]:
        """Return the members as they are kept, without those that belong elsewhere; a dict names its own."""
        if not isinstance(members, Mapping):
            return [taken for member in members if member is not None for taken in self._accepted(member)]
        accepted = []
        for name, member in members.items():
            if name in self.names and self._find(name) is not None:
                hint = f"replace it: parts[{name!r}] = ..., or give the new one another name"
                context.complain(DslError(f"there is a part named {name!r} already", hint=hint), self)
                continue
            for taken in [] if member is None else self._accepted(member):
                accepted.append(taken)
                self.names[name] = taken
        return accepted

    def _accepted(self, member: Any) -> list[Any]:
        if self.slot is None:
            return [member]
        try:
            return [self.slot.member(member)]
        except DslError as error:
            context.complain(DslError(f"{self.slot.name} {error.message}", hint=error.hint), self)
            return []

    def before(self, name: str, *members: Any) -> None:
        """Put members before the part of that name; those of a dict get its names."""
        position = self._position(name)
        if position is not None:
            self._put(position, members)

    def after(self, name: str, *members: Any) -> None:
        """Put members after the part of that name: `after("build", {"lint": steps.shell("make lint")})`."""
        position = self._position(name)
        if position is not None:
            self._put(position + 1, members)

    def _put(self, position: int, members: Iterable[Any]) -> None:
        taken = [
            part
            for member in members
            for part in self._taken(member if isinstance(member, Mapping) else [member])
        ]
        super().__setitem__(slice(position, position), taken)
