"""Other constants of the decision on the same trace: `--tune NAME=VALUE[,VALUE...]` as runs to compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from dynaslave.deciding.tuning import DEFAULTS, Tuning, TuningError, tuned

__all__ = ["MOST_VARIANTS", "TuningVariant", "variants"]

MOST_VARIANTS = 100
"""Combinations of values that are played at most."""


@dataclass(frozen=True, slots=True)
class TuningVariant:
    """The constants of one run."""

    name: str
    """As a row of the table: the values that differ from the defaults."""
    values: Mapping[str, str]
    tuning: Tuning


def variants(options: Iterable[str]) -> list[TuningVariant]:
    """Combine the values of all options; the defaults come first, each combination once.

    Args:
        options: as `NAME=VALUE,VALUE`.

    Raises:
        TuningError: a name or a value is wrong, or there are too many combinations.
    """
    values = _values(options)
    combined = [dict(zip(values, texts, strict=True)) for texts in product(*values.values())]
    if len(combined) > MOST_VARIANTS:
        raise TuningError(f"{len(combined)} combinations are more than {MOST_VARIANTS}; give fewer values")
    runs = {DEFAULTS: TuningVariant("default", {}, DEFAULTS)}
    for texts in combined:
        tuning = tuned(texts)
        name = " ".join(f"{name}={text}" for name, text in texts.items())
        runs.setdefault(tuning, TuningVariant(name, texts, tuning))
    return list(runs.values())


def _values(options: Iterable[str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for option in options:
        name, equals, texts = option.partition("=")
        if not equals or not texts:
            raise TuningError(f"{option!r} has no value; write NAME=VALUE, or NAME=VALUE,VALUE")
        values.setdefault(name.strip(), []).extend(text.strip() for text in texts.split(","))
    return values
