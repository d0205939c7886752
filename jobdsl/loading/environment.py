"""What DSL files see of the process they run in: an empty environment, an output that goes nowhere.

Reading the one and writing the other is no error, but gives a warning.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
import warnings
from collections import UserDict
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from jobdsl import context
from jobdsl.context import LoadContext
from jobdsl.errors import Problem, Where

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ProcessEnvironment"]

_BETWEEN = frozenset({__name__, "os", "collections", "_collections_abc", "collections.abc"})
"""Modules between a file that reads the environment and the environment."""
_MOST = 1000
_write = os.write
_open = io.open
_HEAD = 200


class ProcessEnvironment:
    """The process as DSL files see it, and what they did on it that is worth telling."""

    def __init__(self, load: LoadContext) -> None:
        self._load = load
        self._output: dict[str, _Printed] = {}
        self._warnings: dict[Problem, None] = {}

    def set_up(self) -> None:
        """From here on, files see this stage."""
        environment: Any = _NoEnvironment(self)
        os.environ = environment  # noqa: B003  # not to clear it: the process has none; this one reports reads
        output = _Output(self)
        for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
            setattr(sys, name, output)
        warnings.showwarning = self._warned
        sys.unraisablehook = self._ignored
        os.write = self._written
        builtins.open = io.open = _opened

    def problems(self) -> list[Problem]:
        """Return what files printed, asked for and were warned of, as warnings; each once."""
        problems = [line.problem() for line in self._output.values()] + list(self._warnings)
        self._output, self._warnings = {}, {}
        return problems

    def _warn(self, problem: Problem) -> None:
        if len(self._warnings) < _MOST:
            self._warnings.setdefault(problem)

    def note_read(self, name: object) -> None:
        """A variable of the environment is asked for."""
        where = _reading_line(self._load)
        if where is not None:
            message = f"the file reads the environment ({name}), which is always empty here"
            hint = "put the value into the estate, or let the job read it when it runs"
            self._warn(Problem(message, where, hint, severity="warning"))

    def printed(self, text: str) -> None:
        """Something is printed: its beginning is kept."""
        where = context.here()
        if where.file not in self._output:
            self._output[where.file] = _Printed(where)
        self._output[where.file].add(text)

    def _written(self, fd: int, data: Buffer, /) -> int:
        """Take the place of `os.write`."""
        if fd not in (1, 2):
            return _write(fd, data)
        self.printed(bytes(data).decode("utf-8", "replace"))
        return len(memoryview(data).cast("B"))

    def _ignored(self, unraisable: sys.UnraisableHookArgs) -> None:
        """Report an exception that cannot be raised, such as that of a finalizer; only the estate's own."""
        trace = unraisable.exc_traceback
        while trace is not None and trace.tb_frame.f_code.co_filename not in self._load.files:
            trace = trace.tb_next
        if trace is not None:
            where = Where(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
            message = f"an exception that cannot be caught: {unraisable.exc_type.__name__}"
            self._warn(Problem(message, where, severity="warning"))

    def _warned(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG002  # the signature is that of warnings.showwarning
        line: str | None = None,  # noqa: ARG002
    ) -> None:
        if filename in self._load.files:
            where = Where(filename, lineno)
            self._warn(Problem(f"{category.__name__}: {message}", where, severity="warning"))


def _opened(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
    """Take the place of `open`: the null device can be written to where no file can be opened for writing."""
    if isinstance(mode, str) and not {*"wax+"}.isdisjoint(mode) and str(file) == os.devnull:
        return _open(os.dup(0), mode, *arguments, **options)
    return _open(file, mode, *arguments, **options)


def _reading_line(load: LoadContext) -> Where | None:
    """Return the line that reads a variable, if it is the estate's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in _BETWEEN:
        frame = frame.f_back
    if frame is None or frame.f_code.co_filename not in load.files:
        return None
    return Where(frame.f_code.co_filename, frame.f_lineno)


class _Printed:
    """What one file printed: where it began, how much, and the first of it."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.size = 0
        self.head = ""

    def add(self, text: str) -> None:
        self.size += len(text)
        self.head += text[: _HEAD - len(self.head)]

    def problem(self) -> Problem:
        """As a warning."""
        shown = " | ".join(self.head.strip().splitlines())
        more = f" ... ({self.size} characters in all)" if self.size > len(self.head) else ""
        hint = "output of DSL files is discarded"
        return Problem(f"the file prints: {shown}{more}", self.where, hint, severity="warning")


class _Output(io.TextIOBase):
    """Standard output and error."""

    def __init__(self, stage: ProcessEnvironment) -> None:
        self._stage = stage

    def write(self, text: str) -> int:
        self._stage.printed(text)
        return len(text)

    def writable(self) -> bool:
        return True


class _NoEnvironment(UserDict[str, str]):
    """An empty environment that reports the lines that read it."""

    def __init__(self, stage: ProcessEnvironment) -> None:
        super().__init__()
        self._stage = stage

    def __getitem__(self, name: str) -> str:
        self._stage.note_read(name)
        return self.data[name]

    def __contains__(self, name: object) -> bool:
        self._stage.note_read(name)
        return name in self.data

    def __iter__(self) -> Iterator[str]:
        self._stage.note_read("all of it")
        return iter(self.data)
