"""A document before it is read, and where a controller's come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jobdsl.documents.roots import is_folder_root
from jobdsl.documents.subitems import Subitem, subitem_of
from jobdsl.errors import ControllerError, JobdslError
from jobdsl.grammar import names

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["SourceDocument", "on_controller", "source_document"]

_WORKERS = 8
_ROOT = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<([^\s<>/!?&]+)", re.DOTALL)
_HEAD = 4096
_LONG_TEXT = re.compile(rb">[^<>]{2000,}<")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDocument:
    """A document that can be read when it is wanted."""

    name: str
    """Full name of the item or view."""
    place: str
    """Its file or address, for messages."""
    size: int
    """Bytes."""
    weight: int
    """Bytes without long texts: about what its DSL source will have."""
    root: str
    """Tag of its root; empty where that is no document."""
    is_folder: bool
    is_view: bool
    read: Callable[[], bytes]
    """Raises JobdslError."""
    subitem: Subitem | None = None
    """What it is instead of an item that can be imported."""


def source_document(
    name: str, place: str, data: bytes, *, is_view: bool, read: Callable[[], bytes]
) -> SourceDocument:
    """Return a document described by its first bytes; `data` may be empty where it cannot be read."""
    root, weight = _root_of(data), len(_LONG_TEXT.sub(b"", data))
    kind = subitem_of(root, data)
    return SourceDocument(
        name=name,
        place=place,
        size=len(data),
        weight=weight,
        root=root,
        is_folder=is_folder_root(root),
        is_view=is_view,
        read=read,
        subitem=kind,
    )


def _root_of(data: bytes) -> str:
    """Return the tag of the root, without reading the document: enough to lay out the estate."""
    match = _ROOT.match(data[:_HEAD])
    return match[1].decode("utf-8", "replace") if match else ""


def on_controller(controller: Controller, only: Collection[str] = ()) -> list[SourceDocument]:
    """Every item and view of a controller but the views folders are born with and branch jobs, by name.

    Documents are fetched in parallel, all at once. What the controller refuses to give is in the list
    too: it raises when read. With `only`, those whose full names one of these globs fits, and the folders
    they are in. Raises ControllerError when it does not answer, or refuses all.
    """
    selected = [existing for existing in controller.inventory() if not existing.is_default_view]
    if only:
        chosen = {
            existing.full_name
            for existing in selected
            if any(names.matches(glob, existing.full_name) for glob in only)
        }
        chosen |= {above for name in chosen for above in names.ancestors(name)}
        selected = [existing for existing in selected if existing.full_name in chosen]

    def fetch(kind: str, name: str) -> bytes | ControllerError:
        try:
            return controller.config(kind, name)
        except ControllerError as error:
            if not error.status:
                raise
            return error

    with ThreadPoolExecutor(_WORKERS) as pool:
        answers = list(pool.map(lambda existing: fetch(existing.kind, existing.full_name), selected))
    refused = [answer for answer in answers if isinstance(answer, ControllerError)]
    if refused and len(refused) == len(answers):
        raise refused[0]
    documents = [
        _fetched(controller.url, existing.kind, existing.full_name, answer)
        for existing, answer in zip(selected, answers, strict=True)
    ]
    return sorted(documents, key=lambda document: (document.name, document.is_view))


def _fetched(url: str, kind: str, name: str, answer: bytes | ControllerError) -> SourceDocument:
    path = names.url_path(name) if kind == "item" else names.view_path(names.parent(name), names.leaf(name))

    def read() -> bytes:
        if isinstance(answer, ControllerError):
            raise JobdslError(answer.message)
        return answer

    data = b"" if isinstance(answer, ControllerError) else answer
    return source_document(name, f"{url}{path}/config.xml", data, is_view=kind == "view", read=read)
