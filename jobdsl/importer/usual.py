"""Which layout most elements of a class have in an estate, as a sample of its documents tells.

Plugins of one age wrote nearly all of them alike: said once for the estate, it need not be said at each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from jobdsl.documents.tree import parse
from jobdsl.elements import load_all
from jobdsl.elements.base import Record
from jobdsl.errors import JobdslError
from jobdsl.importer.convert import as_item
from jobdsl.importer.faithful import parts
from jobdsl.importer.sources import Found
from jobdsl.planning.marker import stripped

__all__ = ["usual_layouts"]

_SAMPLE = 100
"""Documents looked at, at most, evenly over all."""
_FEW = 3
"""Elements in a layout from which it is worth a line of its own."""
_NEVER = frozenset({"folder", "item", "view"})
"""Words that also stand for what no document says."""


def usual_layouts(found: Sequence[Found]) -> dict[str, str]:
    """The layout of most elements of a class, by the class's name in the DSL; none for the class's own."""
    load_all()
    counts: dict[str, Counter[str | None]] = {}
    for one in found[:: -(-len(found) // _SAMPLE)]:
        for record in _records(one):
            counts.setdefault(record.dsl_name(), Counter())[record.layout] += 1
    usual: dict[str, str] = {}
    for word, layouts in sorted(counts.items()):
        [(layout, count)] = layouts.most_common(1)
        if layout is not None and count >= max(_FEW, layouts.total() // 2 + 1) and word not in _NEVER:
            usual[word] = layout
    return usual


def _records(one: Found) -> Iterator[Any]:
    """The typed values a document is made of."""
    try:
        made, _ = as_item(one.name, stripped(parse(one.read())), one.is_view)
    except JobdslError:  # told when it is imported
        return
    stack: list[Any] = [made]
    while stack:
        value = stack.pop()
        if isinstance(value, Record):
            yield value
        stack += parts(value)
