"""The documents of a directory: every `**/*.xml` in it, and what lies there and cannot be one.

Nothing outside the directory is read, whatever a link says, and nothing but plain files is opened.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jobdsl.documents.tree import parse
from jobdsl.errors import JobdslError
from jobdsl.importer.sources import Found, found
from jobdsl.model import is_view_root

__all__ = ["LARGEST", "content", "in_directory"]

LARGEST = 64 << 20
"""Bytes of the largest document that is read; Jenkins' own are a thousandth of that."""
_DEEPEST = 100
"""Directories inside one another; an item of Jenkins lies in a handful of folders."""
_KINDS = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a directory"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """Something in the directory that may be a document."""

    place: str
    """Path relative to the directory, with "/"."""
    path: str
    """What is to be opened."""
    refused: str = ""
    """Why it is not."""


def in_directory(directory: Path) -> list[Found]:
    """The documents below a directory, by name: a path without `.xml` is a full name.

    A `config.xml` whose root is a folder is its directory's own document, as `jobdsl render` writes
    it. What begins with a dot is left aside. What is refused is in the list too: it raises when read.
    """
    if not directory.is_dir():
        raise JobdslError(f"{directory} is no directory", hint="name the directory the documents are in")
    documents = [_found(one) for one in _entries(os.path.realpath(directory))]
    beside = {one.name: one for one in documents}
    return sorted((_own(one, beside) for one in documents), key=lambda one: (one.name, one.is_view))


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


def _entries(root: str) -> Iterator[_Entry]:
    """What may be a document, or hold some, in no order."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:
                inside = [one for one in listing if not one.name.startswith(".")]
        except OSError as error:
            if not folder:
                raise JobdslError(f"{root} cannot be listed: {error.strerror}") from None
            yield _Entry(folder, "", f"cannot be listed: {error.strerror}")
            continue
        for one in inside:
            place = f"{folder}/{one.name}" if folder else one.name
            if one.is_symlink():
                yield from _link(root, place, one.path)
            elif one.is_dir(follow_symlinks=False):
                if place.count("/") < _DEEPEST:
                    folders.append(place)
                else:
                    yield _Entry(place, "", f"lies more than {_DEEPEST} directories deep")
            elif one.name.endswith(".xml"):
                yield _file(place, one.path)


def _link(root: str, place: str, path: str) -> Iterator[_Entry]:
    try:
        target = os.path.realpath(path, strict=True)
        if os.path.isdir(target):
            yield _Entry(place, "", "is a link to a directory: those are not followed")
        elif place.endswith(".xml"):
            inside = os.path.commonpath([root, target]) == root
            yield (
                _file(place, target)
                if inside
                else _Entry(place, "", "is a link that leads out of the directory")
            )
    except OSError as error:
        where = "to itself" if error.errno == errno.ELOOP else "nowhere"
        yield _Entry(place, "", f"is a link that leads {where}")


def _file(place: str, path: str) -> _Entry:
    try:
        place.encode()
    except UnicodeEncodeError:
        return _Entry(place, "", "its name is no UTF-8 text")
    try:
        return _Entry(place, path, _no_file(os.stat(path, follow_symlinks=False).st_mode))
    except OSError as error:
        return _Entry(place, "", f"cannot be read: {error.strerror}")


def _no_file(mode: int) -> str:
    """Why something of this mode is not read; empty for a plain file."""
    if stat.S_ISREG(mode):
        return ""
    kind = next((word for is_kind, word in _KINDS if is_kind(mode)), "a device")
    return f"is {kind}, no file"


def _found(entry: _Entry) -> Found:
    place = entry.place.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    name = place.removesuffix(".xml")

    def read() -> bytes:
        if entry.refused:
            raise JobdslError(entry.refused)
        return content(entry.path)

    try:
        data = read()
    except JobdslError:
        data = b""  # told when it is read to be imported
    made = found(name, place, data, is_view=False, read=read)
    return replace(made, is_view=is_view_root(made.root))


def _own(one: Found, beside: dict[str, Found]) -> Found:
    """A folder's `config.xml` under its directory's name.

    Beside an item of that name it is one too many; beside a view, or what cannot be read, it is none.
    """
    directory, _, file = one.name.rpartition("/")
    if file != "config" or not directory or not one.is_folder:
        return one
    other = beside.get(directory)
    if other is None or other.is_view or not _is_sound(other):
        return replace(one, name=directory)
    why = f"is a document of {directory}, and so is {other.place}"

    def refuse() -> bytes:
        raise JobdslError(why)

    return replace(one, name=directory, is_folder=False, read=refuse)


def _is_sound(one: Found) -> bool:
    try:
        parse(one.read())
    except JobdslError:
        return False
    return True
