"""What instance types have and cost: the table that comes along (`prices.toml`), or the estate's own."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jobdsl.errors import EstateError, Problem, Where
from jobdsl.settings.tomlread import Reader

__all__ = ["BILLING_MINIMUM", "Price", "Table", "dearest", "load", "shipped", "unknown"]

BILLING_MINIMUM = 60.0
"""Seconds that EC2 bills at least for every instance (Amazon EC2 User Guide, "On-Demand Instances")."""


@dataclass(frozen=True, slots=True)
class Price:
    """One instance type."""

    vcpus: int
    memory_gib: float
    dollars_hour: float
    """On demand."""


Table = Mapping[str, Price]
_KEYS = ("vcpus", "memory_gib", "dollars_hour")


@cache
def shipped() -> Table:
    """Return the table in the package, which names its source and date."""
    text = Path(__file__).with_name("prices.toml").read_text("utf-8")
    return {name: Price(**row) for name, row in tomllib.loads(text).items()}


def load(path: Path, shown: str) -> Table:
    """The table in a file, called `shown` in errors. EstateError with everything wrong in it."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise EstateError([Problem(f"the prices cannot be read: {why}", Where(shown, 0))]) from None
    reader = Reader(text, shown)
    table = {name: row for name in reader.document if (row := _row(reader, name)) is not None}
    if not reader.document:
        reader.error((), "the file names no instance type", '"c7i.large" = { vcpus = 2, ... }')
    reader.finish()
    return table


def _row(reader: Reader, name: str) -> Price | None:
    """The row of a type; None, and a problem, where it is not complete."""
    row = reader.mapping(reader.document[name], (name,))
    reader.known(row, _KEYS, (name,))
    missing = [key for key in _KEYS if key not in row]
    if missing:
        reader.error((name,), f"{name} has no {' and no '.join(missing)}")
        return None
    good = [_is_number(reader, name, key, row[key]) for key in _KEYS]
    return Price(row["vcpus"], float(row["memory_gib"]), float(row["dollars_hour"])) if all(good) else None


def _is_number(reader: Reader, name: str, key: str, value: Any) -> bool:
    whole = key == "vcpus"
    fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if fits and 0 < value < 1e9:
        return True
    expected = "a whole number above 0" if whole else "a number above 0"
    reader.error((name, key), f"{name}.{key} must be {expected}, not {value!r}")
    return False


def unknown(types: Iterable[str], table: Table) -> list[str]:
    """The types the table lacks."""
    return [kind for kind in types if kind not in table]


def dearest(types: Iterable[str], table: Table) -> Price | None:
    """The most there is of each number over these types; None if the table has none of them."""
    rows = [table[kind] for kind in types if kind in table]
    if not rows:
        return None
    return Price(
        max(row.vcpus for row in rows),
        max(row.memory_gib for row in rows),
        max(row.dollars_hour for row in rows),
    )
