"""Queue and agents over time: one sample a bucket, the last hours only, for the status page."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Sample", "Series"]

BUCKET = 30.0
"""Seconds between two samples that are kept."""
KEPT = 720
"""Samples kept: six hours."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was there at one moment."""

    at: float
    waiting: int
    """Queue items that wait for a pool of ours."""
    agents: Mapping[str, int]
    """Agents by state."""


class Series:
    """A ring of samples. Within a bucket the largest queue stays, so that no peak is lost."""

    def __init__(self, bucket: float = BUCKET, most: int = KEPT) -> None:
        self._bucket = bucket
        self._samples: deque[Sample] = deque(maxlen=most)

    def add(self, sample: Sample) -> None:
        """Add what was just seen."""
        last = self._samples[-1] if self._samples else None
        if last is not None and sample.at // self._bucket == last.at // self._bucket:
            self._samples.pop()
            sample = Sample(sample.at, max(sample.waiting, last.waiting), sample.agents)
        self._samples.append(sample)

    def samples(self) -> list[Sample]:
        """What is kept, the oldest first."""
        return list(self._samples)
