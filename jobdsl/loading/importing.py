"""How an estate's files become Python modules: their names, where they are found, that each runs once.

`payments/jobs.py` is the module `payments.jobs`. Names that belong to Python itself or to what we
need keep their meaning: beside a `json.py`, `import json` still is Python's. Such a file, and one
whose name is no module name, runs under a name that cannot be imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["EstateModuleFinder", "is_reserved", "module_name"]

_DOT = "\u2024"
"""Stands for a dot within a file's name."""
_FILE, _FOLDER = "\u2025py", "\u2025dir"
"""Endings of names that mean the estate's file, or folder, and nothing else of that name."""
_OURS = frozenset({"jobdsl", "dynaslave", "delivery", "jinja2", "markupsafe", "lxml", "__main__"})


def is_reserved(name: str) -> bool:
    """Return whether a top-level module name means Python's or our own module, whatever the estate holds."""
    return name in _OURS or name in sys.stdlib_module_names


def module_name(root: str, path: str) -> str:
    """Return the name under which a file of the estate runs."""
    *folders, file = path.split("/")
    stem = file.removesuffix(".py")
    parts: list[str] = []
    at = root
    for folder in folders:
        hidden = (not parts and is_reserved(folder)) or _beside(at, folder)
        parts.append(folder.replace(".", _DOT) + (_FOLDER if hidden else ""))
        at = f"{at}/{folder}"
    if stem == "__init__" and parts:
        return ".".join(parts)
    hidden = (not parts and is_reserved(stem)) or os.path.isfile(f"{at}/{stem}/__init__.py")
    return ".".join([*parts, stem.replace(".", _DOT) + (_FILE if hidden else "")])


def _beside(at: str, folder: str) -> bool:
    """Return whether `folder` would be taken for the file `folder.py` next to it."""
    return os.path.isfile(f"{at}/{folder}.py") and not os.path.isfile(f"{at}/{folder}/__init__.py")


class EstateModuleFinder:
    """Finds the estate's modules for `import`, before installed packages and after Python's own."""

    def __init__(self, root: str, run: Callable[[str, ModuleType], None]) -> None:
        self.root = root
        self.run = run
        """Runs the file of that path in a module."""
        self._folders = {root}

    def is_of_estate(self, module: ModuleType) -> bool:
        """Return whether a module is the estate's."""
        spec = getattr(module, "__spec__", None)
        if spec is None:
            return False
        return spec.loader is self or not self._folders.isdisjoint(spec.submodule_search_locations or ())

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002  # the signature is Python's
    ) -> ModuleSpec | None:
        """Return where a module is, if it is the estate's."""
        if path is None:
            return None if is_reserved(name) else self._spec(name, self.root, name)
        at = next((folder for folder in path if folder in self._folders), None)
        return None if at is None else self._spec(name, at, name.rpartition(".")[2])

    def _spec(self, name: str, at: str, word: str) -> ModuleSpec | None:
        only_file, only_folder = word.endswith(_FILE), word.endswith(_FOLDER)
        word = word.removesuffix(_FILE).removesuffix(_FOLDER).replace(_DOT, ".")
        folder, file = f"{at}/{word}", f"{at}/{word}.py"
        if not only_file and os.path.isfile(f"{folder}/__init__.py"):
            return self._new_spec(name, f"{folder}/__init__.py", [folder])
        if not only_folder and os.path.isfile(file):
            return self._new_spec(name, file, None)
        if not only_file and os.path.isdir(folder):
            return self._new_spec(name, None, [folder])
        return None

    def _new_spec(self, name: str, file: str | None, folders: list[str] | None) -> ModuleSpec:
        loader: Any = None if file is None else self
        spec = ModuleSpec(name, loader, origin=file, is_package=folders is not None)
        if folders is not None:
            spec.submodule_search_locations = folders
            self._folders.update(folders)
        spec.has_location = file is not None
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's file."""
        assert module.__file__ is not None
        self.run(os.path.relpath(module.__file__, self.root), module)
