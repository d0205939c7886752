"""How little of something there was over a stretch of time: a sliding minimum of fixed size."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Window"]

_BUCKETS = 12
"""A window remembers so many minima; what leaves it leaves in steps of a twelfth of its length."""
_BLIND = 60.0
"""Seconds nobody may look without the window starting anew, or a third of its length if that is more."""


@dataclass(frozen=True, slots=True)
class Window:
    """Minima of a number over the last `length` seconds. Made by `Window.start`, continued by `add`."""

    length: float
    began: float
    last: float
    buckets: tuple[tuple[int, int], ...]
    """Number of the bucket and the least seen in it, the oldest first."""

    @classmethod
    def start(cls, length: float, now: float, value: int) -> Window:
        """A window that has seen one value."""
        return cls(length, now, now, ((_bucket(length, now), value),))

    def add(self, length: float, now: float, value: int) -> Window:
        """The window one look later. It starts anew if its length changed or nobody looked for too long."""
        if length <= 0 or length != self.length or not 0 <= now - self.last <= max(_BLIND, length / 3):
            return Window.start(length, now, value)
        current = _bucket(length, now)
        kept = [entry for entry in self.buckets if entry[0] >= current - _BUCKETS]
        if kept and kept[-1][0] == current:
            kept[-1] = (current, min(kept[-1][1], value))
        else:
            kept.append((current, value))
        return Window(length, self.began, now, tuple(kept))

    def least(self) -> int:
        """The least over the whole length; 0 as long as it has not been watched for that long."""
        if self.last - self.began < self.length:
            return 0
        return min(value for _, value in self.buckets)


def _bucket(length: float, now: float) -> int:
    return int(now / (length / _BUCKETS)) if length > 0 else 0
