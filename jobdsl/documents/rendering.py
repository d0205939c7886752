"""Documents as files: DIR/full/name.xml, a folder's own as DIR/full/name/config.xml."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from jobdsl.documents.outdir import OutputDirectory
from jobdsl.errors import JobdslError
from jobdsl.model import Definition

__all__ = ["MANIFEST", "DocumentWriter", "check_output", "file_of", "name_of"]

MANIFEST = ".jobdsl-rendered"
"""Names of the files of the last run, so that the next one removes what is no longer defined."""
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")
_DIRECTORY_END = re.compile(r"\.xml\Z")
_ENDING = re.compile(r"\.(?:item|view)\Z")
_NEEDS_ENDING = re.compile(r"\Aconfig\Z|\.(?:item|view)\Z")
"""Leaves that get an ending of their own: `config`, which is a folder's, and what ends like one that has."""


def file_of(definition: Definition) -> str:
    """Return where a definition's document is written, relative to the directory.

    A name the layout would take for something else is written so that `name_of` gives it back: a leading
    dot, a directory that ends like a file, a job called `config`.
    """
    *folders, leaf = map(_escape, definition.full_name.split("/"))
    if definition.is_folder:
        folders.append(leaf)
    below = "".join(f"{_DIRECTORY_END.sub('%2Exml', folder)}/" for folder in folders)
    if definition.is_folder:
        return f"{below}config.xml"
    return f"{below}{leaf}{_ending(definition) if _NEEDS_ENDING.search(leaf) else ''}.xml"


def name_of(path: str) -> str:
    """Return the full name of the definition that `DocumentWriter` wrote to a path."""
    if path.endswith("/config.xml"):
        stem = path.removesuffix("/config.xml")
    else:
        stem = _ENDING.sub("", path.removesuffix(".xml"))
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stem)


def _escape(name: str) -> str:
    name = _ESCAPED.sub("%25\\1", name)
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _ending(definition: Definition) -> str:
    return ".view" if definition.is_view else ".item"


class DocumentWriter:
    """Writes documents as they come, and puts them into place together.

    Args:
        out: The directory; it is made with the first document.
        estate: The directory of the estate.

    Raises:
        JobdslError: The directory holds files it did not write, has links in the way, or cannot be written.
            Then everything is as it was.
    """

    def __init__(self, out: Path, estate: Path) -> None:
        check_output(out, estate)
        self._out, self._estate = out, estate
        self._directory: OutputDirectory | None = None
        self._names: dict[str, Definition] = {}
        """What is staged, without its document."""

    def __enter__(self) -> DocumentWriter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._directory is not None:
            self._directory.close()

    def stage(self, definition: Definition, *, private: bool = False) -> None:
        """Write a document that `commit` puts into place; a `private` one only its owner may read."""
        name = file_of(definition)
        try:
            directory = self._opened()
            if name in self._names and definition.is_view:
                name = _with_ending(definition, name)
            elif (view := self._names.get(name)) is not None:
                directory.restage(name, _with_ending(view, name))
                self._names[_with_ending(view, name)] = view
            directory.stage(name, definition.document.encode(), private=private)
        except OSError as error:
            message = f"{self._out}/{name}: cannot be written: {error.strerror}"
            raise JobdslError(message, where=definition.where) from None
        self._names[name] = replace(definition, document="")

    def commit(self) -> tuple[list[str], list[str]]:
        """Put all documents into place, and remove what an earlier run wrote and this one did not.

        Returns:
            The names of the files that were written, and of those that were removed.
        """
        written = sorted(self._names)
        try:
            directory = self._opened()
            before = directory.read(MANIFEST).splitlines()
            directory.stage(MANIFEST, "".join(f"{name}\n" for name in written).encode())
            directory.commit()
            stale = [name for name in before if name not in self._names and name.endswith(".xml")]
            return written, [name for name in stale if directory.remove(name)]
        except OSError as error:
            raise JobdslError(f"{self._out}: cannot be written: {error.strerror}") from None

    def _opened(self) -> OutputDirectory:
        if self._directory is None:
            self._directory = OutputDirectory(self._out, _untrusted(self._estate))
        return self._directory


def _with_ending(definition: Definition, name: str) -> str:
    """Return the name of the file where a view and an item have the same one."""
    return f"{name.removesuffix('.xml')}{_ending(definition)}.xml"


def _untrusted(estate: Path) -> Path:
    """Return the directory whose content others may push: the repository of the estate, or the estate."""
    root = estate.resolve()
    return next((path for path in (root, *root.parents) if (path / ".git").exists()), root)


def check_output(out: Path, estate: Path) -> None:
    """Refuse a directory where documents would be among, or replace, files that render did not write."""
    if out.exists() and not out.is_dir():
        raise JobdslError(f"{out} is a file", hint="--out takes a directory")
    place, root = out.resolve(), estate.resolve()
    if root.is_relative_to(place):
        relation = "is the estate itself" if place == root else "holds the estate"
        raise JobdslError(f"{out} {relation}", hint="name a directory for the documents alone")
    if place.is_dir() and not (place / MANIFEST).exists() and (others := _visible(place)):
        shown = ", ".join(others[:3]) + (" ..." if len(others) > 3 else "")
        hint = "name a new directory, an empty one, or one that render wrote"
        raise JobdslError(f"{out} holds files that render did not write: {shown}", hint=hint)


def _visible(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in directory.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise JobdslError(f"{directory} cannot be listed: {error.strerror}") from None
