"""The line of an estate's file that a text of a document comes from: a DSL file, or a script it reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from jobdsl.errors import Where

__all__ = ["SourceLines"]

_LARGEST = 4 << 20
"""Bytes of the largest file a DSL file may read."""
_MOST_FILES = 5_000
_SHORTEST = 4
"""Characters from which a value is looked for by itself; a shorter one stands anywhere."""


class SourceLines:
    """The lines of an estate's files, read when the first is looked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, line: str, value: str, near: Where) -> Where:
        """Find where a line of a text, or a value in it, stands; `near` itself where it stands nowhere.

        A line that stands as it is comes before one that holds the value; of several the next one after
        `near` in its file, then the first of any file.
        """
        whole, value = line.strip(), value.split("\n", 1)[0].strip()
        places = self._lines.get(whole, []) if whole else []
        if not places:
            searched = [text for text in (whole, value) if len(text) >= _SHORTEST]
            places = next((matching for text in searched if (matching := list(self._holding(text)))), [])
        return min(places, key=lambda place: _distance(place, near), default=near)

    def _holding(self, text: str) -> Iterator[Where]:
        for name, lines in self._files.items():
            for number, line in enumerate(lines, 1):
                if text in line:
                    yield Where(name, number)

    def of(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Read the lines of some files of the estate; what is no plain file or no text is left out."""
        texts = {name: _read(self.root / name) for name in names}
        return {name: text.split("\n") for name, text in texts.items() if text is not None}

    @cached_property
    def _lines(self) -> dict[str, list[Where]]:
        places: dict[str, list[Where]] = {}
        for name, lines in self._files.items():
            for number, line in enumerate(lines, 1):
                places.setdefault(line.strip(), []).append(Where(name, number))
        return places

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """Lines by path; what is hidden, is no plain file, is too large or is no text is left out."""
        files: dict[str, list[str]] = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
            for name in sorted(names):
                path = Path(folder, name)
                if len(files) < _MOST_FILES and not name.startswith("."):
                    text = _read(path)
                    if text is not None:
                        files[path.relative_to(self.root).as_posix()] = text.split("\n")
        return files


def _read(path: Path) -> str | None:
    try:
        state = path.lstat()
        if not stat.S_ISREG(state.st_mode) or state.st_size > _LARGEST:
            return None
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _distance(place: Where, near: Where) -> tuple[bool, bool, int, str]:
    other_file = place.file != near.file
    before = not other_file and place.line < near.line
    return other_file, before, 0 if other_file else abs(place.line - near.line), place.file
