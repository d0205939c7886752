"""The pools an estate declares, read again when its files change; the old ones hold until the new load."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dynaslave.pools.estate import pools_of
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.quotas import fits
from dynaslave.pools.settings import Manager
from dynaslave.pools.settings import read as read_settings
from jobdsl.errors import EstateError, JobdslError, Problem

__all__ = ["Declared", "EstateSource", "read"]

_SUFFIXES = (".py", ".toml", ".j2", ".json", ".yaml", ".yml", ".txt", ".sh")


@dataclass(frozen=True, slots=True)
class Declared:
    """What an estate says of pools at one moment."""

    pools: tuple[AgentPool, ...]
    manager: Manager
    """What its `jobdsl.toml` tells the manager."""
    controller_url: str | None = None
    """The controller its `jobdsl.toml` names."""
    problems: tuple[Problem, ...] = ()
    """Why the newest files are not in force; empty if they are."""


def read(root: Path, isolation: str | None = None) -> Declared:
    """Load an estate for its pools. EstateError with all problems: it does not load, it exceeds quotas."""
    from jobdsl.loading.load import load
    from jobdsl.settings import config

    settings = config.load(root)
    manager = read_settings(root, settings)
    estate = load(root, settings, isolation=isolation, on_definition=lambda _: None)
    pools, problems = pools_of(estate, settings)
    problems += fits(pools, manager)
    wrong = [one for one in problems if one.severity == "error"]
    if wrong:
        raise EstateError(wrong)
    return Declared(tuple(pools), manager, settings.controller.url)


class EstateSource:
    """An estate that is watched: `current` looks for changes and loads them beside the caller.

    A manager must not stand still while an estate loads, so that a change takes effect one or two
    looks later. Files that do not load change nothing but `problems`.
    """

    def __init__(self, root: Path, load: Callable[[Path], Declared] = read) -> None:
        self._root = root
        self._load = load
        self._seen = fingerprint(root)
        self._declared = load(root)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def current(self) -> Declared:
        """What holds now. Begins to load what has changed since."""
        with self._lock:
            if self._thread is None:
                mark = fingerprint(self._root)
                if mark != self._seen:
                    self._seen = mark
                    self._thread = threading.Thread(target=self._reload, name="estate", daemon=True)
                    self._thread.start()
            return self._declared

    def settle(self) -> None:
        """Wait until what was begun is loaded."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _reload(self) -> None:
        try:
            new = self._load(self._root)
        except JobdslError as error:
            with self._lock:
                self._declared = replace(self._declared, problems=tuple(error.problems))
                self._thread = None
            return
        with self._lock:
            self._declared = new
            self._thread = None


def fingerprint(root: Path) -> str:
    """Changes when a file of the estate does: names, sizes and times of what could matter."""
    digest = hashlib.blake2b(digest_size=16)
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode(errors="replace"))
    return digest.hexdigest()
