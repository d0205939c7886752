"""Files of the estate as text: `read_file`, and `template` with Jinja2.

A name is relative to the estate's root; one that begins with "./" or "../" to the directory of the
file that names it. No name leads out of the estate. Outside a load the root is the nearest directory
above the calling file that holds a `jobdsl.toml`, or the current one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from jobdsl.dsl import context
from jobdsl.errors import DslError, suggestion

if TYPE_CHECKING:
    from jobdsl.dsl.jinja import Renderer

__all__ = ["Places", "read_file", "template"]

_CONFIG_FILE = "jobdsl.toml"
_LARGEST = 4 << 20


def read_file(name: str) -> str:
    """The text of a file of the estate (UTF-8).

    A file that is not there, is no text, or lies outside the estate is an error at the calling line.
    """
    try:
        places = _places(sys._getframe(1))
        return places.text(places.find(name))
    except DslError as error:
        context.complain(DslError(f"read_file: {error.message}", hint=error.hint))
        return ""


def template(name: str, /, **values: Any) -> str:
    """A file of the estate with Jinja2's marks filled in from `values`.

    A name the template uses and `values` lacks is an error, at the template's line and at the calling
    one. Made for shell: lines that hold only a `{% tag %}` leave nothing behind, `${#name}` begins no
    comment, nothing is escaped; `{{ value | quote }}` makes one shell word of a value, and
    `{{ value | groovy }}` a literal of Groovy.
    """
    try:
        places = _places(sys._getframe(1))
        return _renderer(places).render(places.find(name), values)
    except DslError as error:
        context.complain(DslError(f"template: {error.message}", hint=error.hint))
        return ""


class Places:
    """Where the names a file uses lead."""

    def __init__(self, root: str, folder: str) -> None:
        self.root = root
        self.folder = folder
        """The directory of the file that names another."""

    def find(self, name: str) -> str:
        """The absolute path of a file. Raises DslError where there is none, or it is out of bounds."""
        if not isinstance(name, str | os.PathLike):
            raise DslError(f"takes the name of a file, not {name!r}")
        given = os.fspath(name)
        if "\0" in given or not given:
            raise DslError(f"{given!r} is no file's name")
        if os.path.isabs(given):
            raise DslError(f"{given!r} is absolute", hint="name it relative to the estate's root")
        near = given.startswith(("./", "../"))
        path = os.path.realpath(os.path.join(self.folder if near else self.root, given))
        if not _below(path, self.root) and not (near and self._is_library and _below(path, self.folder)):
            raise DslError(f"{given!r} leaves the estate", hint="put the file into the estate")
        if not os.path.isfile(path):
            raise DslError(f"there is no file {given!r}", hint=self._near(given, near))
        return path

    @property
    def _is_library(self) -> bool:
        """Whether the naming file is none of the estate's, such as a template that was installed."""
        return not _below(self.folder, self.root)

    def _near(self, given: str, near: bool) -> str:
        start = self.folder if near else self.root
        prefix = "./" if near else ""
        names = [prefix + one for one in _names(start)]
        same = [one for one in names if os.path.basename(one) == os.path.basename(given)]
        known = f'did you mean "{same[0]}"?' if len(same) == 1 else suggestion(given, names)
        start = "the naming file" if near else "the estate's root"
        return known or f"create it, or name one that is there, as seen from {start}"

    def text(self, path: str) -> str:
        """The text of a file. Raises DslError."""
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
            raise DslError(f"{self.shown(path)}:{line} is no UTF-8 text", hint="save it as UTF-8") from None

    def shown(self, path: str) -> str:
        """A path as the user knows it: relative to the root, or a library's file by its name."""
        return os.path.relpath(path, self.root) if _below(path, self.root) else os.path.basename(path)


def _names(start: str) -> Iterator[str]:
    """Files below a directory, relative to it; the first thousands of them."""
    count = 0
    for folder, folders, names in os.walk(start):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for name in names:
            count += 1
            yield os.path.relpath(os.path.join(folder, name), start)
        if count > 5000:
            return


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _places(frame: FrameType | None) -> Places:
    assert frame is not None
    file = frame.f_code.co_filename
    load = context.current
    root = load.root if load is not None else _root_above(file)
    return Places(root, os.path.dirname(os.path.realpath(os.path.join(root, file))))


def _root_above(file: str) -> str:
    path = Path(file).resolve()
    found = next((one for one in path.parents if (one / _CONFIG_FILE).is_file()), None)
    return str(found or Path.cwd())


def _renderer(places: Places) -> Renderer:
    """The renderer of this load: it keeps what it has read. Outside a load, a new one each time."""
    from jobdsl.dsl.jinja import Renderer  # Jinja2 takes longer to import than all else together

    load = context.current
    if load is None:
        return Renderer(places.root)
    if load.renderer is None:
        load.renderer = Renderer(places.root)
    return load.renderer
