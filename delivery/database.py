"""SQLite files that several processes share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from delivery.errors import DeliveryError

__all__ = ["connected"]

_BUSY_S = 5.0
"""Seconds another process may hold the file."""


@contextmanager
def connected(file: Path, setting: str) -> Iterator[sqlite3.Connection]:
    """Open a connection whose changes are kept if the block succeeds, and close it.

    Args:
        file: The SQLite file; it is made where it is missing.
        setting: What names it in the settings, for the hint.

    Raises:
        DeliveryError: SQLite refuses anything in the block.
    """
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_S)) as connection, connection:
            yield connection
    except sqlite3.Error as error:
        hint = f"{setting} names a SQLite file that this user may write"
        raise DeliveryError(f"{file}: {error}", hint) from error
