"""Writes an element in the layout its document had: other orders, fields missing or added, other attributes.

A layout is tags in their order (`a b@class=x c@ d?`), or what differs from the usual ones (`-a +b`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jobdsl.dsl.raw import write_value
from jobdsl.elements.kinds import Field
from jobdsl.elements.kinds_other import ComputedField

if TYPE_CHECKING:
    from jobdsl.elements.base import Record

__all__ = ["laid_out", "value_in"]

Token = tuple[str, Mapping[str, str] | None]
"""A tag and its attributes: None the usual ones, empty none."""


def laid_out(record: Record, indent: str) -> str:
    """The children of an element that has a layout or extra fields, as text."""
    form = record.forms.get(record.layout or "")
    layout = form.layout if form else record.layout
    extra = {**(form.extra if form else {}), **(record.extra or {})}
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
        elif (one := by_tag.get(tag)) is not None and not (token != tag and _is_usual(record, one)):
            out.append(one.write(value_in(record, one), indent, attrs))
    for tag, one in by_tag.items():
        if tag in written or tag in extra or not one.stored:
            continue
        if not _is_usual(record, one):
            out.append(one.write(value_in(record, one), indent))
    out += [write_value(tag, value, indent) for tag, value in extra.items() if tag not in written]
    return "".join(out)


def _plan(by_tag: Mapping[str, Field], layout: str | None) -> Iterable[Token]:
    """The tags to write in their order: the usual ones but for (`-a +b +c@class=x`), or other ones."""
    if layout is not None and layout[:1] not in ("-", "+"):
        return _tokens(layout)
    changes = dict(_tokens(layout or ""))
    usual = [tag for tag, one in by_tag.items() if one.kind != "absent" or f"+{tag}" in changes]
    return [(tag, changes.get(f"+{tag}")) for tag in usual if f"-{tag}" not in changes]


def _is_usual(record: Record, one: Field) -> bool:
    """Whether a field has its default, so that nothing need be written for it."""
    value = value_in(record, one)
    return bool(tuple(value) == tuple(one.default) if one.kind == "slot" else value == one.default)


def value_in(record: Record, one: Field) -> Any:
    """What an element has in a field, or works out for it."""
    if isinstance(one, ComputedField):
        return getattr(record, one.method)()
    return getattr(record, one.name) if one.stored else None


@lru_cache(maxsize=4096)
def _tokens(layout: str) -> tuple[Token, ...]:
    """`a b@class=x c@` as tags with attributes."""
    tokens: list[Token] = []
    for token in layout.split():
        tag, *attrs = token.split("@")
        pairs = (one.partition("=") for one in attrs if one)
        tokens.append((tag, {name: value for name, _, value in pairs} if attrs else None))
    return tuple(tokens)
