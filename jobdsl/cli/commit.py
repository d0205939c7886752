"""The commit an estate is at."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["commit_of"]

_TIMEOUT = 10.0
"""Seconds git may take: a plan does not wait for it."""
_SAFE = ("-c", "safe.bareRepository=explicit")
"""Ignore a directory of the estate that imitates a repository with a configuration of its own."""


def commit_of(root: Path) -> str:
    """Return the commit of the repository a directory is in, shortened.

    Empty where it is in none, or git is not installed.
    """
    command = ["git", *_SAFE, "-C", str(root), "rev-parse", "--short=12", "HEAD"]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of it comes from a file
            command, capture_output=True, text=True, check=False, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
