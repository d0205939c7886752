"""Starts the process that reads YAML, and takes its answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from jobdsl.convert.builder_settings import BuilderSettings
from jobdsl.convert.exchange import YamlProblem, YamlReading
from jobdsl.errors import JobdslError

__all__ = ["child_environment", "is_available", "read", "yaml_files"]

_PATIENCE = 1800
"""Seconds for all files."""
_SUFFIXES = (".yaml", ".yml")


def is_available() -> bool:
    """Return whether Jenkins Job Builder is installed."""
    return find_spec("jenkins_jobs") is not None


def yaml_files(paths: Sequence[Path], roots: Sequence[Path]) -> tuple[list[Path], list[YamlProblem]]:
    """Return the files of files and directories, and links that lead out of a directory."""
    files: dict[Path, None] = {}
    findings = []
    for path in paths:
        if not path.is_dir():
            files.setdefault(path.resolve())
            continue
        for directory, names, members in os.walk(path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(members):
                file = Path(directory, name)
                if file.suffix not in _SUFFIXES or name.startswith("."):
                    continue
                real = file.resolve()
                if any(real.is_relative_to(root) for root in roots):
                    files.setdefault(real)
                else:
                    hint = "name the file itself to have it read"
                    message = "it is a link to a file outside the directory"
                    findings.append(
                        YamlProblem(file=str(file), line=0, message=message, hint=hint, subject="file")
                    )
    return list(files), findings


def child_environment() -> dict[str, str]:
    """Return an environment without credentials, for processes that run Jenkins Job Builder."""
    own = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return {**own, "HOME": "/nonexistent", "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def read(files: Sequence[Path], settings: BuilderSettings, roots: Sequence[Path]) -> YamlReading:
    """Read YAML files in a process of their own. Raises JobdslError where that cannot be done at all."""
    if not is_available():
        hint = 'python -m pip install "jenkins-job-builder>=6.4,<7"'
        raise JobdslError("Jenkins Job Builder, which reads the files, is not installed", hint=hint)
    request = {
        "files": [str(path) for path in files],
        "include": [str(path) for path in settings.include],
        "allow_empty_variables": settings.allow_empty_variables,
        "roots": [str(path) for path in roots],
    }
    command = [sys.executable, "-P", "-m", "jobdsl.convert.child"]
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter and module
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=child_environment(),
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise JobdslError(
            f"the files were not read within {_PATIENCE // 60} minutes", hint="convert fewer at once"
        ) from None
    try:
        return YamlReading.from_json(json.loads(done.stdout))
    except (ValueError, KeyError, TypeError, RecursionError):
        last = done.stderr.strip().rpartition("\n")[2][:300]
        message = f"the process that reads the files ended with {done.returncode}"
        raise JobdslError(
            f"{message}: {last}" if last else message, hint="convert fewer files at once"
        ) from None
