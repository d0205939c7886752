"""One document as the text of one DSL file that needs no other: for standard output."""

from __future__ import annotations

from collections.abc import Callable

import jobdsl
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError, XmlError
from jobdsl.grammar import names
from jobdsl.importer.codegen import Writer
from jobdsl.importer.convert import FORMS, DocumentSource, Imported, convert, fingerprint
from jobdsl.importer.dslfile import write
from jobdsl.importer.file_layout import DslFile, tree
from jobdsl.importer.inputs import SourceDocument
from jobdsl.importer.pretty import show
from jobdsl.importer.report import located
from jobdsl.importer.secrets import Taken
from jobdsl.importer.views import with_views

__all__ = ["import_document"]


def import_document(document: SourceDocument, echo: Callable[[str], None]) -> str:
    """Return the DSL file of one document, with the views of a folder.

    The source is run, and what it renders compared with the document. Secrets in plain text are left out and
    reported through `echo`. Raises JobdslError for a document that cannot be imported.
    """
    if document.subitem is not None:
        raise JobdslError(f"{document.place}: {document.subitem.reason}", hint=document.subitem.hint)
    if names.unusable(document.name):
        raise JobdslError(
            f"{document.place}: {document.name!r} cannot be a name", hint="give another with --name"
        )
    secrets = Taken()

    def converted(source_document: SourceDocument, short: str) -> Imported:
        source = DocumentSource(
            source_document.name, source_document.read(), source_document.place, source_document.is_view
        )
        for form in FORMS:
            imported = convert(source, short, Writer(), secrets, form)
            if _comes_back(imported, secrets):
                imported.equal = True
                return imported
        raise JobdslError(f"{source_document.name} does not render as it was")

    place = tree(with_views([document]))
    for folder in names.ancestors(document.name):
        place = place.below[names.leaf(folder)]
    try:
        written = write(DslFile("", place.full_name, list(place.below.values())), converted)
    except XmlError as error:
        raise JobdslError(located(document.place, error)) from None
    for key in secrets.values:
        echo(f'left out: secret("{key}") stands for a value in the document; `--out DIR` keeps it in a file')
    return written.text


def _comes_back(imported: Imported, secrets: Taken) -> bool:
    """Return whether the source of a document, run, renders an equal one."""
    if imported.code is None:
        return False
    words = {word: getattr(jobdsl, word) for word in imported.uses}
    try:
        rendered = eval(show(imported.code, "", 0), words).render()  # noqa: S307  # our own calls and literals
        filled = Secrets(secrets.values).fill(rendered, known_only=True)
        return fingerprint(parse(filled)) == imported.print
    except JobdslError:
        return False
