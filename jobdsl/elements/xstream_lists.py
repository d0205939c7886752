"""Lists in the ways Java stores them: members in the field, in an array inside it, or without a field.

Whether there is an array is known by the `class` attribute of the field:
`<choices class="java.util.Arrays$ArrayList"><a class="string-array">...`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.elements.kinds import Unfit
from jobdsl.elements.kinds_lists import ChildrenField, StringsField
from jobdsl.elements.untyped import write_value
from jobdsl.errors import DslError

__all__ = ["array_of_strings", "list_or_array", "repeated"]

_ARRAY_LIST = "java.util.Arrays$ArrayList"


def _is_array(attrs: Mapping[str, str]) -> bool:
    return attrs.get("class") == _ARRAY_LIST


def _in_array(node: Node, array: str) -> Node:
    """Return what holds the members; the field itself where it is no array."""
    if not _is_array(node.attrs):
        return node
    if [child.tag for child in node.children] != ["a"] or node.children[0].attrs != {"class": array}:
        raise Unfit
    return node.children[0]


class _ListOrArray(ChildrenField):
    """Elements, by default as a plain list."""

    def __init__(
        self, tag: str, accepts: type, convert: Callable[[Any], Any] | None, array: str, **common: Any
    ) -> None:
        super().__init__(tag, accepts, convert, **common)
        self.array = array

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None or not _is_array(attrs or {}):
            return super().write(value, indent, attrs)
        inner = "".join([member.write(indent + "    ") for member in value])
        attributes, array = self.attributes(attrs), f'a class="{self.array}"'
        held = f"{indent}  <{array}>{inner}{indent}  </a>" if inner else f"{indent}  <{array}/>"
        return f"{indent}<{self.tag}{attributes}>{held}{indent}</{self.tag}>"

    def read(self, node: Node) -> tuple[Any, ...]:
        return super().read(_in_array(node, self.array))


class _ArrayOfStrings(StringsField):
    """Texts, by default as an array."""

    def __init__(self, tag: str, **common: Any) -> None:
        super().__init__(tag, "string", None, attrs={"class": _ARRAY_LIST}, **common)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None or not _is_array(self.attrs if attrs is None else attrs):
            return super().write(value, indent, attrs)
        inner = "".join([write_value("string", text, indent + "    ") for text in value])
        array = 'a class="string-array"'
        held = f"{indent}  <{array}>{inner}{indent}  </a>" if inner else f"{indent}  <{array}/>"
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{held}{indent}</{self.tag}>"

    def read(self, node: Node) -> tuple[str, ...]:
        return super().read(_in_array(node, "string-array"))


class _Repeated(StringsField):
    """Texts, each in a child of its own beside the other fields."""

    kind = "repeated"

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if attrs:
            raise DslError(f"{self.tag} has no attributes")
        return "".join([write_value(self.tag, text, indent) for text in value])

    def read(self, node: Node) -> tuple[str, ...]:
        if node.children or node.attrs:
            raise Unfit
        return (node.text,)


def list_or_array(
    tag: str = "",
    *,
    accepts: type,
    array: str,
    default: Any = (),
    convert: Callable[[Any], Any] | None = None,
) -> Any:
    """Return a list of elements; `array` is the class of the Java array that some documents hold instead."""
    return _ListOrArray(tag, accepts, convert, array, default=default)


def array_of_strings(tag: str = "", *, default: Any, first: bool = False) -> Any:
    """Return a list of texts as Java's `Arrays.asList` is stored; some documents hold a plain list."""
    return _ArrayOfStrings(tag, default=default, first=first)


def repeated(tag: str = "", *, default: Any = (), first: bool = False) -> Any:
    """Texts as children of one tag, one after another: `<key>a</key><key>b</key>`."""
    return _Repeated(tag, "", None, default=default, first=first)
