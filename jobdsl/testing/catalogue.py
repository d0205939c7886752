"""What the controller knows about Java classes: their plugin, their fields, and what it fills in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

_CORE = ("hudson.", "jenkins.")
_SHARED = ("hudson.scm", "hudson.tasks", "hudson.plugins.git")
"""Packages that several plugins put classes into: being in one proves nothing."""
__all__ = ["Catalogue", "TableCatalogue", "VocabularyCatalogue", "plugin_list"]


class Catalogue(Protocol):
    """Knowledge of classes by their Java name.

    The fields of a class that no tag names (the value of a field of fixed type) are found under
    `Owner/field`, the owner being such a name itself.
    """

    def plugin_of(self, class_name: str) -> str | None:
        """Return the short name of the plugin of a class, empty for core, None for an unknown class."""
        ...

    def fields_of(self, class_name: str) -> Mapping[str, str | None] | None:
        """Fields in the order they are written, each with the XML written when it is missing.

        None as value: nothing is written then. None as answer: any field is kept as it comes.
        """
        ...


class TableCatalogue:
    """The classes of the table that stands beside this module."""

    def __init__(self, table: Mapping[str, Any] | None = None) -> None:
        self._table = _load("catalogue.json") if table is None else table
        self._merged: dict[str, dict[str, str | None]] = {}
        self._packages: dict[str, str] = {}
        for java, entry in self._table.items():
            package = java.rpartition(".")[0]
            if "/" not in java and package not in _SHARED:
                self._packages.setdefault(package, entry.get("plugin") or "")

    def plugin_of(self, class_name: str) -> str | None:
        """Short name of the plugin, empty for core; of a class not listed, that of its package.

        Null in the table is a class that its plugin has no longer.
        """
        entry = self._table.get(class_name)
        if entry is None:
            return self._packages.get(class_name.rpartition(".")[0])
        plugin = entry.get("plugin", "")
        return None if plugin is None else str(plugin)

    def fields_of(self, class_name: str) -> Mapping[str, str | None] | None:
        """Fields with what is written when they are missing."""
        entry = self._table.get(class_name)
        fields: Mapping[str, str | None] | None = None if entry is None else entry.get("fields")
        return fields


class VocabularyCatalogue(TableCatalogue):
    """The table, and the typed vocabulary beside it: its classes, and fields the table has not seen."""

    def plugin_of(self, class_name: str) -> str | None:
        """By the table, then by the vocabulary, then by the package."""
        typed = None if class_name in self._table else _typed(class_name)
        if typed is None or not (typed.plugin or class_name.startswith(_CORE)):
            return super().plugin_of(class_name)
        return str(typed.plugin)

    def fields_of(self, class_name: str) -> Mapping[str, str | None] | None:
        """Return the fields of the table with those only the vocabulary knows in their places."""
        fields = super().fields_of(class_name)
        if fields is None:
            return None
        if class_name not in self._merged:
            typed = _typed(class_name)
            gone = self._table[class_name].get("gone", ())  # old fields that are read and never written
            tags = [] if typed is None else [tag for tag in typed.by_tag if tag not in gone]
            self._merged[class_name] = _merged(fields, tags)
        return self._merged[class_name]


def _typed(class_name: str) -> Any:
    from jobdsl.elements import load_all
    from jobdsl.elements.base import typed

    load_all()
    return typed(class_name)


def _merged(fields: Mapping[str, str | None], tags: list[str]) -> dict[str, str | None]:
    """Return the fields, and each further tag after the one it follows in the vocabulary."""
    names = list(fields)
    for before, tag in zip(["", *tags], tags, strict=False):
        if tag not in names:
            names.insert(names.index(before) + 1 if before in names else 0, tag)
    return {name: fields.get(name) for name in names}


@cache
def _load(name: str) -> Any:
    return json.loads(files("jobdsl.testing").joinpath(name).read_text(encoding="utf-8"))


def plugin_list(plugins: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Short name, long name and version of plugins given by name and version; of None, the recorded ones."""
    if plugins is None:
        recorded: Iterable[Mapping[str, Any]] = _load("plugins.json")
        return [dict(plugin) for plugin in recorded]
    return [
        {"shortName": name, "longName": name, "version": version, "dependencies": 0}
        for name, version in plugins.items()
    ]
