"""The estate being loaded: which file runs, which folder is open, what was added, what was wrong.

Outside a load (a REPL, a user's test) items are only made, and errors are raised at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

from jobdsl.errors import DslError, Problem, Where

__all__ = [
    "Defined",
    "LoadContext",
    "add",
    "apart",
    "complain",
    "current",
    "define",
    "here",
    "inside",
    "path",
    "places",
    "remove",
    "twice",
]


_OURS = ("jobdsl.", "dynaslave.", "delivery.")
"""Modules a user's call passes through."""
_MOST_PROBLEMS = 1000
"""Maximum number of problems reported per file."""


class Defined(Protocol):
    """What a DSL file adds to the load: an item or a view."""

    full_name: str
    where: Where
    template: Where | None
    renamed_from: str | None
    queue: bool

    @property
    def key(self) -> tuple[str, str]:
        """Kind and full name: what must be unique."""

    @property
    def shown_name(self) -> str:
        """Name it in a message."""

    def render(self) -> str:
        """Render the document. Raises DslError."""


class LoadContext:
    """What one run over DSL files gathers."""

    def __init__(self, root: str = "", files: Iterable[str] = ()) -> None:
        self.root = root
        """The estate's directory, absolute."""
        self.files = set(files)
        """Names of the estate's files, as their code objects carry them: relative to the root."""
        self.running: list[str] = []
        """The DSL files being run, outermost first (one may import another)."""
        self.place = Where("?", 0)
        """What is said to be the place of a problem when no file runs."""
        self.items: dict[int, Defined] = {}
        """What was made, by identity: an item may yet become part of another."""
        self.problems: dict[Problem, None] = {}
        self.extra: dict[str, list[dict[str, Any]]] = {}
        self.faulty: dict[int, object] = {}
        """Items and elements with an argument that was refused, by identity."""
        self._places: dict[tuple[str, int], Where] = {}
        self.complained = False
        """Whether a call was refused since the last item was made, and it is not known of which item."""

    def where(self, file: str, line: int) -> Where:
        """Return the place of a line: one object for it, as a line of a loop makes many items."""
        place = self._places.get((file, line))
        if place is None:
            place = self._places[file, line] = Where(file, line)
        return place

    def add(self, item: Defined) -> None:
        """Take an item into the estate."""
        self.items[id(item)] = item
        if self.complained:
            self.complained = False
            self.faulty[id(item)] = item

    def distinct(self) -> list[Defined]:
        """Return the items by full name; a second one of a name is a problem that names both lines."""
        by_key: dict[tuple[str, str], Defined] = {}
        for item in self.items.values():
            other = by_key.setdefault(item.key, item)
            if other is not item:
                self.problem(twice(item.key, other.where, item.where, hasattr(item, "__enter__")))
        return [by_key[key] for key in sorted(by_key, key=lambda key: (key[1], key[0]))]

    def problem(self, problem: Problem) -> None:
        """Record a problem; the same one at the same place is reported once."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.setdefault(problem)


def twice(key: tuple[str, str], first: Where, second: Where, is_folder: bool = False) -> Problem:
    """Return the problem of two definitions of one name, at the later line, whichever ran first."""
    (word, name), (earlier, later) = key, sorted((first, second))
    message = f"{word} {name!r} is defined twice: here and at {earlier}"
    hint = "give one another name, or remove it"
    if is_folder:
        hint = f'to put more into the folder: from jobdsl import inside, and `with inside("{name}"):`'
    return Problem(message, later, hint, job=name)


current: LoadContext | None = None
"""The load in progress, if there is one."""
_folders: list[str] = []


@contextmanager
def apart() -> Iterator[None]:
    """No folder is open in this block: a file that is imported inside a folder is none of its parts."""
    folders = _folders[:]
    _folders.clear()
    try:
        yield
    finally:
        _folders[:] = folders


def path() -> str:
    """Full name of the folder that is open, empty at the top."""
    return _folders[-1] if _folders else ""


@contextmanager
def inside(full_name: str) -> Iterator[None]:
    """Items made in this block live in the folder `full_name`."""
    _folders.append(full_name)
    try:
        yield
    finally:
        _folders.pop()


def add(item: Defined) -> None:
    """Add an item to the load in progress; without one, nothing happens."""
    if current is not None:
        current.add(item)


def remove(item: Defined) -> None:
    """Take an item out again: it became part of another."""
    if current is not None:
        current.items.pop(id(item), None)


def define(kind: str, value: Mapping[str, Any]) -> None:
    """Add a definition that is no item, such as an agent pool, with its line; its values must fit JSON."""
    if current is None:
        return
    where = here()
    try:
        plain = json.loads(json.dumps({**value, "file": where.file, "line": where.line}, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        complain(DslError(f"{kind}: {error}", hint="use text, numbers, lists and dicts"))
        return
    current.extra.setdefault(kind, []).append(plain)


def complain(error: DslError, about: object = None) -> None:
    """A wrong call: remembered with its line during a load, which goes on; raised outside one.

    `about` is the item or element that is not what its file means it to be.
    """
    if current is None:
        raise error
    if about is None:
        current.complained = True
    else:
        current.faulty[id(about)] = about
    where, chain = _error_place()
    hint = "; ".join(part for part in (error.hint, chain) if part)
    current.problem(Problem(error.message, error.where or where, hint))


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def here() -> Where:
    """Return the line of the running DSL file that led here; outside a load, the caller's line."""
    load = current
    if load is not None:
        if not load.running:
            return load.place
        file = load.running[-1]
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == file:
                return Where(file, frame.f_lineno)
            frame = frame.f_back
        return Where(file, 0)
    for frame in _frames():
        if not str(frame.f_globals.get("__name__", "")).startswith(_OURS):
            return Where(frame.f_code.co_filename, frame.f_lineno)
    return Where("?", 0)


def places() -> tuple[Where, Where | None]:
    """Find the running DSL file's line that led here, and the innermost of the estate if it is another."""
    load = current
    if load is None or not load.running:
        return here(), None
    files, running = load.files, load.running[-1]
    inner: Where | None = None
    frame: FrameType | None = sys._getframe(2)  # past the item that calls
    while frame is not None:
        file = frame.f_code.co_filename
        if file == running:
            return load.where(file, frame.f_lineno), inner
        if inner is None and file in files:
            inner = load.where(file, frame.f_lineno)
        frame = frame.f_back
    return load.where(running, 0), inner


def _error_place() -> tuple[Where, str]:
    """The innermost line of the estate, and the line of the DSL file that led there if it is another."""
    assert current is not None
    outer = here()
    for frame in _frames():
        if frame.f_code.co_filename in current.files:
            inner = Where(frame.f_code.co_filename, frame.f_lineno)
            return inner, "" if inner == outer else f"called from {outer}"
    return outer, ""
