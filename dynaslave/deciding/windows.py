"""How much of something was needed at most over a stretch of time: a sliding maximum of bounded size."""

from __future__ import annotations

from typing import NamedTuple

from dynaslave.deciding.tuning import Tuning

__all__ = ["SlidingMaximum"]

Peak = tuple[float, int]
"""Until when a number held, and the number."""


class SlidingMaximum(NamedTuple):
    """Maxima of a number over the last `length` seconds. Made by `start`, continued by `add`.

    A number holds until the next one is seen.
    """

    length: float
    began: float
    last: float
    value: int
    """The last number seen."""
    peaks: tuple[Peak, ...]
    """Numbers that none after them reached, the oldest and highest first; the last one is `value`."""

    @classmethod
    def start(cls, length: float, now: float, value: int) -> SlidingMaximum:
        """A window that has seen one number."""
        return cls(length, now, now, value, ((now, value),))

    def add(self, length: float, now: float, value: int, tuning: Tuning) -> SlidingMaximum:
        """Return the window one poll later. It starts anew if its length changed or polls were missing."""
        if not length or length != self.length or not self.last <= now <= self.last + self._patience(tuning):
            return SlidingMaximum.start(length, now, value)
        peaks = [peak for peak in self.peaks[:-1] if peak[0] >= now - length]
        peaks.append((now, self.value))
        while peaks and peaks[-1][1] <= value:
            peaks.pop()
        peaks.append((now, value))
        if len(peaks) > tuning.window_peaks:
            peaks = [*_merged(peaks[:-1], length / tuning.window_parts), peaks[-1]]
        return SlidingMaximum(length, self.began, now, value, tuple(peaks))

    def most(self, share: float = 1.0) -> int | None:
        """The most over a share of the length; None as long as it has not been watched for that long."""
        over = share * self.length
        if self.last - self.began < over:
            return None
        return next((value for until, value in self.peaks if until + over > self.last), self.value)

    def next(self, share: float | None, tuning: Tuning) -> float:
        """When `most` may be another although the number stays the same; it must be seen by then.

        Args:
            share: of the length, as for `most`; None for until when it must be seen only.
            tuning: the constants.
        """
        times = [self.last + self._patience(tuning)]
        if share is not None:
            over = share * self.length
            times += [self.began + over, *(until + over for until, _ in self.peaks[:-1])]
        return min(time for time in times if time > self.last)

    def _patience(self, tuning: Tuning) -> float:
        return max(tuning.window_gap, self.length / tuning.window_gap_parts)


def _merged(peaks: list[Peak], part: float) -> list[Peak]:
    """Let the highest number of each stretch of `part` seconds hold as long as any other of the stretch."""
    merged: dict[int, Peak] = {}
    for until, value in peaks:
        number = int(until / part)
        merged[number] = (until, merged[number][1] if number in merged else value)
    return list(merged.values())
