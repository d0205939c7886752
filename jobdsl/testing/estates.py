"""An estate in a user's test: its documents, what is wrong with it, what applying it changes."""

from __future__ import annotations

import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from jobdsl.errors import EstateError, Problem

if TYPE_CHECKING:
    from jobdsl.testing.controller import SimulatedJenkins

__all__ = ["apply", "problems", "render"]


def render(estate: str | os.PathLike[str]) -> dict[str, str]:
    """The documents of the estate in this directory by full name, as they would be sent, without a marker.

    A view stands under its folder's name and its own; where a job has that name too, " (view)" follows.
    Values of `secret(...)` are not filled in. Raises EstateError with everything that keeps it from loading.
    """
    from jobdsl.loading.load import load

    documents: dict[str, str] = {}
    for definition in sorted(load(Path(estate)).definitions, key=lambda definition: definition.is_view):
        taken = definition.full_name in documents
        documents[f"{definition.full_name} (view)" if taken else definition.full_name] = definition.document
    return dict(sorted(documents.items()))


def problems(estate: str | os.PathLike[str]) -> list[Problem]:
    """Return everything that loading, lint and policy find wrong with an estate; an empty list if nothing is.

    No controller is asked: lint goes by the plugins and labels that `jobdsl.toml` names.
    """
    from jobdsl.cli import workflow

    try:
        return workflow.findings(Path(estate), workflow.Access(), None, None, offline=True).problems
    except EstateError as error:
        return error.problems


def apply(estate: str | os.PathLike[str], jenkins: SimulatedJenkins) -> dict[str, list[str]]:
    """Apply an estate to a simulated controller, as `jobdsl apply --yes` does.

    Args:
        estate: The directory.
        jenkins: The controller; its plugins are those that lint and plan go by.

    Returns:
        Full names by action: `create`, `update`, `move`, `delete`, `disable` ... Empty where
            nothing had to be done.

    Raises:
        AssertionError: The command failed, or refused something; with everything it printed.
    """
    printed = io.StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(printed), redirect_stderr(printed):
        report = Path(folder) / "plan.json"
        access = ["--url", jenkins.url, "--user", jenkins.user, "--token-file", str(Path(folder) / "token")]
        (Path(folder) / "token").write_text(jenkins.token, "utf-8")
        exit_code = _run(["apply", os.fspath(estate), "--yes", "--write", str(report), *access])
        plan = json.loads(report.read_text("utf-8")) if report.is_file() else {}
    if exit_code != 0:
        raise AssertionError(f"jobdsl apply ended with {exit_code}:\n{printed.getvalue()}")
    changes: dict[str, list[str]] = {}
    for change in plan["changes"]:
        changes.setdefault(change["action"], []).append(change["name"])
    return changes


def _run(arguments: list[str]) -> int:
    from jobdsl.cli.main import run

    return run(arguments)
