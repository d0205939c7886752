"""What a field of a typed element is, and the kinds that hold one plain value.

A field belongs to one XML child of its element. `write` gives the whole child, `read` takes it
apart again or raises Unfit, and then the child is kept as it was found (see reading.py).
"""

# ruff: noqa: ARG002  # all kinds of fields are called alike

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any, ClassVar

from jobdsl.documents.declared import Refers
from jobdsl.documents.tree import Node, escape, escape_attribute
from jobdsl.elements.slips import slip
from jobdsl.errors import DslError, suggestion

__all__ = [
    "REQUIRED",
    "AmountField",
    "CredentialsField",
    "DecimalField",
    "Field",
    "FlagField",
    "LabelField",
    "NamesField",
    "NumberField",
    "SecretTextField",
    "TextField",
    "Unfit",
    "leaf",
    "ordered",
    "shown",
    "wrong",
]


class _Required:
    def __repr__(self) -> str:
        return "..."


REQUIRED: Any = _Required()
"""Default of a field that must be given."""


class Unfit(Exception):  # noqa: N818  # no error: the child is kept as it is
    """A child of a document that this field cannot express."""


class Field:
    """One field: its name in the DSL, its XML tag, and its default."""

    kind: ClassVar[str] = "value"
    stored: ClassVar[bool] = True
    """Whether the element keeps a value for it."""
    also: ClassVar[str] = ""
    """What its check accepts next to what its kind accepts, as an annotation; for type stubs."""
    refers: Refers = ""
    """What its text names; policy checks whether a team may use it."""

    def __init__(
        self,
        tag: str,
        *,
        default: Any = REQUIRED,
        first: bool = False,
        attrs: Mapping[str, str] | None = None,
    ) -> None:
        self.name = ""
        self.tag = tag
        self.default = default
        self.first = first
        self.attrs = dict(attrs or {})

    @property
    def is_argument(self) -> bool:
        """Return whether the constructor takes it: kept by the element, or short for others."""
        return self.stored or self.kind == "sugar"

    def named(self, name: str) -> None:
        """Learn the DSL name; the tag is its camelCase unless given."""
        self.name = name
        if not self.tag:
            head, *rest = name.split("_")
            self.tag = head + "".join(part.capitalize() for part in rest)

    def is_default(self, value: Any) -> bool:
        """Return whether a value, as it is kept, is the default."""
        return bool(value == self.default)

    def check(self, value: Any) -> Any:
        """The value as it is kept. Raises DslError, without naming the field, when it cannot be right."""
        return value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        """Return the XML child for a value; nothing for None."""
        if value is None:
            return ""
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{escape(str(value))}</{self.tag}>"

    def read(self, node: Node) -> Any:
        """Return the value of an XML child. Raises Unfit."""
        raise Unfit

    def attributes(self, attrs: Mapping[str, str] | None) -> str:
        """Return the attributes of the tag as text: the usual ones, or those a layout gives."""
        attributes = self.attrs if attrs is None else attrs
        return (
            "".join(f' {name}="{escape_attribute(value)}"' for name, value in attributes.items())
            if attributes
            else ""
        )


def wrong(value: object, expected: str) -> DslError:
    """Return the error for an argument of another kind than `expected`, with a hint on the likely slip."""
    return DslError(f"takes {expected}, not {shown(value)}", hint=slip(value, expected))


def shown(value: object) -> str:
    """Return a value as messages show it, with its type."""
    shown = repr(value)
    return f"{shown if len(shown) < 60 else shown[:56] + '...'} ({type(value).__name__})"


def ordered(values: Any, expected: str) -> tuple[Any, ...]:
    """Return the values of anything that holds some in an order, without None. Raises DslError."""
    if isinstance(values, set | frozenset):
        raise DslError(f"takes {expected}, not a set, which has no order", hint="sorted(...) gives it one")
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        error = wrong(values, expected)
        hint = "list(...) of its keys or values" if isinstance(values, Mapping) else "put [ ] around it"
        hint = "write [] for none" if values is None else error.hint or hint
        raise DslError(error.message, hint=hint)
    return tuple([value for value in values if value is not None])


def leaf(node: Node) -> str:
    """Text of a child without children. Raises Unfit."""
    if node.children:
        raise Unfit
    return node.text


class TextField(Field):
    """Text, perhaps one of some words, perhaps checked."""

    kind = "text"

    def __init__(
        self,
        tag: str,
        choices: tuple[str, ...] = (),
        check: Callable[[str], object] | None = None,
        **common: Any,
    ) -> None:
        super().__init__(tag, **common)
        self.choices = choices
        self.checker = check

    def check(self, value: Any) -> Any:
        if not isinstance(value, str):
            if value is None and self.default is None:
                return None
            raise wrong(value, "text")
        if self.choices and value not in self.choices and "$" not in value:
            near = suggestion(value, self.choices)
            raise DslError(f"does not know {value!r}", hint=near or "one of: " + ", ".join(self.choices))
        if self.checker is not None:
            self.checker(value)
        return value

    def read(self, node: Node) -> str:
        return leaf(node)


class NamesField(TextField):
    """Names of jobs, separated by commas; a list of names or of items is joined."""

    kind = "names"

    def check(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return ", ".join(self._one(member) for member in value if member is not None)
        return self._one(value) if hasattr(value, "full_name") else super().check(value)

    def _one(self, member: Any) -> str:
        full_name = getattr(member, "full_name", None)
        return f"/{full_name}" if isinstance(full_name, str) else str(super().check(member))


class CredentialsField(TextField):
    """The id of credentials that Jenkins keeps."""

    refers = "credentials"


class LabelField(TextField):
    """A label expression that selects agents."""

    refers = "label"


class SecretTextField(TextField):
    """Text that is never printed."""

    kind = "secret"


class FlagField(Field):
    """True or False."""

    kind = "flag"

    def check(self, value: Any) -> Any:
        if value is True or value is False or (value is None and self.default is None):
            return value
        raise wrong(value, "True or False")

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{'true' if value else 'false'}</{self.tag}>"

    def read(self, node: Node) -> bool:
        if (word := leaf(node)) in ("true", "false"):
            return word == "true"
        raise Unfit


class _BoundedField(Field):
    """A number that may have a least value."""

    def __init__(self, tag: str, least: int | None = None, **common: Any) -> None:
        super().__init__(tag, **common)
        self.least = least

    def bounded(self, value: Any) -> Any:
        """Return the number. Raises DslError for one that is too small."""
        if self.least is not None and value < self.least:
            instead = " to leave it to Jenkins" if self.default is None else ""
            out = f", or leave {self.name}= out{instead}" if self.default is not REQUIRED else ""
            raise DslError(
                f"takes {self.least} or more, not {value}", hint=f"write {self.least} or more{out}"
            )
        return value


class NumberField(_BoundedField):
    """A whole number, or text with a ${VARIABLE}."""

    kind = "number"

    def check(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.bounded(value)
        if isinstance(value, str) and "$" in value:
            return value
        if value is None and self.default is None:
            return None
        raise wrong(value, "a whole number (or text with a ${VARIABLE})")

    def read(self, node: Node) -> int | str:
        word = leaf(node)
        try:
            if str(int(word)) == word:
                return int(word)
        except ValueError:
            if "$" in word:
                return word
        raise Unfit


class AmountField(_BoundedField):
    """A whole number that Jenkins keeps as text, empty where there is none."""

    kind = "amount"

    def check(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.bounded(value)
        if isinstance(value, str) and (not value or "$" in value):
            return value
        if isinstance(value, str) and (whole := _whole(value)) is not None:
            return self.bounded(whole)
        if value is None and self.default is None:
            return None
        raise wrong(value, "a whole number, or empty text for none")

    def read(self, node: Node) -> int | str:
        word = leaf(node)
        if not word or "$" in word:
            return word
        whole = _whole(word)
        if whole is None:
            raise Unfit
        return whole


def _whole(word: str) -> int | None:
    """Return the number, where writing it again gives the same text."""
    try:
        return int(word) if str(int(word)) == word else None
    except ValueError:
        return None


class DecimalField(_BoundedField):
    """A number with a point, as Java writes it."""

    kind = "decimal"

    def check(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
            return float(self.bounded(value))
        if isinstance(value, str) and "$" in value:
            return value
        if value is None and self.default is None:
            return None
        raise wrong(value, "a number")

    def read(self, node: Node) -> float:
        word = leaf(node)
        try:
            if str(float(word)) == word:
                return float(word)
        except ValueError:
            pass
        raise Unfit
