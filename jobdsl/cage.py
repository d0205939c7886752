"""Puts the running process into namespaces of its own, from within: the wall where bubblewrap is missing.

Afterwards there is no network, no other process, and a file system of read-only views of the
directories named; nothing else of the host can be reached. Needs Linux 5.12 or later and the right
to make user namespaces. Source: namespaces(7), pivot_root(2), mount_setattr(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable

__all__ = ["enter"]

_NEW = 0x10000000 | 0x20000 | 0x40000000 | 0x20000000 | 0x08000000 | 0x04000000
"""CLONE_NEWUSER, NEWNS, NEWNET, NEWPID, NEWIPC, NEWUTS."""
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
_DETACH = 2
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_SYS_CAPSET = {"x86_64": 126, "aarch64": 91, "riscv64": 91, "ppc64le": 184, "s390x": 185}
_CAPABILITY_VERSION = 0x20080522
_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38
_AT_RECURSIVE, _READ_ONLY = 0x8000, 0x1
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_BASE = "/tmp"  # noqa: S108  # any directory would do: it is only the place where the new root is put together


def enter(readable: Iterable[str], hidden: Iterable[str]) -> None:
    """Wall this process in. Raises OSError where the host does not allow it.

    What runs afterwards is a child of the caller; the caller itself waits for it and ends as it does.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    machine = os.uname().machine
    places = [(one, os.path.realpath(one)) for one in readable if os.path.exists(one)]
    covered = [(one, os.path.isdir(one)) for one in hidden if os.path.exists(one)]
    _own_user(libc)
    _call(libc.mount, b"none", b"/", None, _REC | _PRIVATE, None)
    _call(libc.mount, b"tmpfs", _BASE.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=1m,mode=755")
    os.mkdir(f"{_BASE}/.host")
    _call(libc.syscall, _SYS_PIVOT_ROOT[machine], _BASE.encode(), f"{_BASE}/.host".encode())
    os.chdir("/")
    for shown, real in places:
        _show(libc, shown, real)
    for path in _DEVICES:
        _show(libc, path, path, read_only=False)
    for path, is_folder in covered:
        _cover(libc, path, is_folder)
    _call(libc.umount2, b"/.host", _DETACH)
    os.rmdir("/.host")
    _read_only(libc, "/", recursive=False)
    _follow(libc)
    _drop_capabilities(libc, machine)


def _call(function: object, *args: object) -> None:
    assert callable(function)
    if function(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _own_user(libc: ctypes.CDLL) -> None:
    """New namespaces, in which we are who we were."""
    user, group = os.getuid(), os.getgid()
    _call(libc.unshare, _NEW)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _show(libc: ctypes.CDLL, path: str, real: str, *, read_only: bool = True) -> None:
    """Make a file or directory of the host visible at its path."""
    source = f"/.host{real}"
    if os.path.lexists(path) and not os.path.isdir(path):
        return
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    _call(libc.mount, source.encode(), path.encode(), None, _BIND | _REC, None)
    if read_only:
        _read_only(libc, path)


def _cover(libc: ctypes.CDLL, path: str, is_folder: bool) -> None:
    if is_folder:
        _call(libc.mount, b"tmpfs", path.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=4k,mode=555")
    else:
        _call(libc.mount, b"/dev/null", path.encode(), None, _BIND, None)


def _read_only(libc: ctypes.CDLL, path: str, *, recursive: bool = True) -> None:
    """No writing at `path`, nor at what is mounted below it."""
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY | _NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _call(libc.syscall, _SYS_MOUNT_SETATTR, -100, path.encode(), flags, ctypes.byref(attributes), size)


def _follow(libc: ctypes.CDLL) -> None:
    """Go on as the first process of the new process namespace; everything ends with it."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _call(libc.prctl, _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _drop_capabilities(libc: ctypes.CDLL, machine: str) -> None:
    _call(libc.prctl, _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call(libc.syscall, _SYS_CAPSET[machine], ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))
