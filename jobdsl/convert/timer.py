"""A limit on the time that a piece of work takes, in a process of one thread."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["TimeUp", "limited"]


class TimeUp(BaseException):
    """The work took too long; no handler of ordinary errors catches it."""


def _stop(*_: Any) -> None:
    raise TimeUp


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TimeUp where what is done inside takes longer; inside another limit, that one holds."""
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        yield
        return
    signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
