"""What lies in a directory: documents, directories, and what cannot be read as either.

Nothing outside the directory is read, whatever links lead there, and nothing but plain files is opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from jobdsl.errors import JobdslError

__all__ = ["LARGEST", "DirectoryEntry", "content", "count", "listing"]

LARGEST = 64 << 20
"""Bytes of the largest document that is read; Jenkins' own are a thousandth of that."""
_DEEPEST = 100
"""Directories inside one another; an item of Jenkins lies in a handful of folders."""
_KINDS = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a directory"))


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """Something in the directory that may be a document."""

    place: str
    """Path relative to the directory, with "/"."""
    path: str
    """What is to be opened."""
    refused: str = ""
    """Why it is not."""


def content(path: str) -> bytes:
    """The bytes of a plain file. Raises JobdslError for anything else, at once: a pipe is not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(handle, "rb") as file:
            if wrong := _no_file(os.fstat(handle).st_mode):
                raise JobdslError(wrong)
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise JobdslError(f"cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise JobdslError(f"has more than {LARGEST >> 20} MB")
    return data


def listing(root: str, place: str) -> tuple[list[DirectoryEntry], list[str]]:
    """Return the documents in a directory below `root`, and the names of the directories in it.

    What begins with a dot is left aside. Links to directories and what cannot be read are refused entries.
    Raises JobdslError where the root itself cannot be listed.
    """
    entries: list[DirectoryEntry] = []
    directories: list[str] = []
    try:
        with os.scandir(os.path.join(root, place)) as scan:
            inside = sorted(
                (entry for entry in scan if not entry.name.startswith(".")), key=lambda entry: entry.name
            )
    except OSError as error:
        if not place:
            raise JobdslError(f"{root} cannot be listed: {error.strerror}") from None
        return [DirectoryEntry(place, "", f"cannot be listed: {error.strerror}")], []
    for entry in inside:
        path = f"{place}/{entry.name}" if place else entry.name
        if entry.is_symlink():
            entries += _link(root, path, entry.path)
        elif entry.is_dir(follow_symlinks=False):
            if path.count("/") < _DEEPEST:
                directories.append(entry.name)
            else:
                entries.append(DirectoryEntry(path, "", f"lies more than {_DEEPEST} directories deep"))
        elif entry.name.endswith(".xml"):
            entries.append(_file(path, entry.path))
    return entries, directories


def count(root: str, place: str) -> int:
    """Return how many directories lie in a directory, links aside; none where it cannot be listed."""
    try:
        with os.scandir(os.path.join(root, place)) as scan:
            return sum(entry.is_dir(follow_symlinks=False) for entry in scan)
    except OSError:
        return 0


def _link(root: str, place: str, path: str) -> Iterator[DirectoryEntry]:
    try:
        target = os.path.realpath(path, strict=True)
        if os.path.isdir(target):
            yield DirectoryEntry(place, "", "is a link to a directory: those are not followed")
        elif place.endswith(".xml"):
            inside = os.path.commonpath([root, target]) == root
            yield (
                _file(place, target)
                if inside
                else DirectoryEntry(place, "", "is a link that leads out of the directory")
            )
    except OSError as error:
        where = "to itself" if error.errno == errno.ELOOP else "nowhere"
        yield DirectoryEntry(place, "", f"is a link that leads {where}")


def _file(place: str, path: str) -> DirectoryEntry:
    try:
        place.encode()
    except UnicodeEncodeError:
        return DirectoryEntry(place, "", "its name is not UTF-8 text")
    try:
        return DirectoryEntry(place, path, _no_file(os.stat(path, follow_symlinks=False).st_mode))
    except OSError as error:
        return DirectoryEntry(place, "", f"cannot be read: {error.strerror}")


def _no_file(mode: int) -> str:
    """Return why something of this mode is not read; empty for a plain file."""
    if stat.S_ISREG(mode):
        return ""
    kind = next((word for is_kind, word in _KINDS if is_kind(mode)), "a device")
    return f"is {kind}, not a file"
