"""The proof of a conversion: what Jenkins Job Builder itself renders from the files, and the estate."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobdsl.convert.builder_settings import BuilderSettings
from jobdsl.convert.reader import child_environment, yaml_files
from jobdsl.documents.secrets import Secrets
from jobdsl.documents.tree import Node, parse
from jobdsl.errors import JobdslError
from jobdsl.importer.convert import Imported, fingerprint
from jobdsl.importer.disk import on_disk
from jobdsl.importer.verify import verify

__all__ = ["Proof", "prove"]

_MANAGED = re.compile(r"<!-- Managed by Jenkins Job Builder -->\Z")
"""What Jenkins Job Builder adds to each description, as a seed of jobdsl adds its own marker."""
_PATIENCE = 1800
"""Seconds that Jenkins Job Builder may take."""


@dataclass(frozen=True, slots=True)
class Proof:
    """How the jobs of an estate compare with those that Jenkins Job Builder renders."""

    equal: int
    different: tuple[str, ...]
    """Names of jobs and views that are rendered otherwise, or not at all."""


def prove(paths: Sequence[Path], builder: BuilderSettings, estate: Path, secrets: Secrets) -> Proof:
    """Render the files with Jenkins Job Builder and compare. Raises JobdslError where it refuses them.

    It runs the files as it always does: its Jinja2 has no sandbox.
    """
    directories = [path if path.is_dir() else path.parent for path in paths]
    files, _ = yaml_files(paths, [path.resolve() for path in (*directories, *builder.include)])
    with tempfile.TemporaryDirectory(prefix="jobdsl-proof-") as temporary:
        out = Path(temporary, "out")
        out.mkdir()
        settings = Path(temporary, "jenkins_jobs.ini")
        places = ":".join([*map(str, builder.include), "."])
        settings.write_text(
            f"[job_builder]\ninclude_path={places}\nallow_empty_variables={builder.allow_empty_variables}\n"
            "[jenkins]\nurl=http://localhost/\n",
            "utf-8",
        )
        _run(settings, files, out)
        comparisons = []
        for document in on_disk(out).sources:
            name = document.name.removesuffix("/config") if document.is_view else document.name
            comparisons += (
                [comparison] if (comparison := _rendered(name, document.read())) is not None else []
            )
        verify(estate, comparisons, secrets)
    return Proof(
        sum(comparison.equal for comparison in comparisons),
        tuple(sorted(comparison.name for comparison in comparisons if not comparison.equal)),
    )


def _run(settings: Path, files: Sequence[Path], out: Path) -> None:
    command = [sys.executable, "-P", "-m", "jobdsl.convert.builder_entry", "--conf", str(settings), "test"]
    command += ["--config-xml", "-o", str(out), os.pathsep.join(map(str, files))]
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter and module
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={**child_environment(), "HOME": str(out.parent)},
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise JobdslError(f"Jenkins Job Builder took longer than {_PATIENCE // 60} minutes") from None
    if done.returncode:
        last = next((line for line in reversed(done.stderr.splitlines()) if any(map(str.isalpha, line))), "")
        hint = "it renders nothing where one file has an error: fix that, or convert without --prove"
        raise JobdslError(f"Jenkins Job Builder refuses the files: {last.strip()[:300]}", hint=hint)


def _rendered(name: str, data: bytes) -> Imported | None:
    try:
        root = parse(data)
    except JobdslError:
        return None
    _strip(root)
    return Imported(name=name, place=name, size=len(data), print=fingerprint(root), root=root.tag)


def _strip(root: Node) -> None:
    """Take out the marker of Jenkins Job Builder."""
    node = root.find("description")
    if node is not None:
        node.text = _MANAGED.sub("", node.text)
