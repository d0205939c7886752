"""Processes on this host that outlive their parent: started in a session of their own, found again, ended.

Linux only: what runs is asked of /proc. A process is known by its number and the moment it started, which
it writes down itself before it becomes the command: it cannot be killed between starting it and
knowing it. Everything it starts carries the same mark in its environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MARK", "Started", "end", "reap", "start", "supported"]

MARK = "DYNASLAVE_AGENT"
"""Name of the variable with the mark."""
_PROC = Path("/proc")
_BECOME = (
    'read -r stat </proc/self/stat && printf "%s\\n%s\\n" "$stat" "$1" >"$0.new" && mv "$0.new" "$0"'
    ' && cd "$2" && shift 2 && exec "$@"'
)
"""What the process does first; its number and start stay the same when it becomes the command."""
_DEFAULT = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD)
"""Signals a Python process may have changed; a build expects them as they are by default."""
_POLL = 0.01


def supported() -> bool:
    """Whether this host can do it."""
    return sys.platform == "linux" and (_PROC / "self/stat").exists()


@dataclass(frozen=True, slots=True)
class Started:
    """A process as it noted itself down: its number, when it started (in ticks since boot), and a word."""

    pid: int
    ticks: str
    word: str
    mark: str

    @classmethod
    def read(cls, note: Path, mark: str) -> Started | None:
        """Read the file; None before there is one."""
        try:
            stat, word = note.read_text("utf-8").splitlines()
            return cls(int(stat.split(maxsplit=1)[0]), _fields(stat)[19], word, mark)
        except FileNotFoundError:
            return None
        except (ValueError, IndexError):  # the host went down while it was written: nothing runs
            return cls(0, "", "", mark)

    @property
    def alive(self) -> bool:
        """Whether it still runs, and is not another process with its number."""
        stat = _read(self.pid, "stat").decode("utf-8", "replace")
        if not stat or _fields(stat)[0] in "ZX" or _fields(stat)[19] != self.ticks:
            return False
        environment = _read(self.pid, "environ")  # empty for a moment while it becomes the command
        return not environment or _marked(environment, self.mark)


def start(
    command: Sequence[str],
    *,
    note: Path,
    word: str,
    mark: str,
    log: Path,
    home: Path,
    environment: Mapping[str, str],
    timeout: float = 10.0,
) -> int:
    """Start a command in a session of its own, in `home`, writing to `log`; its number.

    When this returns, `note` is written. OSError if it could not be; the log has the reason.
    """
    script = ["/bin/sh", "-c", _BECOME, str(note), word, str(home), *command]
    output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        script[0],
        script,
        {**environment, MARK: mark},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT,
    )
    deadline = time.monotonic() + timeout
    while not note.exists():
        if pid in reap({pid}) or time.monotonic() > deadline:
            raise OSError(f"process {pid} did not start")
        time.sleep(_POLL)
    return pid


def reap(children: set[int]) -> set[int]:
    """Which of our children have ended; they are zombies no more."""
    ended = set()
    for pid in children:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                continue
        ended.add(pid)
    return ended


def end(processes: Sequence[Started], marks: frozenset[str], grace: float) -> None:
    """End processes with their groups, then whatever carries one of the marks.

    SIGTERM first; SIGKILL for what is left after `grace` seconds.
    """
    for process in processes:
        if process.alive:
            _signal_group(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(process.alive for process in processes):
        time.sleep(_POLL)
    for process in processes:
        if process.alive:
            _signal_group(process.pid, signal.SIGKILL)
    for pid in _carriers(marks):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(_carriers(marks)):
        time.sleep(_POLL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _carriers(marks: frozenset[str]) -> Iterator[int]:
    """Processes that run, of this user, with one of the marks."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            environment = _read(int(entry.name), "environ")
            if any(_marked(environment, mark) for mark in marks):
                yield int(entry.name)


def _marked(environment: bytes, mark: str) -> bool:
    return f"{MARK}={mark}".encode() in environment.split(b"\0")


def _read(pid: int, file: str) -> bytes:
    """Read a file of a process; empty if it has ended or is another user's. A zombie has no environment."""
    try:
        return (_PROC / str(pid) / file).read_bytes()
    except OSError:
        return b""


def _fields(stat: str) -> list[str]:
    """The fields of a stat line after the command's name, which may hold anything: state first."""
    return stat.rpartition(")")[2].split()
