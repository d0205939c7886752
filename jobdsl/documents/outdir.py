"""A directory that is written as a whole, and below which no link is followed.

What lies in it may come from a repository that others can push to: a link there could lead anywhere. So each
part of a path is opened below the handle of the one before, and a file takes the place of whatever has its
name. Nothing is put in place before all of it is written.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from jobdsl.errors import JobdslError

__all__ = ["OutputDirectory", "write_file"]

_STAGING = ".jobdsl-new"
"""Directory for files that are written and not yet in place."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class OutputDirectory:
    """Files that are staged, and then put into place together.

    Args:
        path: The directory; it and those around it are made where they are missing.
        inside: A directory around it whose content is not to be trusted: no part below that may be a link.
    """

    def __init__(self, path: Path, inside: Path | None = None) -> None:
        self.path = path
        self._parent, self._handle, self._stage = -1, -1, -1
        self._branch: list[tuple[str, int]] = []
        """The directories below it that are open: those of the last name, from the top down."""
        self._staged: list[str] = []
        self._is_new = not os.path.lexists(path)
        """Whether there is none yet: then all is written next to it, and gets its name as a whole."""
        try:
            if self._is_new:
                self._parent = _open_parent(path, inside)
                self._handle = _fresh_tree(self._parent, self._fresh)
            else:
                self._handle = _open_output(path, inside)
                self._stage = _fresh_directory(self._handle, _STAGING)
        except BaseException:
            self._close_handles()
            raise

    @property
    def _fresh(self) -> str:
        return f".{self.path.name}{_STAGING}"

    def __enter__(self) -> OutputDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was staged and not put into place."""
        self._leave(0)
        if self._is_new:
            shutil.rmtree(self._fresh, ignore_errors=True, dir_fd=self._parent)
        elif self._stage >= 0:
            _empty(self._stage)
            with suppress(OSError):
                os.rmdir(_STAGING, dir_fd=self._handle)
        self._close_handles()

    def _close_handles(self) -> None:
        for handle in (self._parent, self._handle, self._stage):
            if handle >= 0:
                os.close(handle)
        self._parent = self._handle = self._stage = -1

    def stage(self, name: str, content: bytes, *, private: bool = False) -> None:
        """Write a file that `commit` puts at `name`; a `private` one only its owner may read."""
        place, directory = str(len(self._staged)), self._stage
        if self._is_new:
            *parents, place = name.split("/")
            directory = self._enter(parents, create=True)
        elif directory < 0:
            directory = self._stage = _fresh_directory(self._handle, _STAGING)
        handle = os.open(place, _NEW_FILE, 0o600 if private else 0o666, dir_fd=directory)
        with open(handle, "wb", buffering=0) as file:
            remaining = memoryview(content)
            while remaining:
                remaining = remaining[file.write(remaining) :]
        self._staged.append(name)

    def restage(self, name: str, other: str) -> None:
        """Give a staged file another name in its directory."""
        self._staged[self._staged.index(name)] = other
        if self._is_new:
            *parents, leaf = name.split("/")
            parent = self._enter(parents, create=True)
            os.rename(leaf, other.rpartition("/")[2], src_dir_fd=parent, dst_dir_fd=parent)

    def commit(self) -> None:
        """Put all staged files into place."""
        if self._is_new:
            os.rename(self._fresh, self.path.name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
            self._is_new = False
            self._staged.clear()
            return
        for name in self._staged:
            self._check_place(name)
        for number, name in enumerate(self._staged):
            parent = self._enter(name.split("/")[:-1], create=True)
            os.replace(str(number), name.rpartition("/")[2], src_dir_fd=self._stage, dst_dir_fd=parent)
        self._staged.clear()

    def read(self, name: str) -> str:
        """Return the text of a file at the top; empty where there is none, or something else."""
        try:
            handle = os.open(
                name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._handle
            )
        except OSError:
            return ""
        with open(handle, encoding="utf-8", errors="replace") as file:
            return file.read() if stat.S_ISREG(os.fstat(handle).st_mode) else ""

    def remove(self, name: str) -> bool:
        """Remove a file; return whether there was one that no link led to."""
        *parents, leaf = name.split("/")
        if not leaf or {"", ".", ".."} & {*parents, leaf}:
            return False
        try:
            parent = self._enter(parents, create=False)
            if not stat.S_ISREG(os.stat(leaf, dir_fd=parent, follow_symlinks=False).st_mode):
                return False
            os.unlink(leaf, dir_fd=parent)
        except (FileNotFoundError, NotADirectoryError, JobdslError):
            return False
        return True

    def _check_place(self, name: str) -> None:
        *parents, leaf = name.split("/")
        with suppress(FileNotFoundError):
            parent = self._enter(parents, create=True)
            if stat.S_ISDIR(os.stat(leaf, dir_fd=parent, follow_symlinks=False).st_mode):
                raise JobdslError(
                    f"{self.path / name} is a directory", hint="remove it, or name a new directory"
                )

    def _enter(self, parts: Sequence[str], *, create: bool) -> int:
        """Return the handle of a directory below this one. JobdslError where a link stands in the way."""
        shared = 0
        while shared < min(len(parts), len(self._branch)) and parts[shared] == self._branch[shared][0]:
            shared += 1
        self._leave(shared)
        handle = self._branch[-1][1] if self._branch else self._handle
        for part in parts[shared:]:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=handle)
            handle = _open_below(handle, part, self.path.joinpath(*(name for name, _ in self._branch), part))
            self._branch.append((part, handle))
        return handle

    def _leave(self, depth: int) -> None:
        while len(self._branch) > depth:
            os.close(self._branch.pop()[1])


def write_file(path: Path, text: str, *, private: bool = False) -> None:
    """Write a file as a whole, and the directories it lies in; a link in its place is replaced, not followed.

    A `private` one is for its owner alone. What is no file (a terminal, a pipe) is written to.

    Raises:
        OSError: The file system refuses.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_text(text, "utf-8")
        return
    fresh = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    try:
        with open(os.open(fresh, _NEW_FILE, 0o600 if private else 0o666), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _open_parent(path: Path, inside: Path | None) -> int:
    """Open the directory that is to hold a new one, and make those around it that are missing."""
    parent = Path(os.path.abspath(path)).parent
    if inside is not None and parent.is_relative_to(os.path.abspath(inside)):
        return _open_output(parent, inside)
    if not parent.exists():
        parent.mkdir(parents=True)
    return os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _fresh_tree(parent: int, name: str) -> int:
    """Open an empty directory that is to get another name; what a killed run left there is removed."""
    with suppress(FileNotFoundError, NotADirectoryError):
        shutil.rmtree(name, dir_fd=parent)
    os.mkdir(name, dir_fd=parent)
    return os.open(name, _DIRECTORY, dir_fd=parent)


def _open_output(path: Path, inside: Path | None) -> int:
    absolute = Path(os.path.abspath(path))
    top = Path(os.path.abspath(inside)) if inside is not None else None
    if top is None or not absolute.is_relative_to(top):
        top = absolute.parent
        if not top.exists():
            top.mkdir(parents=True)
    handle = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    place = top
    for part in absolute.relative_to(top).parts:
        place /= part
        try:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=handle)
            below = _open_below(handle, part, place)
        finally:
            os.close(handle)
        handle = below
    return handle


def _open_below(handle: int, part: str, place: Path) -> int:
    try:
        return os.open(part, _DIRECTORY, dir_fd=handle)
    except OSError:
        with suppress(OSError):
            if stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
                hint = "no link is followed: remove it, or name the directory it leads to"
                raise JobdslError(f"{place} is a link", hint=hint) from None
        raise


def _fresh_directory(handle: int, name: str) -> int:
    """Open an empty directory, also where an earlier run left one with files."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=handle)
    opened = _open_below(handle, name, Path(name))
    _empty(opened)
    return opened


def _empty(handle: int) -> None:
    for name in os.listdir(handle):
        with suppress(OSError):
            os.unlink(name, dir_fd=handle)
