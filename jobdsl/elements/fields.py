"""The kinds of fields a typed element has: how each is checked, written and read.

A field belongs to one XML child of its element. `write` gives the whole child, `read` takes it
apart again or raises Unfit, and then the child is kept as it was found (see reading.py).
"""

# ruff: noqa: ARG002  # all kinds of fields are called alike

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from jobdsl.errors import DslError, suggestion
from jobdsl.parts import Parts
from jobdsl.raw import Writable, write_value
from jobdsl.tree import Node, escape, escape_attribute

__all__ = [
    "REQUIRED",
    "Field",
    "Unfit",
    "amount",
    "child",
    "children",
    "computed",
    "constant",
    "decimal",
    "flag",
    "number",
    "raw",
    "result",
]
__all__ += ["absent", "meta", "names", "results", "secret_text", "slot", "strings", "sugar", "text"]


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

    def named(self, name: str) -> None:
        """Learn the DSL name; the tag is its camelCase unless given."""
        self.name = name
        if not self.tag:
            head, *rest = name.split("_")
            self.tag = head + "".join(part.capitalize() for part in rest)

    def check(self, value: Any) -> Any:
        """The value as it is kept. Raises DslError, without naming the field, when it cannot be right."""
        return value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        """The XML child for a value; nothing for None."""
        if value is None:
            return ""
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{escape(str(value))}</{self.tag}>"

    def read(self, found: Node) -> Any:
        """The value of an XML child. Raises Unfit."""
        raise Unfit

    def attributes(self, attrs: Mapping[str, str] | None) -> str:
        """The attributes of the tag as text: the usual ones, or those a layout gives."""
        given = self.attrs if attrs is None else attrs
        return (
            "".join(f' {name}="{escape_attribute(value)}"' for name, value in given.items()) if given else ""
        )


def _wrong(value: object, wanted: str) -> DslError:
    return DslError(f"takes {wanted}, not {_shown(value)}")


def _shown(value: object) -> str:
    shown = repr(value)
    return f"{shown if len(shown) < 60 else shown[:56] + '...'} ({type(value).__name__})"


def _leaf(found: Node) -> str:
    if found.children:
        raise Unfit
    return found.text


class _Text(Field):
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
            hint = "write str(...) or quotes around it" if isinstance(value, int | float) else ""
            raise DslError(_wrong(value, "text").message, hint=hint)
        if self.choices and value not in self.choices and "$" not in value:
            near = suggestion(value, self.choices)
            raise DslError(f"does not know {value!r}", hint=near or "one of: " + ", ".join(self.choices))
        if self.checker is not None:
            self.checker(value)
        return value

    def read(self, found: Node) -> str:
        return _leaf(found)


class _Names(_Text):
    """Names of jobs, separated by commas; a list of names or of items is joined."""

    kind = "names"

    def check(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return ", ".join(self._one(member) for member in value)
        return self._one(value) if hasattr(value, "full_name") else super().check(value)

    def _one(self, member: Any) -> str:
        full_name = getattr(member, "full_name", None)
        return f"/{full_name}" if isinstance(full_name, str) else str(super().check(member))


class _SecretText(_Text):
    kind = "secret"


class _Flag(Field):
    kind = "flag"

    def check(self, value: Any) -> Any:
        if value is True or value is False or (value is None and self.default is None):
            return value
        raise DslError(_wrong(value, "True or False").message)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        return f"{indent}<{self.tag}{self.attributes(attrs)}>{'true' if value else 'false'}</{self.tag}>"

    def read(self, found: Node) -> bool:
        if (word := _leaf(found)) in ("true", "false"):
            return word == "true"
        raise Unfit


class _Number(Field):
    kind = "number"

    def check(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and "$" in value:
            return value
        if value is None and self.default is None:
            return None
        raise DslError(_wrong(value, "a whole number (or text with a ${VARIABLE})").message)

    def read(self, found: Node) -> int | str:
        word = _leaf(found)
        try:
            if str(int(word)) == word:
                return int(word)
        except ValueError:
            if "$" in word:
                return word
        raise Unfit


class _Amount(Field):
    """A whole number that Jenkins keeps as text, empty where there is none."""

    kind = "amount"

    def check(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and (not value or "$" in value):
            return value
        if isinstance(value, str) and (whole := _whole(value)) is not None:
            return whole
        if value is None and self.default is None:
            return None
        raise DslError(_wrong(value, "a whole number, or empty text for none").message)

    def read(self, found: Node) -> int | str:
        word = _leaf(found)
        if not word or "$" in word:
            return word
        whole = _whole(word)
        if whole is None:
            raise Unfit
        return whole


def _whole(word: str) -> int | None:
    """The number, where writing it again gives the same text."""
    try:
        return int(word) if str(int(word)) == word else None
    except ValueError:
        return None


class _Decimal(Field):
    """A number with a point, as Java writes it."""

    kind = "decimal"

    def check(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and "$" in value:
            return value
        if value is None and self.default is None:
            return None
        raise DslError(_wrong(value, "a number").message)

    def read(self, found: Node) -> float:
        word = _leaf(found)
        try:
            if str(float(word)) == word:
                return float(word)
        except ValueError:
            pass
        raise Unfit


class _Child(Field):
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


class _Children(Field):
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
            if isinstance(value, str | Writable):
                value = (value,)
            elif not isinstance(value, Iterable):
                raise _wrong(value, "a list")
        return tuple(self._members(value))

    def _members(self, values: Iterable[Any]) -> list[Any]:
        accepts = self.accepts
        return [one if isinstance(one, accepts) else self.member(one) for one in values]

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
            inner = _list(self.inside, value, indent + "  ")
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


def _list(tag: str, members: Iterable[Any], indent: str) -> str:
    inner = "".join([one.write(indent + "  ") for one in members])
    return f"{indent}<{tag}>{inner}{indent}</{tag}>" if inner else f"{indent}<{tag}/>"


def _accepted(value: Any, accepts: type) -> Any:
    if isinstance(value, accepts) or getattr(value, "untyped", False):
        return value
    wanted = getattr(accepts, "slot", None) or accepts.__name__
    if isinstance(value, Writable):
        raise DslError(
            f"takes {wanted}, not {value!r}", hint=f"{value!r} belongs elsewhere; Jenkins would drop it here"
        )
    if isinstance(value, type):
        raise DslError(f"takes {wanted}, not the class {value.__name__}", hint="call it, with parentheses")
    raise _wrong(value, wanted)


class _Slot(_Children):
    """A list of a job, which may be changed until the job's file ends; its members may have names."""

    kind = "slot"

    def check(self, value: Any) -> Any:
        if value.__class__ is list:
            return Parts(self._members(value))
        if value == ():
            return Parts()
        if isinstance(value, Parts):
            return Parts(value)  # of another job, perhaps: changing one must not change the other
        if isinstance(value, Mapping):
            return Parts({name: self.member(one) for name, one in value.items() if one is not None})
        return Parts(super().check(value))

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        for one in value:
            if not isinstance(one, self.accepts):
                _accepted(one, self.accepts)
        return super().write(value, indent, attrs)


class _Strings(Field):
    """A list of texts: `<tag><string>a</string>...</tag>`, perhaps inside a further tag."""

    kind = "strings"

    def __init__(
        self, tag: str, item: str, inside: tuple[str, Mapping[str, str]] | None, before: str, **common: Any
    ) -> None:
        super().__init__(tag, **common)
        self.item = item
        self.inside = inside
        self.before = before

    def check(self, value: Any) -> Any:
        if value is None and self.default is None:
            return None
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise DslError(_wrong(value, "a list of texts").message, hint="put [ ] around it")
        texts = tuple(value)
        for one in texts:
            if not isinstance(one, str):
                raise _wrong(one, "a list of texts")
        return texts

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        given = self.attributes(attrs)
        deeper = indent + "  "
        prefix = deeper + self.before if self.before else ""
        items_at = deeper + "  " if self.inside else deeper
        items = "".join([write_value(self.item, one, items_at) for one in value])
        if self.inside:
            tag, inner_attrs = self.inside
            shown = "".join(f' {name}="{word}"' for name, word in inner_attrs.items())
            items = f"{deeper}<{tag}{shown}>{items}{deeper}</{tag}>" if items else f"{deeper}<{tag}{shown}/>"
        if not prefix and not items:
            return f"{indent}<{self.tag}{given}/>"
        return f"{indent}<{self.tag}{given}>{prefix}{items}{indent}</{self.tag}>"

    def read(self, found: Node) -> tuple[str, ...]:
        held = found
        if self.inside:
            if len(found.children) != 1 or found.children[0].tag != self.inside[0]:
                raise Unfit
            held = found.children[0]
        return tuple(_leaf(one) for one in held.children if one.tag == self.item and not one.attrs)


_RESULTS = {
    "SUCCESS": (0, "BLUE"),
    "UNSTABLE": (1, "YELLOW"),
    "FAILURE": (2, "RED"),
    "NOT_BUILT": (3, "NOTBUILT"),
    "ABORTED": (4, "ABORTED"),
}


class _Result(_Text):
    """A build result, which Jenkins stores as name, ordinal, colour and completeness; None is none."""

    kind = "result"

    def check(self, value: Any) -> Any:
        """The result's name, or None."""
        return None if value is None else super().check(value)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        if value is None:
            return ""
        ordinal, color = _RESULTS[value]
        deeper = indent + "  "
        complete = "true" if ordinal < 3 else "false"
        return (
            f"{indent}<{self.tag}{self.attributes(attrs)}>{deeper}<name>{value}</name>{deeper}<ordinal>{ordinal}</ordinal>"
            f"{deeper}<color>{color}</color>{deeper}<completeBuild>{complete}</completeBuild>{indent}</{self.tag}>"
        )

    def read(self, found: Node) -> str:
        name = found.find("name")
        if name is None or name.text not in _RESULTS:
            raise Unfit
        return name.text


class _Results(Field):
    """A list of build results by name."""

    kind = "results"

    def __init__(self, tag: str, **common: Any) -> None:
        super().__init__(tag, **common)
        self.one = _Result("hudson.model.Result", tuple(_RESULTS))

    def check(self, value: Any) -> Any:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise DslError(_wrong(value, "a list of build results").message, hint="put [ ] around it")
        return tuple(self.one.check(one) for one in value)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        inner = "".join(self.one.write(one, indent + "  ") for one in value)
        given = self.attributes(attrs)
        return (
            f"{indent}<{self.tag}{given}>{inner}{indent}</{self.tag}>"
            if inner
            else f"{indent}<{self.tag}{given}/>"
        )

    def read(self, found: Node) -> tuple[str, ...]:
        if found.text or any(one.tag != self.one.tag for one in found.children):
            raise Unfit
        return tuple(self.one.read(one) for one in found.children)


class _Raw(Field):
    """A field whose content is free: any value `element(...)` takes."""

    kind = "raw"

    def check(self, value: Any) -> Any:
        if value is not None:
            write_value(self.tag, value, "")
        return value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return "" if value is None else write_value(self.tag, value, indent)

    def read(self, found: Node) -> Any:
        from jobdsl.elements import reading

        value = reading.value_of(found)
        return "" if value is None else value


class _Constant(Field):
    """A child that is always written the same and is no argument."""

    kind = "constant"
    stored = False

    def __init__(self, tag: str, value: Any, attrs: Mapping[str, str] | None = None) -> None:
        super().__init__(tag, default=None, attrs=attrs)
        self.value = value

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        given = self.attributes(attrs)
        if self.value is None:
            return f"{indent}<{self.tag}{given}/>"
        return f"{indent}<{self.tag}{given}>{escape(self.value)}</{self.tag}>"


class _Computed(Field):
    """A child worked out from other fields by a method of the element."""

    kind = "computed"
    stored = False

    def __init__(self, tag: str, written_by: Field, method: str) -> None:
        super().__init__(tag, default=None, attrs=written_by.attrs)
        self.written_by = written_by
        self.method = method

    def named(self, name: str) -> None:
        self.name = name
        self.written_by.name, self.written_by.tag = name, self.tag

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return self.written_by.write(value, indent, attrs)


class _Absent(Field):
    """A child the class does not write by itself; a layout read from a document may name it."""

    kind = "absent"
    stored = False

    def __init__(self, tag: str) -> None:
        super().__init__(tag, default=None)

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return f"{indent}<{self.tag}{self.attributes(attrs)}/>"


class _Meta(Field):
    """An argument that is no child by itself; other children are computed from it."""

    kind = "meta"

    def __init__(self, check: Callable[[Any], Any] | None, **common: Any) -> None:
        super().__init__("", **common)
        self.checker = check

    def named(self, name: str) -> None:
        self.name = name

    def check(self, value: Any) -> Any:
        return self.checker(value) if self.checker is not None else value


class _Sugar(Field):
    """An argument that stands for others; the element's `_expand` turns it into them."""

    kind = "sugar"
    stored = False

    def named(self, name: str) -> None:
        self.name = name

    def write(self, value: Any, indent: str, attrs: Mapping[str, str] | None = None) -> str:
        return ""


def text(
    tag: str = "",
    *,
    default: Any = REQUIRED,
    first: bool = False,
    choices: tuple[str, ...] = (),
    check: Callable[[str], object] | None = None,
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """Text; `default=None` leaves the child out when it is not given. `first` fields are positional."""
    return _Text(tag, choices, check, default=default, first=first, attrs=attrs)


def names(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Names of jobs: text with commas, or a list of names or of the jobs themselves."""
    return _Names(tag, default=default, first=first)


def secret_text(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """Text that is never printed, and on import never written into DSL source in clear."""
    return _SecretText(tag, default=default, first=first)


def flag(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """True or False; `default=None` leaves the child out when it is not given."""
    return _Flag(tag, default=default, first=first)


def number(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """A whole number, or text with a ${VARIABLE}."""
    return _Number(tag, default=default, first=first)


def amount(tag: str = "", *, default: Any = "", first: bool = False) -> Any:
    """A whole number that Jenkins keeps as text; empty text for none."""
    return _Amount(tag, default=default, first=first)


def decimal(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """A number with a point, as Java writes it: `1.0`."""
    return _Decimal(tag, default=default, first=first)


def child(
    tag: str = "",
    *,
    accepts: type,
    default: Any = REQUIRED,
    first: bool = False,
    plain: bool = False,
    convert: Callable[..., Any] | None = None,
) -> Any:
    """One element: `<tag class="...">`; `plain` writes `<tag>`, the class being understood."""
    return _Child(tag, accepts, plain, convert, default=default, first=first)


def children(
    tag: str = "",
    *,
    accepts: type,
    default: Any = (),
    first: bool = False,
    convert: Callable[..., Any] | None = None,
    inside: str = "",
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """A list of elements; `convert` makes a member from plain text, `inside` is a further tag around them."""
    return _Children(tag, accepts, convert, inside, default=default, first=first, attrs=attrs)


def slot(tag: str = "", *, accepts: type, convert: Callable[..., Any] | None = None) -> Any:
    """A list of a job; stays changeable, and a dict names its members."""
    return _Slot(tag, accepts, convert, default=())


def meta(check: Callable[[Any], Any] | None = None, *, default: Any = REQUIRED, first: bool = False) -> Any:
    """An argument that is no child by itself."""
    return _Meta(check, default=default, first=first)


def absent(tag: str) -> Any:
    """An empty child only found in stored documents; written where a layout names it."""
    return _Absent(tag)


def strings(
    tag: str = "",
    *,
    default: Any = (),
    first: bool = False,
    item: str = "string",
    inside: tuple[str, Mapping[str, str]] | None = None,
    before: str = "",
    attrs: Mapping[str, str] | None = None,
) -> Any:
    """A list of texts; `inside` is a further tag around them, `before` XML that precedes them."""
    return _Strings(tag, item, inside, before, default=default, first=first, attrs=attrs)


def result(tag: str = "", *, default: Any = REQUIRED, first: bool = False) -> Any:
    """A build result by name: SUCCESS, UNSTABLE, FAILURE, NOT_BUILT or ABORTED."""
    return _Result(tag, tuple(_RESULTS), default=default, first=first)


def results(tag: str = "", *, default: Any = (), first: bool = False) -> Any:
    """A list of build results by name."""
    return _Results(tag, default=default, first=first)


def raw(tag: str = "", *, default: Any = None, first: bool = False) -> Any:
    """Any value `element(...)` takes; left out when None."""
    return _Raw(tag, default=default, first=first)


def constant(tag: str = "", value: str | None = None, *, attrs: Mapping[str, str] | None = None) -> Any:
    """A child that is always there; not an argument."""
    return _Constant(tag, value, attrs)


def computed(tag: str, written_by: Any, method: str) -> Any:
    """A child whose value `method` works out; not an argument."""
    return _Computed(tag, written_by, method)


def sugar(*, default: Any = None, first: bool = False) -> Any:
    """An argument for `_expand`."""
    return _Sugar("", default=default, first=first)
