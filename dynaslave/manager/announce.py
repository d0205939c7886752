"""What the status page shows as troubles and notes, in the log: as it begins, goes on and ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import structlog

from dynaslave.manager.journal import AGAIN

__all__ = ["Announcer"]

_CHANGING = re.compile(r"0x[0-9a-fA-F]+|\d+")
"""What may differ from poll to poll though the trouble is the same: counts, seconds, addresses of objects."""


class Announcer:
    """Logs texts that come and go. `begins` and `ends` are names of events, as in "trouble"."""

    def __init__(self, log: Callable[[], structlog.stdlib.BoundLogger], begins: str, ends: str = "") -> None:
        self._log = log
        self._begins = begins
        self._ends = ends
        self._shown: dict[str, tuple[float, str]] = {}
        """By text without what changes: when it was last logged, and as what."""

    def show(self, texts: Iterable[str], now: float, *, warn: bool) -> None:
        """Log what is new among the texts shown now, and what is gone."""
        current = {_CHANGING.sub("#", text): text for text in texts}
        for key in self._shown.keys() - current.keys():
            _, text = self._shown.pop(key)
            if self._ends:
                self._log().info(self._ends, text=text)
        for key, text in current.items():
            if key not in self._shown or not 0 <= now - self._shown[key][0] < AGAIN:
                self._shown[key] = (now, text)
                log = self._log()
                (log.warning if warn else log.info)(self._begins, text=text)
