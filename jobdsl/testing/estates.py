"""An estate as a user's test sees it: its documents by full name, and everything that is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

from jobdsl.errors import EstateError, Problem

__all__ = ["problems", "render"]


def render(estate: str | os.PathLike[str]) -> dict[str, str]:
    """The documents of the estate in this directory by full name, as they would be sent, without a marker.

    A view stands under its folder's name and its own; where a job has that name too, " (view)" follows.
    Values of `secret(...)` are not filled in. Raises EstateError with everything that keeps it from loading.
    """
    from jobdsl.loading.load import load

    documents: dict[str, str] = {}
    for one in sorted(load(Path(estate)).definitions, key=lambda one: one.is_view):
        taken = one.full_name in documents
        documents[f"{one.full_name} (view)" if taken else one.full_name] = one.document
    return dict(sorted(documents.items()))


def problems(estate: str | os.PathLike[str]) -> list[Problem]:
    """Everything that loading, lint and policy find wrong with an estate; an empty list if nothing is.

    No controller is asked: lint goes by the plugins and labels that `jobdsl.toml` names.
    """
    from jobdsl.cli import workflow

    try:
        return workflow.findings(Path(estate), workflow.Access(), None, None, offline=True).problems
    except EstateError as error:
        return error.problems
