"""Rows of text as columns, and ages as text."""

from __future__ import annotations

from collections.abc import Sequence

from jobdsl.printable import one_line

__all__ = ["age", "columns"]

_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "m"))


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Align rows, the head included; each cell is printed on one line."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(len(row[number]) for row in cells) for number in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def age(seconds: float) -> str:
    """Format a time span with one unit: `12d`, `3h`, `5m`, `40s`."""
    for unit, name in _UNITS:
        if seconds >= unit:
            return f"{seconds // unit:.0f}{name}"
    return f"{max(0.0, seconds):.0f}s"
