"""Whether an estate, really loaded and rendered, gives the documents it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import EstateError, JobdslError, Problem
from jobdsl.importer.convert import Imported, fingerprint
from jobdsl.loading.load import load
from jobdsl.model import Definition
from jobdsl.settings import config

__all__ = ["verify"]

_PATIENCE = 3600.0
"""Seconds the written files may take, all together: they hold calls and nothing else."""


def verify(root: Path, imported: Iterable[Imported], secrets: Secrets) -> list[Problem]:
    """Load the estate at `root` and mark every document that came out `equal`; problems of the load."""
    by_name: dict[str, list[Imported]] = {}
    for document in imported:
        document.equal = False
        by_name.setdefault(document.name, []).append(document)

    def compare(definition: Definition) -> None:
        for document in by_name.get(definition.full_name, ()):
            document.equal = document.equal or _same(document, definition.document, secrets)

    settings = config.load(root)
    try:
        load(root, _patient(settings), on_definition=compare, isolation="process")
    except EstateError as error:
        return error.problems
    return []


def _patient(settings: config.Settings) -> config.Settings:
    from dataclasses import replace

    return replace(settings, load=replace(settings.load, timeout_seconds=_PATIENCE))


def _same(imported: Imported, document: str, secrets: Secrets) -> bool:
    try:
        return fingerprint(parse(secrets.fill(document, known_only=True))) == imported.print
    except JobdslError:
        return False
