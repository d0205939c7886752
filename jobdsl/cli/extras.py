"""Names the extra of this package that has to be installed where a module of another package is missing."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from jobdsl.errors import JobdslError

__all__ = ["missing_extra"]

_PACKAGES = {
    "authlib": "authlib",
    "boto3": "boto3",
    "botocore": "boto3",
    "fastapi": "fastapi",
    "jenkins_jobs": "jenkins-job-builder",
    "numpy": "numpy",
    "prometheus_client": "prometheus-client",
    "pydantic": "fastapi",
    "pytest": "pytest",
    "scipy": "scipy",
    "starlette": "fastapi",
    "structlog": "structlog",
    "uvicorn": "uvicorn",
}
"""Packages of extras, by the modules that they install."""
_PREFERRED = {"delivery": "delivery", "dynaslave": "agents"}
"""The extra of a command, where several have the package."""
_REQUIREMENT = re.compile(r"(?P<what>[^;]+?)\s*;\s*extra\s*==\s*[\"'](?P<extra>[^\"']+)[\"']")
_NESTED = re.compile(r"jobdsl\s*\[(?P<extras>[^]]+)\]")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def missing_extra(error: ModuleNotFoundError, command: str) -> JobdslError | None:
    """Explain that a command needs a package of an extra; None for any other module.

    The hint installs the packages by their own names: `jobdsl` is on no public index.
    """
    module = (error.name or "").partition(".")[0]
    package = _PACKAGES.get(module, "")
    extras = _extras()
    having = [extra for extra, packages in extras.items() if package and package in map(_name, packages)]
    if not having:
        return None
    preferred = _PREFERRED.get(command, "")
    extra = preferred if preferred in having else having[0]
    install = shlex.join([sys.executable, "-m", "pip", "install", *_all(extras, extra)])
    return JobdslError(
        f"{command} needs {package}, which the extra `{extra}` of jobdsl installs", hint=install
    )


def _extras() -> dict[str, list[str]]:
    """Read the requirements of each extra for users from the installed metadata."""
    try:
        lines = requires("jobdsl") or []
    except PackageNotFoundError:
        return {}
    extras: dict[str, list[str]] = {}
    for line in lines:
        if (parts := _REQUIREMENT.fullmatch(line.strip())) and parts["extra"] not in ("dev", "test"):
            extras.setdefault(parts["extra"], []).append(parts["what"])
    return extras


def _all(extras: dict[str, list[str]], extra: str) -> Iterator[str]:
    """Yield the requirements of an extra, those of extras it names included."""
    for requirement in extras.get(extra, ()):
        if nested := _NESTED.fullmatch(requirement):
            for name in nested["extras"].split(","):
                yield from _all(extras, name.strip())
        else:
            yield requirement


def _name(requirement: str) -> str:
    name = _NAME.match(requirement)
    return name[0].lower().replace("_", "-") if name else ""
