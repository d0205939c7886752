"""Offers that had no capacity: left out for minutes, longer each time, and forgotten when they behave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dynaslave.deciding.tuning import Tuning
from dynaslave.provider import Denied, Offer, ProviderError

__all__ = ["SPOT", "Cooling", "Coolings", "avoided", "interrupted", "refused", "still_cooling"]

SPOT = Offer("", "", "spot")
"""Everything of the spot market."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """An offer that was refused."""

    times: int
    until: float
    reason: str


Coolings = Mapping[tuple[str, Offer], Cooling]
"""Offers that rest, each with the pool it rests for; an empty name stands for all pools."""


def refused(
    cooling: Coolings, errors: Mapping[Offer, ProviderError], pool: str, now: float, tuning: Tuning
) -> dict[tuple[str, Offer], Cooling]:
    """Return the offers to leave out, after these were refused to a pool."""
    after = dict(cooling)
    for offer, error in errors.items():
        first = tuning.denied_rest if isinstance(error, Denied) else tuning.offer_rest
        key = (pool if error.own else "", offer)
        after[key] = _longer(after.get(key), first, error.message, now, tuning)
    return after


def interrupted(
    cooling: Coolings, taken: Iterable[Offer], pool: str, reason: str, now: float, tuning: Tuning
) -> dict[tuple[str, Offer], Cooling]:
    """Return the offers to leave out, after spot instances of a pool were taken away before they served.

    The offers rest for all pools. The second time all of spot rests for the pool, so that it gets on-demand.
    """
    after = dict(cooling)
    for offer in taken:
        after["", offer] = _longer(after.get(("", offer)), tuning.offer_rest, reason, now, tuning)
    spot = (pool, SPOT)
    before = after.get(spot)
    after[spot] = (
        _longer(before, tuning.offer_rest / 2, reason, now, tuning) if before else Cooling(1, now, reason)
    )
    return after


def _longer(before: Cooling | None, first: float, reason: str, now: float, tuning: Tuning) -> Cooling:
    times = before.times + 1 if before else 1
    return Cooling(times, now + min(first * 2 ** min(times - 1, 20), tuning.offer_rest_most), reason)


def still_cooling(cooling: Coolings, now: float, tuning: Tuning) -> dict[tuple[str, Offer], Cooling]:
    """Return those worth remembering."""
    return {key: rest for key, rest in cooling.items() if now < rest.until + tuning.offer_forgotten}


def avoided(cooling: Coolings, pool: str, types: Sequence[str], now: float) -> frozenset[Offer]:
    """Return the offers of these types that a pool must leave out now."""
    offers = {offer for (scope, offer), rest in cooling.items() if scope in ("", pool) and now < rest.until}
    every = {replace(offer, type=kind) for offer in offers if not offer.type for kind in types}
    return frozenset(offer for offer in offers | every if offer.type in types)
