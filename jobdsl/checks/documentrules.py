"""Rules of lint about a document as a whole: its contents, and where its references lead."""

from __future__ import annotations

from collections.abc import Iterator

from jobdsl.documents.backreferences import dangling
from jobdsl.documents.subitems import subitem_of
from jobdsl.documents.tree import parse
from jobdsl.errors import Severity
from jobdsl.model import Definition

__all__ = ["back_references", "top_level"]


def top_level(definition: Definition, *_: object) -> Iterator[tuple[Severity, str, str]]:
    """Find an item that Jenkins keeps inside a job, or that cannot be written through the API."""
    subitem = subitem_of(definition.root, definition.document)
    if subitem is not None:
        yield "error", subitem.reason, subitem.hint


def back_references(definition: Definition, *_: object) -> Iterator[tuple[Severity, str, str]]:
    """Find references of XStream that Jenkins cannot follow."""
    if " reference=" not in definition.document:
        return
    for path, reference in dangling(parse(definition.document)):
        yield (
            "error",
            f'{path} refers to "{reference}", which does not stand before it in the document',
            "write there what it should be a copy of: Jenkins drops what refers to nothing",
        )
