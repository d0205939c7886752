"""Names of one Jenkins class: classes that moved, and the short names XStream has for some.

The table `classes.tsv` has each name with the class it stands for today, and the source of that.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

from jobdsl.documents.tree import class_name

__all__ = [
    "canonical",
    "equivalent",
    "names_of",
    "plugin_of_name",
    "replacements",
    "stored_name",
    "tag_class",
]


class _Row(NamedTuple):
    """One line of the table."""

    how: str
    name: str
    java: str
    plugin: str


@cache
def _table() -> dict[str, _Row]:
    """Return the lines of the table by name; those of whole packages end with a dot."""
    from jobdsl.documents.tables import rows  # needed with the table only, not by each child that starts

    lines = rows("jobdsl.documents", "classes.tsv")
    table = [_Row(how, name.rstrip("*"), java.rstrip("*"), plugin) for how, name, java, plugin, _ in lines]
    return {row.name: row for row in table}


@cache
def _packages() -> tuple[_Row, ...]:
    return tuple(row for row in _table().values() if row.name.endswith("."))


@cache
def _written() -> dict[str, str]:
    """Return the name Jenkins writes, by class; only where it is not the class itself."""
    return {row.java: row.name for row in _table().values() if row.how == "written"}


def _row(name: str) -> _Row | None:
    """Return the line for a name, a class of a package that moved included."""
    row = _table().get(name)
    if row is not None:
        return row
    moved = next((package for package in _packages() if name.startswith(package.name)), None)
    return moved and _Row(moved.how, name, moved.java + name.removeprefix(moved.name), moved.plugin)


@lru_cache(maxsize=10_000)
def canonical(name: str) -> str:
    """Return the class that a class name or alias stands for today; any other name as it is.

    Names older than Jenkins 1.106 have `-` for `$`, which XStream still reads.
    """
    row = _row(name)
    if row is None and "-" in name and "." in name and not name.endswith("-array"):
        name = name.replace("-", "$")
        row = _row(name)
    return name if row is None or row.how == "replaced" else row.java


@lru_cache(maxsize=10_000)
def tag_class(tag: str) -> str:
    """Return the class that an element stands for, as the API names it; the name of a field as it is."""
    return canonical(class_name(tag))


@lru_cache(maxsize=10_000)
def stored_name(name: str) -> str:
    """Return the name under which Jenkins writes the class that a name stands for."""
    java = canonical(name)
    moved = next(
        (package for package in _packages() if package.how == "written" and java.startswith(package.java)),
        None,
    )
    return moved.name + java.removeprefix(moved.java) if moved else _written().get(java, java)


@lru_cache(maxsize=10_000)
def replacements(name: str) -> tuple[str, ...]:
    """Return the classes one of which takes the place of this class when Jenkins reads it."""
    row = _row(canonical(name))
    return tuple(row.java.split("|")) if row is not None and row.how == "replaced" else ()


def equivalent(first: str, second: str) -> bool:
    """Return whether two names stand for one class, or Jenkins makes the second one of the first."""
    return canonical(first) == canonical(second) or canonical(second) in replacements(first)


def names_of(name: str) -> tuple[str, ...]:
    """Return all names of the class that a name stands for, the one of today first."""
    java = canonical(name)
    return (java, *(row.name for row in _table().values() if row.java == java and row.how != "replaced"))


def plugin_of_name(name: str) -> str | None:
    """Return the plugin that reads an old name or alias, empty for Jenkins itself; None for other names."""
    row = _row(name)
    return None if row is None else row.plugin.removeprefix("core")
