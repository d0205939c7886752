"""The guard rail inside the process that runs DSL files: it refuses what they have no business with, and says where.

The wall is the namespace around the process (isolation.py); this one can be climbed by who means to.
Its use is the message: a file that reads the environment or opens a socket is told so, with its line.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import warnings
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NoReturn, TextIO

from jobdsl import context
from jobdsl.context import Load
from jobdsl.errors import DslError, Problem, Where

__all__ = ["Guard", "limit"]

_NETWORK = "uses the network"
_PROCESS = "starts or signals a process"
_WRITES = "changes files"
_REFUSED = {
    "socket.": _NETWORK,
    "subprocess.": _PROCESS,
    "pty.": _PROCESS,
    "_thread.": "starts a thread",
    "ctypes.": "calls into the C library",
    "shutil.": _WRITES,
    "resource.": "changes its limits",
}
"""Families of audit events, and what a file does that causes one."""
_REFUSED_EVENTS = {
    **dict.fromkeys(
        (
            "os.system",
            "os.fork",
            "os.forkpty",
            "os.exec",
            "os.posix_spawn",
            "os.spawn",
            "os.kill",
            "os.killpg",
        )
        + ("signal.pthread_kill",),
        _PROCESS,
    ),
    **dict.fromkeys(
        ("os.chflags", "os.chmod", "os.chown", "os.link", "os.lockf", "os.mkdir", "os.remove", "os.rename")
        + ("os.rmdir", "os.setxattr", "os.removexattr", "os.symlink", "os.truncate", "os.utime"),
        _WRITES,
    ),
    "os.chdir": "changes the working directory",
    "os.fchdir": "changes the working directory",
}
_READS = frozenset({"open", "os.listdir", "os.scandir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/zero")
_WAY_OUT = (
    "a DSL file reads files of its estate, and gives back jobs; do this in the job, or before jobdsl runs"
)


def limit(memory_mb: int, seconds: float) -> None:
    """Bound what this process may use: memory, processor time, files, processes."""
    most = memory_mb << 20
    for what, value in (
        (resource.RLIMIT_DATA, most),
        (resource.RLIMIT_AS, most + (512 << 20)),  # libraries and stacks are mapped, too
        (
            resource.RLIMIT_CPU,
            int(seconds) * 2 + 60,
        ),  # the clock ends it sooner; this is for who stops the clock
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, value))


class Guard:
    """While it is entered, user code runs."""

    def __init__(
        self,
        load: Load,
        readable: list[str],
        hidden: list[str],
        told: Callable[[BaseException], BaseException],
    ) -> None:
        self.load = load
        self.readable = tuple(readable)
        self.hidden = tuple(hidden)
        self.told = told
        self.on = False
        self._output: dict[str, _Printed] = {}
        self._warned: list[Problem] = []

    def __enter__(self) -> Guard:
        os.environ = _NoEnvironment(self)  # type: ignore[assignment]
        os.getenv.__globals__["environ"] = os.environ
        os._exit = self._no_exit
        os.abort = self._no_exit
        sys.stdout = sys.__stdout__ = _Output(self)  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = _Output(self)  # type: ignore[misc]
        warnings.showwarning = self._show_warning
        sys.addaudithook(self._audit)
        self.on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.on = False

    def said(self) -> list[Problem]:
        """What the files printed and warned about, as warnings; each once."""
        problems = [one.problem() for one in self._output.values()] + self._warned
        self._output, self._warned = {}, []
        return problems

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in _READS:
            self._audit_file(event, args)
        elif (why := _REFUSED_EVENTS.get(event)) or (
            event.partition(".")[1] and (why := _REFUSED.get(event[: event.index(".") + 1]))
        ):
            self.refuse(f"the file {why} ({event})")

    def _audit_file(self, event: str, args: tuple[Any, ...]) -> None:
        path = args[0]
        if isinstance(path, int):
            return
        path = os.fsdecode("." if path is None else path)
        if path in _DEVICES:
            return
        if event == "open" and (args[2] or 0) & _WRITING:
            self.refuse(f"the file writes {path!r}")
        if not path.startswith(self.readable) and not self._in_estate(path):
            self.refuse(f"the file reads {path!r}, outside the estate")

    def _in_estate(self, path: str) -> bool:
        full = os.path.realpath(path)
        return _below(full, self.load.root) and not any(_below(full, one) for one in self.hidden)

    def refuse(self, what: str) -> NoReturn:
        """Tell what the file does, and stop it there."""
        self.on = False
        try:
            error = DslError(what, hint=_WAY_OUT)
            context.complain(error)
            self.told(error)
        finally:
            self.on = True
        raise error

    def _no_exit(self, *_: object) -> NoReturn:
        self.refuse("the file ends the process")

    def read_environment(self, name: str) -> None:
        """Warn that a file asks for a variable; it gets none."""
        caller = next(_estate_frames(self.load), None)
        if caller is not None:
            message = f"the file reads the environment ({name}), which is always empty here"
            hint = "put the value into the estate, or let the job read it when it runs"
            problem = Problem(message, caller, hint, severity="warning")
            if problem not in self._warned and len(self._warned) < 1000:
                self._warned.append(problem)

    def printed(self, text: str) -> None:
        """Keep the beginning of what a file prints."""
        where = context.here()
        printed = self._output.get(where.file)
        if printed is None:
            printed = self._output[where.file] = _Printed(where)
        printed.add(text)

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if filename in self.load.files:
            self._warned.append(
                Problem(f"{category.__name__}: {message}", Where(filename, lineno), severity="warning")
            )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _estate_frames(load: Load) -> Iterator[Where]:
    """The line of the file that called, if the estate's own code called what calls this."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename.endswith(
        ("/os.py", "_collections_abc.py", "guard.py")
    ):
        frame = frame.f_back
    if frame.f_code.co_filename in load.files:
        yield Where(frame.f_code.co_filename, frame.f_lineno)


class _Printed:
    """What one file printed: where it began, how much, and the first of it."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.size = 0
        self.head = ""

    def add(self, text: str) -> None:
        self.size += len(text)
        if len(self.head) < 200:
            self.head += text[:200]

    def problem(self) -> Problem:
        """As a warning."""
        shown = self.head.strip()[:200]
        more = f" ... ({self.size} characters in all)" if self.size > len(shown) + 2 else ""
        return Problem(
            f"the file prints: {shown}{more}", self.where, "what DSL files print goes nowhere", "warning"
        )


class _Output(io.TextIOBase):
    """Standard output and error, as DSL files see them."""

    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def write(self, text: str) -> int:
        self._guard.printed(text)
        return len(text)

    def writable(self) -> bool:
        return True


class _NoEnvironment(dict[str, str]):
    """An empty environment that says who reads it."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self._guard = guard

    def __getitem__(self, name: str) -> str:
        self._guard.read_environment(str(name))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._guard.read_environment(str(name))
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._guard.read_environment(str(name))
        return super().__contains__(name)
