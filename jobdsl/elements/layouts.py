"""Writes an element in the layout its document had: other orders, fields missing or added, other attributes.

A layout is tags in their order (`a b@class=x c@ d?`), or what differs from the usual ones (`-a +b`). Either
may end with the order of what a child holds, `a[x,*,y]`, for a class with such an order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jobdsl.documents.tree import parse
from jobdsl.elements.kinds import Field
from jobdsl.elements.kinds_other import ComputedField
from jobdsl.elements.untyped import write_value
from jobdsl.errors import DslError

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = ["is_same", "laid_out", "names_tag", "order_in", "split", "unknown_word", "value_in", "with_order"]

_ORDER = re.compile(r"\s*(\S+?)\[([^\]]*)\]\s*\Z")

Token = tuple[str, Mapping[str, str] | None]
"""A tag and its attributes: None the usual ones, empty none."""


def laid_out(record: Record, indent: str) -> str:
    """Return the children of an element that has a layout or extra fields, as text."""
    base, _ = split(record.layout)
    form = record.forms.get(base or "")
    layout = form.layout if form else base
    own = record.extra or {}
    extra = {**_usual_of(record, form.extra if form else {}), **own}
    if own:
        _refuse_twice(record, own)
    by_tag = record.by_tag
    written: set[str] = set()
    out: list[str] = []
    for token, attrs in _plan(by_tag, layout):
        if token.endswith("!"):  # an empty child, beside another of its tag
            out.append(f"{indent}<{token[:-1]}/>")
            continue
        tag = token.removesuffix("?")
        written.add(tag)
        if tag in extra:
            out.append(write_value(tag, extra[tag], indent))
        elif (field := by_tag.get(tag)) is not None and not (token != tag and _is_usual(record, field)):
            written_child = field.write(value_in(record, field), indent, attrs)
            out.append(written_child or _empty(tag, field, indent, attrs))
    for tag, field in by_tag.items():
        if tag in written or tag in extra:
            continue
        if (field.stored or _insists(field)) and not _is_usual(record, field):
            out.append(field.write(value_in(record, field), indent))
    out += [write_value(tag, value, indent) for tag, value in extra.items() if tag not in written]
    return "".join(out)


def _empty(tag: str, field: Field, indent: str, attrs: Mapping[str, str] | None) -> str:
    """Return the child that a layout names with attributes where no argument has its contents."""
    return f"{indent}<{tag}{field.attributes(attrs)}/>" if attrs and field.stored else ""


def names_tag(record: Record, tag: str) -> bool:
    """Return whether the layout of an element names a child."""
    base, _ = split(record.layout)
    form = record.forms.get(base or "")
    tokens = _tokens((form.layout if form else base) or "")
    return any(token.lstrip("+").removesuffix("?") == tag for token, _ in tokens)


def _usual_of(record: Record, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return what another tool always writes, without the fields that an argument gives another value."""
    return {tag: value for tag, value in extra.items() if not _is_given(record, tag)}


def _refuse_twice(record: Record, extra: Mapping[str, Any]) -> None:
    """Refuse a field that stands in `extra` and is an argument's as well: one of them would do nothing."""
    for tag in extra:
        if _is_given(record, tag):
            field = record.by_tag[tag]
            argument = f"{field.name}=" if field.stored else "its arguments"
            raise DslError(
                f"{record.dsl_name()}: {argument} and extra both set {tag}",
                hint=f"take {tag!r} out of extra=, or leave the argument out",
            )


def _is_given(record: Record, tag: str) -> bool:
    """Return whether arguments give a field another value than it has by itself."""
    field = record.by_tag.get(tag)
    return field is not None and (field.stored or _insists(field)) and not _is_usual(record, field)


def _plan(by_tag: Mapping[str, Field], layout: str | None) -> Iterable[Token]:
    """Return the tags to write in their order: the usual ones but for (`-a +b +c@class=x`), or other ones."""
    if layout is not None and layout[:1] not in ("-", "+"):
        return _tokens(layout)
    changes = dict(_tokens(layout or ""))
    usual = [tag for tag, field in by_tag.items() if field.kind != "absent" or f"+{tag}" in changes]
    return [(tag, changes.get(f"+{tag}")) for tag in usual if f"-{tag}" not in changes]


def _insists(field: Field) -> bool:
    """Return whether a child that is worked out is written although the layout leaves it out."""
    return isinstance(field, ComputedField) and field.is_empty is not None


def _is_usual(record: Record, field: Field) -> bool:
    """Return whether a field has its default, so that nothing need be written for it."""
    value = value_in(record, field)
    if isinstance(field, ComputedField) and field.is_empty is not None:
        return field.is_empty(value)
    return field.is_default(value)


def value_in(record: Record, field: Field) -> Any:
    """Return what an element has in a field, or works out for it."""
    if isinstance(field, ComputedField):
        return getattr(record, field.method)()
    return getattr(record, field.name) if field.stored else None


@lru_cache(maxsize=4096)
def split(layout: str | None) -> tuple[str | None, str]:
    """Return a layout without the order at its end, and that order (`properties[keep,*]`); empty for none."""
    match = _ORDER.search(layout or "")
    if layout is None or match is None:
        return layout, ""
    return layout[: match.start()] or None, match[0].strip()


def is_same(record: Record, name: str, value: Any) -> bool:
    """Return whether an element writes the same with another value of an argument, or another layout."""
    before = getattr(record, name)
    try:
        written = record._body("\n")
        object.__setattr__(record, name, value)
        return _is_same_tree(record._body("\n"), written)
    except DslError:
        return False
    finally:
        object.__setattr__(record, name, before)


def _is_same_tree(first: str, second: str) -> bool:
    """Return whether two texts of children are the same elements: `<a/>` is `<a></a>`."""
    return first == second or (
        "/>" in first + second and parse(f"<x>{first}</x>") == parse(f"<x>{second}</x>")
    )


def with_order(layout: str | None, order: str) -> str | None:
    """Return a layout with another order at its end."""
    return " ".join(filter(None, (split(layout)[0], order))) or None


def order_in(layout: str | None, tag: str) -> Sequence[str]:
    """Return the words of the order a layout has for what a child holds; empty for none."""
    if layout is None or (match := _ORDER.search(layout)) is None or match[1] != tag:
        return ()
    return match[2].split(",")


@lru_cache(maxsize=4096)
def unknown_word(cls: type[Record], layout: str, extra: frozenset[str] = frozenset()) -> str:
    """Return a word of a layout that is no layout of the class, nor a tag it may have; empty for none.

    An order of tags may name some of other documents of an estate: then one that is known is enough.
    """
    base, order = split(layout)
    if order and (match := _ORDER.fullmatch(order)) and match[1] not in cls.orders:
        return match[1]
    words = [tag.rstrip("?!") for tag, _ in _tokens(base or "")]
    tags = cls.by_tag.keys() | extra
    if not words or base in cls.forms:
        return "" if words or order else layout
    if words[0][:1] in ("-", "+"):
        return next((word for word in words if word[1:] not in tags or word[:1] not in ("-", "+")), "")
    return "" if any(word in tags for word in words) else words[0]


@lru_cache(maxsize=4096)
def _tokens(layout: str) -> tuple[Token, ...]:
    """`a b@class=x c@` as tags with attributes."""
    tokens: list[Token] = []
    for token in layout.split():
        tag, *attrs = token.split("@")
        pairs = (attribute.partition("=") for attribute in attrs if attribute)
        tokens.append((tag, {name: value for name, _, value in pairs} if attrs else None))
    return tuple(tokens)
