"""Files of an estate that have no effect, and why: left out, never called, unused settings."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from jobdsl.errors import Problem, Severity, Where
from jobdsl.settings.config import CONFIG_FILE, Files, Settings

__all__ = ["idle_files", "left_out", "linked", "unread_below", "unread_settings", "unused_patterns"]

_LARGEST = 1 << 20
_DSL = re.compile(rb"^\s*(?:from jobdsl import|import jobdsl\b(?!\.testing)|from dynaslave)", re.MULTILINE)
_TEST = re.compile(rb"^\s*(?:async )?def test|^@pytest|jobdsl\.testing", re.MULTILINE)
_NEARLY = (".py.txt", ".pyw", ".py3")
"""Suffixes of names that resemble a DSL file's."""


def left_out(root: Path, path: str, files: Files) -> Problem | None:
    """Return a problem for a file that resembles a DSL file and is none; None for any other file."""
    where = Where(path, 0)
    if not path.endswith(".py"):
        if path.lower().endswith((".py", *_NEARLY)):
            message = "the file is left out: its name does not end with .py"
            return Problem(message, where, "rename it", "warning")
        return None
    if files.has(path) or not _defines(root / path):
        return None
    pattern = files.excluding(path)
    why = f"the pattern {pattern!r} of files.exclude" if pattern else "no pattern of files.include names it"
    hint = f"rename it, or set files.{'exclude' if pattern else 'include'} in {CONFIG_FILE}"
    return Problem(f"the file uses jobdsl and is left out: {why}", where, hint, "warning")


def _defines(path: Path) -> bool:
    source = _source(path)
    return _DSL.search(source) is not None and _TEST.search(source) is None


def _source(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return b""


def linked(root: Path, folder: str) -> Problem | None:
    """Return a problem for a link to a directory with DSL files in it, as links are not followed."""
    full = root / folder
    if not full.is_symlink():
        return None
    try:
        names = os.listdir(full)
    except OSError:
        names = []
    if not any(name.endswith(".py") for name in names):
        return None
    message = "the directory is a link: the files in it are left out"
    return Problem(message, Where(folder, 0), "put the directory itself here", "warning")


def unused_patterns(settings: Settings, paths: Collection[str]) -> Iterator[Problem]:
    """Yield a warning for each pattern of files.include that fits none of the paths."""
    if settings.files.include == Files().include:
        return
    for pattern in settings.files.include:
        if not any(Files((pattern,), ()).has(path) for path in paths):
            line = _line_of(settings.text, pattern)
            message = f"files.include: no file fits {pattern!r}"
            hint = "globs are of paths from the estate's root: jobs/**/*.py"
            yield Problem(message, Where(CONFIG_FILE, line), hint, "warning")


def _line_of(text: str, word: str) -> int:
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if f'"{word}"' in line or f"'{word}'" in line), 0)


def unread_settings(root: Path) -> Iterator[Problem]:
    """Yield a problem for each file that resembles settings of this estate and is not read."""
    if not (root / CONFIG_FILE).exists() and (root.parent / CONFIG_FILE).is_file():
        message = f"{CONFIG_FILE} of the directory above is not read: this estate begins below it"
        hint = "give its directory as ESTATE, or move it"
        yield Problem(message, Where(f"../{CONFIG_FILE}", 0), hint, "warning")


def unread_below(folder: str) -> Problem:
    """Return the problem that the settings file in a directory below the root is not read."""
    message = f"this {CONFIG_FILE} is not read: an estate has one, in its root"
    return Problem(message, Where(f"{folder}{CONFIG_FILE}", 0), "move its settings there", "warning")


def idle_files(root: Path, files: Collection[str], busy: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each file that defines nothing, uses no other file, and no other file names."""
    idle = [file for file in files if file not in busy and not file.endswith("__init__.py")]
    modules = {part for file in files for part in file.removesuffix(".py").split("/")}
    sources: dict[str, bytes] = {}
    for file in idle:
        if _is_named(root, file, files, sources):
            continue
        severity = _idleness(_source(root / file), modules)
        if severity is not None:
            message = "the file defines nothing, and no other file imports it"
            hint = "call what makes its jobs, or remove it"
            yield Problem(message, Where(file, 0), hint, severity)


def _is_named(root: Path, file: str, files: Collection[str], sources: dict[str, bytes]) -> bool:
    """Return whether any other file has the file's name as a word."""
    word = re.compile(rb"\b" + re.escape(Path(file).stem.encode("utf-8", "surrogateescape")) + rb"\b")
    for other in files:
        if other != file:
            if other not in sources:
                sources[other] = _source(root / other)
            if word.search(sources[other]):
                return True
    return False


def _idleness(source: bytes, modules: Collection[str]) -> Severity | None:
    """Return the severity for a file without effect: None where it may change what other files made."""
    import ast

    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    nodes = [node for part in tree.body if not isinstance(part, functions) for node in ast.walk(part)]
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            return None
        imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        imported += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(name.partition(".")[0] in modules for name in imported):
            return None
    return "note" if any(isinstance(node, ast.Call) for node in nodes) else "warning"
