"""The parent's side of one process that runs DSL files: starts it, reads what it sends, ends it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jobdsl.config import Settings
from jobdsl.errors import Problem, Where
from jobdsl.frames import BadFrame, Decoder, Frame
from jobdsl.gather import Gathered
from jobdsl.isolation import Wall, places

__all__ = ["Alone", "Host", "NoWall", "Request"]

_CHUNK = 1 << 20
_GRACE = 3.0
"""Seconds after the time limit in which the process may end itself: it knows where it was."""
_START = 60.0
"""Seconds in which a process must be ready to run files, however busy the host is."""
_MOST_FRAMES = 1_000_000
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
_AT_LINE = re.compile(r'File "([^"\n]+)", line (\d+)')
_CRASH = re.compile(r"Fatal Python error: ([^\n]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be run, and how."""

    root: Path
    files: frozenset[str]
    settings: Settings
    wall: Wall

    @property
    def hidden(self) -> list[str]:
        """What of the estate DSL files are not to see: it may hold secrets."""
        named = [".git", *([self.settings.secrets] if self.settings.secrets else [])]
        return [os.path.realpath(self.root / one) for one in named]

    def boot(self, own: Iterable[str], failed: Iterable[str]) -> tuple[list[str], bytes]:
        """The command of a process, and what it is asked."""
        found = places()
        readable = [*found.readable, str(self.root)]
        python = [
            sys.executable,
            "-sSPB",
            "-X",
            "utf8",
            "-c",
            _BOOT.format(path=found.path, homes=found.homes),
        ]
        asked = {
            "root": str(self.root),
            "files": sorted(self.files),
            "own": sorted(own),
            "failed": sorted(failed),
            "readable": readable,
            "hidden": self.hidden,
            "cage": self.wall.from_within,
            "memory_mb": self.settings.load.memory_mb,
            "timeout_seconds": self.settings.load.timeout_seconds,
        }
        return self.wall.command(python, readable, self.hidden), json.dumps(asked).encode()


class NoWall(Exception):  # noqa: N818  # the next wall is tried
    """The process ended before its walls were up."""


class Alone(Exception):  # noqa: N818  # the load begins again
    """Files of several groups work on the same items: they must run in one process."""


class Host:
    """One process that runs one group of files."""

    def __init__(
        self, request: Request, own: Iterable[str], gathered: Gathered, failed: frozenset[str] = frozenset()
    ) -> None:
        self.request, self.own, self.gathered = request, frozenset(own), gathered
        self.failed = failed
        """Files that ended a process before this one; they do not run again."""
        self._left = self.own - failed
        self.walled = self.ran = self.ended = False
        self._running = ""
        self._errors = b""
        self._late = False
        self._frames = 0
        self._decoder = Decoder()
        command, asked = request.boot(self.own, failed)
        with tempfile.TemporaryFile() as file:
            file.write(asked)
            file.seek(0)
            self.process = subprocess.Popen(  # noqa: S603  # our own interpreter; the environment is empty on purpose
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PYTHONHASHSEED": "0"},
                cwd="/",
                start_new_session=True,
            )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = self.process.stdout.fileno(), self.process.stderr.fileno()
        _widen(self.out)
        self.deadline = time.monotonic() + _START

    def _soon(self) -> float:
        return time.monotonic() + self.request.settings.load.timeout_seconds + _GRACE

    def read(self, until_ran: bool) -> bool:
        """Take what has come; False at its end, or when all files have run and no more is wanted yet."""
        data = os.read(self.out, _CHUNK)
        self._decoder.add(data)
        return bool(data) and self.take(until_ran)

    def take(self, until_ran: bool) -> bool:
        """Go through the frames that have come. Raises BadFrame, Alone."""
        while not (until_ran and self.ran) and (frame := self._decoder.next()) is not None:
            self._frame(frame)
        if self.ran:
            self.deadline = self._soon()  # from now on it only has to keep sending
        return not (until_ran and self.ran)

    def read_errors(self) -> bool:
        """Take what was written past Python's own output; False at its end."""
        data = os.read(self.err, 1 << 16)
        if len(self._errors) < 1 << 16:
            self._errors += data
        return bool(data)

    def _frame(self, frame: Frame) -> None:
        kind, *values = frame[0]
        self._frames += 1
        if self.walled == (kind == "hello") or self.ended or self._frames > _MOST_FRAMES:
            raise BadFrame("its parts are out of order")
        match kind:
            case "hello":
                self.walled = True
                self.deadline = self._soon()
            case "running":
                self._running = values[0] if values[0] in self.request.files else ""
                self._left -= {self._running}
            case "problem":
                self.gathered.problem(frame)
            case "alone":
                self._meddled(values[0])
            case "ran":
                self.ran = True
            case "item":
                self.gathered.item(frame, self.own)
            case "extra":
                self.gathered.other(frame, self.own)
            case _:
                self.ended = True

    def _meddled(self, file: str) -> None:
        """Items of another group's file were changed: one process for both, but not for two teams."""
        if not self.request.settings.teams:
            raise Alone
        message = "what this file defines is changed by a file of another team"
        hint = (
            "each team's files run in a process of their own: let them share functions and values, not items"
        )
        self.gathered.problems.append(Problem(message, Where(file, 0), hint))

    def late(self) -> None:
        """Its time is up."""
        self._late = True

    def finish(self) -> frozenset[str]:
        """End the process and say what was wrong with how it ended. Raises NoWall.

        Gives back the files that have not run because another one ended the process.
        """
        if not self._late:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        code = self.process.poll()
        self._drain()
        self.kill()
        if not self.walled and not self._late:
            raise NoWall(self._said().strip()[-300:] or f"it ended at once (status {code})")
        if not self.ended or self._decoder.unfinished:
            self.gathered.problems.append(self._death(code))
            return self._left if self._running and not self.ran else frozenset()
        if self._said().strip():
            message = f"the files write past Python's own output: {self._said().strip()[:200]}"
            hint = "what DSL files print goes nowhere"
            self.gathered.warnings.append(Problem(message, None, hint, severity="warning"))
        return frozenset()

    @property
    def guilty(self) -> frozenset[str]:
        """The files that must not run again: the one that ran last, and those before."""
        return self.failed | {self._running}

    def _drain(self) -> None:
        """Read what errors are left, without waiting for more."""
        os.set_blocking(self.err, False)
        with contextlib.suppress(BlockingIOError):
            while self.read_errors():
                pass

    def kill(self) -> None:
        """End the process and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def _said(self) -> str:
        return self._errors.decode("utf-8", "replace")

    def _death(self, code: int | None) -> Problem:
        """Why a process ended before its time, and where it was."""
        said = self._said()
        where = Where(self._running, 0) if self._running else None
        lines = [Where(_unescaped(file), int(line)) for file, line in _AT_LINE.findall(said)]
        innermost = next((one for one in lines if one.file in self.request.files), where)
        limit = f"{self.request.settings.load.timeout_seconds:g} seconds"
        if self._late or "Timeout (" in said:
            hint = "an endless loop? the limit is load.timeout_seconds in jobdsl.toml"
            return Problem(f"the DSL files ran longer than {limit}; this was running", innermost, hint)
        if crash := _CRASH.search(said):
            return Problem(f"Python itself crashed here: {crash[1]}", innermost)
        how = f"by {signal.Signals(-code).name}" if code is not None and code < 0 else f"with status {code}"
        hint = "more memory than the host has, or a call that ends the process?"
        return Problem(f"the process that ran the DSL files ended {how}; this was running", where, hint)


def _widen(pipe: int) -> None:
    """A larger pipe lets both sides work at once."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _CHUNK)


def _unescaped(name: str) -> str:
    """A file's name as faulthandler writes it, in ASCII."""
    return name.encode("ascii", "replace").decode("unicode_escape") if "\\" in name else name
