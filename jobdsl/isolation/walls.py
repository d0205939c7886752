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
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_PACKAGES = ("jobdsl", "jobdsl.templates", "jobdsl.seed_jobs", "dynaslave", "delivery")

missing: dict[str, str] = {}
"""Walls that could not be put up on this host before, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """One way to keep a process apart."""

    name: str
    title: str
    gives: str
    """What it takes away, for the user."""
    layers: tuple[str, ...] = ()
    """What the process does to itself before it runs a file, in order."""
    lacks: str = ""
    """What is missing for the process to be isolated, for the user; empty if nothing is."""

    @property
    def sentence(self) -> str:
        """Describe what the wall protects and what not."""
        return f"{self.title}: {self.gives}" + (f"; not isolated: {self.lacks}" if self.lacks else "")

    @property
    def program(self) -> str:
        """The first part of the name: variants of a wall differ in what they lack."""
        return self.name.partition("-")[0]

    @property
    def is_around(self) -> bool:
        """Whether what we start is a process around the one that runs the files, and ends as that does."""
        return self.program in ("bubblewrap", "namespaces")

    def command(self, python: list[str], readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
        """Return the command that runs `python` behind this wall."""
        return [*_bubblewrap(readable, hidden), *python] if self.program == "bubblewrap" else python


_UNFILTERED = (
    "system calls are not filtered on this host: processes, shared memory and keyrings are within reach"
)
_BUBBLEWRAP = Wall(name="bubblewrap", title="bubblewrap", gives=_GIVES, layers=("seccomp",))
_NAMESPACES = Wall(name="namespaces", title="user namespaces", gives=_GIVES, layers=("namespaces", "seccomp"))
_RULES = Wall(name="landlock", title="rules of the kernel", gives=_GIVES, layers=("landlock", "seccomp"))
_WEAK = (
    Wall(name="bubblewrap-unfiltered", title="bubblewrap", gives=_GIVES, layers=(), lacks=_UNFILTERED),
    Wall(
        name="namespaces-unfiltered",
        title="user namespaces",
        gives=_GIVES,
        layers=("namespaces",),
        lacks=_UNFILTERED,
    ),
    Wall(
        name="process",
        title="plain process",
        gives="no environment, no network, no other process, nothing is written",
        layers=("seccomp-files",),
        lacks="files are watched, not walled off; credentials the user can read are within reach",
    ),
    Wall(
        name="bare",
        title="plain process",
        gives="no environment, limits on time and memory",
        layers=(),
        lacks="network, processes and files are watched, not walled off; credentials are within reach",
    ),
)


def walls(requested: str) -> list[Wall]:
    """Return the walls to try, strongest first.

    `auto` ends with the plain process, `required` has only those that lack nothing, `process` is the
    plain process; the name of a wall is that one alone.
    """
    strong = [_BUBBLEWRAP, _NAMESPACES, _RULES]
    if requested == "process":
        return [wall for wall in _WEAK if not wall.is_around]
    if requested not in ("auto", "required"):
        return [wall for wall in (*strong, *_WEAK) if wall.name == requested]
    if shutil.which("bwrap") is None:
        missing["bubblewrap"] = missing["bubblewrap-unfiltered"] = "not installed"
    tried = strong if requested == "required" else [*strong, *_WEAK]
    return [wall for wall in tried if wall.name not in missing or wall.name in ("process", "bare")]


def _bubblewrap(readable: Iterable[str], hidden: Iterable[str]) -> list[str]:
    """Return the command; in the end everything is read-only, the file systems in memory as well."""
    command = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL"]
    for path in readable:
        command += ["--ro-bind-try", os.path.realpath(path), path]
    for path in _DEVICES:
        command += ["--dev-bind", path, path]
    for path in hidden:
        if os.path.isdir(path):
            command += ["--tmpfs", path, "--remount-ro", path]
        elif os.path.exists(path):
            command += ["--ro-bind", "/dev/null", path]
    return [*command, "--remount-ro", "/"]


@dataclass(frozen=True, slots=True)
class Places:
    """What of the host a process that runs DSL files needs to see."""

    path: list[str]
    """Its module path."""
    homes: dict[str, str]
    """Directories of packages that stand elsewhere, as after an editable install."""

    @property
    def interpreter(self) -> str:
        """The program itself, not a link in a virtual environment: the module path is given to it."""
        return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)

    @property
    def readable(self) -> list[str]:
        """Python and its packages, the system's libraries and time zones (`TZ=` in schedules), no more."""
        prefixes = (
            sys.base_prefix,
            sys.base_exec_prefix,
            os.path.realpath(sys.base_prefix),
            os.path.dirname(os.path.dirname(self.interpreter)),
        )
        libraries = [f"{prefix}/{name}" for prefix in prefixes for name in ("lib", "lib64")]
        python = [self.interpreter, *libraries, *self.path, *self.homes.values()]
        return list(dict.fromkeys([*_SYSTEM, *TZPATH, *python]))


@cache
def places() -> Places:
    """Return the module path of this process without the directories it was started in and from."""
    started = {os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0] if sys.argv else ""))}
    home = os.path.realpath(os.path.expanduser("~"))
    path = [
        entry
        for entry in dict.fromkeys(os.path.abspath(entry) for entry in sys.path if entry)
        if os.path.exists(entry)
        and entry not in started
        and not Path(home).is_relative_to(os.path.realpath(entry))
    ]
    homes: dict[str, str] = {}
    directories: dict[str, str] = {}
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None or not spec.origin:
            continue
        home = directories[name] = os.path.dirname(spec.origin)
        parent, _, last = name.rpartition(".")
        is_there = (
            home == os.path.join(directories.get(parent, ""), last)
            if parent
            else os.path.dirname(home) in path
        )
        if not is_there:
            homes[name] = home
    return Places(path, homes)
