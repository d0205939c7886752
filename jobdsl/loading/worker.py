"""The parent's side of one process that runs DSL files: starts it, reads what it sends, ends it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from jobdsl.errors import Problem, Where
from jobdsl.loading.collector import Gathered
from jobdsl.loading.exit_diagnosis import Death, places_in
from jobdsl.loading.protocol import BadFrame, Decoder, Frame
from jobdsl.loading.request import LoadRequest
from jobdsl.loading.senders import Sender
from jobdsl.loading.size_limits import Allowance
from jobdsl.printable import printable

__all__ = ["Alone", "Host", "NoWall", "Short", "TooMuch"]

_CHUNK = 1 << 20
_START = 60.0
"""Seconds in which a process must be ready to run files, however busy the host is."""
_ANSWER = 1.0
"""Seconds in which a process that is late must send its stack."""
_PAUSE = 0.05
"""Seconds without output after which its stack is complete."""
_KEPT = 1 << 16
"""Bytes of its error output that are kept, of the first and of the last."""
_MOST_READS = 100
_MOST_FRAMES = 1_000_000
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
_NEVER = float("inf")


class NoWall(Exception):  # noqa: N818  # the next wall is tried
    """The process ended before its walls were up."""


class TooMuch(Exception):  # noqa: N818  # it is reported as a problem of the file
    """The process has sent more than it may; the problem is reported."""


class Short(Exception):  # noqa: N818  # its files run again
    """The files need more memory than the share of it that the process has."""


class Alone(Exception):  # noqa: N818  # the load begins again
    """Files of several groups work on the same items: they must run in one process."""


class Host:
    """One process that runs one group of files."""

    def __init__(
        self,
        request: LoadRequest,
        own: Iterable[str],
        gathered: Gathered,
        failed: frozenset[str] = frozenset(),
        memory_mb: int = 0,
    ) -> None:
        self.request, self.own, self.gathered = request, frozenset(own), gathered
        self.memory_mb = memory_mb or request.settings.load.memory_mb
        """What it may use."""
        self.sender = Sender(request.root, self.own, request.settings)
        self.failed = failed
        """Files that ended a process before this one; they do not run again."""
        self.walled = self.ran = self.ended = False
        self._unseen = self.own - failed
        """Files that have not begun."""
        self._running = ""
        self._first = self._last = b""
        self._late = False
        self._frames = 0
        limit = request.settings.load.process_documents_mb
        self._documents = Allowance(
            limit, "the documents of the files that run in one process have", "load.process_documents_mb"
        )
        self._decoder = Decoder()
        self._group = request.group
        self._kills = 0 if self._group is None else self._group.kills()
        inherited = () if self._group is None else (self._group.joining,)
        self.process = _started(*request.boot(self.own, failed, self.memory_mb), inherited)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out, self.err = self.process.stdout.fileno(), self.process.stderr.fileno()
        _widen(self.out)
        self._until = time.monotonic() + _START
        self._file_until = _NEVER

    @property
    def is_whole(self) -> bool:
        """Return whether it may use all the memory there is for a load, as it runs alone."""
        return self.memory_mb >= self.request.settings.load.memory_mb

    @property
    def deadline(self) -> float:
        """When its time is up, on the monotonic clock: that of the file that runs, or of all."""
        return min(self._until, self._file_until) + self.gathered.seconds_handing_over

    def _soon(self) -> float:
        return (
            time.monotonic() + self.request.settings.load.timeout_seconds - self.gathered.seconds_handing_over
        )

    def read(self, until_ran: bool) -> bool:
        """Take what has come; False at its end, or when all files have run and no more is wanted yet.

        Its end is the frame it sends, not that of the pipe, which others may hold open.
        """
        return self._add() and self.take(until_ran)

    def _add(self) -> bool:
        data = os.read(self.out, _CHUNK)
        self._decoder.add(data)
        return bool(data)

    def take(self, until_ran: bool) -> bool:
        """Go through the frames that have come. Raises BadFrame, TooMuch, Short, Alone."""
        while not (until_ran and self.ran) and (frame := self._decoder.next()) is not None:
            self._frame(frame)
        return not (self.ended or (until_ran and self.ran))

    def proceed(self) -> None:
        """Let a process that has run its files begin to send what they define: its time starts now."""
        self._until = self._soon()

    def read_errors(self) -> bool:
        """Take what was written past Python's own output; False at its end."""
        data = os.read(self.err, _KEPT)
        self._first = (self._first + data)[:_KEPT] if len(self._first) < _KEPT else self._first
        self._last = (self._last + data)[-_KEPT:]
        return bool(data)

    def _frame(self, frame: Frame) -> None:
        kind, *values = frame[0]
        self._frames += 1
        ordered = self.walled != (kind == "hello") and not self.ended and kind not in self._misplaced
        if not ordered or self._frames > _MOST_FRAMES:
            raise BadFrame("its parts are out of order")
        match kind:
            case "hello":
                self.walled = True
                self._until = self._soon()
            case "running" if self.ran:
                pass  # a late import: what it defines is no more looked at
            case "running":
                self._running = values[0] if values[0] in self.request.files else ""
                self.sender.running = self._running if self._running in self.own else self.sender.running
                self._unseen -= {self._running}
                self._file_until = time.monotonic() + self.request.settings.load.file_timeout_seconds
            case "problem":
                self.gathered.problem(self.sender.checked(frame), self.own)
            case "alone":
                self._meddled(values[0])
            case "short":
                raise Short
            case "ran":
                self.ran = True
                self._file_until = _NEVER
                self.proceed()
                self._miss()
            case "end":
                self.ended = True
            case _:
                self._defined(kind, frame)

    def _defined(self, kind: str, frame: Frame) -> None:
        """Take what a file defines."""
        self._count(frame)
        take = {"item": self.gathered.item, "defined": self.gathered.defined, "extra": self.gathered.other}
        take[kind](self.sender.checked(frame) if kind == "item" else frame, self.own)

    @property
    def _misplaced(self) -> tuple[str, ...]:
        """The kinds of frames that may not come now: what files define is sent when all have run."""
        if self.ran:
            return ("alone", "ran", "short")
        return ("item", "defined", "extra", "end", *(["short"] if self.is_whole else []))

    def _count(self, frame: Frame) -> None:
        """Count what is sent for a file, with its names: they take memory as its document does."""
        kind = frame[0][0]
        file = frame[0][2 if kind != "defined" else 3]
        if file not in self.own:
            raise BadFrame("an item's file is invalid")
        size = len(frame[1]) + sum(len(value) for value in frame[0] if isinstance(value, str))
        self.gathered.count(kind, file, size)
        if kind != "extra" and (problem := self._documents.take(file, size)) is not None:
            self.gathered.problems.append(problem)
            raise TooMuch

    def _miss(self) -> None:
        """Report what did not run, if no other problem is reported: an estate must not seem smaller than it
        is.
        """
        if not self.gathered.problems:
            self.gathered.problems += [
                Problem("the file did not run", Where(file, 0)) for file in self._unseen
            ]

    def _meddled(self, file: str) -> None:
        """Items of another group's file were changed: one process for both, but not for two teams."""
        if not self.request.settings.teams:
            raise Alone
        message = "what this file defines is changed by a file of another team"
        hint = (
            "each team's files run in a process of their own: let them share functions and values, not items"
        )
        if not self.sender.may_name(file):
            message = "a file changes what a file of another team defines"
        self.gathered.problems.append(self.sender.placed(Problem(message, Where(file, 0), hint)))

    def late(self) -> None:
        """Its time is up: it is asked where it is, which is answered even in the midst of C code."""
        self._late = True
        self._last = b""
        self._signal(signal.SIGURG)  # which only a process that answers does not ignore
        end = time.monotonic() + _ANSWER
        while (seconds := end - time.monotonic()) > 0:
            has_stack = bool(places_in(self._stderr_text))
            ready, _, _ = select.select([self.err], [], [], min(seconds, _PAUSE) if has_stack else seconds)
            if not (ready and self.read_errors()):
                break

    def finish(self, bad: BadFrame | None = None) -> bool:
        """End the process and report what was wrong with how it ended. Raises NoWall, Short.

        Returns whether a file has ended it, so that the others have not all run.
        """
        if not self._late and bad is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
        code = self.process.poll()
        bad = bad or self._after_its_end()
        _drained(self.err, self.read_errors)
        self.kill()
        if not self.walled and not self._late and bad is None:
            raise NoWall(printable(self._stderr_text.strip()[-300:]) or f"it ended at once (status {code})")
        if not (self.is_whole or self.ran or self._late or bad is not None):
            raise Short  # or something else ended it: then it does so again
        if bad is not None or not self.ended or self._decoder.unfinished:
            self.gathered.problems.append(self._death(code, str(bad or "")).problem())
            return bool(self._running) and not self.ran
        if written := self._first.decode("utf-8", "replace").strip():
            message = f"the files write to standard output without Python: {printable(written[:200])}"
            hint = "output of DSL files is discarded"
            place = self.sender.place if self.sender.group else None
            problem = Problem(message, place, hint, severity="warning")
            self.gathered.warnings.append(problem)
        return False

    def _death(self, code: int | None, bad: str) -> Death:
        load, wall = self.request.settings.load, self.request.wall
        death = Death(
            sender=self.sender,
            was_running=bool(self._running),
            stderr=self._stderr_text,
            code=code,
            limits=load,
        )
        short = self._group is not None and self._group.kills() > self._kills
        return replace(death, late=self._late, behind=wall.is_around, bad=bad, short=short)

    @property
    def guilty(self) -> frozenset[str]:
        """The files that must not run again: the one that ran last, and those before; always one more."""
        for last in ({self._running}, {self.sender.running}, self.own):
            if not last <= self.failed | {""}:
                return self.failed | last
        return self.failed

    def _after_its_end(self) -> BadFrame | None:
        """Return the problem of data sent after the frame that marks the end."""
        try:
            if self.ended:
                _drained(self.out, self._add)
                self.take(until_ran=False)
        except BadFrame as error:
            return error
        return None

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End the process and whatever it started."""
        self._signal(signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    @property
    def _stderr_text(self) -> str:
        return self._last.decode("utf-8", "replace")


def _started(command: list[str], request: bytes, inherited: tuple[int, ...]) -> subprocess.Popen[bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(request)
        file.seek(0)
        return subprocess.Popen(  # noqa: S603  # our own interpreter; the environment is empty on purpose
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            pass_fds=inherited,
            start_new_session=True,
        )


def _drained(pipe: int, read: Callable[[], bool]) -> None:
    """Read what is left without waiting for more; bounded, as other processes may still write."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        for _ in range(_MOST_READS):
            if not read():
                break


def _widen(pipe: int) -> None:
    """A larger pipe lets both sides work at once."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _CHUNK)
