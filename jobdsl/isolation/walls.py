"""The walls around a process that runs DSL files: bubblewrap, namespaces, rules of the kernel, or none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import TZPATH

__all__ = ["Places", "Wall", "missing", "places", "walls"]

_GIVES = "no network, no environment, of all files only the estate's and Python's, read-only"
_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/ld.so.cache")
"""Where the C library and what Python loads stand."""
_PACKAGES = ("jobdsl", "jobdsl.templates", "jobdsl.seed_jobs", "dynaslave", "delivery")

missing: dict[str, str] = {}
"""Walls that could not be put up on this host before, and why."""


@dataclass(frozen=True, slots=True)
class Wall:
    """One way to keep a process apart."""

    name: str
    sentence: str
    """What it gives and what not, for the user."""
    within: tuple[str, ...] = ()
    """The modules with which the process walls itself in."""

    @property
    def is_around(self) -> bool:
        """Whether what we start is a process around the one that runs the files, and ends as that does."""
        return self.name in ("bubblewrap", "namespaces")

    def command(self, python: list[str], readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
        """The command that runs `python` behind this wall."""
        return [*_bubblewrap(readable, hidden), *python] if self.name == "bubblewrap" else python


_BUBBLEWRAP = Wall("bubblewrap", f"bubblewrap: {_GIVES}")
_NAMESPACES = Wall("namespaces", f"user namespaces: {_GIVES}", ("cage",))
_RULES = Wall("landlock", f"rules of the kernel: {_GIVES}", ("landlock", "calls"))
_PROCESS = Wall(
    "process",
    "plain process: no environment, no network, no other process; files are watched, not walled off",
    ("calls",),
)
_BARE = Wall(
    "bare",
    "plain process: no environment, limits on time and memory; network, processes and files are watched, "
    "not walled off",
)


def walls(wanted: str) -> list[Wall]:
    """The walls to try, strongest first.

    `auto` ends with the plain process, `required` does not, `process` is nothing else; the name of a
    wall is that one alone.
    """
    strong, weak = [_BUBBLEWRAP, _NAMESPACES, _RULES], [_PROCESS, _BARE]
    if wanted == "process":
        return weak
    if wanted not in ("auto", "required"):
        return [one for one in (*strong, *weak) if one.name == wanted]
    if shutil.which("bwrap") is None:
        missing["bubblewrap"] = "not installed"
    return [one for one in strong if one.name not in missing] + (weak if wanted == "auto" else [])


def _bubblewrap(readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--dev", "/dev"]
    command[0] = shutil.which("bwrap") or command[0]
    for path in readable:
        command += ["--ro-bind-try", os.path.realpath(path), path]
    for path in hidden:
        if os.path.isdir(path):
            command += ["--tmpfs", path]
        elif os.path.exists(path):
            command += ["--ro-bind", "/dev/null", path]
    return command


@dataclass(frozen=True, slots=True)
class Places:
    """What of the host a process that runs DSL files needs to see."""

    path: list[str]
    """Its module path."""
    homes: dict[str, str]
    """Directories of packages that stand elsewhere, as after an editable install."""

    @property
    def readable(self) -> list[str]:
        """Directories of Python, its packages, the system's libraries and time zones (`TZ=` in schedules)."""
        python = [
            sys.base_prefix,
            sys.prefix,
            os.path.realpath(sys.base_prefix),
            os.path.dirname(sys.executable),
        ]
        return list(dict.fromkeys([*_SYSTEM, *TZPATH, *python, *self.path, *self.homes.values()]))


@cache
def places() -> Places:
    """The module path of this process without the directories that only say where it was started."""
    started = {os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0] if sys.argv else ""))}
    home = os.path.realpath(os.path.expanduser("~"))
    path = [
        one
        for one in dict.fromkeys(os.path.abspath(entry) for entry in sys.path if entry)
        if os.path.exists(one) and one not in started and not Path(home).is_relative_to(os.path.realpath(one))
    ]
    homes: dict[str, str] = {}
    for name in _PACKAGES:
        spec = find_spec(name)
        home = os.path.dirname(spec.origin) if spec is not None and spec.origin else ""
        parent = os.path.dirname(home)
        if home and (parent not in path if "." not in name else parent != homes.get("jobdsl", parent)):
            homes[name] = home
    return Places(path, homes)
