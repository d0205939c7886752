"""Clocks: that of the host, and one that tests set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["FakeClock", "HostClock", "elapsed", "iso"]


class HostClock:
    """The clock of this host. Nothing else in this package reads the time or sleeps."""

    def now(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return the seconds since a fixed moment; changes of the host's time do not affect them."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        time.sleep(max(0.0, seconds))


class FakeClock(HostClock):
    """A clock that moves only when its user sleeps; for tests.

    Functions in `woken` are called with the new time after each sleep: tests change their state there.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.steady = 0.0
        self.slept: list[float] = []
        self.woken: list[Callable[[float], None]] = []

    def now(self) -> float:
        """Return the time it was set to."""
        return self.time

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return self.steady

    def sleep(self, seconds: float) -> None:
        """Advance by that many seconds, at once."""
        self.slept.append(seconds)
        self.time += max(0.0, seconds)
        self.steady += max(0.0, seconds)
        for call in self.woken:
            call(self.time)


def iso(seconds: float) -> str:
    """Format a time as in tags and reports: `2027-01-15T08:00:00Z`, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def elapsed(seconds: float) -> str:
    """Format a duration: `0:07`, `12:30`, `1:02:05`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
