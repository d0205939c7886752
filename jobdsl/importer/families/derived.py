"""Parameters that follow from others: optional parts, opposites, tables of values. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobdsl.importer.families.expressions import Reference, is_closed, shown
from jobdsl.importer.families.patterns import cost
from jobdsl.importer.pretty import Brackets, Code
from jobdsl.secrets.placeholders import SECRET_START

__all__ = ["Derived", "derived", "follows", "substituted"]

_ROWS_A_KEY = 2
"""Rows for each key of a table, on average; fewer are an accident."""
_MOST_KEYS = 40
_TABLE, _ENTRY = 5, 2
"""Words of a table and of an entry, next to its values."""

Column = tuple[Code, ...]


@dataclass(slots=True)
class Derived:
    """Parameters that are left, and what replaces the others."""

    columns: dict[str, Column]
    conditions: dict[str, Reference]
    """Expressions instead of flags."""
    tables: dict[str, Code]
    """Local variables: values by another parameter."""


def derived(
    columns: Mapping[str, Column],
    flags: Mapping[str, frozenset[int]],
    contexts: Mapping[str, set[frozenset[int]]],
    rows: Sequence[int],
) -> Derived:
    """Find parameters that follow from others.

    Args:
        columns: The values of each parameter by its name.
        flags: The rows that have the optional part of a flag.
        contexts: Where each parameter is used: the rows that have the optional part around it.
        rows: The rows of the columns.
    """
    remaining = Derived(dict(columns), {}, {})
    texts = {name: tuple(map(shown, column)) for name, column in columns.items()}
    _without_presence(remaining, texts, flags, contexts, rows)
    _without_opposites(remaining, texts)
    _without_tables(remaining, texts)
    return remaining


def _without_presence(
    remaining: Derived,
    texts: dict[str, tuple[str, ...]],
    flags: Mapping[str, frozenset[int]],
    contexts: Mapping[str, set[frozenset[int]]],
    rows: Sequence[int],
) -> None:
    """Derive whether an optional part is present from a value that only the part uses."""
    for flag, having in flags.items():
        if flag not in remaining.columns or any(
            flag in str(condition) for condition in remaining.conditions.values()
        ):
            continue
        for name, column in remaining.columns.items():
            if (
                name in flags
                or not contexts.get(name)
                or not all(present == having for present in contexts[name])
            ):
                continue
            codes = tuple(code if row in having else "None" for row, code in zip(rows, column, strict=True))
            shown_codes = tuple(map(shown, codes))
            if "None" in (text for row, text in zip(rows, shown_codes, strict=True) if row in having):
                continue
            remaining.columns[name], texts[name] = codes, shown_codes
            remaining.conditions[flag] = Reference(f"{name} is not None")
            del remaining.columns[flag]
            break


def _without_opposites(remaining: Derived, texts: Mapping[str, tuple[str, ...]]) -> None:
    """Replace a flag that is the opposite of another."""
    first: dict[tuple[str, ...], str] = {}
    for name in list(remaining.columns):
        if not _is_flag(texts[name]):
            continue
        opposite = tuple("False" if text == "True" else "True" for text in texts[name])
        if opposite in first:
            remaining.conditions[name] = Reference(f"not {first[opposite]}")
            del remaining.columns[name]
        else:
            first.setdefault(texts[name], name)


def _without_tables(remaining: Derived, texts: Mapping[str, tuple[str, ...]]) -> None:
    """Replace parameters by tables of their values by another one, where that saves words."""
    keys: set[str] = set()
    order = sorted(remaining.columns, key=lambda name: _is_text(texts[name]))  # texts stay rather than calls
    used = {word for condition in remaining.conditions.values() for word in str(condition).split()}
    for name in order:
        if name in keys or name == "name" or name in used:
            continue
        for key, table in _tables(remaining, texts, name):
            costs = _TABLE + sum(cost(a) + cost(b) + _ENTRY for a, b in table)
            condition = _condition(key, [(shown(a), shown(b)) for a, b in table])
            if condition is not None:
                remaining.conditions[name] = condition
            elif costs < _column_cost(remaining.columns[name], texts[name]):
                remaining.tables[name] = Brackets("{", [(f"{shown(a)}: ", b) for a, b in table], f"}}[{key}]")
            else:
                continue
            keys.add(key)
            del remaining.columns[name]
            break


def _tables(
    remaining: Derived, texts: Mapping[str, tuple[str, ...]], name: str
) -> Iterator[tuple[str, list[tuple[Code, Code]]]]:
    """Yield parameters from which one follows, with its values by theirs; those with fewest values first."""
    column = remaining.columns[name]
    if any(SECRET_START in text or "secret(" in text for text in texts[name]):
        return
    for key in sorted(remaining.columns, key=lambda parameter: len(set(texts[parameter]))):
        if key in (name, "name") or not follows(texts[name], texts[key]):
            continue
        if not all(isinstance(code, str) and is_closed(code) for code in remaining.columns[key]):
            continue
        if any(SECRET_START in text or "\n" in text for text in texts[key]):
            continue
        values = dict(zip(texts[key], zip(remaining.columns[key], column, strict=True), strict=True))
        yield key, [values[text] for text in sorted(values)]


def follows(texts: Sequence[str], keys: Sequence[str]) -> bool:
    """Return whether a column follows from another one with at least two rows for each value."""
    distinct = len(set(keys))
    if not 2 <= distinct <= _MOST_KEYS or distinct * _ROWS_A_KEY > len(keys):
        return False
    return len(set(zip(keys, texts, strict=True))) == distinct


def _condition(key: str, table: Sequence[tuple[str, str]]) -> Reference | None:
    """Return a condition on one value of a key, where a table of flags has one that differs."""
    if any(value not in ("True", "False") for _, value in table):
        return None
    for value, sign in (("True", "=="), ("False", "!=")):
        like = [text for text, flag in table if flag == value]
        if len(like) == 1 and like[0] not in ("True", "False", "None"):
            return Reference(f"{key} {sign} {like[0]}")
    return None


def _column_cost(column: Column, texts: Sequence[str]) -> int:
    """Return what the values of a parameter cost in its calls."""
    costs = list(map(cost, column))
    rarest = min(
        sum(c for c, text in zip(costs, texts, strict=True) if text != default) for default in set(texts)
    )
    return min(sum(costs) + len(texts), rarest + 2 * len(texts) // 3) + 3


def _is_flag(texts: Sequence[str]) -> bool:
    return set(texts) == {"True", "False"}


def _is_text(texts: Sequence[str]) -> bool:
    return all(text[:1] in "\"'r" for text in texts)


def substituted(code: Code, conditions: Mapping[str, Reference]) -> Code:
    """Return an expression with conditions in the place of flags."""
    if isinstance(code, Brackets):
        parts = [(label, substituted(part, conditions)) for label, part in code.parts]
        return Brackets(code.start, parts, code.end)
    return conditions.get(code, code) if isinstance(code, Reference) else code
