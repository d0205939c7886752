"""What every item and view is: a name, a place in a folder, fields, patches, and a document.

Calling a kind in a DSL file adds the item to the estate being loaded; elsewhere it only returns it.
Items may be changed until their file ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from jobdsl import context
from jobdsl.documents.tree import header
from jobdsl.dsl.patches import Patch, patched
from jobdsl.elements.base import Record
from jobdsl.elements.fields import meta
from jobdsl.elements.kinds import Field, wrong
from jobdsl.elements.kinds_lists import SlotField
from jobdsl.elements.layouts import value_in
from jobdsl.elements.parts import UNNAMED
from jobdsl.elements.refusing import checked
from jobdsl.elements.untyped import Value
from jobdsl.errors import DslError, Where, suggestion
from jobdsl.grammar import names

__all__ = ["Item", "truth"]


_SHORTEN = "shorten it: Jenkins takes 255 bytes for each name between the slashes"
_FIXED = frozenset({"name"})
"""Fields that identify the item: its place in the estate is fixed when it is created."""


def _former_name(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise wrong(value, "text")
    if value and (too_long := names.refusal_of_length(value)):
        raise DslError(f"takes a full name; {too_long}", hint=_SHORTEN)
    if value and names.unusable(value):
        steps = value.startswith(("./", "../"))
        near = names.resolve(value, context.path() if steps else "") or ""
        hint = f'"{near}" would do' if near and not names.unusable(near) else ""
        raise DslError(
            f'takes a full name counted from the top, such as "folder/job", not {value!r}', hint=hint
        )
    return value


def truth(value: Any) -> bool:
    """True or False, and nothing that only counts as such: `"no"` would be a yes."""
    if not isinstance(value, bool):
        raise wrong(value, "True or False")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(value, "text")
    if not value:
        raise DslError("takes a name, not an empty text", hint="give it a name")
    return value


class Item(Record):
    """A job, folder or view, under its full name."""

    __slots__ = ("__weakref__", "full_name", "patches", "template", "where")

    word: ClassVar[str] = "item"
    """What it is called in messages."""
    suggested: ClassVar[tuple[type[Item], ...]] = ()
    """Kinds that a hint names for an argument they have; set where they are defined."""

    name: str = meta(_name, first=True)
    renamed_from: str | None = meta(_former_name, default=None)
    queue: bool = meta(truth, default=False)

    full_name: str
    where: Where
    template: Where | None
    """The line of the estate's function that made it, if it is not `where`."""
    patches: list[Patch]

    def _finish(self) -> None:
        """Called when the constructor is done: find the place, take it into the estate."""
        put = object.__setattr__
        put(self, "patches", [])
        where, template = context.places()
        put(self, "where", where)
        put(self, "template", template)
        put(self, "full_name", self._full_name())
        context.add(self)

    @classmethod
    def _slots(cls) -> tuple[Field, ...]:
        slots = cls.__dict__.get("_slot_fields")
        if slots is None:
            slots = tuple(
                field for field in cls._fields.values() if isinstance(field, SlotField) and field.stored
            )
            cls._slot_fields = slots
        return slots

    _slot_fields: ClassVar[tuple[Field, ...]]

    @classmethod
    def kinds_with(cls, argument: str) -> list[str]:
        """Return names of the kinds of jobs that take an argument."""
        return [kind.__name__ for kind in Item.suggested if argument in kind._fields and kind is not cls]

    def _full_name(self) -> str:
        path, name = context.path(), self.name
        full = name[1:] if name.startswith("/") else f"{path}/{name}" if path else name
        if not name:
            return self._placeholder()  # reported when it was given
        if too_long := names.refusal_of_length(full):
            context.complain(DslError(f"the name {too_long}", hint=_SHORTEN, where=self.where), self)
            return self._placeholder()
        if names.unusable(full):
            hint = "names stand between single slashes, and hold no control characters"
            context.complain(DslError(f"the name {name!r} cannot be used", hint=hint, where=self.where), self)
            return self._placeholder()
        return full

    def _placeholder(self) -> str:
        return f"unnamed {id(self)}"

    @property
    def shown_name(self) -> str:
        """What messages call it: its full name, or its kind where it has none that can be used."""
        return self.dsl_name() if self.full_name == self._placeholder() else self.full_name

    @property
    def key(self) -> tuple[str, str]:
        """What must be unique in an estate: views and items apart. Lint finds those that differ in case."""
        return ("view" if self.word == "view" else "item", self.full_name)

    if not TYPE_CHECKING:  # type checkers would take any attribute for one that may be set

        def __setattr__(self, name: str, value: Any) -> None:
            field = self._fields.get(name)
            if name in _FIXED:
                hint = f"give it where the {self.word} is made: {self.dsl_name()}({value!r}, ...)"
                context.complain(
                    DslError(f"{self.shown_name}: its {name} cannot be changed", hint=hint), self
                )
                return
            if field is None or not field.stored:
                stored = [field.name for field in self._fields.values() if field.stored]
                names = [field for field in stored if field not in _FIXED]
                hint = suggestion(name, names) or f"it has: {', '.join(names)}"
                context.complain(DslError(f"{self.dsl_name()} has no field {name!r}", hint=hint), self)
                return
            try:
                object.__setattr__(self, name, checked(field, value))
            except DslError as error:
                message = f"{self.dsl_name()}: {name} {error.message}"
                context.complain(DslError(message, hint=error.hint), self)

    def override(self, parts: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Replace fields, or named parts of any slot, by name; None removes a part.

        This is how a template takes `**overrides` from its caller. A name that means several is an error.
        """
        for name, value in {**(parts or {}), **more}.items():
            slots = [slot.name for slot in self._slots() if getattr(self, slot.name).has(name)]
            if len(slots) + (name in self._fields) > 1:
                self._complain_ambiguous(name, slots)
            elif name in self._fields:
                setattr(self, name, value)
            elif not slots:
                known = [part for slot in self._slots() for part in getattr(self, slot.name).names]
                hint = suggestion(name, [*known, *self._fields]) or (
                    f"named parts: {', '.join(known)}" if known else UNNAMED
                )
                problem = DslError(f"{self.shown_name} has no part or field {name!r}", hint=hint)
                context.complain(problem, self)
            elif value is None:
                del getattr(self, slots[0])[name]
            else:
                getattr(self, slots[0])[name] = value

    def _complain_ambiguous(self, name: str, slots: Sequence[str]) -> None:
        fields = ["the field"] if name in self._fields else []
        meanings = " and ".join([*fields, *(f"the part in {slot}" for slot in slots)])
        ways = [f"job.{slot}[{name!r}] = ..." for slot in slots]
        ways += [f"job.{name} = ..."] if fields else []
        problem = DslError(f"{self.shown_name}: {name!r} means {meanings}", hint="write " + " or ".join(ways))
        context.complain(problem, self)

    def patch(
        self,
        xpath: str,
        value: Value = "",
        *,
        append: Value = None,
        before: Value = None,
        after: Value = None,
        remove: bool = False,
    ) -> None:
        """Change any node of the finished document.

        `xpath` is relative to the root (`builders/hudson.tasks.Shell[2]/command`, `scm/@class`) and
        must find something. `value` replaces text or, given an element, the node; `append` adds a
        child, `before` and `after` add siblings, `remove` takes the node out.
        """
        self.patches.append(
            Patch(
                xpath=xpath,
                value=value,
                append=append,
                before=before,
                after=after,
                remove=remove,
                where=context.here(),
            )
        )

    @property
    def xml(self) -> str:
        """The finished document. Raises DslError when the item cannot be written."""
        return self.render()

    def render(self) -> str:
        """Return the document with its XML declaration, ending with a newline."""
        try:
            body = self._document()
        except DslError as error:
            raise DslError(self._blame(error), hint=error.hint, where=error.where or self.where) from None
        if self.patches:
            body = patched(body, self.patches)
        return f"{header(body)}{body}\n"

    def _document(self) -> str:
        return self.write_plain(self.xml_tag, "\n")[1:]

    def _blame(self, error: DslError) -> str:
        """Return the message, with the field it came from."""
        for field in self.by_tag.values():
            try:
                field.write(value_in(self, field), "") if field.kind != "absent" else None
            except DslError:
                return f"{self.shown_name}: {field.name.lstrip('_') or field.tag} {error.message}"
        return f"{self.shown_name}: {error.message}"

    @classmethod
    def _from(cls, values: Mapping[str, Any], layout: str | None, extra: Mapping[str, Value]) -> Any:
        return cls(**{"name": "x", **values}, layout=layout, extra=dict(extra) or None)
