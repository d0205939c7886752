"""How fast AWS may be asked, and how often it was: one of these for each account and region."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock

__all__ = ["Pace"]

_SLOWEST = 16.0
"""Factor by which it gets slower than in the settings, at most."""


class Pace:
    """Lets calls through one after the other, slower after each throttled answer, and counts them."""

    def __init__(self, per_second: float, clock: HostClock) -> None:
        self._interval = 1.0 / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0
        self.factor = 1.0
        """How much slower than the settings say it is now."""
        self.calls: Counter[str] = Counter()
        """Requests that were sent, repeated ones included, by operation."""

    def attach(self, aws: Aws) -> None:
        """Have every request of an account's clients wait here. The clients must not be made yet."""
        aws.session.events.register("before-send", self._send)
        aws.session.events.register("response-received", self._received)

    def _send(self, event_name: str, **_: Any) -> None:
        self.wait()
        self.calls[event_name.rpartition(".")[2]] += 1

    def _received(self, parsed_response: Mapping[str, Any] | None, **_: Any) -> None:
        code = (parsed_response or {}).get("Error", {}).get("Code", "")
        self.report(throttled=_is_throttled(str(code)))

    def wait(self) -> None:
        """Wait for the next call's turn."""
        with self._lock:
            now = self._clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._interval * self.factor
        if turn > now:
            self._clock.sleep(turn - now)

    def report(self, *, throttled: bool) -> None:
        """Slow down after a throttled answer; get a little faster after any other."""
        with self._lock:
            self.factor = min(_SLOWEST, self.factor * 2) if throttled else max(1.0, self.factor * 0.98)


def _is_throttled(code: str) -> bool:
    return code.startswith(("Throttl", "RequestLimitExceeded", "TooManyRequests", "ProvisionedThroughput"))
