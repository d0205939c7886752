"""Values as DSL source: typed elements, `element(...)`, `xml(...)`, secrets; and what a file must import."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Any

from jobdsl.documents.tree import to_text
from jobdsl.dsl.items import Item
from jobdsl.elements.base import Record
from jobdsl.elements.kinds import REQUIRED
from jobdsl.elements.kinds_lists import SlotField
from jobdsl.elements.layouts import is_same
from jobdsl.elements.untyped import Literal, Raw
from jobdsl.importer.literals import literal, quoted
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.secrets.placeholders import TOKEN

__all__ = ["Layouts", "Writer", "given"]

_PLAIN = re.compile(r"true|false|0|-?[1-9][0-9]{0,14}")
"""Texts that `element(...)` writes just so for a boolean or a number."""
_SHORT_LAYOUT = 24
"""Characters up to which a layout stays where it is used."""


class Layouts:
    """The layouts of an estate: the usual ones, written once, and long ones as constants (ARCHIVE_1)."""

    def __init__(
        self, usual: Mapping[str, str] | None = None, known: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        self.usual = dict(usual or {})
        """By the name of a class in the DSL: what its elements have where nothing is said."""
        self.words = {name.partition(".")[0] for name in self.usual}
        """Modules and kinds of items that the estate's own `layouts` has, instead of jobdsl."""
        self.names: dict[tuple[str, str], str] = {}
        self._known = dict(known or {})
        """Constants of an earlier import, by what they are for and their layout."""
        self._count: dict[str, int] = {}

    def name(self, kind: str, layout: str) -> str:
        """Return the constant for a layout of a class."""
        word = kind.upper()
        if (word, layout) not in self.names:
            self.names[word, layout] = self._known.get((word, layout)) or self._free(word)
        return self.names[word, layout]

    def _free(self, word: str) -> str:
        """Return a name for a new constant."""
        taken = set(self._known.values())
        while True:
            self._count[word] = self._count.get(word, 0) + 1
            if (name := f"{word}_{self._count[word]}") not in taken:
                return name


class Writer:
    """Writes the values of one document; `uses` gathers the names its file must import."""

    def __init__(
        self, layouts: Layouts | None = None, file_of: Callable[[str, str], str] | None = None
    ) -> None:
        self.layouts = layouts
        self.file_of = file_of
        """Name of the file that holds a long text of a kind of element; empty to keep it in the source."""
        self.uses: set[str] = set()

    def item(self, item: Item, name: str) -> Brackets:
        """Return the call that defines an item; `name` is what it is called where the call stands."""
        return self._call(item, {"name": name})

    def _call(self, record: Any, renamed: Mapping[str, Any]) -> Brackets:
        """The call that makes a value; `renamed` are arguments that are written otherwise than they are."""
        word, kind = record.dsl_name(), type(record).java or type(record).__name__
        usual = self._use(word)
        same = record.layout == usual or is_same(record, "layout", usual)
        layout = usual if same else record.layout
        arguments = {
            **renamed,
            **{key: argument for key, argument in given(record, layout).items() if key not in renamed},
        }
        named: list[tuple[str, Code]] = []
        in_order = [name for name, field in record._fields.items() if field.first]
        positional = _leading(in_order, arguments)
        parts: list[tuple[str, Code]] = [("", self.code(arguments[name], kind)) for name in positional]
        named = [
            (f"{name}=", self.code(value, f"{kind} {name}"))
            for name, value in arguments.items()
            if name not in positional
        ]
        if layout != usual:
            named.append(("layout=", self.layout(type(record).__name__, layout)))
        if record.extra:
            extra = Brackets("{", self._fields(record.extra, kind, quoted_names=True), "}")
            named.append(("extra=", extra))
        return Brackets(f"{word}(", parts + named)

    def _use(self, word: str) -> str | None:
        """Note the name a call begins with. Returns the layout of the call where it has no
        argument for it.
        """
        name = word.partition(".")[0]
        if self.layouts is None or name not in self.layouts.words:
            self.uses.add(name)
            return None
        self.uses.add(f"layouts.{name}")
        return self.layouts.usual.get(word)

    def layout(self, kind: str, layout: str | None) -> str:
        """Return the expression for a layout of a class."""
        if layout is None or self.layouts is None or len(layout) <= _SHORT_LAYOUT:
            return "None" if layout is None else quoted(layout)
        self.uses.add("layouts")
        return f"layouts.{self.layouts.name(kind, layout)}"

    def code(self, value: Any, kind: str = "") -> Code:
        """Return the expression for any value of a field; `kind` is the kind of text it would be."""
        if isinstance(value, str):
            return self._text(value, kind)
        if value is None or isinstance(value, bool | int | float):
            return repr(value)
        if isinstance(value, Record):
            return self._call(value, {})
        if isinstance(value, Raw):
            return self._raw(value)
        if isinstance(value, Literal):
            self.uses.add("xml")
            return Brackets("xml(", [("", self._text(to_text(value.node).lstrip("\n"), "xml"))])
        if isinstance(value, Mapping):
            return Brackets(
                "{",
                [(f"{quoted(key)}: ", self.code(member, f"{kind} {key}")) for key, member in value.items()],
                "}",
            )
        if isinstance(value, Sequence):
            return Brackets("[", [("", self.code(member, kind)) for member in value], "]")
        raise TypeError(f"no DSL source for {value!r}")

    def _text(self, text: str, kind: str) -> Code:
        token = TOKEN.fullmatch(text)
        if token is not None:
            self.uses.add("secret")
            return Brackets("secret(", [("", quoted(token[1]))])
        path = self.file_of(text, kind) if self.file_of is not None else ""
        if path:
            self.uses.add("read_file")
            return Brackets("read_file(", [("", quoted(path))])
        return literal(text)

    def _raw(self, raw: Raw) -> Code:
        if not raw.tag and not raw.attrs and not raw.text:
            if raw.fields and not raw.members:
                return Brackets("{", self._fields(raw.fields, "", quoted_names=True), "}")
            if not raw.fields:
                return self.code(raw.members) if raw.members else "None"
        word = "element" if raw.tag else "node"
        self.uses.add(word)
        parts: list[tuple[str, Code]] = [("", quoted(raw.tag))] if raw.tag else []
        parts += [("", self.code(member, raw.tag)) for member in raw.members]
        if raw.attrs:
            parts.append(("_attrs=", self.code(raw.attrs)))
        if raw.text:
            parts.append(("_text=", self._text(raw.text, raw.tag)))
        return Brackets(f"{word}(", parts + self._fields(raw.fields, raw.tag))

    def _fields(
        self, fields: Mapping[str, Any], kind: str, *, quoted_names: bool = False
    ) -> list[tuple[str, Code]]:
        """Fields by their XML names: as keywords where all names can be, for their order counts."""
        if not quoted_names and not all(map(_is_word, fields)):
            return [("**", Brackets("{", self._fields(fields, kind, quoted_names=True), "}"))]
        return [
            (f"{quoted(name)}: " if quoted_names else f"{name}=", self._field(value, f"{kind} {name}"))
            for name, value in fields.items()
        ]

    def _field(self, value: Any, kind: str) -> Code:
        """Return a field of a raw element: plain numbers and booleans read better than their text."""
        if isinstance(value, str) and _PLAIN.fullmatch(value):
            return value.capitalize()
        return self.code(value, kind)


def _is_word(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not iskeyword(name) and not name.startswith("_")


def given(record: Any, layout: str | None) -> dict[str, Any]:
    """Return the arguments worth writing beside a layout: those that change what the element writes in it.

    Left out are those at their default, empty lists of a job, and an empty value of a field that the layout
    lists and so writes anyway.
    """
    before = record.layout
    object.__setattr__(record, "layout", layout)
    try:
        arguments = record.arguments()
        return {name: value for name, value in arguments.items() if value or _is_needed(record, name, value)}
    finally:
        object.__setattr__(record, "layout", before)


def _is_needed(record: Any, name: str, value: Any) -> bool:
    """Return whether an argument at or near its default changes anything."""
    field = record._fields[name]
    if isinstance(field, SlotField) and not field.default:
        return False
    if not field.stored or field.default is REQUIRED or record.layout is None:
        return True
    return field.is_default(value) or not is_same(record, name, field.default)


def _leading(in_order: Sequence[str], arguments: Mapping[str, Any]) -> list[str]:
    """Return the arguments that need no name: the first ones, as far as they are given without a gap."""
    leading: list[str] = []
    for name in in_order:
        if name not in arguments:
            break
        leading.append(name)
    return leading
