"""The views of folders as documents of their own: each is imported once, whatever else holds a copy of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from jobdsl.documents.tree import Node, header, parse, to_text
from jobdsl.errors import JobdslError
from jobdsl.grammar import names
from jobdsl.importer.generated import is_generated_view, leads_out, separate_views, without_owner
from jobdsl.importer.inputs import SourceDocument, source_document

__all__ = ["top_views", "view_document", "with_views"]

_TOP = ("all", "All")
"""What Jenkins calls the view of all jobs it makes, and has called it."""


def with_views(documents: Iterable[SourceDocument]) -> list[SourceDocument]:
    """Return the documents with the views of their folders, each once, by name.

    A view that is in its folder's document alone gets one of its own. One that the folder's document keeps,
    and the one Jenkins makes with every folder, are left out.
    """
    documents = list(documents)
    folders = {
        document.name: root
        for document in documents
        if document.is_folder and (root := _root(document)) is not None
    }
    known = {document.name for document in documents if document.is_view}
    added: list[SourceDocument] = []
    parts: set[str] = set()
    for document in documents:
        if document.is_folder and document.name in folders:
            separate = {
                names.join(document.name, _name(view)): view
                for view in separate_views(folders[document.name])
            }
            added += [
                view_document(name, document.place, view)
                for name, view in separate.items()
                if name not in known
            ]
            parts |= {
                names.join(document.name, name) for name in _held(folders[document.name])
            } - separate.keys()
    standalone = [
        document for document in documents if not (document.is_view and _is_part(document, parts, folders))
    ]
    return sorted([*standalone, *added], key=lambda document: (document.name, document.is_view))


def top_views(home: str, place: str, data: bytes) -> list[SourceDocument]:
    """Return the views of the controller whose own `config.xml` this is, but the one of all jobs it made.

    Raises XmlError for no document.
    """
    views = parse(data).find("views")
    return [
        _top_view(names.join(home, _name(view)), place, view)
        for view in (views.children if views is not None else ())
        if _name(view) and not any(is_generated_view(view, name) for name in _TOP)
    ]


def _top_view(name: str, place: str, view: Node) -> SourceDocument:
    if not leads_out(view):
        return view_document(name, place, without_owner(view))

    def refuse() -> bytes:
        raise JobdslError(f"the view {name} refers to another part of this file")

    return source_document(name, place, b"", is_view=True, read=refuse)


def view_document(name: str, place: str, view: Node) -> SourceDocument:
    """Return a view that stands in another document as one of its own."""
    body = to_text(view).lstrip("\n")
    data = (header(body) + body + "\n").encode()
    return source_document(name, place, data, is_view=True, read=lambda: data)


def _is_part(view: SourceDocument, parts: Collection[str], folders: Collection[str]) -> bool:
    """Return whether a view is part of its folder's document, or made with its folder."""
    if view.name in parts:
        return True
    if names.parent(view.name) not in folders or view.root != "hudson.model.AllView":
        return False
    root = _root(view)
    return root is not None and is_generated_view(root)


def _held(root: Node) -> Iterator[str]:
    """Yield names of all views a folder's document holds."""
    for part in root.children:
        views = part.find("views") if part.tag == "folderViews" else part if part.tag == "views" else None
        yield from map(_name, views.children if views is not None else ())


def _name(view: Node) -> str:
    name = view.find("name")
    return name.text if name is not None else ""


def _root(document: SourceDocument) -> Node | None:
    try:
        return parse(document.read())
    except JobdslError:  # reported when it is imported
        return None
