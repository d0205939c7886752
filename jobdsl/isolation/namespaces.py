"""Puts the running process into namespaces of its own, from within: the wall where bubblewrap is missing.

Afterwards there is no network, no other process, and a file system of read-only views of the
directories named; nothing else of the host can be reached. Needs Linux 5.12 or later and the right
to make user namespaces. Source: namespaces(7), pivot_root(2), mount_setattr(2).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable

from jobdsl.isolation.linux import call, die_with_parent, drop_capabilities, no_new_privileges, syscall

__all__ = ["enter"]

_NEW = 0x10000000 | 0x20000 | 0x40000000 | 0x20000000 | 0x08000000 | 0x04000000
"""CLONE_NEWUSER, NEWNS, NEWNET, NEWPID, NEWIPC, NEWUTS."""
_NOSUID, _NODEV, _BIND, _REC, _PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
_DETACH = 2
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
_AT_RECURSIVE, _READ_ONLY = 0x8000, 0x1
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
_BASE = "/tmp"  # noqa: S108  # any directory would do: it is only the place where the new root is put together


def enter(readable: Iterable[str], hidden: Iterable[str]) -> None:
    """Wall this process in. Raises OSError where the host does not allow it.

    What runs afterwards is a child of the caller; the caller itself waits for it and ends as it does.
    """
    places = [(path, os.path.realpath(path)) for path in readable if os.path.exists(path)]
    covered = [(path, os.path.isdir(path)) for path in hidden if os.path.exists(path)]
    _own_user()
    call("mount", b"none", b"/", None, _REC | _PRIVATE, None)
    call("mount", b"tmpfs", _BASE.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=1m,mode=755")
    os.mkdir(f"{_BASE}/.host")
    syscall(_SYS_PIVOT_ROOT[os.uname().machine], _BASE.encode(), f"{_BASE}/.host".encode())
    os.chdir("/")
    for shown, real in places:
        _show(shown, real)
    for path in _DEVICES:
        _show(path, path, read_only=False)
    for path, is_folder in covered:
        _cover(path, is_folder)
    call("umount2", b"/.host", _DETACH)
    os.rmdir("/.host")
    _read_only("/", recursive=False)
    _follow()
    no_new_privileges()
    drop_capabilities()


def _own_user() -> None:
    """Enter new namespaces in which the process keeps its user and group."""
    user, group = os.getuid(), os.getgid()
    call("unshare", _NEW)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _show(path: str, real: str, *, read_only: bool = True) -> None:
    """Make a file or directory of the host visible at its path."""
    source = f"/.host{real}"
    if os.path.lexists(path) and not os.path.isdir(path):
        return
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    call("mount", source.encode(), path.encode(), None, _BIND | _REC, None)
    if read_only:
        _read_only(path)


def _cover(path: str, is_folder: bool) -> None:
    if is_folder:
        call("mount", b"tmpfs", path.encode(), b"tmpfs", _NOSUID | _NODEV, b"size=4k,mode=555")
    else:
        call("mount", b"/dev/null", path.encode(), None, _BIND, None)


def _read_only(path: str, *, recursive: bool = True) -> None:
    """No writing at `path`, nor at what is mounted below it."""
    attributes = (ctypes.c_uint64 * 4)(_READ_ONLY | _NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    syscall(_SYS_MOUNT_SETATTR, -100, path.encode(), flags, ctypes.byref(attributes), size)


def _follow() -> None:
    """Go on as the first process of the new process namespace; everything ends with it."""
    die_with_parent()
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        os._exit(code if code >= 0 else 128 - code)  # a signal's number as a shell returns it
    die_with_parent()
