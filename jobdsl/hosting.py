"""The parent's side of the processes that run DSL files: starts them, reads what they send, ends them."""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jobdsl.config import Settings
from jobdsl.errors import EstateError, Problem, Where
from jobdsl.frames import BadFrame, Decoder
from jobdsl.gather import Gathered
from jobdsl.isolation import Wall, walls

__all__ = ["Request", "run"]

_CHUNK = 1 << 20
_GRACE = 3.0
"""Seconds after the time limit; the process ends itself, and says where it was, if it can."""
_BOOT = """
import sys
path, homes = {path!r}, {homes!r}
sys.path[:] = path
if homes:
    from importlib.util import spec_from_file_location as spec
    class Homes:
        def find_spec(self, name, path=None, target=None):
            home = homes.get(name)
            return home and spec(name, home + "/__init__.py", submodule_search_locations=[home])
    sys.meta_path.insert(0, Homes())
from jobdsl.child import main
main()
"""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be run, and how."""

    root: Path
    files: tuple[str, ...]
    settings: Settings
    isolation: str


class _NoWall(Exception):
    """The process ended before its walls were up."""


def run(request: Request, groups: Sequence[tuple[str, ...]], gathered: Gathered) -> str:
    """Run each group of files in a process of its own; gives back the isolation in words."""
    refused: list[str] = []
    for wall in walls(request.isolation):
        try:
            for group in groups:
                _Process(request, wall, group, gathered).finish()
        except _NoWall as error:
            refused.append(f"{wall.name}: {error}")
            continue
        return wall.sentence + (f" ({'; '.join(refused)})" if refused else "")
    raise EstateError([Problem("no isolation", hint="; ".join(refused))])


class _Process:
    """One process that runs one group of files."""

    def __init__(self, request: Request, wall: Wall, own: tuple[str, ...], gathered: Gathered) -> None:
        self.request, self.own, self.gathered = request, frozenset(own), gathered
        self.running = ""
        self.walled = self.ran = self.ended = False
        self.errors = b""
        path, homes, readable = _python_places()
        hidden = [str(request.root / ".git")]
        if request.settings.secrets:
            hidden.append(str(request.root / request.settings.secrets))
        boot = _BOOT.format(path=path, homes=homes)
        python = [sys.executable, "-sSPB", "-X", "utf8", "-c", boot]
        self.process = subprocess.Popen(
            wall.command(python, str(request.root), readable, hidden),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONHASHSEED": "0"},
            cwd="/",
            start_new_session=True,
        )
        asked = {
            "root": str(request.root),
            "files": request.files,
            "own": own,
            "readable": readable,
            "hidden": hidden,
            "memory_mb": request.settings.load.memory_mb,
            "timeout_seconds": request.settings.load.timeout_seconds,
        }
        try:
            self.process.stdin.write(json.dumps(asked).encode())
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def finish(self) -> None:
        """Read all it sends."""
        try:
            self._read()
        except BadFrame as error:
            self._problem(f"what came back from the DSL files cannot be read: {error}")
        finally:
            self._end()

    def _read(self) -> None:
        decoder = Decoder()
        deadline = time.monotonic() + self.request.settings.load.timeout_seconds + _GRACE
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ, True)
            ready.register(self.process.stderr, selectors.EVENT_READ, False)
            while ready.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                for key, _ in ready.select(left):
                    data = os.read(key.fd, _CHUNK)
                    if not data:
                        ready.unregister(key.fileobj)
                    elif key.data:
                        for frame in decoder.feed(data):
                            self._frame(frame)
                    else:
                        self.errors = (self.errors + data)[: 1 << 16]

    def _frame(self, frame: Any) -> None:
        kind, *values = frame[0]
        if kind == "hello":
            self.walled = True
        elif kind == "running":
            self.running = values[0] if values[0] in self.request.files else ""
        elif kind == "problem":
            self.gathered.problem(frame)
        elif kind == "item":
            self.gathered.item(frame, self.own)
        elif kind == "extra":
            self.gathered.extra(frame, self.own)
        elif kind == "end":
            self.ended = True

    def _end(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        if not self.walled:
            raise _NoWall(self.errors.decode("utf-8", "replace").strip()[-2000:])
        if not self.ended:
            self._problem("the process ended " + self.errors.decode("utf-8", "replace"))

    def _problem(self, message: str) -> None:
        self.gathered.problems.append(Problem(message, Where(self.running, 0) if self.running else None))


def _python_places() -> tuple[list[str], dict[str, str], list[str]]:
    """The child's module path, homes of packages an editable install maps, and what it must read."""
    path = [os.path.abspath(one) for one in sys.path if one and os.path.exists(one)]
    homes: dict[str, str] = {}
    for name in ("jobdsl", "jobdsl.templates", "jobdsl.seed_jobs", "dynaslave", "delivery"):
        spec = find_spec(name)
        if spec is not None and spec.submodule_search_locations:
            homes[name] = next(iter(spec.submodule_search_locations))
    readable = list(dict.fromkeys([sys.base_prefix, sys.prefix, *path, *homes.values()]))
    return path, homes, readable
