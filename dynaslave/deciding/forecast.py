"""What is likely to come: builds of the last minutes, and what they say about the next. Pure arithmetic.

Counted are builds that come to a pool, by slots of two minutes. From the typical slot follows how many
more builds may want an executor before a new agent could serve: these executors are kept free
beforehand. From how long builds take follows how soon an executor that was given back is wanted again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

__all__ = ["PATIENT", "SLOT", "Forecast", "Traffic"]

SLOT = 120.0
"""Seconds over which builds are counted together."""
_SLOTS = 5
"""Full slots that are looked back at."""
_ENOUGH = 20
"""Builds before which experience says nothing."""
_SHARE, _SPREAD, _MOST = 0.68, 0.6, 1.9
"""How much is kept free: a share of the builds that will have taken the place of others, and of their
spread; never more than so many times the spread. Found by simulation: docs/simulate.md has the figures."""
_SHORTEST = 0.3
"""What share of its idle time a pool's capacity is kept at least."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What experience says about a pool."""

    ahead: int = 0
    """Executors to keep free for builds that are likely to come before a new agent could serve them."""
    hold: float = 1.0
    """Share of the pool's idle time for which capacity is kept that nobody needs."""
    typical: float = 0.0
    """Builds that come, in a typical stretch, while one agent boots."""


PATIENT = Forecast()
"""Without experience: nothing beforehand, and the whole idle time."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """A pool's builds as the looks have shown them. Made by `start`, continued by `look`."""

    at: float
    running: frozenset[str]
    """Addresses of the builds that ran at the last look."""
    waiting: int
    slots: tuple[tuple[int, int, float], ...]
    """Number of a slot, builds that came in it, executor seconds in which builds ran; the oldest first."""
    total: int = 0
    """Builds that came since the watch began."""

    @classmethod
    def start(cls, now: float, running: frozenset[str], waiting: int) -> Traffic:
        """The first look: what is there has come before."""
        return cls(now, running, waiting, ((_slot(now), 0, 0.0),))

    def look(self, now: float, running: frozenset[str], waiting: int) -> Traffic:
        """One look later."""
        if now < self.at:  # a clock that was set back
            return Traffic.start(now, running, waiting)
        ended = len(self.running - running)
        came = max(0, len(running) + waiting - len(self.running) - self.waiting + ended)
        if not came and _slot(now) == _slot(self.at):
            number, builds, seconds = self.slots[-1]
            current = (number, builds, seconds + len(self.running) * (now - self.at))
            return Traffic(now, running, waiting, (*self.slots[:-1], current), self.total)
        return Traffic(now, running, waiting, self._slots(now, came), self.total + came)

    def _slots(self, now: float, came: int) -> tuple[tuple[int, int, float], ...]:
        """The slots up to now; what ran at the last look has run until now."""
        slots = list(self.slots)
        for number in range(max(_slot(self.at), _slot(now) - _SLOTS), _slot(now) + 1):
            until = min(now, (number + 1) * SLOT)
            seconds = len(self.running) * (until - max(self.at, number * SLOT))
            if slots[-1][0] == number:
                slots[-1] = (number, slots[-1][1], slots[-1][2] + seconds)
            else:
                slots.append((number, 0, seconds))
        slots[-1] = (slots[-1][0], slots[-1][1] + came, slots[-1][2])
        return tuple(slots[-_SLOTS - 1 :])

    def next(self) -> float:
        """When the forecast changes though no build comes or ends."""
        if len(self.running) or any(builds or seconds for _, builds, seconds in self.slots):
            return (_slot(self.at) + 1) * SLOT
        return math.inf

    def forecast(self, boot: float) -> Forecast:
        """What it says, for agents that boot in so many seconds."""
        if self.total < _ENOUGH:
            return PATIENT
        full = [slot for slot in self.slots if slot[0] < _slot(self.at)]
        counts = [builds for _, builds, _ in full] + [0] * (_SLOTS - len(full))
        typical = median(counts) * boot / SLOT
        busy = math.fsum(seconds for _, _, seconds in full) / (_SLOTS * SLOT)
        return Forecast(_ahead(typical, busy), _hold(sum(counts), busy, boot), typical)


def _slot(now: float) -> int:
    return int(now // SLOT)


def _ahead(typical: float, busy: float) -> int:
    """Executors for the growth that is likely while an agent boots.

    typical: builds that come meanwhile. busy: executors that run builds, on average. In a steady stream
    as many builds end as come, so what counts is how far both can differ: the square root of their number.
    """
    if not typical or not busy:
        return 0
    replaced = busy * (1 - math.exp(-typical / busy))
    spread = math.sqrt(2 * replaced)
    return int(min(_SHARE * replaced + _SPREAD * spread, _MOST * spread))


def _hold(builds: int, busy: float, boot: float) -> float:
    """Short builds come back for an executor soon, long ones mostly find it idle for long."""
    if not builds or not busy:
        return _SHORTEST
    lasting = busy * _SLOTS * SLOT / builds
    return min(max(boot / (2 * lasting), _SHORTEST), 1.0)
