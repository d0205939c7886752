"""Long texts of jobs in files of their own: scripts a person opens in an editor, each text once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath

from jobdsl.errors import DslError

__all__ = ["Scripts", "holds"]

_LINES = 25
"""Lines from which a text gets a file."""
_CHARACTERS = 20_000
"""Characters from which it does, however few its lines."""
_LARGEST = 1 << 20
"""Characters of the longest text: `read_file` takes 4 MB of UTF-8."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ENDINGS = (
    ("#!", "python", ".py.txt"),
    ("#!", "perl", ".pl"),
    ("#!", "ruby", ".rb"),
    ("#!", "groovy", ".groovy"),
    ("#!", "sh", ".sh"),
    ("", "description", ".txt"),
    ("", "flow-definition", ".groovy"),
    ("", "powershell", ".ps1"),
    ("", "batch", ".bat"),
    ("", "groovy", ".groovy"),
    ("", "cps", ".groovy"),
    ("", "shell", ".sh"),
    ("", "xml", ".xml.txt"),
)
"""How a text begins, a word in its first line or in the name of its element, and the file's ending."""


class Scripts:
    """The files of one directory of the estate."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.texts: dict[str, str] = {}
        """Texts by path, relative to the estate's root."""
        self._paths: dict[str, str] = {}

    def files_of(self, job: str) -> Callable[[str, str], str]:
        """Return the function that gives a text of this job a file: `(text, kind of element) -> name for
        read_file`.
        """
        name = job.removeprefix(f"{self.directory}/")
        return lambda text, kind: self._name(text, kind, name)

    def put(self, text: str, kind: str, job: str, suffix: str = "") -> str:
        """Keep a text in a file; return the name for read_file."""
        if text not in self._paths:
            path = self._free(_UNSAFE.sub("-", job).strip("-.") or "script", _ending(text, kind) + suffix)
            self._paths[text] = path
            self.texts[str(PurePosixPath(self.directory, path))] = text
        return f"./{self._paths[text]}"

    def _name(self, text: str, kind: str, job: str) -> str:
        if not _long(text) or not holds(text):
            return ""
        if len(text) > _LARGEST:
            raise DslError(f"a text of {len(text) >> 20} MB is longer than an estate's file may be")
        return self.put(text, kind, job)

    def _free(self, stem: str, ending: str) -> str:
        number = 1
        while True:
            path = f"scripts/{stem[:80]}{f'-{number}' if number > 1 else ''}{ending}"
            if str(PurePosixPath(self.directory, path)) not in self.texts:
                return path
            number += 1


def _long(text: str) -> bool:
    return text.count("\n") >= _LINES or len(text) >= _CHARACTERS


def holds(text: str) -> bool:
    """Return whether a file, and whatever keeps it, gives the very same text back."""
    if "\r" in text or "\0" in text:  # line ends are changed on the way by version control
        return len(text) >= _CHARACTERS
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ending(text: str, kind: str) -> str:
    first = text.split("\n", 1)[0]
    kind = kind.lower()
    for begins, word, ending in _ENDINGS:
        if first.startswith(begins) and word in (first if begins else kind):
            return ending
    return ".txt"
