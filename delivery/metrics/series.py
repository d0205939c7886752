"""Make raw values comparable: steps of a window, increments of counters, gaps. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from delivery.metrics.model import SampleWindow

__all__ = ["describe_gaps", "increments", "placed"]

_MANY_MISSING = 0.1
"""Share of missing values from which on they are reported."""
Values = tuple[float | None, ...]


def placed(points: Iterable[tuple[float, float | None]], window: SampleWindow) -> tuple[Values, list[str]]:
    """Place points of any order on the steps of a window; of several in one step the latest time counts.

    Returns:
        The values, and what was left out of them.
    """
    values: list[float | None] = [None] * window.steps
    times = [-math.inf] * window.steps
    infinite = 0
    for time, value in points:
        index = window.index(time)
        if index is None or time < times[index]:
            continue
        is_number = value is not None and math.isfinite(value)
        infinite += value is not None and math.isinf(value)
        values[index], times[index] = value if is_number else None, time
    notes = [f"{infinite} infinite values left out (a division by zero?)"] if infinite else []
    return tuple(values), notes


def increments(values: Sequence[float | None]) -> tuple[Values, int]:
    """Turn a counter into what was added since the step before.

    Where it is smaller than before, its process was restarted, and it counts from zero again. After a gap,
    what was added in it is divided evenly among its steps, so that no step has more than happened in it.

    Returns:
        The increments, None for the first value, and the number of restarts.
    """
    result: list[float | None] = [None] * len(values)
    restarts, last = 0, None
    for index, value in enumerate(values):
        if value is None:
            continue
        if last is not None:
            before = values[last] or 0.0
            is_restart = value < before
            restarts += is_restart
            steps = index - last
            added = (value if is_restart else value - before) / steps
            result[last + 1 : index + 1] = [added] * steps
        last = index
    return tuple(result), restarts


def describe_gaps(values: Sequence[float | None]) -> list[str]:
    """Describe missing values where there are many, also whether they are at the end."""
    missing = sum(value is None for value in values)
    if not values or missing < _MANY_MISSING * len(values):
        return []
    if missing == len(values):
        return ["no values"]
    longest = length = 0
    for value in values:
        length = length + 1 if value is None else 0
        longest = max(longest, length)
    late = f", the last {length} among them: they may come late" if length > 1 else ""
    return [f"{missing} of {len(values)} values are missing, at most {longest} in a row{late}"]
