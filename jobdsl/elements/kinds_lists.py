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

    def read(self, node: Node) -> Any:
        from jobdsl.elements import reading

        if self.plain:
            value = reading.read_as(self.accepts, node)
        else:
            value = reading.read_element(node, as_field=True) if "class" in node.attrs else None
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
        return [
            member if isinstance(member, accepts) else self.member(member)
            for member in values
            if member is not None
        ]

    def member(self, value: Any) -> Any:
        """Return one member as it is kept; plain values are converted where the field has a conversion."""
        if isinstance(value, self.accepts):
            return value
        if self.convert is not None and isinstance(value, str | int | tuple):
            value = self.convert(value)
        return _accepted(value, self.accepts)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        attributes = self.attributes(attrs) if attrs or self.attrs else ""
        if self.inside:
            inner = listed(self.inside, value, indent + "  ")
        elif not value:
            return f"{indent}<{self.tag}{attributes}/>"
        else:
            inner = "".join([member.write(indent + "  ") for member in value])
        return f"{indent}<{self.tag}{attributes}>{inner}{indent}</{self.tag}>"

    def read(self, node: Node) -> tuple[Any, ...]:
        from jobdsl.elements import reading

        if self.inside:
            if [child.tag for child in node.children] != [self.inside]:
                raise Unfit
            node = node.children[0]
        if node.text:
            raise Unfit
        return tuple(reading.read_element(child) for child in node.children)


def listed(tag: str, members: Iterable[Any], indent: str) -> str:
    """Elements inside a tag."""
    inner = "".join([member.write(indent + "  ") for member in members])
    return f"{indent}<{tag}>{inner}{indent}</{tag}>" if inner else f"{indent}<{tag}/>"


def _accepted(value: Any, accepts: type) -> Any:
    if isinstance(value, accepts) or getattr(value, "untyped", False):
        return value
    expected = getattr(accepts, "slot", None) or accepts.__name__
    if isinstance(value, Writable) and not isinstance(value, type):
        raise DslError(f"takes {expected}, not {value!r}", hint=place_of(value, accepts, expected))
    if isinstance(value, type):
        raise DslError(f"takes {expected}, not the class {value.__name__}", hint="call it, with parentheses")
    raise wrong(value, expected)


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
            return Parts(
                {name: self.member(member) for name, member in value.items() if member is not None}, self
            )
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
        for member in texts:
            if not isinstance(member, str):
                raise wrong(member, "a list of texts")
        return texts

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        attributes = self.attributes(attrs)
        deeper = indent + "  "
        items_at = deeper + "  " if self.inside else deeper
        items = "".join([write_value(self.item, member, items_at) for member in value])
        if self.inside:
            tag, inner_attrs = self.inside
            shown = "".join(f' {name}="{word}"' for name, word in inner_attrs.items())
            items = f"{deeper}<{tag}{shown}>{items}{deeper}</{tag}>" if items else f"{deeper}<{tag}{shown}/>"
        if not items:
            return f"{indent}<{self.tag}{attributes}/>"
        return f"{indent}<{self.tag}{attributes}>{items}{indent}</{self.tag}>"

    def read(self, node: Node) -> tuple[str, ...]:
        held = node
        if self.inside:
            if len(node.children) != 1 or node.children[0].tag != self.inside[0]:
                raise Unfit
            held = node.children[0]
        return tuple(leaf(child) for child in held.children if child.tag == self.item and not child.attrs)
