"""The walls around the process that runs DSL files: bubblewrap, namespaces of our own, or none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["NAMES", "Wall", "walls"]

NAMES = ("bubblewrap", "process")

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache")
"""Where the C library and what it loads stand; nothing secret."""


@dataclass(frozen=True, slots=True)
class Wall:
    """One way to keep a process apart."""

    name: str
    sentence: str
    """What it gives and what not, for the user."""

    def command(
        self, python: list[str], root: str, readable: Iterable[str], hidden: Iterable[str]
    ) -> list[str]:
        """The command that runs `python` behind this wall."""
        if self.name == "bubblewrap":
            return [*_bubblewrap(root, readable, hidden), *python]
        return python


BUBBLEWRAP = Wall(
    "bubblewrap", "bubblewrap: no network, only the estate's and Python's files, read-only, no environment"
)
PROCESS = Wall(
    "process",
    "plain process: no environment, limits on time and memory; network and files are watched, not walled off",
)


def walls(wanted: str) -> list[Wall]:
    """The walls to try, strongest first; `required` takes no plain process."""
    if wanted == "process":
        return [PROCESS]
    strong = [BUBBLEWRAP] if shutil.which("bwrap") else []
    return strong if wanted == "required" else [*strong, PROCESS]


def _bubblewrap(root: str, readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    command = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--dev", "/dev"]
    for path in _SYSTEM:
        command += ["--ro-bind-try", path, path]
    for path in dict.fromkeys([*readable, root]):
        command += ["--ro-bind-try", path, path]
    for path in hidden:
        if os.path.isdir(path):
            command += ["--tmpfs", path]
        elif os.path.exists(path):
            command += ["--ro-bind", "/dev/null", path]
    return command
