"""How much of something was needed at most over a stretch of time: a sliding maximum of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Window"]

_BUCKETS = 12
"""A window remembers so many maxima; what leaves it leaves in steps of a twelfth of its length."""
_BLIND = 60.0
"""Seconds nobody may look without the window starting anew, or a third of its length if that is more."""


@dataclass(frozen=True, slots=True)
class Window:
    """Maxima of a number over the last `length` seconds. Made by `start`, continued by `add`.

    A number holds until the next one is seen.
    """

    length: float
    began: float
    last: float
    value: int
    """The last number seen."""
    buckets: tuple[tuple[int, int], ...]
    """Number of the bucket and the most seen in it, the oldest first."""

    @classmethod
    def start(cls, length: float, now: float, value: int) -> Window:
        """A window that has seen one number."""
        return cls(length, now, now, value, ((_bucket(length, now), value),))

    def add(self, length: float, now: float, value: int) -> Window:
        """The window one look later. It starts anew if its length changed or nobody looked for too long."""
        if not length or length != self.length or not self.last <= now <= self.last + self._patience():
            return Window.start(length, now, value)
        current, most = _bucket(length, now), max(self.value, value)
        if self.buckets[-1][0] == current:
            if most <= self.buckets[-1][1]:
                return Window(length, self.began, now, value, self.buckets)
            return Window(length, self.began, now, value, (*self.buckets[:-1], (current, most)))
        kept = tuple(entry for entry in self.buckets if entry[0] >= current - _BUCKETS)
        return Window(length, self.began, now, value, (*kept, (current, most)))

    def most(self, share: float = 1.0) -> int | None:
        """The most over a share of the length; None as long as it has not been watched for that long."""
        over = share * self.length
        if self.last - self.began < over:
            return None
        return max(most for number, most in self.buckets if self._leaves(number, over) > self.last)

    def next(self, share: float | None = 1.0) -> float:
        """When `most` may be another although the number stays the same; it must be seen by then.

        None: only until when it must be seen.
        """
        times = [self.last + self._patience()]
        if share is not None:
            over = share * self.length
            times += [self.began + over, *(self._leaves(number, over) for number, _ in self.buckets)]
        return min(time for time in times if time > self.last)

    def _patience(self) -> float:
        return max(_BLIND, self.length / 3)

    def _leaves(self, number: int, over: float) -> float:
        """When a bucket is older than that."""
        return (number + 1) * self.length / _BUCKETS + over if self.length else self.last + 1


def _bucket(length: float, now: float) -> int:
    return int(now / (length / _BUCKETS)) if length > 0 else 0
