"""Untyped XML from Python values, for what has no class yet: `element(...)`, `node(...)`, `xml(...)`.

How a value becomes XML, under a field's tag: text, numbers and booleans as Jenkins spells them;
`None` an empty element; a dict its fields; a list its members; an element `<tag class="...">`;
a `node` a plain `<tag>`. Strings are always escaped, never pasted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Protocol, TypeAlias, runtime_checkable

from jobdsl import context
from jobdsl.documents.tree import escape, escape_attribute, parse, tag_name, to_text
from jobdsl.errors import DslError, XmlError
from jobdsl.secrets.placeholders import SECRET_START

__all__ = [
    "Raw",
    "Value",
    "Writable",
    "element",
    "node",
    "secret",
    "write_members",
    "write_value",
    "xml",
]

_START = (
    "A-Za-z_\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f"
    "\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\U00010000-\\U000effff"
)
_ASCII_NAME = re.compile("[A-Za-z_][A-Za-z0-9_.-]*")


@cache
def _name() -> re.Pattern[str]:
    """What may be a name, without the colon of namespaces (XML 1.0, fifth edition, 2.3); slow to compile."""
    return re.compile(f"[{_START}][{_START}.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040-]*")


Value: TypeAlias = "str | int | float | bool | Writable | Mapping[str, Value] | Sequence[Value] | None"
"""Whatever stands for a piece of XML in a DSL file."""


@runtime_checkable
class Writable(Protocol):
    """Anything that writes itself as XML: typed elements and raw ones."""

    def write(self, indent: str) -> str:
        """As an element of its own."""

    def write_as(self, tag: str, indent: str) -> str:
        """As the field `tag` of another element."""


class Raw:
    """An element without a class of its own: a tag, attributes, and members or text."""

    __slots__ = ("attrs", "fields", "members", "tag", "text")
    untyped = True

    def __init__(
        self,
        tag: str,
        members: tuple[Value, ...] = (),
        fields: Mapping[str, Value] | None = None,
        attrs: Mapping[str, str] | None = None,
        text: str = "",
    ) -> None:
        self.tag = tag
        self.members = members
        self.fields = dict(fields or {})
        if attrs is not None and not isinstance(attrs, Mapping):
            raise DslError(f"_attrs takes a dict, not {attrs!r}")
        self.attrs = dict(attrs or {})
        self.text = _plain("_text", text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and all(
            getattr(self, name) == getattr(other, name) for name in self.__slots__
        )

    def __hash__(self) -> int:
        return hash(self.write_as("x", ""))

    def __repr__(self) -> str:
        return f"element({self.tag!r}, ...)" if self.tag else "node(...)"

    def write(self, indent: str) -> str:
        """As an element of its own."""
        if not self.tag:
            raise DslError("node(...) has no name of its own", hint='use element("name", ...) in a list')
        return self._write(_named(tag_name(self.tag)), self.attrs, indent)

    def write_as(self, tag: str, indent: str) -> str:
        """As the field `tag`; an element's class becomes the `class` attribute."""
        attrs = {"class": self.tag, **self.attrs} if self.tag else self.attrs
        return self._write(tag, attrs, indent)

    def _write(self, tag: str, attrs: Mapping[str, str], indent: str) -> str:
        deeper = indent + "  "
        inner = write_members(self.members, deeper) + "".join(
            write_value(_named(name), value, deeper) for name, value in self.fields.items()
        )
        if inner and self.text:
            raise DslError(
                f"{tag}: _text={self.text!r} stands next to other content, of which Jenkins reads one",
                hint="leave out _text, or the members and fields",
            )
        return _wrap(tag, attrs, inner, escape(self.text), indent)


class Literal:
    """XML given as text, checked to be well-formed when it is made."""

    __slots__ = ("node",)
    untyped = True

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise DslError(f"xml(...) takes text, not {text!r}")
        try:
            self.node = parse(text)
        except XmlError as error:
            raise DslError(
                f"xml(...): {error.message}", hint=error.hint or f"line {error.line} of the literal"
            ) from None

    def __repr__(self) -> str:
        return f"xml('<{self.node.tag}...')"

    def write(self, indent: str) -> str:
        """As it was given, indented."""
        return to_text(self.node, indent)

    def write_as(self, tag: str, indent: str) -> str:
        """As it was given; its root must be the field it stands for."""
        if self.node.tag != tag:
            raise DslError(
                f"xml(...) for the field {tag} starts with <{self.node.tag}>", hint=f"start it with <{tag}>"
            )
        return to_text(self.node, indent)


def element(
    java_class: str,
    /,
    *members: Value,
    _attrs: Mapping[str, str] | None = None,
    _text: str = "",
    **fields: Value,
) -> Raw:
    """Any Jenkins element: its class, and its fields by their XML names.

    `members` are children in order, for elements that hold lists; `_attrs` are attributes.
    A field whose name is no Python identifier goes in as `**{"a-b": 1}`.
    """
    return _checked(java_class, members, fields, _attrs, _text)


def node(*members: Value, _attrs: Mapping[str, str] | None = None, _text: str = "", **fields: Value) -> Raw:
    """Return a field's content without a class: members, fields, attributes."""
    return _checked("", members, fields, _attrs, _text)


def xml(text: str) -> Literal:
    """Literal XML: one element. Raises DslError when it is not well-formed."""
    try:
        return Literal(text)
    except DslError as error:
        context.complain(error)
        return Literal("<invalid/>")


def secret(name: str) -> str:
    """Return the value called `name` in the secrets file; it never enters the estate, a diff or a log.

    What is returned stands in the document until it is sent.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[^{}<>&\"\x00-\x1f\x7f]+", name):
        context.complain(
            DslError(f"secret: {name!r} cannot be a name", hint="use letters, digits, / - . and _")
        )
        return ""
    return SECRET_START + name + "}"


def _checked(tag: str, *parts: Any) -> Raw:
    """Return the element, written once so that a wrong value is reported at its line."""
    try:
        if tag != "":
            _named(tag_name(tag) if isinstance(tag, str) else tag)
        raw = Raw(tag, *parts)
        raw.write_as("x", "")
    except DslError as error:
        context.complain(error)
        return Raw("invalid")
    return raw


def _plain(name: str, value: object) -> str:
    """Return the text of an attribute or an element. Raises DslError for what has none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise DslError(f"{name} takes text, not {value!r}", hint="write it in quotes")


@lru_cache(maxsize=10_000)
def _named(name: str) -> str:
    """Return a name of an element or attribute. Raises DslError when XML does not allow it."""
    bare = name.removeprefix("xml:") if isinstance(name, str) else ""
    if _ASCII_NAME.fullmatch(bare) is None and _name().fullmatch(bare) is None:
        raise DslError(
            f"{name!r} cannot be the name of an XML element",
            hint="use letters, digits, '.', '-' and '_', a letter first",
        )
    return name


def write_value(tag: str, value: Value, indent: str) -> str:
    """Return the field `tag` with a value. Raises DslError for what cannot be XML."""
    if value.__class__ is str:
        return f"{indent}<{tag}>{escape(value)}</{tag}>" if value else f"{indent}<{tag}/>"
    if value is None:
        return f"{indent}<{tag}/>"
    if value is True or value is False:
        return f"{indent}<{tag}>{'true' if value else 'false'}</{tag}>"
    if isinstance(value, int | float | str):
        return f"{indent}<{tag}>{escape(str(value))}</{tag}>"
    if isinstance(value, Mapping):
        return Raw("", (), value).write_as(tag, indent)
    if isinstance(value, list | tuple):
        return Raw("", tuple(value)).write_as(tag, indent)
    if isinstance(value, Writable):
        return value.write_as(tag, indent)
    raise DslError(
        f"{tag}: {_kind(value)} cannot be written as XML", hint="use text, numbers, lists, dicts or elements"
    )


def write_members(members: Sequence[Value], indent: str) -> str:
    """Return the members of a list: elements as themselves, plain values as `<string>`, no None."""
    return "".join(_member(member, indent) for member in members if member is not None)


def _member(value: Value, indent: str) -> str:
    if isinstance(value, Writable):
        return value.write(indent)
    kinds: dict[type, str] = {str: "string", bool: "boolean", int: "int", float: "double"}
    tag = kinds.get(type(value))
    if tag is None and isinstance(value, str):
        tag = "string"
    if tag is None:
        raise DslError(f"{_kind(value)} cannot be a member of a list", hint="use elements or text")
    return write_value(tag, value, indent)


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _wrap(tag: str, attrs: Mapping[str, str], inner: str, text: str, indent: str) -> str:
    attributes = "".join(
        f' {_named(name)}="{escape_attribute(_plain(name, value))}"' for name, value in attrs.items()
    )
    if inner:
        return f"{indent}<{tag}{attributes}>{inner}{indent}</{tag}>"
    return f"{indent}<{tag}{attributes}>{text}</{tag}>" if text else f"{indent}<{tag}{attributes}/>"
