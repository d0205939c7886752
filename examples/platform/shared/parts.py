"""Parts several templates share. A macro is a function that returns elements."""

from __future__ import annotations

from typing import Any

from jobdsl import publish, scm, steps, wrappers

GIT = "https://git.example.com"


def checkout(repo: str, branch: str = "main") -> scm.git:
    """One branch of one of our repositories."""
    return scm.git(f"{GIT}/{repo}.git", branch=branch, credentials="platform-git")


def guards(minutes: int = 30) -> dict[str, Any]:
    """What surrounds every build: times in the log, and an end."""
    return {"timestamps": wrappers.timestamps(), "timeout": wrappers.timeout(minutes=minutes)}


def make(*targets: str) -> dict[str, Any]:
    """A step for every target of the Makefile, named after it."""
    return {target: steps.shell(f"make {target}") for target in targets}


def reports() -> dict[str, Any]:
    """Test results and what was built."""
    return {
        "results": publish.junit("reports/**/*.xml", allow_empty=True),
        "artifacts": publish.archive("dist/**", allow_empty=True, fingerprint=True),
    }
