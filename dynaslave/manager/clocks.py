"""Whether the host's clock was set: seconds since the epoch compared with seconds that never jump."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["ClockWatch", "steady"]

_STEP = 10.0
"""Seconds the clock may differ from what passed: a time server slews less between two polls."""


def steady() -> float:
    """Return seconds that never jump, those in which the host was suspended included where it counts them."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ClockWatch:
    """Compares a clock with a timer, reading by reading."""

    def __init__(self, clock: Callable[[], float], timer: Callable[[], float]) -> None:
        self._clock = clock
        self._timer = timer
        self._offset = clock() - timer()

    def read(self) -> tuple[float, float]:
        """Return the time, and by how many seconds the clock was set since the last reading."""
        now = self._clock()
        offset = now - self._timer()
        step, self._offset = offset - self._offset, offset
        return now, step if abs(step) >= _STEP else 0.0
