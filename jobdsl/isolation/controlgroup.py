"""A control group (version 2) around the processes of a load: the kernel counts all memory they cause.

One is made only below what is this command's to divide: its own control group, where that is the root or has
given its controllers to groups below it, or one that is delegated to it. Nothing leaves the limits that the
command has. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst, systemd.resource-control(5).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["ControlGroup", "control_group"]

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_SYSTEMD = Path("/run/systemd/system")
"""There where systemd manages the control groups."""
_LOAD, _COMMAND = "jobdsl-load-", "jobdsl-command-"
"""Beginnings of the names of control groups: of a load's processes, of the command meanwhile."""
_PATIENCE = 2.0
"""Seconds in which the processes of a control group must have ended after they were killed."""
_serial = itertools.count()


class ControlGroup:
    """A control group of a load; processes join it by writing `0` to `joining`."""

    def __init__(self, path: Path, lock: int, undo: Callable[[], object]) -> None:
        self.path = path
        self._lock, self._undo = lock, undo
        self.joining = os.open(path / "cgroup.procs", os.O_WRONLY)
        """A descriptor, for processes to inherit."""

    def kills(self) -> int:
        """Count the processes that the kernel has ended as they used more memory than all may."""
        for line in _text(self.path / "memory.events").splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
        return 0

    def close(self) -> None:
        """End what is left in it and remove it."""
        os.close(self.joining)
        _removed(self.path)
        os.close(self._lock)
        self._undo()


@contextlib.contextmanager
def control_group(memory_mb: int, processes: int) -> Iterator[ControlGroup | None]:
    """Make a control group that holds its processes to this memory in all; None where there can be none."""
    group = _created(memory_mb, processes)
    try:
        yield group
    finally:
        if group is not None:
            group.close()


def _created(memory_mb: int, processes: int) -> ControlGroup | None:
    if (own := _own()) is None:
        return None
    for place in (_below_own, _next_to_own, _alone_in_own):
        with contextlib.suppress(OSError):
            if (location := place(own)) is not None:
                return _make(*location, memory_mb, processes)
    return None


def _own() -> Path | None:
    """Find the directory of this process' control group."""
    line = next((line for line in _text(_MEMBERSHIP).splitlines() if line.startswith("0::/")), "")
    path = line.removeprefix("0::/")
    outside = not line or ".." in path.split("/")
    return None if outside or "memory" not in _words(_ROOT / "cgroup.controllers") else _ROOT / path


_Place = tuple[Path, Callable[[], object]]
"""Where a control group can be made, and what is to be done after it was removed."""


def _below_own(own: Path) -> _Place | None:
    """The command's own control group: the root, or one that may have processes and groups below it."""
    return (own, _nothing) if _gives_memory(own) else None


def _next_to_own(own: Path) -> _Place | None:
    """The one around it, where the command was put into a part of what is delegated (`DelegateSubgroup=`)."""
    if own == _ROOT or not _is_delegated(own.parent) or _text(own / "memory.max").strip() != "max":
        return None
    return (own.parent, _nothing) if _gives_memory(own.parent) else None


def _alone_in_own(own: Path) -> _Place | None:
    """Its own, where that is delegated and has no other process: the command goes below it meanwhile.

    A control group with processes of its own cannot give its memory to others.
    """
    if not _is_delegated(own) or _text(own / "cgroup.procs").split() != [str(os.getpid())]:
        return None
    below = own / f"{_COMMAND}{os.getpid()}"
    os.mkdir(below)

    def undo() -> None:
        with contextlib.suppress(OSError):
            _write(own / "cgroup.subtree_control", "-memory -pids")
        with contextlib.suppress(OSError):
            _write(own / "cgroup.procs", "0")
        with contextlib.suppress(OSError):
            os.rmdir(below)

    try:
        _write(below / "cgroup.procs", "0")
        if _gives_memory(own):
            return own, undo
    except OSError:
        undo()
        raise
    undo()
    return None


def _make(parent: Path, undo: Callable[[], object], memory_mb: int, processes: int) -> ControlGroup:
    """Make a control group; nothing of it is left where that fails. Raises OSError."""
    _remove_stale(parent)
    path = parent / f"{_LOAD}{os.getpid()}-{next(_serial)}"
    lock = -1
    try:
        os.mkdir(path)
        lock = _locked(path)
        _write(path / "memory.max", str(memory_mb << 20))
        for name, value in (("memory.swap.max", "0"), ("pids.max", str(processes))):
            with contextlib.suppress(OSError):  # not every kernel counts them
                _write(path / name, value)
        return ControlGroup(path, lock, undo)
    except OSError:
        if lock >= 0:
            os.close(lock)
        _removed(path)
        undo()
        raise


def _gives_memory(group: Path) -> bool:
    """Return whether memory of a control group is given to those below it, or can be from now on."""
    control = group / "cgroup.subtree_control"
    for controller in ("memory", "pids"):
        if controller not in _words(control):
            with contextlib.suppress(OSError):
                _write(control, f"+{controller}")
    return "memory" in _words(control)


def _is_delegated(group: Path) -> bool:
    """Return whether systemd has delegated a control group, or without systemd the user may divide it."""
    for name in ("user.delegate", "trusted.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(group, name) == b"1":
                return True
    if _SYSTEMD.exists() or os.geteuid() == 0:
        return False
    return all(os.access(group / name, os.W_OK) for name in ("cgroup.procs", "cgroup.subtree_control"))


def _remove_stale(parent: Path) -> None:
    """Remove control groups of loads whose command was killed: they are not locked."""
    for path in sorted(parent.glob(f"{_LOAD}*")):
        with contextlib.suppress(OSError):
            lock = _locked(path)
            _removed(path)
            os.close(lock)


def _locked(path: Path) -> int:
    """Lock a control group while this process runs. Raises OSError where it is locked or was removed."""
    import fcntl  # which not every system has that can run this module

    lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_ino != os.stat(path).st_ino:
            raise FileNotFoundError(path)
    except OSError:
        os.close(lock)
        raise
    return lock


def _removed(path: Path) -> bool:
    """End all processes of a control group and remove it."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > end:
                return False
        else:
            return True
        _kill_all(path)
        time.sleep(0.01)


def _kill_all(path: Path) -> None:
    try:
        _write(path / "cgroup.kill", "1")  # since Linux 5.14
    except OSError:
        for process in _words(path / "cgroup.procs"):
            if process != "0":  # which stands for one of another process namespace
                with contextlib.suppress(OSError):
                    os.kill(int(process), signal.SIGKILL)


def _nothing() -> None:
    pass


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    """Write to a file of the kernel's. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
