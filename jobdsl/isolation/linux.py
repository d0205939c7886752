"""Calls of Linux that Python has no words for, as the walls around DSL files want them."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
from functools import cache

__all__ = [
    "call",
    "close_memory",
    "die_with_parent",
    "drop_capabilities",
    "leave_keyring",
    "libc",
    "no_new_privileges",
    "syscall",
]

_CAPABILITY_VERSION = 0x20080522
_CAPGET = {"x86_64": 125, "aarch64": 90, "riscv64": 90, "ppc64le": 183, "s390x": 184}
_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91, "ppc64le": 184, "s390x": 185}
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NO_NEW_PRIVS = 1, 4, 38
_JOIN_SESSION_KEYRING = 1


@cache
def libc() -> ctypes.CDLL:
    """Return the C library."""
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: object) -> int:
    """Return the result of a function of the C library. Raises OSError where it is negative."""
    result: int = getattr(libc(), name)(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *args: object) -> int:
    """Return the result of a system call without a function of its own. Raises OSError."""
    return call("syscall", ctypes.c_long(number), *args)


def die_with_parent(parent: int | None = None) -> None:
    """Have this process killed when the one that started it ends, however that ends.

    Raises OSError where `parent` is given and ended before.
    """
    call("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        raise OSError(errno.ESRCH, "the command that started this process has ended")


def close_memory() -> None:
    """Close /proc/PID of this process (environment, memory, files) to other processes of the same user.

    What is started with exec(2) is as open as ever. Does nothing where the host cannot do it.
    """
    with contextlib.suppress(OSError, AttributeError):
        call("prctl", _SET_DUMPABLE, 0, 0, 0, 0)


def leave_keyring() -> None:
    """Leave the session keyring of the caller, which may hold tickets and keys, for one that is empty.

    Does nothing where the kernel has no keyrings, or a container does not let us.
    """
    with contextlib.suppress(OSError, KeyError):
        syscall(_KEYCTL[os.uname().machine], _JOIN_SESSION_KEYRING, None)


def no_new_privileges() -> None:
    """Keep every program this process starts from getting more rights than it has."""
    call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities(keep: int = 0) -> None:
    """Give up every capability but those in `keep`, a bit each, that the process has.

    Raises OSError, and KeyError on a machine whose calls are not known.
    """
    machine = os.uname().machine
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()
    syscall(_CAPGET[machine], ctypes.byref(header), ctypes.byref(sets))
    low = sets[1] & keep
    reduced = (ctypes.c_uint32 * 6)(low, low, 0, 0, 0, 0)
    syscall(_CAPSET[machine], ctypes.byref(header), ctypes.byref(reduced))
