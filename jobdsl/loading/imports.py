"""Which files of an estate others import, read from their text: nothing is run, and nothing is believed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from jobdsl.loading.importing import is_reserved

__all__ = ["imported"]

_LARGEST = 1 << 20
"""Bytes of a file that are looked at."""
_IMPORT = re.compile(
    r"(?:^|;)[ \t]*(?:from[ \t]+(?P<package>[.\w]+)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n#;]*)"
    r"|import[ \t]+(?P<modules>[^\n#;]*))"
    r"|\b(?:import_module|__import__)\([ \t]*[\"'](?P<called>[\w.]+)[\"']",
    re.MULTILINE,
)
_NAME = re.compile(r"\w[\w.]*")


def imported(root: Path, own: Iterable[str]) -> frozenset[str]:
    """Return the files that these files import, and those that these import in turn, relative to the root."""
    reached: dict[str, None] = {}
    waiting = list(own)
    visited = set(waiting)
    while waiting:
        file = waiting.pop()
        for module in _modules(_text(root / file), file):
            for path in _paths(module):
                if path not in visited and (root / path).is_file():
                    visited.add(path)
                    reached[path] = None
                    waiting.append(path)
    return frozenset(reached)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _modules(text: str, file: str) -> Iterator[str]:
    """Yield the modules that a file's text names in imports, dotted; names out of one may be modules, too."""
    for match in _IMPORT.finditer(text):
        if match["called"]:
            yield match["called"]
        elif match["modules"]:
            yield from (name[0] for part in match["modules"].split(",") if (name := _NAME.search(part)))
        elif match["package"]:
            package = _absolute(match["package"], file)
            yield package
            names = _NAME.findall(re.sub(r"#[^\n]*", "", match["names"]))
            yield from (f"{package}.{name}".lstrip(".") for name in names)


def _absolute(package: str, file: str) -> str:
    """Return the full name of a package that may be named relative to a file."""
    levels = len(package) - len(package.lstrip("."))
    if not levels:
        return package
    folders: Collection[str] = file.split("/")[:-levels]
    return ".".join([*folders, *filter(None, [package.lstrip(".")])])


def _paths(module: str) -> Iterator[str]:
    """Yield the files of the estate that importing a module runs, if they are there."""
    parts = module.split(".")
    if not parts[0] or is_reserved(parts[0]):
        return
    for size in range(1, len(parts) + 1):
        path = "/".join(parts[:size])
        yield f"{path}/__init__.py"
        yield f"{path}.py"
