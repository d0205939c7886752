"""Documents as files: DIR/full/name.xml, a folder's own as DIR/full/name/config.xml."""

from __future__ import annotations

import os
import re
from pathlib import Path

from jobdsl.errors import JobdslError
from jobdsl.model import Definition

__all__ = ["MANIFEST", "Renderer", "file_of", "name_of"]

MANIFEST = ".jobdsl-rendered"
"""Names of the files of the last run, so that the next one removes what is no longer defined."""
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")
_DIRECTORY_END = re.compile(r"\.xml\Z")
_ENDING = re.compile(r"\.(?:item|view)\Z")
_NEEDS_ENDING = re.compile(r"\Aconfig\Z|\.(?:item|view)\Z")
"""Leaves that get an ending of their own: `config`, which is a folder's, and what ends like one that has."""


def file_of(one: Definition) -> str:
    """Where a definition's document is written, relative to the directory.

    A name the layout would take for something else is written so that `name_of` gives it back: a leading
    dot, a directory that ends like a file, a job called `config`.
    """
    *folders, leaf = map(_escape, one.full_name.split("/"))
    if one.is_folder:
        folders.append(leaf)
    below = "".join(f"{_DIRECTORY_END.sub('%2Exml', folder)}/" for folder in folders)
    if one.is_folder:
        return f"{below}config.xml"
    return f"{below}{leaf}{_ending(one) if _NEEDS_ENDING.search(leaf) else ''}.xml"


def name_of(path: str) -> str:
    """The full name of the definition that `Renderer` wrote to a path."""
    if path.endswith("/config.xml"):
        stem = path.removesuffix("/config.xml")
    else:
        stem = _ENDING.sub("", path.removesuffix(".xml"))
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), stem)


def _escape(name: str) -> str:
    name = _ESCAPED.sub("%25\\1", name)
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _ending(one: Definition) -> str:
    return ".view" if one.is_view else ".item"


class Renderer:
    """Writes definitions as they come; `finish` removes what an earlier run wrote and this one did not.

    The directory is its own: new, empty, or one it wrote before. Raises JobdslError for any other.
    """

    def __init__(self, out: Path, estate: Path) -> None:
        self.out = out
        self.written: dict[str, str] = {}
        self._made: set[str] = set()
        _check(out, estate)

    def write(self, one: Definition, *, private: bool = False) -> None:
        """Write one document; a `private` one only its owner may read.

        Raises JobdslError when the file system refuses.
        """
        name = self._free_name(one)
        self.written[name] = one.full_name
        path = f"{self.out}/{name}"
        try:
            self._make_parent(path)
            with open(path, "wb", buffering=0, opener=_private if private else None) as file:
                file.write(one.document.encode())
        except OSError as error:
            raise JobdslError(f"{path}: cannot be written: {error.strerror}", where=one.where) from None

    def _make_parent(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent not in self._made:
            if not self._made:
                self._claim()
            os.makedirs(parent, exist_ok=True)
            self._made.add(parent)

    def _claim(self) -> None:
        """Mark the directory as ours from the first file on: a run may be cut short."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / MANIFEST).touch()

    def _free_name(self, one: Definition) -> str:
        """The usual name; another only where a view and an item have the same one."""
        name = file_of(one)
        if name not in self.written:
            return name
        return f"{name.removesuffix('.xml')}{_ending(one)}.xml"

    def finish(self) -> list[str]:
        """Remove files of an earlier run that this one did not write; gives their names."""
        try:
            return self._finish()
        except OSError as error:
            raise JobdslError(f"{self.out}: cannot be written: {error.strerror}") from None

    def _finish(self) -> list[str]:
        self._claim()
        manifest = self.out / MANIFEST
        before = manifest.read_text("utf-8").splitlines()
        stale = [name for name in before if name not in self.written and _inside(self.out, name)]
        for name in stale:
            (self.out / name).unlink(missing_ok=True)
        manifest.write_text("".join(f"{name}\n" for name in sorted(self.written)), "utf-8")
        return stale


def _check(out: Path, estate: Path) -> None:
    """Refuse a directory where documents would lie among, or in place of, files of somebody else."""
    if out.exists() and not out.is_dir():
        raise JobdslError(f"{out} is a file", hint="--out takes a directory")
    place, root = out.resolve(), estate.resolve()
    if root.is_relative_to(place):
        what = "is the estate itself" if place == root else "holds the estate"
        raise JobdslError(f"{out} {what}", hint="name a directory for the documents alone")
    if place.is_dir() and not (place / MANIFEST).exists() and (others := _visible(place)):
        shown = ", ".join(others[:3]) + (" ..." if len(others) > 3 else "")
        hint = "name a new directory, an empty one, or one that render wrote"
        raise JobdslError(f"{out} holds files that render did not write: {shown}", hint=hint)


def _visible(directory: Path) -> list[str]:
    try:
        return sorted(one.name for one in directory.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise JobdslError(f"{directory} cannot be listed: {error.strerror}") from None


def _private(path: str, flags: int) -> int:
    """Open a file for its owner alone, also one that others could read."""
    handle = os.open(path, flags, 0o600)
    os.fchmod(handle, 0o600)
    return handle


def _inside(out: Path, name: str) -> bool:
    """A manifest is a file like any other: it must not lead outside the directory."""
    parts = Path(name).parts
    return bool(parts) and ".." not in parts and not Path(name).is_absolute() and (out / name).is_file()
