"""From config.xml back to DSL source: `import_estate`, lossless.

Every document becomes a call in a DSL file. The estate is then really loaded and rendered, and each
document compared with what it was made from; what is not equal is written plainer until it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.documents.subitems import Subitem
from jobdsl.errors import JobdslError
from jobdsl.importer.convert import Imported
from jobdsl.importer.disk import DiskDocuments, on_disk
from jobdsl.importer.estate import EstateWriter
from jobdsl.importer.families.find import FEWEST
from jobdsl.importer.inputs import SourceDocument, on_controller
from jobdsl.importer.report import ImportResult, printable, write_report
from jobdsl.importer.views import with_views

if TYPE_CHECKING:
    from jobdsl.controller.jenkins import Controller

__all__ = ["ImportResult", "import_estate"]


def import_estate(
    source: Path | Controller | DiskDocuments,
    out: Path,
    *,
    only: Collection[str] = (),
    report: Path | None = None,
    templates: bool = False,
    least_family: int = FEWEST,
    explain: bool = False,
    force: bool = False,
    echo: Callable[[str], None] = print,
) -> ImportResult:
    """Write the documents of a directory, a file or a controller as an estate to `out`.

    Broken documents are reported and left out, the others go on; so are items that Jenkins keeps inside a
    job, or that cannot be written. Secrets in plain text go into a file next to `out`, never into the estate.
    Of a controller, `only` are globs of the full names that are read, with the folders they are in.
    With `templates`, at least `least_family` documents that are alike become one function and a call
    each; `explain` has each such family echoed.

    Raises JobdslError when `out` is not empty (unless `force`), or nothing can be read or written.
    """
    place = out.resolve()
    secrets_file = place.with_name(f"{place.name}.secrets.json")
    _refuse_to_overwrite(out, secrets_file, source, force)
    documents = _documents(source, only)
    maker = EstateWriter(
        out,
        with_views(document for document in documents.sources if document.subitem is None),
        secrets_file,
        least_family=least_family if templates else None,
        is_part=bool(only),
    )
    maker.make()
    left_out = [
        _left_out(document, document.subitem)
        for document in documents.sources
        if document.subitem is not None
    ]
    imported = sorted(
        [*maker.imported.values(), *left_out], key=lambda document: (document.name, document.place)
    )
    result = ImportResult(
        out=out,
        documents=tuple(imported),
        secrets=len(maker.secrets.values),
        secrets_file=secrets_file if maker.secrets.values else None,
        no_items=documents.sentence(),
        families=maker.families,
        not_read=() if only else maker.not_read,
    )
    for sentence in result.sentences():
        echo(sentence)
    for family in result.families if explain else ():
        echo(printable(family.sentence()))
    if report is not None:
        write_report(result, report)
    return result


def _left_out(document: SourceDocument, kind: Subitem) -> Imported:
    """Return what becomes of a document of something that Jenkins keeps inside a job."""
    error = f"{kind.reason}; {kind.hint}"
    return Imported(
        name=document.name,
        place=document.place,
        size=document.size,
        error=error,
        left_out=kind,
        root=document.root,
    )


def _documents(source: Path | Controller | DiskDocuments, only: Collection[str]) -> DiskDocuments:
    """Return the documents there are. Raises JobdslError where there are none."""
    if isinstance(source, DiskDocuments):
        return source
    if isinstance(source, Path):
        documents = on_disk(source)
        if not documents.sources:
            hint = documents.sentence() or "they are files named *.xml"
            raise JobdslError(f"{source} holds no documents", hint=hint)
        return documents
    documents = DiskDocuments(on_controller(source, only))
    if not documents.sources:
        if only:
            hint = 'a folder with all in it: --only "FOLDER/**"'
            raise JobdslError(f"{source.url} has no items or views that {', '.join(only)} fits", hint=hint)
        raise JobdslError(f"{source.url} holds no documents", hint="may this user read its jobs?")
    return documents


def _refuse_to_overwrite(out: Path, secrets_file: Path, source: object, force: bool) -> None:
    """An estate is edited by people, and old secrets are nowhere else: neither is overwritten unasked.

    Nor does an import, or a file of secrets, belong among the documents of a backup.
    """
    if out.exists() and not out.is_dir():
        raise JobdslError(f"{out} is a file", hint="--out takes a directory")
    if force:
        return
    if _holds_files(out):
        raise JobdslError(f"{out} is not empty", hint="name a new directory, or use --force")
    if isinstance(source, Path) and out.resolve().is_relative_to(source.resolve()):
        hint = "name one beside it, or use --force"
        raise JobdslError(f"{out} lies in the directory the documents come from", hint=hint)
    if secrets_file.exists():
        hint = "it may hold the only copy of some secrets: move it away, or use --force"
        raise JobdslError(f"{secrets_file} is there already", hint=hint)


def _holds_files(out: Path) -> bool:
    """Return whether there is anything in a directory but what is hidden, such as a repository of git."""
    try:
        return out.exists() and any(not entry.name.startswith(".") for entry in out.iterdir())
    except OSError as error:
        raise JobdslError(f"{out} cannot be listed: {error.strerror}") from None
