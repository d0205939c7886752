"""Directories that a thread removes, while the manager goes on: a workspace may take minutes."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from uuid import uuid4

__all__ = ["Trash"]


class Trash:
    """A directory of directories to remove. What a killed process leaves there, the next one removes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._elsewhere: list[Path] = []
        """Directories of another file system, which are removed where they are."""
        if path.exists() and any(path.iterdir()):
            self._begin()

    def put(self, directory: Path) -> None:
        """Take a directory out of the way at once, and remove it later. No error if it does not exist."""
        try:
            self._path.mkdir(mode=0o700, exist_ok=True)
            directory.rename(self._path / f"{directory.name}-{uuid4().hex[:8]}")
        except FileNotFoundError:
            return
        except OSError:
            self._elsewhere.append(directory)
        self._begin()

    def settle(self, seconds: float) -> None:
        """Wait until everything is removed, but no longer than that."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._empty, name="trash", daemon=True)
                self._thread.start()

    def _empty(self) -> None:
        """Remove everything, each once: what cannot be removed is tried again by the next process."""
        tried: set[str] = set()
        while True:
            with self._lock:
                remaining = [path for path in self._path.iterdir() if path.name not in tried]
                remaining += self._elsewhere
                self._elsewhere.clear()
                if not remaining:
                    self._thread = None
                    return
            for path in remaining:
                tried.add(path.name)
                shutil.rmtree(path, ignore_errors=True)
