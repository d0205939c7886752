"""What is likely to come: builds of the last minutes, and what follows for the next. Pure arithmetic.

Counted are builds that come to a pool, by slots of time. From the typical slot follows how many
more builds may want an executor before a new agent could serve: these executors are kept free
beforehand. From how long builds take follows how soon an executor that was given back is wanted again.

Where launches fail, more slots count, and more is kept free: a build should find an executor rather
than wait for an agent that may not come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median, pvariance
from typing import NamedTuple

from dynaslave.deciding.tuning import Tuning

__all__ = ["PATIENT", "BuildArrivals", "Forecast"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What experience predicts for a pool."""

    ahead: int = 0
    """Executors to keep free for builds that are likely to come before a new agent could serve them."""
    hold: float = 1.0
    """Share of the pool's idle time for which unneeded capacity is kept."""
    typical: float = 0.0
    """Builds that come, in a typical stretch, while one agent boots."""


PATIENT = Forecast()
"""Without experience: nothing beforehand, and the whole idle time."""


class BuildArrivals(NamedTuple):
    """A pool's builds as the polls have shown them. Made by `start`, continued by `poll`."""

    at: float
    running: frozenset[str]
    """Addresses of the builds that ran at the last poll."""
    waiting: int
    slots: tuple[tuple[int, int, float], ...]
    """Number of a slot, builds that came in it, executor seconds in which builds ran; the oldest first."""
    total: int = 0
    """Builds that came since the watch began."""

    @classmethod
    def start(cls, now: float, running: frozenset[str], waiting: int, tuning: Tuning) -> BuildArrivals:
        """Begin with the first poll: what is there has come before."""
        return cls(now, running, waiting, ((_slot(now, tuning), 0, 0.0),))

    def poll(self, now: float, running: frozenset[str], waiting: int, tuning: Tuning) -> BuildArrivals:
        """Return the arrivals one poll later."""
        if now < self.at:  # a clock that was set back
            return BuildArrivals.start(now, running, waiting, tuning)
        ended = len(self.running - running)
        came = max(0, len(running) + waiting - len(self.running) - self.waiting + ended)
        if not came and _slot(now, tuning) == _slot(self.at, tuning):
            number, builds, seconds = self.slots[-1]
            current = (number, builds, seconds + len(self.running) * (now - self.at))
            return BuildArrivals(now, running, waiting, (*self.slots[:-1], current), self.total)
        return BuildArrivals(now, running, waiting, self._slots(now, came, tuning), self.total + came)

    def _slots(self, now: float, came: int, tuning: Tuning) -> tuple[tuple[int, int, float], ...]:
        """Return the slots up to now; what ran at the last poll has run until now."""
        slots = list(self.slots)
        length, remembered = tuning.slot, max(tuning.slots, tuning.slots_unreliable)
        current = _slot(now, tuning)
        for number in range(max(_slot(self.at, tuning), current - remembered), current + 1):
            until = min(now, (number + 1) * length)
            seconds = len(self.running) * (until - max(self.at, number * length))
            if slots[-1][0] == number:
                slots[-1] = (number, slots[-1][1], slots[-1][2] + seconds)
            else:
                slots.append((number, 0, seconds))
        slots[-1] = (slots[-1][0], slots[-1][1] + came, slots[-1][2])
        return tuple(slots[-remembered - 1 :])

    def next(self, tuning: Tuning) -> float:
        """When the forecast changes though no build comes or ends."""
        if len(self.running) or any(builds or seconds for _, builds, seconds in self.slots):
            return (_slot(self.at, tuning) + 1) * tuning.slot
        return math.inf

    def forecast(self, boot: float, tuning: Tuning, *, sure: bool = False) -> Forecast:
        """Predict, for agents that boot in so many seconds.

        sure: whether launches fail, so that builds should find an executor free.
        """
        if self.total < tuning.builds_enough:
            return PATIENT
        counts, busy = self._past(tuning.slots, tuning)
        typical = median(counts) * boot / tuning.slot
        boots = busy * tuning.slots * tuning.slot / sum(counts) / boot if any(counts) else 0.0
        ahead = int(_ahead(typical, busy, tuning) * _share(boots))
        if sure:
            return Forecast(max(ahead, self._surely(boot, _spread(typical, busy), tuning)), 1.0, typical)
        return Forecast(ahead, _hold(boots, tuning), typical)

    def _past(self, slots: int, tuning: Tuning) -> tuple[list[int], float]:
        """Of so many full slots: the builds that came in each, and executors that ran some, on average."""
        current = _slot(self.at, tuning)
        full = [slot for slot in self.slots if current - slots <= slot[0] < current]
        counts = [builds for _, builds, _ in full] + [0] * (slots - len(full))
        return counts, math.fsum(seconds for _, _, seconds in full) / (slots * tuning.slot)

    def _surely(self, boot: float, spread: float, tuning: Tuning) -> int:
        """Executors to keep free where launches fail. spread: of the builds of the last minutes."""
        counts, busy = self._past(tuning.slots_unreliable, tuning)
        if sum(counts) < tuning.sure_builds:
            return 0
        rare = fmean(min(count, tuning.sure_clip) for count in counts) * boot / tuning.slot
        heap = min(max(pvariance(counts) / fmean(counts), 1.0), tuning.sure_heap)
        widest = max(math.sqrt((1 + heap) / 2) * spread, _spread(rare, busy))
        return max(1, int(tuning.sure_spread * widest))


def _slot(now: float, tuning: Tuning) -> int:
    return int(now // tuning.slot)


def _ahead(typical: float, busy: float, tuning: Tuning) -> float:
    """Executors for the growth that is likely while an agent boots.

    typical: builds that come meanwhile. busy: executors that run builds, on average. In a steady stream
    as many builds end as come, so what counts is how far both can differ: the square root of their number.
    """
    spread = _spread(typical, busy)
    likely = tuning.ahead_share * spread**2 / 2 + tuning.ahead_spread * spread
    return min(likely, tuning.ahead_most * spread) if likely >= 1 else 0.0


def _spread(came: float, busy: float) -> float:
    """How far the builds that come while an agent boots and those that end meanwhile differ."""
    return math.sqrt(2 * busy * (1 - math.exp(-came / busy))) if busy else 0.0


def _share(boots: float) -> float:
    """How much of it short builds need: their executors are free again for others before an agent boots.

    boots: how many times as long as a boot a build takes.
    """
    return (1 + min(boots, 1.0)) / 2


def _hold(boots: float, tuning: Tuning) -> float:
    """Short builds come back for an executor soon, long ones mostly find it idle for long."""
    shortest = tuning.hold_shortest
    return min(max(1 / (2 * boots), shortest), tuning.hold_longest) if boots else shortest
