"""Fields that Jenkins reads and stores as something else, and what it adds where nothing was sent.

The table `conversions.tsv` has them, each with the line of Jenkins' source.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from jobdsl.documents.aliases import canonical, tag_class
from jobdsl.documents.storing import means_nothing
from jobdsl.documents.tree import Node

__all__ = [
    "Conversion",
    "additions_of",
    "conversions_of",
    "holds",
    "holds_value",
    "old_fields",
    "widened_branches",
]

How = Literal["converted", "copied", "kept", "ignored", "lost", "added"]


class Conversion(NamedTuple):
    """What becomes of one field, or what a class gets by itself."""

    how: How
    java: str
    """Its classes, with `|` between; all of a package where it ends with `*`."""
    field: str
    into: str
    """Path beside the field of what it becomes; of a lost one, what to write instead."""
    nothing: str
    plugin: str

    @property
    def becomes(self) -> bool:
        """Whether Jenkins makes something of it that means the same."""
        return self.how in ("converted", "copied", "kept")

    @property
    def target(self) -> tuple[str, ...]:
        """The path of what it becomes, without the class that it has there."""
        return tuple(self.into.partition("=")[0].split("/"))

    def makes_nothing_of(self, child: Node) -> bool:
        """Return whether a field with this content changes nothing."""
        value = child.text.strip()
        if child.children:
            return False
        return not value or (value in self.nothing.split("|") if self.nothing else means_nothing(value))


@cache
def _table() -> tuple[Conversion, ...]:
    from jobdsl.documents.tables import rows  # needed with the table only, not by each child that starts

    return tuple(
        Conversion(how, java, field, into, nothing, plugin)  # type: ignore[arg-type]
        for how, java, field, into, nothing, plugin, _ in rows("jobdsl.documents", "conversions.tsv")
    )


@cache
def _by_class() -> dict[str, tuple[Conversion, ...]]:
    """Return the lines by class, and by package with its last dot."""
    by_class: dict[str, tuple[Conversion, ...]] = {}
    for conversion in _table():
        for java in conversion.java.split("|"):
            key = java.removesuffix("*")
            by_class[key] = (*by_class.get(key, ()), conversion)
    return by_class


@lru_cache(maxsize=10_000)
def _of(name: str) -> tuple[Conversion, ...]:
    """Return all lines of the class that a name stands for."""
    java = canonical(name)
    package = java.rpartition(".")[0]
    own = _by_class().get(java, ())
    while package:
        own += _by_class().get(f"{package}.", ())
        package = package.rpartition(".")[0]
    return own


@lru_cache(maxsize=10_000)
def conversions_of(name: str) -> dict[str, Conversion]:
    """Return what becomes of old fields of a class, by their path in it."""
    return {conversion.field: conversion for conversion in reversed(_of(name)) if conversion.how != "added"}


def old_fields(tags: Collection[str]) -> frozenset[str]:
    """Return the old fields that become children of these tags."""
    return frozenset(
        conversion.field for conversion in _table() if conversion.becomes and conversion.target[0] in tags
    )


@lru_cache(maxsize=10_000)
def additions_of(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of what Jenkins adds to an object of a class by itself."""
    return tuple(conversion.target for conversion in _of(name) if conversion.how == "added")


def holds(holder: Node, conversion: Conversion) -> bool:
    """Return whether an object holds what a field of it becomes."""
    return _target(holder, conversion) is not None


def holds_value(holder: Node, conversion: Conversion, field: Node) -> bool:
    """Return whether what a field becomes has the same value, as far as a part of the same name shows it."""
    target = _target(holder, conversion)
    if target is None:
        return False
    same_name = [node for node in target.walk() if node.tag == field.tag and not node.children]
    return field.children != [] or not same_name or any(_is_equal(node, field) for node in same_name)


def _is_equal(stored: Node, field: Node) -> bool:
    return stored.text.strip().lower() == field.text.strip().lower()


def _target(holder: Node, conversion: Conversion) -> Node | None:
    """Return what a field of an object becomes, where the object holds it."""
    node = holder
    for name in conversion.target:
        child = next(
            (child_node for child_node in node.children if tag_class(child_node.tag) == canonical(name)), None
        )
        if child is None:
            return None
        node = child
    java = conversion.into.partition("=")[2]
    return node if not java or canonical(node.attrs.get("class", "")) == java else None


def widened_branches(git: Node) -> dict[str, str]:
    """Return the names of branches that the Git plugin writes differently when it reads its own document.

    Without `configVersion`, or with 0, each `*` becomes `**`, and the version stays: with every update again
    (git 5.10, measured).
    """
    version = git.find("configVersion")
    branches = git.find("branches")
    if version is not None and version.text.strip() not in ("", "0"):
        return {}
    names = [name.text for branch in (branches.children if branches else ()) if (name := branch.find("name"))]
    return {name: name.replace("*", "**") for name in names if "*" in name}
