"""From config.xml back to DSL source: `import_estate`, lossless.

Every document becomes a call in a DSL file. The estate is then really loaded and rendered, and each
document compared with what it was made from; what is not equal is written plainer until it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl.errors import JobdslError
from jobdsl.importer.estate import Maker
from jobdsl.importer.report import ImportResult, write_report
from jobdsl.importer.sources import in_directory, on_controller

if TYPE_CHECKING:
    from jobdsl.jenkins import Controller

__all__ = ["ImportResult", "import_estate"]


def import_estate(
    source: Path | Controller,
    out: Path,
    *,
    report: Path | None = None,
    templates: bool = True,
    force: bool = False,
    echo: Callable[[str], None] = print,
) -> ImportResult:
    """Write the documents of a directory or a controller as an estate to `out`.

    Broken documents are told and left out, the others go on. Secrets in clear go into a file beside
    `out`, never into the estate. `templates` is accepted; finding templates and loops comes later.
    Raises JobdslError when `out` is not empty (unless `force`), or nothing can be read or written.
    """
    del templates
    secrets_file = out.with_name(f"{out.resolve().name}.secrets.json")
    _refuse_to_overwrite(out, secrets_file, force)
    found = in_directory(source) if isinstance(source, Path) else on_controller(source)
    if not found:
        if isinstance(source, Path):
            raise JobdslError(f"{source} holds no documents", hint="they are files named *.xml")
        raise JobdslError(f"{source.url} holds no documents", hint="may this user read its jobs?")
    maker = Maker(out, found, secrets_file)
    maker.make()
    documents = tuple(maker.imported[key] for key in sorted(maker.imported))
    result = ImportResult(
        out, documents, len(maker.secrets.values), secrets_file if maker.secrets.values else None
    )
    if report is not None:
        write_report(result, report)
    for sentence in result.sentences():
        echo(sentence)
    return result


def _refuse_to_overwrite(out: Path, secrets_file: Path, force: bool) -> None:
    """An estate is edited by people, and old secrets are nowhere else: neither is overwritten unasked."""
    if out.exists() and not out.is_dir():
        raise JobdslError(f"{out} is a file", hint="--out takes a directory")
    if force:
        return
    if out.exists() and any(not one.name.startswith(".") for one in out.iterdir()):
        raise JobdslError(f"{out} is not empty", hint="name a new directory, or use --force")
    if secrets_file.exists():
        hint = "it may hold the only copy of some secrets: move it away, or use --force"
        raise JobdslError(f"{secrets_file} is there already", hint=hint)
