"""Offers that had no capacity: left out for minutes, longer each time, and forgotten when they behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dynaslave.provider import Denied, Offer, ProviderError

__all__ = ["Cooling", "avoided", "refused", "still_cooling"]

_FIRST = 180.0
_DENIED = 1800.0
"""What is denied stays denied until somebody changes something."""
_LONGEST = 1800.0
_FORGOTTEN = 3600.0
"""Seconds after its rest in which an offer that is refused again rests twice as long."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """An offer that was refused."""

    times: int
    until: float
    reason: str


def refused(
    cooling: Mapping[Offer, Cooling], errors: Mapping[Offer, ProviderError], now: float
) -> dict[Offer, Cooling]:
    """The offers to leave out, after these were refused."""
    after = dict(cooling)
    for offer, error in errors.items():
        before = after.get(offer)
        times = before.times + 1 if before else 1
        first = _DENIED if isinstance(error, Denied) else _FIRST
        after[offer] = Cooling(times, now + min(first * 2 ** min(times - 1, 20), _LONGEST), error.message)
    return after


def still_cooling(cooling: Mapping[Offer, Cooling], now: float) -> dict[Offer, Cooling]:
    """Those worth remembering."""
    return {offer: rest for offer, rest in cooling.items() if now < rest.until + _FORGOTTEN}


def avoided(cooling: Mapping[Offer, Cooling], types: tuple[str, ...], now: float) -> frozenset[Offer]:
    """Offers of these types that must rest now."""
    return frozenset(offer for offer, rest in cooling.items() if now < rest.until and offer.type in types)
