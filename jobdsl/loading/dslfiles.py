"""Which files of an estate are DSL files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from jobdsl.errors import Problem, Where
from jobdsl.grammar.names import matches
from jobdsl.settings.config import Files

__all__ = ["LARGEST", "find"]

LARGEST = 4 << 20
"""Bytes of the largest DSL file."""


def find(root: Path, files: Files) -> tuple[list[str], list[Problem]]:
    """The DSL files, relative to the root with "/", sorted; and those that cannot be one."""
    found: list[str] = []
    problems: list[Problem] = []

    def closed(error: OSError) -> None:
        """A directory that cannot be listed: its jobs must not look as if they were removed."""
        where = Where(os.path.relpath(error.filename, root), 0)
        problems.append(Problem(f"the directory cannot be read: {error.strerror}", where))

    for path in _candidates(root, files, closed):
        wrong = _unusable(root, path)
        if wrong is None:
            found.append(path)
        else:
            problems.append(wrong)
    return sorted(found), problems


def _candidates(root: Path, files: Files, on_error: Callable[[OSError], None]) -> Iterator[str]:
    closed = [pattern for pattern in files.exclude if pattern.endswith("/**")]
    for folder, folders, names in os.walk(root, onerror=on_error):
        inside = os.path.relpath(folder, root).replace(os.sep, "/") + "/"
        inside = "" if inside == "./" else inside
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and not any(matches(one, f"{inside}{name}/x") for one in closed)
        ]
        for name in names:
            if name.endswith(".py") and files.has(inside + name):
                yield inside + name


def _printable(char: str) -> str:
    return char if char.isprintable() else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))


def _unusable(root: Path, path: str) -> Problem | None:
    """Why a file cannot be run, if it cannot."""
    if not path.isprintable():  # which halves of characters, as undecodable bytes become, are not either
        where = Where("".join(map(_printable, path)), 0)
        return Problem("the file's name is no printable text", where, "rename it")
    where = Where(path, 0)
    full = root / path
    if full.is_symlink() and not full.resolve().is_relative_to(root.resolve()):
        return Problem("the file is a link that leaves the estate", where, "put the file itself here")
    try:
        size = full.stat().st_size
    except OSError as error:
        return Problem(f"the file cannot be read: {error.strerror}", where)
    if not full.is_file():
        return Problem("this is no regular file", where)
    if size > LARGEST:
        return Problem(f"the file has {size >> 20} MB; a DSL file has at most {LARGEST >> 20} MB", where)
    return None
