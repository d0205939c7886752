"""Calls of Linux that Python has no words for, as the walls around DSL files want them."""

from __future__ import annotations

import ctypes
import os
import signal
from functools import cache

__all__ = ["call", "die_with_parent", "drop_capabilities", "libc", "no_new_privileges", "syscall"]

_CAPABILITY_VERSION = 0x20080522
_CAPGET = {"x86_64": 125, "aarch64": 90, "riscv64": 90, "ppc64le": 183, "s390x": 184}
_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91, "ppc64le": 184, "s390x": 185}
_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38


@cache
def libc() -> ctypes.CDLL:
    """The C library."""
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: object) -> int:
    """The result of a function of the C library. Raises OSError where it is negative."""
    result: int = getattr(libc(), name)(*args)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(number: int, *args: object) -> int:
    """The result of a system call without a function of its own. Raises OSError."""
    return call("syscall", ctypes.c_long(number), *args)


def die_with_parent() -> None:
    """Have this process killed when the one that started it ends, however that ends."""
    call("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def no_new_privileges() -> None:
    """No program this process starts gets more rights than it has."""
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
    kept = (ctypes.c_uint32 * 6)(low, low, 0, 0, 0, 0)
    syscall(_CAPSET[machine], ctypes.byref(header), ctypes.byref(kept))
