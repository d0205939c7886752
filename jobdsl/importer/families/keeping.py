"""Families of an earlier import, with the members that are as they were and others that fit. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from jobdsl.importer.families.expressions import shown, text_value
from jobdsl.importer.families.find import FamilyFinder
from jobdsl.importer.families.functions import Function, row_call
from jobdsl.importer.families.parameters import Family, FamilyParameter

__all__ = ["kept_families"]

Defaults = Mapping[str, str | None]
"""Parameters with the source of their defaults; None for one without."""

_ALIKE = 0.5
"""Share of what two calls hold that both have, from which a job is tried in a family."""
_PLAIN = frozenset({"True", "False", "None", "[]"})
_FEWEST = 2
"""Members with which a function of an earlier import stays one."""
_MOST_TRIES = 200
"""Jobs that are tried one by one."""


def kept_families(
    finder: FamilyFinder,
    functions: Mapping[int, str],
    defaults: Mapping[str, Defaults],
    unchanged: Iterable[int],
    written_out: Container[int],
) -> list[Function]:
    """Return the functions of an earlier import with the rows they have now.

    A changed member or a new job becomes a call where the other calls stay as they are; else it is left out.
    So is a job that was written out: it stays as it is.

    Args:
        finder: The calls of now.
        functions: The function of each row that was a call of one.
        defaults: The parameters of each function, with the source of their defaults.
        unchanged: Rows whose documents are what the estate renders.
        written_out: Rows that the estate has and that were no call of a function.
    """
    members: dict[str, list[int]] = {}
    for row in sorted(set(functions) & set(finder.codes)):
        members.setdefault(functions[row], []).append(row)
    unchanged = set(unchanged)
    others = [
        row
        for row in finder.codes
        if row not in written_out and (row not in functions or row not in unchanged)
    ]
    recognised: list[Function] = []
    joined: set[int] = set()
    for name, everyone in sorted(members.items()):
        rows = [row for row in everyone if row in unchanged]
        choices = [choice for choice in (everyone, rows) if len(choice) >= _FEWEST]
        family = _like(finder, choices, defaults.get(name, {}))
        if family is None:
            continue
        rows = rows or everyone
        near = [
            row
            for row in others
            if row not in joined | set(family.rows) and _is_near(finder, row, rows, functions, name)
        ]
        family = _with(finder, Function(name, family), near, defaults.get(name, {}))
        joined |= set(family.rows)
        recognised.append(Function(name, family))
    return recognised


def _like(finder: FamilyFinder, choices: Sequence[list[int]], defaults: Defaults) -> Family | None:
    """Return the family whose parameters are most like those there were; of equal ones the first."""
    families = [_with_defaults(family, defaults) for rows in choices if (family := finder.family(rows))]
    return min(families, key=lambda family: _differences(family, defaults), default=None)


def _differences(family: Family, defaults: Defaults) -> int:
    """Return the number of parameters that were lost, or that every call has to give anew."""
    names = {parameter.name for parameter in family.parameters}
    added = [
        parameter
        for parameter in family.parameters
        if parameter.name not in defaults and parameter.default is None
    ]
    return len(set(defaults) - names) + len(added)


def _is_near(
    finder: FamilyFinder, row: int, rows: list[int], functions: Mapping[int, str], name: str
) -> bool:
    if finder.codes[row].start != finder.codes[rows[0]].start:
        return False
    return functions.get(row) == name or finder.similarity(rows[0], row) >= _ALIKE


def _with(finder: FamilyFinder, function: Function, near: list[int], defaults: Defaults) -> Family:
    """Return a family with the rows that leave the calls of the others as they are."""
    family = function.family
    together = _joined(finder, function, near, defaults)
    if together is not None:
        return together
    for row in near[:_MOST_TRIES]:
        family = _joined(finder, Function(function.name, family), [row], defaults) or family
    return family


def _joined(finder: FamilyFinder, function: Function, rows: list[int], defaults: Defaults) -> Family | None:
    """Return a family with more rows, where its calls stay as they are and that saves words."""
    family = function.family
    if not rows:
        return family
    larger = finder.family(sorted([*family.rows, *rows]))
    if larger is None or finder.saved(larger) <= finder.saved(family):
        return None
    larger = _with_defaults(larger, defaults)
    before = _calls(function)
    after = _calls(Function(function.name, larger))
    return larger if all(after[row] == call for row, call in before.items()) else None


def _with_defaults(family: Family, defaults: Defaults) -> Family:
    """Return a family with the defaults that its parameters had; other values may be most common by now."""
    parameters = []
    for parameter in family.parameters:
        default = defaults.get(parameter.name, parameter.default)
        is_text = default is None or text_value(default) is not None or default in _PLAIN or default.isdigit()
        parameters.append(
            FamilyParameter(parameter.name, parameter.column, default if is_text else parameter.default)
        )
    parameters.sort(key=lambda parameter: parameter.default is not None)
    return Family(family.rows, family.body, parameters, family.variables)


def _calls(function: Function) -> dict[int, str]:
    return {
        row: shown(row_call(function, index, '""', lambda *_: ""))
        for index, row in enumerate(function.family.rows)
    }
