"""The pools an estate declares, read again when its files change; the old ones hold until the new load."""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dynaslave.pools.estate import pools_of
from dynaslave.pools.pool import AgentPool
from dynaslave.pools.quotas import fits
from dynaslave.pools.settings import ManagerSettings
from dynaslave.pools.settings import read as read_settings
from jobdsl.errors import EstateError, JobdslError, Problem

__all__ = ["RETRY", "Declared", "EstateSource", "read"]

RETRY = 30.0
"""Seconds until files that did not load are tried again, changed or not."""
_SUFFIXES = (".py", ".toml", ".j2", ".json", ".yaml", ".yml", ".txt", ".sh")


@dataclass(frozen=True, slots=True)
class Declared:
    """The pools of an estate at one moment."""

    pools: tuple[AgentPool, ...]
    manager: ManagerSettings
    """The manager's settings in its `jobdsl.toml`."""
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
    pools, problems = pools_of(estate, settings, manager)
    problems += fits(pools, manager)
    wrong = [problem for problem in problems if problem.severity == "error"]
    if wrong:
        raise EstateError(wrong)
    return Declared(tuple(pools), manager, settings.controller.url)


class EstateSource:
    """An estate that is watched: `current` checks for changes and loads them beside the caller.

    A manager must not stand still while an estate loads, so that a change takes effect one or two
    polls later. Files that do not load, for any reason, change nothing but `problems`, and are tried
    again every `RETRY` seconds: a full disk or an interrupted checkout leaves no newer file behind.
    """

    def __init__(
        self,
        root: Path,
        load: Callable[[Path], Declared] = read,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._load = load
        self._timer = timer
        self._retry = math.inf
        """When files that did not load are tried again."""
        self._seen = fingerprint(root)
        self._declared = load(root)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def current(self) -> Declared:
        """What holds now. Begins to load what has changed since."""
        with self._lock:
            if self._thread is None:
                mark = fingerprint(self._root)
                if mark != self._seen or self._timer() >= self._retry:
                    self._begin(mark)
            return self._declared

    def _begin(self, mark: str) -> None:
        thread = threading.Thread(target=self._reload, name="estate", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # no more threads
            self._failed((_unexpected(error),))
        else:
            self._seen, self._thread = mark, thread

    def settle(self) -> None:
        """Wait until what was begun is loaded."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _reload(self) -> None:
        try:
            new = self._load(self._root)
        except Exception as error:  # noqa: BLE001 - whatever it is, the pools of before hold
            problems = error.problems if isinstance(error, JobdslError) else [_unexpected(error)]
            with self._lock:
                self._failed(tuple(problems))
                self._thread = None
            return
        with self._lock:
            self._declared = new
            self._retry = math.inf
            self._thread = None

    def _failed(self, problems: tuple[Problem, ...]) -> None:
        self._declared = replace(self._declared, problems=problems)
        self._retry = self._timer() + RETRY


def _unexpected(error: Exception) -> Problem:
    """Describe what has nothing to do with the files' content: a full disk, no memory, a mistake of ours."""
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror + (f": {error.filename}" if error.filename else "")
    return Problem(f"the estate cannot be read: {reason}", hint=f"it is tried again in {RETRY:.0f} s")


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
