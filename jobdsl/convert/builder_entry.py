"""Jenkins Job Builder with any version of setuptools: newer ones have no `pkg_resources`, which it imports.

Runs in child processes alone. As a program it is `jenkins-jobs`, with the same arguments.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module, metadata
from types import ModuleType
from typing import Any

__all__ = ["provide_entry_points"]


class EntryPoint:
    """What Jenkins Job Builder uses of an entry point."""

    def __init__(self, name: str, module_name: str, dist: Any = None, attrs: Sequence[str] = ()) -> None:
        self.name, self.module_name, self.dist, self.attrs = name, module_name, dist, tuple(attrs)

    def load(self) -> Any:
        """Return the object, or the module where it names none."""
        target: Any = import_module(self.module_name)
        for attribute in self.attrs:
            target = getattr(target, attribute)
        return target


def iter_entry_points(group: str, name: str | None = None) -> Iterator[EntryPoint]:
    """Yield the entry points of a group."""
    for entry in metadata.entry_points(group=group):
        if name is None or entry.name == name:
            yield EntryPoint(
                entry.name, entry.module, entry.dist, entry.attr.split(".") if entry.attr else ()
            )


def provide_entry_points() -> None:
    """Let `import pkg_resources` give what Jenkins Job Builder needs of it."""
    module = ModuleType("pkg_resources")
    module.__dict__.update(EntryPoint=EntryPoint, iter_entry_points=iter_entry_points)
    sys.modules["pkg_resources"] = module


if __name__ == "__main__":
    provide_entry_points()
    from jenkins_jobs.cli.entry import main

    main()
