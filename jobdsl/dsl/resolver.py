"""Names of files, as DSL files and templates use them: none leads out of the estate."""

from __future__ import annotations

import os
from collections.abc import Iterator

from jobdsl.errors import DslError, suggestion

__all__ = ["FileResolver", "is_below"]

_LARGEST = 4 << 20
"""Bytes of a file that is read."""


class FileResolver:
    """Resolves the names that a file of the estate uses for others, and reads those."""

    def __init__(self, root: str, folder: str) -> None:
        self.root = root
        self.folder = folder
        """The directory of the file that names another."""

    def find(self, name: str) -> str:
        """Return the absolute path of a file. Raises DslError where there is none, or it is out of bounds."""
        if not isinstance(name, str | os.PathLike):
            raise DslError(f"takes the name of a file, not {name!r}")
        path_text = os.fspath(name)
        if "\0" in path_text or not path_text:
            raise DslError(f"{path_text!r} is not a file name")
        if os.path.isabs(path_text):
            raise DslError(f"{path_text!r} is absolute", hint="name it relative to the estate's root")
        near = path_text.startswith(("./", "../"))
        path = os.path.realpath(os.path.join(self.folder if near else self.root, path_text))
        if not is_below(path, self.root) and not (near and self._is_library and is_below(path, self.folder)):
            raise DslError(f"{path_text!r} leaves the estate", hint="put the file into the estate")
        if not os.path.isfile(path):
            raise DslError(f"there is no file {path_text!r}", hint=self._near(path_text, near))
        return path

    @property
    def _is_library(self) -> bool:
        """Whether the naming file is none of the estate's, such as a template that was installed."""
        return not is_below(self.folder, self.root)

    def _near(self, path_text: str, near: bool) -> str:
        start = self.folder if near else self.root
        prefix = "./" if near else ""
        names = [prefix + name for name in _names(start)]
        same = [name for name in names if os.path.basename(name) == os.path.basename(path_text)]
        known = f'did you mean "{same[0]}"?' if len(same) == 1 else suggestion(path_text, names)
        start = "the naming file" if near else "the estate's root"
        return known or f"create it, or name one that is there, as seen from {start}"

    def text(self, path: str) -> str:
        """Return the text of a file. Raises DslError."""
        try:
            with open(path, "rb") as file:
                data = file.read(_LARGEST + 1)
            if len(data) > _LARGEST:
                raise DslError(f"{self.shown(path)} has more than {_LARGEST >> 20} MB")
            return data.decode("utf-8-sig")
        except OSError as error:
            raise DslError(f"{self.shown(path)} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise DslError(f"{self.shown(path)}:{line} is not UTF-8 text", hint="save it as UTF-8") from None

    def shown(self, path: str) -> str:
        """Return a path as the user knows it: relative to the root, or a library's file by its name."""
        return os.path.relpath(path, self.root) if is_below(path, self.root) else os.path.basename(path)


def _names(start: str) -> Iterator[str]:
    """Files below a directory, relative to it; the first thousands of them."""
    count = 0
    for folder, folders, names in os.walk(start):
        folders[:] = [folder_name for folder_name in folders if not folder_name.startswith(".")]
        for name in names:
            count += 1
            yield os.path.relpath(os.path.join(folder, name), start)
        if count > 5000:
            return


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
