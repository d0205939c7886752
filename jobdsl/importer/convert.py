"""One document: read, taken apart into values, written as DSL source; with its row of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias
from typing import Literal as OneOf

from jobdsl.documents.backreferences import resolved
from jobdsl.documents.other_tools import managed_by, seed_of
from jobdsl.documents.roots import is_view_root
from jobdsl.documents.subitems import Subitem
from jobdsl.documents.tree import Node, class_name, parse, to_text
from jobdsl.dsl.items import Item
from jobdsl.dsl.jobs import item
from jobdsl.dsl.viewkinds import view
from jobdsl.elements import load_all, reading
from jobdsl.elements.base import registry
from jobdsl.elements.untyped import Literal
from jobdsl.errors import XmlError
from jobdsl.importer.classes import elements, untyped
from jobdsl.importer.codegen import Writer
from jobdsl.importer.doubts import doubts
from jobdsl.importer.generated import defined, essence
from jobdsl.importer.pretty import Brackets
from jobdsl.importer.roundtrip import unfaithful, unspeakable
from jobdsl.importer.secrets import Taken, take_out

__all__ = ["FORMS", "DocumentSource", "Form", "Imported", "as_item", "convert", "fingerprint"]

Form: TypeAlias = OneOf["typed", "checked", "element", "xml"]
FORMS: tuple[Form, ...] = ("typed", "checked", "element", "xml")
"""How a document may be written, best first; the last one cannot fail."""
_MOST_ELEMENTS = 100_000
"""Elements of one document; real ones have some thousands at most."""
_DEEPEST = 40
"""Levels of elements a readable expression may have; Python itself takes about 90 brackets."""

_IDLE_ACTIONS = "+actions"
"""In a layout: the document has a list of actions, which is empty."""


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """A document as it was found."""

    name: str
    """Full name of the item or view."""
    data: bytes
    place: str
    """Its file, or its URL, for messages."""
    is_view: bool


@dataclass(slots=True, kw_only=True)
class Imported:
    """What became of one document."""

    name: str
    place: str
    size: int
    """Bytes of the document."""
    error: str = ""
    """Why it could not be read, or is left out; empty when it was imported."""
    left_out: Subitem | None = None
    """What it holds instead of an item that can be imported."""
    doubts: list[str] = field(default_factory=list)
    """Where it may hold secrets that cannot be distinguished from other values."""
    elements: int = 0
    typed: int = 0
    form: Form = "typed"
    fallback: str = ""
    """The plainer form it had to take although its kind has a typed class; empty where it had not."""
    print: bytes = b""
    """Fingerprint of the tree, without what Jenkins generates, back references resolved."""
    root: str = ""
    managed_by: str = ""
    """Another tool that the document names as its generator."""
    seed_of: str = ""
    """Another tool whose seed it is."""
    code: Brackets | None = None
    """The call that defines it; its first part is the name."""
    uses: set[str] = field(default_factory=set)
    equal: bool = False
    """Whether the estate, loaded and rendered, gave the same tree."""


def fingerprint(root: Node) -> bytes:
    """Sixteen bytes that are the same for trees that define the same."""
    digest = blake2b(digest_size=16)
    for node in essence(root).walk():
        attrs = sorted(node.attrs.items())
        digest.update(repr((node.tag, attrs, node.text, len(node.children))).encode())
    return digest.digest()


def convert(
    source: DocumentSource, name: str, writer: Writer, secrets: Taken, first: Form = "typed"
) -> Imported:
    """Return the document as DSL source: in the form `first`, or the next one that is equal.

    `name` is its name where its call will be. Secrets in plain text go into `secrets`.
    Raises XmlError for a broken document, DslError for a name or a text that cannot be written.
    """
    load_all()
    if source.data.count(b"<") > 2 * _MOST_ELEMENTS:
        raise XmlError(f"it has more than {_MOST_ELEMENTS} elements")
    root = resolved(defined(parse(source.data)))
    imported = Imported(
        name=source.name, place=source.place, size=len(source.data), root=root.tag, print=fingerprint(root)
    )
    imported.elements = elements(root)
    imported.managed_by, imported.seed_of = managed_by(root), seed_of(root)
    take_out(root, source.name, secrets)
    imported.doubts = doubts(root)
    with reading.without(unspeakable()):
        for definition, form in _items(source.name, root, source.is_view, first):
            try:
                imported.code, imported.uses = writer.item(definition, name), writer.uses
                imported.typed = imported.elements - untyped(definition)
            except Exception:
                if form == FORMS[-1]:
                    raise
                writer.uses.clear()
                continue
            imported.form, imported.fallback = form, _fallback(root, definition, form)
            break
    return imported


def as_item(full_name: str, root: Node, is_view: bool, first: Form = "typed") -> tuple[Item, Form]:
    """Return the item in the best form, from `first` on, that writes the very same tree."""
    with reading.without(unspeakable()):
        return next(_items(full_name, root, is_view, first))


def _items(full_name: str, root: Node, is_view: bool, first: Form) -> Iterator[tuple[Item, Form]]:
    """The item in every form, from `first` on, that writes the very same tree; the last form always does.

    Whatever a typed class trips over, a plainer form is exact.
    """
    name = f"/{full_name}"
    kind: Any = view if is_view or is_view_root(root.tag) else item
    makers = {"typed": _typed, "checked": _checked, "element": _raw}
    for form in FORMS[FORMS.index(first) : -1] if not _deeper_than(root, _DEEPEST) else ():
        try:
            definition = makers[form](name, root, kind)
            is_equal = parse(definition.render()) == root
        except Exception:  # noqa: BLE001, S112
            continue
        if is_equal:
            _drop_idle_actions(definition)
            _drop_empty_description(definition)
            yield definition, form
    yield kind(name, Literal(to_text(root).lstrip("\n"))), FORMS[-1]


def _drop_idle_actions(definition: Item) -> None:
    """Drop an empty list of actions from an item, as it comes and goes."""
    words = (definition.layout or "").split(" ")
    if _IDLE_ACTIONS in words:
        rest = " ".join(word for word in words if word != _IDLE_ACTIONS)
        object.__setattr__(definition, "layout", rest or None)


def _drop_empty_description(definition: Item) -> None:
    """Drop an empty description from an item or view: an apply writes its marker there."""
    if getattr(definition, "description", None) == "" and not (definition.extra or {}).get("description"):
        object.__setattr__(definition, "description", None)


def _fallback(root: Node, definition: Item, form: Form) -> str:
    if form != "typed":
        return form
    known = _known(root)
    return "element" if known is not None and not isinstance(definition, known) else ""


def _typed(name: str, root: Node, kind: Any) -> Item:
    """With all typed classes."""
    cls = _known(root)
    definition: Item | None = reading.read_as(cls, root, {"name": name}) if cls is not None else None
    return _raw(name, root, kind) if definition is None else definition


def _raw(name: str, root: Node, kind: Any) -> Item:
    """With typed classes for parts alone."""
    definition: Item = kind(name, reading.read_raw(root))
    return definition


def _checked(name: str, root: Node, kind: Any) -> Item:
    """Without the typed classes whose elements do not come back from their source."""
    suspects = unfaithful(_typed(name, root, kind))
    with reading.without(suspects or registry):
        return _typed(name, root, kind) if suspects else _raw(name, root, kind)


def _known(root: Node) -> type[Item] | None:
    """Return the typed class of this kind of item."""
    cls = reading.typed_class(class_name(root.tag))
    return cls if cls is not None and issubclass(cls, Item) else None


def _deeper_than(root: Node, levels: int) -> bool:
    """Return whether elements nest deeper than that below the root."""
    row = [root]
    for _ in range(levels):
        row = [child for node in row for child in node.children]
    return bool(row)
