"""From a document back to values: typed where a class expresses it exactly, raw where not.

A typed value is only given back when writing it again yields the very same tree; what a class
cannot express (fields it does not know, other spellings, another order) stays in `extra` and `layout`.
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


def read_element(node: Node, *, as_field: bool = False) -> Any:
    """Return the value that writes `node`: as a member of a list, or as a field whose `class` names it.

    Raises Unfit for text between elements, which no list of elements holds.
    """
    if node.tag == TEXT:
        raise Unfit
    java = node.attrs.get("class", "") if as_field else class_name(node.tag)
    cls = typed_class(java)
    if cls is not None and issubclass(cls, Element):
        value = read_as(cls, node)
        if value is not None:
            return value
    if not as_field:
        plain = _plain_member(node)
        if plain is not None:
            return plain
    return read_raw(node, as_field=as_field)


def read_as(cls: type[Record], node: Node, arguments: Mapping[str, Any] | None = None) -> Any:
    """Return `node` as a value of that class, or None where the class cannot write it again.

    `arguments` are those the document does not hold: an item's name.
    """
    children = _distinct_children(node)
    tags = [child.tag for child in children if not _repeats(cls, child)]
    if node.text or TEXT in tags or len(set(tags)) != len(tags) or not set(node.attrs) <= {"class"}:
        return None
    root = {"root": node.tag} if node.tag in cls.aliases else {}
    return _fitted(cls, node, _read(cls, children), {**root, **(arguments or {})})


def value_of(node: Node) -> Any:
    """Return the value that writes `node` as a field of a raw element."""
    if not node.attrs and not node.children:
        return node.text or None
    if set(node.attrs) == {"class"} and node.attrs["class"] in registry:
        return read_element(node, as_field=True)
    return read_raw(node, as_field=True)


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
    """Return the typed class of a Jenkins class, if there is one."""
    from jobdsl import elements

    elements.load_all()
    return None if java in _left_out else registry.get(java)


def _is_empty(node: Node) -> bool:
    return not (node.children or node.text or node.attrs)


def _repeats(cls: type[Record], child: Node) -> bool:
    """Return whether the child is one of several that are one field together."""
    return child.tag in cls.by_tag and cls.by_tag[child.tag].kind == "repeated"


def _distinct_children(node: Node) -> list[Node]:
    """Return the children without those that are empty beside another of their tag."""
    tags = [child.tag for child in node.children]
    if len(set(tags)) == len(tags):
        return node.children
    full = {child.tag for child in node.children if not _is_empty(child)}
    return [child for child in node.children if not (_is_empty(child) and child.tag in full)]


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
        """Return a layout with the orders the children need."""
        return " ".join(filter(None, (base, *self.orders.values()))) or None

    def without(self, extra: dict[str, Any]) -> _Read:
        """Return the same with these children as they are: no argument has their values."""
        values = {name: value for name, value in self.values.items() if self.origin.get(name) not in extra}
        return _Read(values, extra, self.origin, {k: v for k, v in self.orders.items() if k not in extra})


def _read(cls: type[Record], children: list[Node]) -> _Read:
    """Return the children as arguments where the class knows them."""
    tags = {child.tag for child in children}
    read = _Read(
        {field.name: None for tag, field in cls.by_tag.items() if field.kind == "result" and tag not in tags}
    )
    for child in children:
        field = cls.by_tag.get(child.tag)
        if field is None:
            read.extra[child.tag] = value_of(child)
            continue
        try:
            values = _arguments(cls, field, child, read.values)
        except (Unfit, DslError):
            read.extra[child.tag] = value_of(child)
            continue
        if order := values.pop("layout", ""):
            read.orders[child.tag] = order
        read.values |= values
        read.origin |= dict.fromkeys(values, child.tag)
    return read


def _arguments(cls: type[Record], field: Field, child: Node, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that make one child. Raises Unfit or DslError where there are none."""
    if field.kind == "computed":
        return cls._read_computed(child.tag, child)
    if field.kind == "repeated":
        return {field.name: (*before.get(field.name, ()), *checked(field, field.read(child)))}
    return {field.name: checked(field, field.read(child))} if field.stored else {}


def _fitted(cls: type[Record], node: Node, read: _Read, arguments: Mapping[str, Any]) -> Any:
    """Return the value, with as little layout and extra as it needs to write the same tree; or None."""

    def make(read: _Read, base: str | None) -> Record:
        record: Record = cls._from({**read.values, **arguments}, read.layout(base), read.extra)
        return record

    try:
        record = make(read, None)
        usual = _children_of(record)
        if usual == node.children:
            return record
        if (form := _in_known_form(cls, node, read, arguments)) is not None:
            return form
        changes = _small_changes(usual, node, cls.by_tag)
        if changes and _children_of(record := make(read, changes)) == node.children:
            return record
        record = make(read, layout_of(node, cls.by_tag))
        if (laid_out := _children_of(record)) == node.children:
            return record
        children = _distinct_children(node)
        written = {child.tag: child for child in _distinct_children(Node("x", children=laid_out))}
        odd = [child for child in children if written.get(child.tag) != child]
        if odd:
            extra = {
                child.tag: read.extra[child.tag] if child.tag in read.extra else value_of(child)
                for child in children
                if child.tag in read.extra or child in odd
            }
            record = make(read.without(extra), layout_of(node, cls.by_tag))
        return record if _children_of(record) == node.children else None
    except DslError:
        return None


def _small_changes(usual: list[Node], node: Node, by_tag: dict[str, Field]) -> str:
    """Return the layout with what the document lacks, what it has in addition, and other attributes."""
    tags = {child.tag for child in node.children}
    written = {child.tag for child in usual}
    changes = [f"-{child.tag}" for child in usual if child.tag not in tags]
    for child in node.children:
        field = by_tag.get(child.tag)
        token = _attributes_token(child, field)
        if field is not None and (token or field.kind == "absent" or child.tag not in written):
            changes.append(f"+{child.tag}{token}")
    return " ".join(changes)


def _in_known_form(cls: type[Record], node: Node, read: _Read, arguments: Mapping[str, Any]) -> Record | None:
    """Return the value in the other layout of its class that writes the very same and leaves least over."""
    fitting: list[tuple[int, Record]] = []
    for name, form in cls.forms.items():
        rest = {tag: value for tag, value in read.extra.items() if form.extra.get(tag, REQUIRED) != value}
        record: Record = cls._from({**read.values, **arguments}, read.layout(name), rest)
        if _children_of(record) == node.children:
            fitting.append((len(rest), record))
    return min(fitting, key=lambda candidate: candidate[0])[1] if fitting else None


def layout_of(node: Node, by_tag: dict[str, Field]) -> str:
    """Return the children's tags in their order, with attributes where they are not the usual ones."""
    stored = [id(child) for child in _distinct_children(node)]
    tokens: dict[str, None] = {}
    for position, child in enumerate(node.children):
        field = by_tag.get(child.tag)
        token = child.tag + (_attributes_token(child, field) if id(child) in stored else "!")
        tokens[token if field is not None and field.kind == "repeated" else f"{token} {position}"] = None
    return " ".join(token.split()[0] for token in tokens)


def _attributes_token(child: Node, field: Field | None) -> str:
    usual = field.attrs if field is not None else {}
    if field is None or child.attrs == usual or field.kind in ("child", "raw"):
        return ""
    if isinstance(field, ComputedField) and field.written_by.kind in ("child", "raw"):
        return ""
    if any(set(value) & set(" @=\t\n") for value in child.attrs.values()):
        return ""
    return "".join(f"@{name}={value}" for name, value in child.attrs.items()) or "@"


def _children_of(record: Record) -> list[Node]:
    return parse(f"<x>{record._body('')}</x>").children


def _plain_member(node: Node) -> Any:
    """`<string>a</string>` and the like as plain values."""
    kind = _PLAIN.get(node.tag)
    if kind is None or node.attrs or node.children:
        return None
    if kind is bool:
        return {"true": True, "false": False}.get(node.text)
    if kind is int:
        return (
            int(node.text) if node.text.lstrip("-").isdigit() and str(int(node.text)) == node.text else None
        )
    return node.text


def read_raw(node: Node, *, as_field: bool = False) -> Raw | Literal:
    """Return the raw element that writes `node`; literal XML where not even that can."""
    name = node.attrs.get("class", "") if as_field else class_name(node.tag)
    attrs = {key: value for key, value in node.attrs.items() if not (as_field and key == "class")}
    tags = [child.tag for child in node.children]
    if TEXT in tags or (not as_field and tag_name(name) != node.tag):
        return Literal(to_text(node, ""))
    if len(set(tags)) == len(tags) and not any(
        "." in tag or tag in _PLAIN or tag in _ARGUMENTS for tag in tags
    ):
        fields = {child.tag: value_of(child) for child in node.children}
        return Raw(name, (), fields, attrs, node.text)
    return Raw(name, tuple(read_element(child) for child in node.children), None, attrs, node.text)
