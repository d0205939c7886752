"""The layout that most elements of a class have in an estate, from a sample of its documents.

Plugins of one age wrote nearly all of them alike: written once for the estate, it is not repeated at each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from jobdsl.documents.backreferences import resolved
from jobdsl.documents.tree import parse
from jobdsl.elements import load_all
from jobdsl.elements.base import Record
from jobdsl.elements.layouts import is_same, split, unknown_word, with_order
from jobdsl.errors import JobdslError
from jobdsl.importer.convert import as_item
from jobdsl.importer.generated import defined
from jobdsl.importer.inputs import SourceDocument
from jobdsl.importer.roundtrip import parts

__all__ = ["usual_layouts"]

_SAMPLE = 100
"""Documents looked at, at most, evenly over all."""
_FEW = 3
"""Elements in a layout from which it is worth a line of its own."""
_NEVER = frozenset({"folder", "item", "view"})
"""Words that also stand for what is in no document."""


def usual_layouts(documents: Sequence[SourceDocument]) -> dict[str, str]:
    """The layout of most elements of a class, by the class's name in the DSL; none for the class's own."""
    load_all()
    records: dict[str, list[Any]] = {}
    for document in documents[:: -(-len(documents) // _SAMPLE) or 1]:
        for record in _records(document):
            records.setdefault(record.dsl_name(), []).append(record)
    layouts = {word: _usual(records[word]) for word in sorted(records) if word not in _NEVER}
    classes: dict[str, Any] = {word: type(records[word][0]) for word in layouts}
    return {
        word: layout
        for word, layout in layouts.items()
        if layout is not None and not unknown_word(classes[word], layout)
    }


def _usual(records: Sequence[Any]) -> str | None:
    """The layout most of these elements have, with the order of parts that most of them can do with."""
    split_layouts = [split(record.layout) for record in records]
    base = _most(Counter(base for base, _ in split_layouts))
    orders = Counter(order for _, order in split_layouts if order)
    if not orders:
        return base
    fitting = {
        order: sum(is_same(record, "layout", with_order(record.layout, order)) for record in records)
        for order in orders
    }
    order, count = max(fitting.items(), key=lambda pair: pair[1])
    without = sum(order == "" for _, order in split_layouts)
    return with_order(base, order) if count >= max(_FEW, without + 1) else base


def _most(layouts: Counter[str | None]) -> str | None:
    """Return the most frequent layout, where it is that of most elements; None for the class's own."""
    [(layout, count)] = layouts.most_common(1)
    return layout if layout is not None and count >= max(_FEW, layouts.total() // 2 + 1) else None


def _records(document: SourceDocument) -> Iterator[Any]:
    """Yield the typed values a document is made of."""
    try:
        definition, _ = as_item(document.name, resolved(defined(parse(document.read()))), document.is_view)
    except JobdslError:  # reported when it is imported
        return
    stack: list[Any] = [definition]
    while stack:
        value = stack.pop()
        if isinstance(value, Record):
            yield value
        stack += parts(value)
