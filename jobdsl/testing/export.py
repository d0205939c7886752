"""Objects as Jenkins' JSON: the properties of a class, at which depth they show, how they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from jobdsl.testing.treequery import Pruner

__all__ = ["Bean", "Prop", "Schema", "export", "to_json", "to_xml"]

ALWAYS = 999
"""Visibility of what shows at any depth (names and URLs)."""
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Prop:
    """One exported property; `visibility` is how deep it still shows (Stapler's @Exported)."""

    name: str
    get: Callable[[Any], Any]
    visibility: int = 1
    inline: bool = False
    """Its value counts as being on the same level as its owner."""


class Schema:
    """The exported properties of a class, in the order Jenkins writes them: superclass first.

    A property of the base that is declared again moves to the end, unless it is named in `in_place`.
    """

    def __init__(
        self, props: Iterable[Prop] = (), *, base: Schema | None = None, in_place: Iterable[str] = ()
    ) -> None:
        inherited = base.props if base else ()
        own = {prop.name: prop for prop in props}
        ordered = [own.pop(prop.name, prop) if prop.name in in_place else prop for prop in inherited]
        self.props: Sequence[Prop] = [*[prop for prop in ordered if prop.name not in own], *own.values()]


@dataclass(slots=True)
class Bean:
    """A value to export: the object, its schema, and its class name (empty where Jenkins names none)."""

    schema: Schema
    subject: Any
    java: str = ""


@dataclass(slots=True)
class _Plans:
    """The properties to write for each schema under each pruner, worked out once a request."""

    known: dict[tuple[Schema, Pruner], list[tuple[str, Callable[[Any], Any], Pruner]]] = field(
        default_factory=dict
    )

    def of(self, schema: Schema, pruner: Pruner) -> list[tuple[str, Callable[[Any], Any], Pruner]]:
        key = (schema, pruner)  # by identity; kept, so that no other takes its place
        plan = self.known.get(key)
        if plan is None:
            chosen = [(prop, pruner.below(prop.name, prop.visibility, prop.inline)) for prop in schema.props]
            plan = [(prop.name, prop.get, below) for prop, below in chosen if below is not None]
            self.known[key] = plan
        return plan


def export(bean: Bean, pruner: Pruner) -> dict[str, Any]:
    """Return the object as JSON values."""
    return _object(bean, pruner, _Plans())


def _object(bean: Bean, pruner: Pruner, plans: _Plans) -> dict[str, Any]:
    values: dict[str, Any] = {"_class": bean.java} if bean.java else {}
    subject = bean.subject
    for name, get, below in plans.of(bean.schema, pruner):
        value = get(subject)
        if isinstance(value, Bean):
            value = _object(value, below, plans)
        elif isinstance(value, list):
            some = value[below.start : below.stop] if below.start or below.stop is not None else value
            value = [_object(member, below, plans) if isinstance(member, Bean) else member for member in some]
        values[name] = value
    return values


def to_json(values: dict[str, Any]) -> bytes:
    """JSON as Jenkins writes it: compact, and characters beyond U+FFFF as two escapes."""
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii():
        text = _ASTRAL.sub(lambda match: json.dumps(match[0])[1:-1], text)
    return text.encode()


def to_xml(values: dict[str, Any], name: str) -> str:
    """Return the same values as XML: lists as repeated elements in the singular, nulls left out."""
    java = f" _class='{values['_class']}'" if "_class" in values else ""
    inner = "".join(_xml_value(key, value) for key, value in values.items() if key != "_class")
    return f"<{name}{java}>{inner}</{name}>" if inner else f"<{name}{java}/>"


def _xml_value(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        single = name[:-1] if name.endswith("s") and len(name) > 1 else name
        return "".join(_xml_value(single, member) for member in value)
    if isinstance(value, dict):
        return to_xml(value, name)
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{text}</{name}>"
