"""How often a user may do something: a count for each name in a window of time."""

from __future__ import annotations

import threading

__all__ = ["Limiter"]

_MOST_NAMES = 10_000
"""Names that are counted at once; beyond, all are forgotten."""


class Limiter:
    """Allows a number of events in so many seconds, for each name."""

    def __init__(self, number: int, seconds: float) -> None:
        self._number, self._seconds = number, seconds
        self._lock = threading.Lock()
        self._seen: dict[str, list[float]] = {}

    def is_free(self, name: str, now: float) -> bool:
        """Return whether one more is allowed."""
        with self._lock:
            return len(self._recent(name, now)) < self._number

    def count(self, name: str, now: float) -> None:
        """Count one."""
        with self._lock:
            if len(self._seen) >= _MOST_NAMES:
                self._seen.clear()
            self._seen[name] = [*self._recent(name, now), now]

    def _recent(self, name: str, now: float) -> list[float]:
        return [at for at in self._seen.get(name, ()) if now - at < self._seconds]
