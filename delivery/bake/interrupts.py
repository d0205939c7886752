"""Exit within four seconds of a signal: Jenkins gives an aborted build five before it kills it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["GRACE", "Interrupted", "Signals"]

GRACE = 3.5
"""Seconds after a signal until the process has exited in any case."""
_HELD = 1.5
"""Seconds a call that makes something may go on, so that its answer is known and can be undone."""


class Interrupted(BaseException):
    """A signal ended the run; the exit code is the shell's."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_code = 128 + number


class Signals:
    """SIGTERM and SIGINT as exceptions, and calls that are not cut off in the middle.

    Only the main thread of a process gets signals: elsewhere this does nothing.
    """

    def __init__(self) -> None:
        self._held = 0
        self._waiting = 0
        """The signal that came while a call was held."""
        self._leaving = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Raise `Interrupted` on signals while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
        before = {number: signal.signal(number, self._handle) for number in kinds}
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A call that makes something: a signal waits for its answer, but not for long."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            if self._waiting and not self._held and not self._leaving:
                self._leave(self._waiting)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._leaving:
            if number == signal.SIGALRM:
                os._exit(128 + self._waiting)
            return  # the first signal is enough
        if number == signal.SIGALRM:
            self._leave(self._waiting)
        elif self._held:
            self._waiting = number
            signal.setitimer(signal.ITIMER_REAL, _HELD)
        else:
            self._leave(number)

    def _leave(self, number: int) -> None:
        spent = _HELD if self._waiting else 0.0
        self._waiting, self._leaving = number, True
        signal.setitimer(signal.ITIMER_REAL, GRACE - spent)
        raise Interrupted(number)
