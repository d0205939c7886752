"""Fields that hold other elements or lists: one child, a list, a job's slot, texts."""

# ruff: noqa: ARG002  # all kinds of fields are called alike

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.kinds import Field, Unfit, leaf, ordered, wrong
from jobdsl.elements.parts import Parts
from jobdsl.elements.slips import place_of
from jobdsl.elements.untyped import Writable, write_value
from jobdsl.errors import DslError

__all__ = [
    "ChildField",
    "ChildrenField",
    "SlotField",
    "StringsField",
    "listed",
]


class ChildField(Field):
    """One element in a field: with a `class` attribute, or `plain` where the class is understood."""

    kind = "child"

    def __init__(
        self, tag: str, accepts: type, plain: bool, convert: Callable[..., Any] | None, **common: Any
    ) -> None:
        super().__init__(tag, **common)
        self.accepts = accepts
        self.plain = plain
        self.convert = convert

    def check(self, value: Any) -> Any:
        if self.convert is not None and isinstance(value, str | int | tuple):
            value = self.convert(value)
        if value is None and self.default is None:
            return None
        return _accepted(value, self.accepts)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        if self.plain and isinstance(value, self.accepts):
            return str(value.write_plain(self.tag, indent))  # type: ignore[attr-defined]
        return str(value.write_as(self.tag, indent))

    def read(self, found: Node) -> Any:
        from jobdsl.elements import reading

        if self.plain:
            value = reading.read_as(self.accepts, found)
        else:
            value = reading.read_element(found, as_field=True) if "class" in found.attrs else None
        if value is None:
            raise Unfit
        return value


class ChildrenField(Field):
    """A list of elements in a field, perhaps inside a further tag."""

    kind = "children"

    def __init__(
        self, tag: str, accepts: type, convert: Callable[..., Any] | None, inside: str = "", **common: Any
    ) -> None:
        super().__init__(tag, **common)
        self.accepts = accepts
        self.convert = convert
        self.inside = inside

    def check(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if not isinstance(value, list | tuple):
            value = (value,) if isinstance(value, str | Writable) else ordered(value, "a list")
        return tuple(self._members(value))

    def _members(self, values: Iterable[Any]) -> list[Any]:
        accepts = self.accepts
        return [one if isinstance(one, accepts) else self.member(one) for one in values if one is not None]

    def member(self, value: Any) -> Any:
        """One member as it is kept; plain values are converted where the field says how."""
        if isinstance(value, self.accepts):
            return value
        if self.convert is not None and isinstance(value, str | int | tuple):
            value = self.convert(value)
        return _accepted(value, self.accepts)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        given = self.attributes(attrs) if attrs or self.attrs else ""
        if self.inside:
            inner = listed(self.inside, value, indent + "  ")
        elif not value:
            return f"{indent}<{self.tag}{given}/>"
        else:
            inner = "".join([one.write(indent + "  ") for one in value])
        return f"{indent}<{self.tag}{given}>{inner}{indent}</{self.tag}>"

    def read(self, found: Node) -> tuple[Any, ...]:
        from jobdsl.elements import reading

        if self.inside:
            if [one.tag for one in found.children] != [self.inside]:
                raise Unfit
            found = found.children[0]
        if found.text:
            raise Unfit
        return tuple(reading.read_element(one) for one in found.children)


def listed(tag: str, members: Iterable[Any], indent: str) -> str:
    """Elements inside a tag."""
    inner = "".join([one.write(indent + "  ") for one in members])
    return f"{indent}<{tag}>{inner}{indent}</{tag}>" if inner else f"{indent}<{tag}/>"


def _accepted(value: Any, accepts: type) -> Any:
    if isinstance(value, accepts) or getattr(value, "untyped", False):
        return value
    wanted = getattr(accepts, "slot", None) or accepts.__name__
    if isinstance(value, Writable) and not isinstance(value, type):
        raise DslError(f"takes {wanted}, not {value!r}", hint=place_of(value, accepts, wanted))
    if isinstance(value, type):
        raise DslError(f"takes {wanted}, not the class {value.__name__}", hint="call it, with parentheses")
    raise wrong(value, wanted)


class SlotField(ChildrenField):
    """A list of a job, which may be changed until the job's file ends; its members may have names."""

    kind = "slot"

    def is_default(self, value: Any) -> bool:
        """Return whether the list has the members of the default, which is a tuple."""
        return bool(tuple(value) == self.default)

    def check(self, value: Any) -> Any:
        if value.__class__ is list:
            return Parts(self._members(value), self)
        if value == ():
            return Parts((), self)
        if isinstance(value, Parts):
            self._members(value)
            return Parts(value, self)  # of another job, perhaps: changing one must not change the other
        if isinstance(value, Mapping):
            return Parts({name: self.member(one) for name, one in value.items() if one is not None}, self)
        return Parts(super().check(value), self)


class StringsField(Field):
    """A list of texts: `<tag><string>a</string>...</tag>`, perhaps inside a further tag."""

    kind = "strings"

    def __init__(
        self, tag: str, item: str, inside: tuple[str, Mapping[str, str]] | None, **common: Any
    ) -> None:
        super().__init__(tag, **common)
        self.item = item
        self.inside = inside

    def check(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        texts = ordered(value, "a list of texts")
        for one in texts:
            if not isinstance(one, str):
                raise wrong(one, "a list of texts")
        return texts

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        given = self.attributes(attrs)
        deeper = indent + "  "
        items_at = deeper + "  " if self.inside else deeper
        items = "".join([write_value(self.item, one, items_at) for one in value])
        if self.inside:
            tag, inner_attrs = self.inside
            shown = "".join(f' {name}="{word}"' for name, word in inner_attrs.items())
            items = f"{deeper}<{tag}{shown}>{items}{deeper}</{tag}>" if items else f"{deeper}<{tag}{shown}/>"
        if not items:
            return f"{indent}<{self.tag}{given}/>"
        return f"{indent}<{self.tag}{given}>{items}{indent}</{self.tag}>"

    def read(self, found: Node) -> tuple[str, ...]:
        held = found
        if self.inside:
            if len(found.children) != 1 or found.children[0].tag != self.inside[0]:
                raise Unfit
            held = found.children[0]
        return tuple(leaf(one) for one in held.children if one.tag == self.item and not one.attrs)
