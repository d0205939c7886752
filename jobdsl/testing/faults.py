"""What goes wrong on purpose: answers that fail, come late or are lost; a controller that dies or starts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from jobdsl.testing.http import HttpRequest

__all__ = ["Failure", "Faults", "Phase", "Status", "Where"]

Phase = Literal["starting", "waking", "up"]
"""starting: 503 to all. waking: 401 even with a valid token, for about a second. up: ready."""
Status = int | Literal["drop", "lose", "cut", "page", "ok"]
"""An HTTP status, or: drop: nothing is done, the connection closes. lose: it is done, but the answer is
lost. cut: it is done, and the connection closes in the middle of the answer. page: nothing is done, and
a proxy answers 200 with its login page. ok: it only comes late."""
Where = str | Callable[[HttpRequest], bool] | None
"""Which requests: those whose path starts so, those a function accepts, or any."""


@dataclass(slots=True, kw_only=True)
class Failure:
    """How the next matching requests fail: an HTTP status or one of the words, and how late."""

    where: Where
    status: Status
    delay: float
    """Seconds before anything happens."""
    times: int
    headers: tuple[tuple[str, str], ...] = ()

    def matches(self, request: HttpRequest) -> bool:
        """Return whether the request is meant."""
        if self.where is None:
            return True
        if isinstance(self.where, str):
            return request.path.startswith(self.where)
        return self.where(request)


class Faults:
    """The failures that are planned."""

    def __init__(self) -> None:
        self.phase: Phase = "up"
        self._planned: list[Failure] = []
        self._left: int | None = None
        self._lock = threading.Lock()

    def plan(self, failure: Failure) -> None:
        """Let the next `failure.times` matching requests fail so."""
        with self._lock:
            self._planned.append(failure)

    def heal(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._planned.clear()
            self._left = None

    def kill_after(self, requests: int | None) -> None:
        """Answer that many more requests, then drop every connection; None heals."""
        with self._lock:
            self._left = requests

    def alive(self) -> bool:
        """Return whether this request is still answered; counts it."""
        if self._left is None:
            return True
        with self._lock:
            if self._left is None or self._left > 0:
                self._left = None if self._left is None else self._left - 1
                return True
            return False

    def take(self, request: HttpRequest) -> Failure | None:
        """Return the failure planned for this request, if any."""
        if not self._planned:
            return None
        with self._lock:
            planned = next((failure for failure in self._planned if failure.matches(request)), None)
            if planned is not None:
                planned.times -= 1
                if planned.times <= 0:
                    self._planned.remove(planned)
            return planned
