"""Filters the system calls of the running process (seccomp): the part that every wall has in common.

Afterwards the process can compute, read files and write to what is open; it cannot start, signal or trace
another process, leave its session, open a socket, a queue or a keyring, share memory, or change a file.
What a file starts cannot outlive its load, as it cannot be started, not even by root, to whom the limit
on the number of processes does not apply. Source: seccomp(2), linux/filter.h, linux/seccomp.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterable
from struct import pack

from jobdsl.isolation.linux import call, drop_capabilities, no_new_privileges
from jobdsl.isolation.systemcalls import ALLOWED, CHECKED, NEWEST

__all__ = ["enter", "program"]

Step = tuple[int, int, int, int]
"""An instruction: its code, how many to jump over if it holds and if not, and a value."""

_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
"""BPF: load a word of the call; jump where it equals, is at least, or has a bit of a value; mask it; end."""
_NUMBER, _ARCHITECTURE = 0, 4
"""Places in struct seccomp_data."""
_KILL = (_RETURN, 0, 0, 0x80000000)
_ALLOW = (_RETURN, 0, 0, 0x7FFF0000)
_REFUSE = (_RETURN, 0, 0, 0x00050000 | errno.EPERM)
_UNKNOWN = (_RETURN, 0, 0, 0x00050000 | errno.ENOSYS)
_X32 = 0x40000000
"""Numbers from which x86-64 takes the calls of a third architecture."""
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1), "riscv64": (0xC00000F3, 1)}
"""Audit value of the architecture of a call, and the numbers of calls on it."""

_READING = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: root may read an estate of another user."""

_O_ACCMODE, _O_CREAT, _O_TRUNC, _O_APPEND, _O_TMPFILE = 0o3, 0o100, 0o1000, 0o2000, 0o20000000
_MAP_SHARED, _MAP_GROWSDOWN = 0x1, 0x100
_FCNTL = (0, 1, 2, 3, 4, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC: no owner, lease, lock, or size of a pipe."""
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""
_PRCTL = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, which the C library names memory with."""


def enter(*, files_are_walled: bool) -> None:
    """Filter the calls of this process. Raises OSError or KeyError where the host does not allow it.

    Where no other wall keeps files from being written (`files_are_walled` is false), the filter does.
    """
    machine = os.uname().machine
    instructions = program(machine, os.getpid(), files_are_walled=files_are_walled)
    drop_capabilities(_READING)
    held = ctypes.create_string_buffer(instructions, len(instructions))
    filter_ = pack("@HP", len(instructions) // 8, ctypes.addressof(held))  # struct sock_fprog
    no_new_privileges()
    call("prctl", _SET_SECCOMP, _FILTER, filter_, 0, 0)


def program(machine: str, process: int, *, files_are_walled: bool) -> bytes:
    """Return the filter for one process. Raises KeyError where the machine's calls are not known."""
    architecture, column = _ARCHITECTURES[machine]
    steps = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), _KILL, (_LOAD, 0, 0, _NUMBER)]
    if column == 0:
        steps += [(_AT_LEAST, 0, 1, _X32), _REFUSE]
    for numbers in ALLOWED.values():
        if (number := numbers[column]) is not None:
            steps += [(_EQUAL, 0, 1, number), _ALLOW]
    for name, checks in _checks(process, files_are_walled).items():
        if (number := CHECKED[name][column]) is not None:
            steps += [(_EQUAL, 0, len(checks), number), *checks]
    steps += [(_AT_LEAST, 0, 1, NEWEST), _UNKNOWN, _REFUSE]
    return b"".join(pack("=HBBI", *step) for step in steps)


def _checks(process: int, files_are_walled: bool) -> dict[str, list[Step]]:
    """Return what decides over a call by its arguments; each list ends in a return."""
    flags = _truncating if files_are_walled else _writing
    return {
        "open": flags(1),
        "openat": flags(2),
        "mmap": [_argument(3), (_ANY_BIT, 0, 1, _MAP_SHARED | _MAP_GROWSDOWN), _REFUSE, _ALLOW],
        "kill": _one_of(0, (process,)),
        "tgkill": _one_of(0, (process,)),
        "prlimit64": _one_of(0, (0, process)),
        "fcntl": _one_of(1, _FCNTL),
        "ioctl": _one_of(1, _IOCTL),
        "prctl": _one_of(0, _PRCTL),
    }


def _argument(index: int) -> Step:
    """Load the lower half of an argument; the kernel uses no more of these."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _one_of(index: int, values: Iterable[int]) -> list[Step]:
    allowed = [step for value in values for step in ((_EQUAL, 0, 1, value), _ALLOW)]
    return [_argument(index), *allowed, _REFUSE]


def _writing(index: int) -> list[Step]:
    """No file is opened for writing, made, or emptied."""
    bits = _O_ACCMODE | _O_CREAT | _O_TRUNC | _O_APPEND | _O_TMPFILE
    return [_argument(index), (_ANY_BIT, 0, 1, bits), _REFUSE, _ALLOW]


def _truncating(index: int) -> list[Step]:
    """No file is emptied but where it is opened for writing, which the wall refuses.

    Landlock before its version 3 does not see the others: reading, and the mode 3 of drivers.
    """
    steps = [_argument(index), (_AND, 0, 0, _O_ACCMODE | _O_TRUNC)]
    for mode in (0, 3):
        steps += [(_EQUAL, 0, 1, _O_TRUNC | mode), _REFUSE]
    return [*steps, _ALLOW]
