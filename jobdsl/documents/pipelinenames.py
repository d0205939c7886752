"""Which plugin brings a name that a Pipeline calls: the table `pipelinenames.tsv` has a source for each."""

from __future__ import annotations

from functools import cache

from jobdsl.documents.pipelinescript import Place

__all__ = ["plugins_of_call"]

_ALSO: dict[Place, tuple[str, ...]] = {
    "step": ("step", "variable"),
    "option": ("option", "property", "step"),
}
"""Kinds of names that one place takes."""


def plugins_of_call(place: Place, name: str) -> tuple[str, ...]:
    """Return the plugins any of which brings a name in a place; none for Jenkins' own and unknown names."""
    table = _table()
    kinds = _ALSO.get(place, (place,))
    return tuple(plugin for kind in kinds for plugin in table.get((kind, name), ()))


@cache
def _table() -> dict[tuple[str, str], tuple[str, ...]]:
    from jobdsl.documents.tables import rows  # needed with the table only

    table: dict[tuple[str, str], tuple[str, ...]] = {}
    for kind, name, plugin, _ in rows("jobdsl.documents", "pipelinenames.tsv"):
        table[kind, name] = (*table.get((kind, name), ()), plugin)
    return table
