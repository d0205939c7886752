"""Fields of a form of their own: build results, free content, constants, and what is no child at all."""

# ruff: noqa: ARG002  # all kinds of fields are called alike

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jobdsl.documents.tree import Node, escape
from jobdsl.elements.kinds import Field, TextField, Unfit, ordered
from jobdsl.elements.untyped import write_value

__all__ = [
    "RESULTS",
    "AbsentField",
    "ComputedField",
    "ConstantField",
    "MetaField",
    "RawField",
    "ResultField",
    "ResultsField",
    "SugarField",
]


RESULTS = {
    "SUCCESS": (0, "BLUE"),
    "UNSTABLE": (1, "YELLOW"),
    "FAILURE": (2, "RED"),
    "NOT_BUILT": (3, "NOTBUILT"),
    "ABORTED": (4, "ABORTED"),
}


class ResultField(TextField):
    """A build result, which Jenkins stores as name, ordinal, colour and completeness; None is none."""

    kind = "result"

    def check(self, value: Any) -> Any:
        """Return the result's name, or None."""
        return None if value is None else super().check(value)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        ordinal, color = RESULTS[value]
        deeper = indent + "  "
        complete = "true" if ordinal < 3 else "false"
        return (
            f"{indent}<{self.tag}{self.attributes(attrs)}>{deeper}<name>{value}</name>{deeper}<ordinal>{ordinal}</ordinal>"
            f"{deeper}<color>{color}</color>{deeper}<completeBuild>{complete}</completeBuild>{indent}</{self.tag}>"
        )

    def read(self, node: Node) -> str:
        name = node.find("name")
        if name is None or name.text not in RESULTS:
            raise Unfit
        return name.text


class ResultsField(Field):
    """A list of build results by name."""

    kind = "results"

    def __init__(self, tag: str, **common: Any) -> None:
        super().__init__(tag, **common)
        self.one = ResultField("hudson.model.Result", tuple(RESULTS))

    def check(self, value: Any) -> Any:
        return tuple(self.one.check(result) for result in ordered(value, "a list of build results"))

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        inner = "".join(self.one.write(result, indent + "  ") for result in value)
        attributes = self.attributes(attrs)
        return (
            f"{indent}<{self.tag}{attributes}>{inner}{indent}</{self.tag}>"
            if inner
            else f"{indent}<{self.tag}{attributes}/>"
        )

    def read(self, node: Node) -> tuple[str, ...]:
        if node.text or any(child.tag != self.one.tag for child in node.children):
            raise Unfit
        return tuple(self.one.read(child) for child in node.children)


class RawField(Field):
    """A field whose content is free: any value `element(...)` takes."""

    kind = "raw"

    def check(self, value: Any) -> Any:
        if value is not None:
            write_value(self.tag, value, "")
        return value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return "" if value is None else write_value(self.tag, value, indent)

    def read(self, node: Node) -> Any:
        from jobdsl.elements import reading

        value = reading.value_of(node)
        return "" if value is None else value


class ConstantField(Field):
    """A child that is always written the same and is no argument."""

    kind = "constant"
    stored = False

    def __init__(self, tag: str, value: Any, attrs: Mapping[str, str] | None = None) -> None:
        super().__init__(tag, default=None, attrs=attrs)
        self.value = value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        attributes = self.attributes(attrs)
        if self.value is None:
            return f"{indent}<{self.tag}{attributes}/>"
        return f"{indent}<{self.tag}{attributes}>{escape(self.value)}</{self.tag}>"


class ComputedField(Field):
    """A child worked out from other fields by a method of the element."""

    kind = "computed"
    stored = False

    def __init__(
        self, tag: str, written_by: Field, method: str, is_empty: Callable[[Any], bool] | None = None
    ) -> None:
        super().__init__(tag, default=None, attrs=written_by.attrs)
        self.written_by = written_by
        self.refers = written_by.refers
        self.method = method
        self.is_empty = is_empty

    def named(self, name: str) -> None:
        self.name = name
        self.written_by.name, self.written_by.tag = name, self.tag

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return self.written_by.write(value, indent, attrs)


class AbsentField(Field):
    """A child the class does not write by itself; a layout read from a document may name it."""

    kind = "absent"
    stored = False

    def __init__(self, tag: str) -> None:
        super().__init__(tag, default=None)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return f"{indent}<{self.tag}{self.attributes(attrs)}/>"


class MetaField(Field):
    """An argument that is no child by itself; other children are computed from it."""

    kind = "meta"

    def __init__(
        self, check: Callable[[Any], Any] | None, convert: type | None = None, **common: Any
    ) -> None:
        super().__init__("", **common)
        self.checker = check
        self.convert = convert

    def named(self, name: str) -> None:
        self.name = name

    def check(self, value: Any) -> Any:
        return self.checker(value) if self.checker is not None else value


class SugarField(Field):
    """An argument that stands for others; the element's `_expand` turns it into them."""

    kind = "sugar"
    stored = False

    def named(self, name: str) -> None:
        self.name = name

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return ""
