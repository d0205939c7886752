"""Whether an estate, really loaded and rendered, gives the documents it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import parse
from jobdsl.errors import EstateError, JobdslError, Problem, Where
from jobdsl.importer.convert import Imported, fingerprint
from jobdsl.loading.load import load
from jobdsl.model import Definition
from jobdsl.settings import config

__all__ = ["CHANGED", "verify"]

CHANGED = "changed-definition"
"""Rule of the problem that something which was not imported is defined otherwise than before."""

_PATIENCE = 3600.0
"""Seconds the written files may take, all together: they hold calls and nothing else."""


def verify(
    root: Path,
    imported: Iterable[Imported],
    secrets: Secrets,
    others: Mapping[str, frozenset[bytes]] | None = None,
) -> list[Problem]:
    """Load the estate at `root` and mark every document that came out `equal`; problems of the load.

    Args:
        root: The estate.
        imported: The documents.
        secrets: Values of secrets in them.
        others: Fingerprints of what other files define: it must not change.
    """
    remaining = dict(others or {})
    changed: list[Problem] = []
    by_name: dict[str, list[Imported]] = {}
    for document in imported:
        document.equal = False
        by_name.setdefault(document.name, []).append(document)

    def compare(definition: Definition) -> None:
        prints = remaining.pop(definition.full_name, None)
        if prints is not None and _print(definition.document, secrets) not in prints:
            changed.append(_changed(definition.full_name, definition.where))
        for document in by_name.get(definition.full_name, ()):
            document.equal = document.equal or _same(document, definition.document, secrets)

    settings = config.load(root)
    try:
        load(root, _patient(settings), on_definition=compare, isolation="process")
    except EstateError as error:
        return error.problems
    return changed + [_changed(name, None) for name in remaining]


def _changed(name: str, where: Where | None) -> Problem:
    message = f'"{name}", which was not imported, would not be defined as before'
    return Problem(message, where=where, hint="import into another directory", rule=CHANGED, job=name)


def _patient(settings: config.Settings) -> config.Settings:
    from dataclasses import replace

    return replace(settings, load=replace(settings.load, timeout_seconds=_PATIENCE))


def _same(imported: Imported, document: str, secrets: Secrets) -> bool:
    return _print(document, secrets) == imported.print


def _print(document: str, secrets: Secrets) -> bytes:
    """Return the fingerprint of a document; empty where it is broken."""
    try:
        return fingerprint(parse(secrets.fill(document, known_only=True)))
    except JobdslError:
        return b""
