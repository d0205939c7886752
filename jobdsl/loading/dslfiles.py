"""Which files of an estate are DSL files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from jobdsl.errors import Problem, Where
from jobdsl.grammar.names import matches
from jobdsl.loading.idle_files import left_out, linked, unread_below
from jobdsl.settings.config import CONFIG_FILE, Files

__all__ = ["LARGEST", "find"]

LARGEST = 4 << 20
"""Bytes of the largest DSL file."""


def find(root: Path, files: Files) -> tuple[list[str], list[Problem]]:
    """Return the DSL files, relative to the root with "/", sorted; and what cannot be one, or is left out."""
    paths: list[str] = []
    problems: list[Problem] = []

    def closed(error: OSError) -> None:
        """Report a directory that cannot be listed: its jobs must not count as removed."""
        where = Where(os.path.relpath(error.filename, root), 0)
        problems.append(Problem(f"the directory cannot be read: {error.strerror}", where))

    for path in _candidates(root, files, closed, problems):
        if not files.has(path):
            problems += filter(None, [left_out(root, path, files)])
        elif (wrong := _unusable(root, path)) is not None:
            problems.append(wrong)
        else:
            paths.append(path)
    return sorted(paths), problems


def _candidates(
    root: Path, files: Files, on_error: Callable[[OSError], None], problems: list[Problem]
) -> Iterator[str]:
    """Yield the paths of all files that are DSL files or resemble one."""
    closed = [pattern for pattern in files.exclude if pattern.endswith("/**")]
    for folder, folders, names in os.walk(root, onerror=on_error):
        inside = os.path.relpath(folder, root).replace(os.sep, "/") + "/"
        inside = "" if inside == "./" else inside
        folders[:] = [name for name in folders if not name.startswith(".")]
        excluded = [
            name for name in folders if any(matches(pattern, f"{inside}{name}/x") for pattern in closed)
        ]
        for name in excluded:
            folders.remove(name)
            yield from _top_files(root, inside + name)
        problems += filter(None, (linked(root, inside + name) for name in folders))
        if inside and CONFIG_FILE in names:
            problems.append(unread_below(inside))
        for name in names:
            if ".py" in name.lower() and not name.startswith("."):
                yield inside + name


def _top_files(root: Path, folder: str) -> Iterator[str]:
    """Yield the files of a directory that is left out, but for those of tests."""
    try:
        names = os.listdir(root / folder)
    except OSError:
        return
    for name in names:
        if name.endswith(".py") and not name.startswith(("test_", "conftest")):
            yield f"{folder}/{name}"


def _printable(char: str) -> str:
    return char if char.isprintable() else "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))


def _unusable(root: Path, path: str) -> Problem | None:
    """Return why a file cannot be run, if it cannot."""
    if not path.isprintable():  # which halves of characters, as undecodable bytes become, are not either
        where = Where("".join(map(_printable, path)), 0)
        return Problem("the file's name is not printable text", where, "rename it")
    where = Where(path, 0)
    full = root / path
    try:
        size = full.stat().st_size
    except OSError as error:
        if full.is_symlink():
            loops = error.errno == errno.ELOOP
            message = f"the file is a link {'that leads back to itself' if loops else 'to nothing'}"
            return Problem(message, where, "put the file itself here")
        return Problem(f"the file cannot be read: {error.strerror}", where)
    if full.is_symlink() and not full.resolve().is_relative_to(root.resolve()):
        return Problem("the file is a link that leaves the estate", where, "put the file itself here")
    if not full.is_file():
        return Problem("this is not a regular file", where)
    if size > LARGEST:
        return Problem(f"the file has {size >> 20} MB; a DSL file has at most {LARGEST >> 20} MB", where)
    return None
