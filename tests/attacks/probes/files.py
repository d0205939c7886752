"""Files of the host and of the estate: read, changed, emptied."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Callable
from functools import partial

from .registry import EVERYTHING, FACTS, FILES, probe, system_call


@probe("read a file outside the estate", FILES)
def read_outside() -> None:
    with open(FACTS["outside"]) as file:
        file.read()


@probe("read a file outside by a handle", EVERYTHING)
def read_by_handle() -> None:
    handle = struct.pack("Ii8s", 8, 1, b"\0" * 8)
    try:
        system_call("open_by_handle_at", -100, handle, 0)
    except OSError as error:
        if error.errno not in (
            errno.EINVAL,
            errno.ESTALE,
            errno.EOPNOTSUPP,
        ):  # which mean that it was looked at
            raise


def _read_secret(name: str) -> None:
    with open(os.path.join(FACTS["estate"], name)) as file:
        if not file.read():
            raise FileNotFoundError("it is covered")


for _name, _title in (
    ("secrets.toml", "read the secrets file of jobdsl.toml"),
    ("elsewhere.json", "read the secrets file of JOBDSL_SECRETS"),
    (".git/config", "read .git"),
    ("lib/dep/.git/config", "read .git of a nested repository"),
    ("lib/module/.git", "read .git of a submodule"),
    ("lib/store/config", "read the repository of a worktree"),
    ("lib/old/.hg/hgrc", "read .hg"),
    ("lib/older/.svn/wc.db", "read .svn"),
    ("__pycache__/deep/.git/config", "read .git in a directory without DSL files"),
):
    probe(_title, FILES)(lambda name=_name: _read_secret(name))  # type: ignore[misc]


@probe("read attributes of a file outside the estate")
def read_attributes() -> None:
    os.listxattr(FACTS["outside"])


@probe("list programs of the host", FILES)
def list_programs() -> None:
    if len(os.listdir("/usr/bin")) < 5:
        raise FileNotFoundError("only the interpreter")


@probe("list /usr/share and /usr/local/etc", FILES)
def list_system() -> None:
    names = [*os.listdir("/usr/share"), *os.listdir("/usr/local/etc")]
    if set(names) <= {"zoneinfo", "lib"}:
        raise FileNotFoundError("only time zones")


@probe("list processes", FILES)
def list_processes() -> None:
    if not any(name.isdigit() for name in os.listdir("/proc")):
        raise FileNotFoundError("none")


@probe("write a file of the estate")
def write_file() -> None:
    with open(FACTS["estate"] + "/jobdsl.toml", "r+b"):
        pass


@probe("make a file")
def make_file() -> None:
    with open(FACTS["estate"] + "/made", "xb"):
        pass


def _empty(flags: int) -> None:
    os.close(os.open(FACTS["estate"] + "/jobdsl.toml", flags | os.O_TRUNC))


@probe("empty jobdsl.toml (O_RDONLY|O_TRUNC)")
def empty_reading() -> None:
    _empty(os.O_RDONLY)


@probe("empty jobdsl.toml (O_ACCMODE|O_TRUNC)")
def empty_mode_three() -> None:
    _empty(3)


@probe("empty jobdsl.toml (O_WRONLY|O_TRUNC)")
def empty_writing() -> None:
    _empty(os.O_WRONLY)


@probe("empty jobdsl.toml (truncate)")
def empty_by_call() -> None:
    os.truncate(FACTS["estate"] + "/jobdsl.toml", 0)


@probe("empty jobdsl.toml (openat2)")
def empty_by_openat2() -> None:
    how = struct.pack("QQQ", os.O_RDONLY | os.O_TRUNC, 0, 0)
    path = (FACTS["estate"] + "/jobdsl.toml").encode()
    system_call("openat2", -100, path, how, ctypes.c_size_t(24))


@probe("change a file through a mapping")
def change_by_mapping() -> None:
    with open(FACTS["estate"] + "/mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        view[0:1] = b"X"


def _change(what: Callable[..., object], *names: str) -> None:
    what(*[f"{FACTS['estate']}/{name}" for name in names])


for _what, _names in (
    (os.rename, ("moved", "moved.2")),
    (os.unlink, ("removed",)),
    (os.link, ("mapped", "linked")),
    (os.symlink, ("mapped", "pointed")),
    (os.mkdir, ("folder",)),
    (os.rmdir, ("empty",)),
    (os.mkfifo, ("fifo",)),
    (os.utime, ("mapped",)),
):
    probe(f"change files ({_what.__name__})")(partial(_change, _what, *_names))


@probe("change the mode of a file")
def change_mode() -> None:
    os.chmod(FACTS["estate"] + "/mapped", 0o777)


@probe("change attributes of a file")
def change_attributes() -> None:
    os.setxattr(FACTS["estate"] + "/mapped", "user.x", b"x")
