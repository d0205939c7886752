"""Audit hook in the process that runs DSL files: refuses what they may not do, with the line that tried it.

The security boundary is around the process (`isolation`); this hook can be circumvented on purpose. Its use
is the message: a file that opens a socket or starts a process gets an error with its line.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NoReturn

from jobdsl import context
from jobdsl.context import LoadContext
from jobdsl.errors import DslError

__all__ = ["Guard", "limit", "no_more_processes"]

_FAMILIES = {
    "socket": "uses the network",
    "subprocess": "starts a process",
    "pty": "starts a process",
    "_thread": "starts a thread",
    "ctypes": "calls into the C library",
    "fcntl": "changes what is open",
    "mmap": "maps memory",
    "shutil": "changes files",
    "resource": "changes its limits",
    "sqlite3": "opens a database",
}
"""Audit events by the module they belong to, and what a file does that causes them."""
_EVENTS = {
    "starts a process": "os.system os.fork os.forkpty os.exec os.posix_spawn os.spawn",
    "signals a process": "os.kill os.killpg signal.pthread_kill",
    "changes files": "os.chflags os.chmod os.chown os.link os.lockf os.mkdir os.remove os.rename os.rmdir "
    "os.setxattr os.removexattr os.symlink os.truncate os.utime",
    "watches what Python does": "sys.addaudithook sys.settrace sys.setprofile",
    "changes the working directory": "os.chdir os.fchdir",
}
_REFUSED = {event: why for why, events in _EVENTS.items() for event in events.split()}
_READS = frozenset({"open", "os.listdir", "os.scandir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/zero")
_OF_THE_USER = [
    getattr(resource, name)
    for name in ("RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_MEMLOCK")
    if hasattr(resource, name)
]
"""What the kernel keeps for all processes of a user together, beyond the memory of any."""
_RESERVE = 32 << 20
"""Bytes of memory that files may not use, for rendering and sending what they define."""
_DEEPEST = 10_000
"""Calls within calls a file may allow itself; an endless recursion that may go on takes long to end."""
_WAY_OUT = "a DSL file only reads its estate and gives back jobs: let a job do this when it runs"


def limit(memory_mb: int, seconds: float) -> None:
    """Bound what this process may use: memory, processor time, files, processes.

    Memory is all of the address space, libraries and stack included: what was written once and is
    read-only now, or has grown as a stack, counts for no other limit. A part of it is left for what comes
    when the files have run: see `Guard.use_reserve`.
    """
    most = memory_mb << 20
    for resource_kind, value in (
        (resource.RLIMIT_AS, most),
        (
            resource.RLIMIT_CPU,
            int(seconds) * 2 + 60,
        ),  # the timer ends it sooner; this is for code that stops the timer
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
        *[(kind, 0) for kind in _OF_THE_USER],
    ):
        _, hard = resource.getrlimit(resource_kind)
        most_allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with contextlib.suppress(ValueError, OSError):  # not every system knows every limit
            resource.setrlimit(resource_kind, (most_allowed, most_allowed))
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most - min(_RESERVE, most // 8), hard))
    signal.alarm(int(seconds) * 3 + 60)  # should the parent be killed, which keeps the time


def no_more_processes() -> None:
    """No new process or thread for this user from here (root is above this limit)."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


class Guard:
    """While it is entered, user code runs."""

    def __init__(
        self,
        load: LoadContext,
        readable: Iterable[str],
        hidden: Iterable[str],
        remember: Callable[[BaseException], BaseException],
    ) -> None:
        self.load = load
        self._readable = tuple(path.rstrip("/") + "/" for path in readable)
        self._hidden = tuple(hidden)
        self._remember = remember
        self._on = False

    def __enter__(self) -> Guard:
        for name in ("_exit", "abort"):
            setattr(os, name, self._no_exit)
        self._no_threads()
        self._no_deep_recursion()
        sys.addaudithook(self._audit)
        self._on = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on = False

    def use_reserve(self) -> None:
        """Let the process use the memory that was kept from the files."""
        was_on, self._on = self._on, False
        with contextlib.suppress(ValueError, OSError):
            _, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        self._on = was_on

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in _READS:
            self._audit_file(event, args)
        elif why := _REFUSED.get(event) or _FAMILIES.get(event.partition(".")[0]):
            self.refuse(f"the file {why} ({event})")

    def _audit_file(self, event: str, args: tuple[Any, ...]) -> None:
        if isinstance(args[0], int):
            return
        path = os.fsdecode("." if args[0] is None else args[0])
        if path in _DEVICES:
            return
        if event == "open" and (args[2] or 0) & _WRITING:
            self.refuse(f"the file writes {path!r}")
        if not self._may_read(path):
            self.refuse(f"the file reads {path!r}, which DSL files may not read")

    def _may_read(self, path: str) -> bool:
        """Whether a path is the estate's, or Python's: most are Python's own modules, so this is quick."""
        full = os.path.normpath(os.path.join(self.load.root, path))
        if not _below(full, self.load.root):
            return f"{full}/".startswith(self._readable) or self._in_estate(full)
        return self._in_estate(full)

    def _in_estate(self, path: str) -> bool:
        real = os.path.realpath(path)
        return _below(real, self.load.root) and not any(_below(real, path) for path in self._hidden)

    def refuse(self, message: str, hint: str = _WAY_OUT) -> NoReturn:
        """Report what the file does, and stop it there."""
        self._on = False
        try:
            error = DslError(message, hint=hint)
            context.complain(error)
            self._remember(error)
        finally:
            self._on = True
        raise error

    def _no_exit(self, *_: object) -> NoReturn:
        self.refuse("the file ends the process")

    def _no_deep_recursion(self) -> None:
        """Bound the limit of recursion: setting it is no audit event."""
        change = sys.setrecursionlimit

        def limited(limit: int) -> None:
            if isinstance(limit, int) and limit > _DEEPEST:
                message = f"the file raises the limit of recursion to {limit}, over {_DEEPEST}"
                self.refuse(message, "an endless recursion? a loop needs no limit")
            change(limit)

        sys.setrecursionlimit = limited

    def _no_threads(self) -> None:
        """Refuse threads also where starting one is no audit event (Python 3.11)."""

        def refused(*_: object, **__: object) -> NoReturn:
            self.refuse("the file starts a thread")

        for module in (_thread, sys.modules.get("threading")):
            for name in ("start_new_thread", "_start_new_thread", "start_joinable_thread"):
                if hasattr(module, name):
                    setattr(module, name, refused)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
