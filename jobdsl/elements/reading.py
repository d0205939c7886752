"""From a document back to values: typed where a class expresses it exactly, raw where not.

A typed value is only given back when writing it again yields the very same tree; what a class
cannot say (fields it does not know, other spellings, another order) stays in `extra` and `layout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jobdsl.documents.tree import TEXT, Node, class_name, parse, tag_name, to_text
from jobdsl.elements.base import Element, Record, registry
from jobdsl.elements.kinds import REQUIRED, Field, Unfit
from jobdsl.elements.kinds_other import ComputedField
from jobdsl.elements.refusing import checked
from jobdsl.elements.untyped import Literal, Raw
from jobdsl.errors import DslError

__all__ = ["read_as", "read_element", "read_raw", "typed_class", "value_of", "without"]

_PLAIN = {"string": str, "int": int, "boolean": bool}
_ARGUMENTS = ("_attrs", "_text")
"""Words of element(...) that can name no field there."""


def read_element(found: Node, *, as_field: bool = False) -> Any:
    """The value that writes `found`: as a member of a list, or as a field whose `class` names it.

    Raises Unfit for text between elements, which no list of elements holds.
    """
    if found.tag == TEXT:
        raise Unfit
    java = found.attrs.get("class", "") if as_field else class_name(found.tag)
    cls = typed_class(java)
    if cls is not None and issubclass(cls, Element):
        value = read_as(cls, found)
        if value is not None:
            return value
    if not as_field:
        plain = _plain_member(found)
        if plain is not None:
            return plain
    return read_raw(found, as_field=as_field)


def read_as(cls: type[Record], found: Node, given: Mapping[str, Any] | None = None) -> Any:
    """`found` as a value of that class, or None where the class cannot write it again.

    `given` are arguments the document does not hold: an item's name.
    """
    kept = _kept(found)
    tags = [child.tag for child in kept if not _repeats(cls, child)]
    if found.text or TEXT in tags or len(set(tags)) != len(tags) or not set(found.attrs) <= {"class"}:
        return None
    root = {"root": found.tag} if found.tag in cls.aliases else {}
    return _fitted(cls, found, _read(cls, kept), {**root, **(given or {})})


def value_of(found: Node) -> Any:
    """The value that writes `found` as a field of a raw element."""
    if not found.attrs and not found.children:
        return found.text or None
    if set(found.attrs) == {"class"} and found.attrs["class"] in registry:
        return read_element(found, as_field=True)
    return read_raw(found, as_field=True)


_left_out: set[str] = set()


@contextmanager
def without(classes: Iterable[str]) -> Iterator[None]:
    """In this block, elements of these Jenkins classes are read as raw ones."""
    added = set(classes) - _left_out
    _left_out.update(added)
    try:
        yield
    finally:
        _left_out.difference_update(added)


def typed_class(java: str) -> type[Record] | None:
    """The typed class of a Jenkins class, if there is one."""
    from jobdsl import elements

    elements.load_all()
    return None if java in _left_out else registry.get(java)


def _is_empty(found: Node) -> bool:
    return not (found.children or found.text or found.attrs)


def _repeats(cls: type[Record], child: Node) -> bool:
    """Whether the child is one of several that are one field together."""
    return child.tag in cls.by_tag and cls.by_tag[child.tag].kind == "repeated"


def _kept(found: Node) -> list[Node]:
    """The children without those that are empty beside another of their tag."""
    tags = [child.tag for child in found.children]
    if len(set(tags)) == len(tags):
        return found.children
    full = {child.tag for child in found.children if not _is_empty(child)}
    return [child for child in found.children if not (_is_empty(child) and child.tag in full)]


@dataclass(slots=True)
class _Read:
    """What the children of an element were read as."""

    values: dict[str, Any]
    """Arguments for the children the class knows."""
    extra: dict[str, Any] = field(default_factory=dict)
    """The other children, as they are."""
    origin: dict[str, str] = field(default_factory=dict)
    """Tag of the child an argument was read from."""
    orders: dict[str, str] = field(default_factory=dict)
    """Orders of what children hold, as they stand in a layout, by the tag of the child."""

    def layout(self, base: str | None) -> str | None:
        """A layout with the orders the children need."""
        return " ".join(filter(None, (base, *self.orders.values()))) or None

    def without(self, extra: dict[str, Any]) -> _Read:
        """The same with these children as they are: no argument says what one of them has."""
        values = {name: value for name, value in self.values.items() if self.origin.get(name) not in extra}
        return _Read(values, extra, self.origin, {k: v for k, v in self.orders.items() if k not in extra})


def _read(cls: type[Record], children: list[Node]) -> _Read:
    """The children as arguments where the class knows them."""
    tags = {child.tag for child in children}
    read = _Read(
        {one.name: None for tag, one in cls.by_tag.items() if one.kind == "result" and tag not in tags}
    )
    for child in children:
        one = cls.by_tag.get(child.tag)
        if one is None:
            read.extra[child.tag] = value_of(child)
            continue
        try:
            values = _arguments(cls, one, child, read.values)
        except (Unfit, DslError):
            read.extra[child.tag] = value_of(child)
            continue
        if order := values.pop("layout", ""):
            read.orders[child.tag] = order
        read.values |= values
        read.origin |= dict.fromkeys(values, child.tag)
    return read


def _arguments(cls: type[Record], one: Field, child: Node, before: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that make one child. Raises Unfit or DslError where there are none."""
    if one.kind == "computed":
        return cls._read_computed(child.tag, child)
    if one.kind == "repeated":
        return {one.name: (*before.get(one.name, ()), *checked(one, one.read(child)))}
    return {one.name: checked(one, one.read(child))} if one.stored else {}


def _fitted(cls: type[Record], found: Node, read: _Read, given: Mapping[str, Any]) -> Any:
    """The value, with as little layout and extra as it needs to write the same tree; or None."""

    def make(read: _Read, base: str | None) -> Record:
        made: Record = cls._from({**read.values, **given}, read.layout(base), read.extra)
        return made

    try:
        made = make(read, None)
        usual = _children_of(made)
        if usual == found.children:
            return made
        if (form := _in_known_form(cls, found, read, given)) is not None:
            return form
        changes = _small_changes(usual, found, cls.by_tag)
        if changes and _children_of(made := make(read, changes)) == found.children:
            return made
        made = make(read, layout_of(found, cls.by_tag))
        if (laid_out := _children_of(made)) == found.children:
            return made
        kept = _kept(found)
        written = {child.tag: child for child in _kept(Node("x", children=laid_out))}
        odd = [child for child in kept if written.get(child.tag) != child]
        if odd:
            extra = {
                child.tag: read.extra[child.tag] if child.tag in read.extra else value_of(child)
                for child in kept
                if child.tag in read.extra or child in odd
            }
            made = make(read.without(extra), layout_of(found, cls.by_tag))
        return made if _children_of(made) == found.children else None
    except DslError:
        return None


def _small_changes(usual: list[Node], found: Node, by_tag: dict[str, Field]) -> str:
    """The layout that says what the document has not, what it has besides, and other attributes."""
    tags = {child.tag for child in found.children}
    written = {child.tag for child in usual}
    changes = [f"-{child.tag}" for child in usual if child.tag not in tags]
    for child in found.children:
        one = by_tag.get(child.tag)
        token = _attributes_token(child, one)
        if one is not None and (token or one.kind == "absent" or child.tag not in written):
            changes.append(f"+{child.tag}{token}")
    return " ".join(changes)


def _in_known_form(cls: type[Record], found: Node, read: _Read, given: Mapping[str, Any]) -> Record | None:
    """The value in the other layout of its class that writes the very same and leaves least over."""
    fitting: list[tuple[int, Record]] = []
    for name, form in cls.forms.items():
        rest = {tag: value for tag, value in read.extra.items() if form.extra.get(tag, REQUIRED) != value}
        made: Record = cls._from({**read.values, **given}, read.layout(name), rest)
        if _children_of(made) == found.children:
            fitting.append((len(rest), made))
    return min(fitting, key=lambda one: one[0])[1] if fitting else None


def layout_of(found: Node, by_tag: dict[str, Field]) -> str:
    """The children's tags in their order, with attributes where they are not the usual ones."""
    kept = [id(child) for child in _kept(found)]
    tokens: dict[str, None] = {}
    for position, child in enumerate(found.children):
        one = by_tag.get(child.tag)
        token = child.tag + (_attributes_token(child, one) if id(child) in kept else "!")
        tokens[token if one is not None and one.kind == "repeated" else f"{token} {position}"] = None
    return " ".join(token.split()[0] for token in tokens)


def _attributes_token(child: Node, one: Field | None) -> str:
    usual = one.attrs if one is not None else {}
    if one is None or child.attrs == usual or one.kind in ("child", "raw"):
        return ""
    if isinstance(one, ComputedField) and one.written_by.kind in ("child", "raw"):
        return ""
    if any(set(value) & set(" @=\t\n") for value in child.attrs.values()):
        return ""
    return "".join(f"@{name}={value}" for name, value in child.attrs.items()) or "@"


def _children_of(made: Record) -> list[Node]:
    return parse(f"<x>{made._body('')}</x>").children


def _plain_member(found: Node) -> Any:
    """`<string>a</string>` and the like as plain values."""
    kind = _PLAIN.get(found.tag)
    if kind is None or found.attrs or found.children:
        return None
    if kind is bool:
        return {"true": True, "false": False}.get(found.text)
    if kind is int:
        return (
            int(found.text)
            if found.text.lstrip("-").isdigit() and str(int(found.text)) == found.text
            else None
        )
    return found.text


def read_raw(found: Node, *, as_field: bool = False) -> Raw | Literal:
    """The raw element that writes `found`; literal XML where not even that can."""
    name = found.attrs.get("class", "") if as_field else class_name(found.tag)
    attrs = {key: value for key, value in found.attrs.items() if not (as_field and key == "class")}
    tags = [child.tag for child in found.children]
    if TEXT in tags or (not as_field and tag_name(name) != found.tag):
        return Literal(to_text(found, ""))
    if len(set(tags)) == len(tags) and not any(
        "." in tag or tag in _PLAIN or tag in _ARGUMENTS for tag in tags
    ):
        fields = {child.tag: value_of(child) for child in found.children}
        return Raw(name, (), fields, attrs, found.text)
    return Raw(name, tuple(read_element(child) for child in found.children), None, attrs, found.text)
