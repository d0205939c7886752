"""Where documents come from: a directory of `**/*.xml`, or a controller."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jobdsl import names
from jobdsl.errors import JobdslError
from jobdsl.model import is_folder_root, is_view_root

if TYPE_CHECKING:
    from jobdsl.jenkins import Controller

__all__ = ["Found", "in_directory", "on_controller"]

_LARGEST = 64 << 20
"""Bytes of the largest document that is read; Jenkins' own are a thousandth of that."""
_WORKERS = 8
_ROOT = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<([^\s<>/!?&]+)", re.DOTALL)
_HEAD = 4096
_LONG_TEXT = re.compile(rb">[^<>]{2000,}<")


@dataclass(frozen=True, slots=True)
class Found:
    """A document that can be read when it is wanted."""

    name: str
    """Full name of the item or view."""
    place: str
    """Its file or address, for messages."""
    size: int
    """Bytes."""
    weight: int
    """Bytes without long texts: about what its DSL source will have."""
    is_folder: bool
    is_view: bool
    read: Callable[[], bytes]
    """Raises JobdslError."""


def in_directory(directory: Path) -> list[Found]:
    """The documents below a directory, by name: a path without `.xml` is a full name.

    A `config.xml` whose root is a folder is its directory's own document, as `jobdsl render` writes
    it, unless the directory has one beside it.
    """
    if not directory.is_dir():
        raise JobdslError(f"{directory} is no directory", hint="name the directory the documents are in")
    found = [_file(directory, path) for path in _xml_files(directory)]
    taken = {one.name for one in found}
    return sorted((_own(one, taken) for one in found), key=lambda one: one.name)


def _xml_files(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.endswith(".xml") and not name.startswith(".") and path.is_file():
                yield path


def _file(directory: Path, path: Path) -> Found:
    relative = path.relative_to(directory).as_posix()
    try:
        data = _content(path, relative)
    except JobdslError:
        data = b""  # told again when it is read to be imported
    name = relative.removesuffix(".xml")
    return _found(name, relative, data, is_view_root(_root_of(data)), lambda: _content(path, relative))


def _found(name: str, place: str, data: bytes, is_view: bool, read: Callable[[], bytes]) -> Found:
    weight = len(_LONG_TEXT.sub(b"", data))
    return Found(name, place, len(data), weight, is_folder_root(_root_of(data)), is_view, read)


def _root_of(data: bytes) -> str:
    """The tag of the root, without reading the document: enough to lay out the estate."""
    found = _ROOT.match(data[:_HEAD])
    return found[1].decode("utf-8", "replace") if found else ""


def _content(path: Path, shown: str) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise JobdslError(f"{shown} has more than {_LARGEST >> 20} MB")
        return path.read_bytes()
    except OSError as error:
        raise JobdslError(f"{shown} cannot be read: {error.strerror}") from None


def _own(one: Found, taken: set[str]) -> Found:
    """A folder's `config.xml` under its directory's name."""
    directory, _, file = one.name.rpartition("/")
    if file != "config" or not directory or not one.is_folder or directory in taken:
        return one
    return replace(one, name=directory)


def on_controller(controller: Controller) -> list[Found]:
    """Every item and view of a controller but the views folders are born with and branch jobs, by name.

    Documents are fetched in parallel, all at once. Raises ControllerError.
    """
    wanted = [one for one in controller.inventory() if not one.is_default_view]

    def fetch(kind: str, name: str) -> bytes:
        return controller.config(kind, name)

    with ThreadPoolExecutor(_WORKERS) as pool:
        documents = pool.map(lambda one: fetch(one.kind, one.full_name), wanted)
        return sorted(
            (
                _fetched(controller.url, one.kind, one.full_name, data)
                for one, data in zip(wanted, documents, strict=True)
            ),
            key=lambda one: (one.name, one.is_view),
        )


def _fetched(url: str, kind: str, name: str, data: bytes) -> Found:
    path = names.url_path(name) if kind == "item" else names.view_path(names.parent(name), names.leaf(name))
    return _found(name, f"{url}{path}/config.xml", data, kind == "view", lambda: data)
