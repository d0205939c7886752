"""What spot instances cost now, by type and zone: asked for at most every ten minutes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.provider import ProviderError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SpotPriceTypeDef

__all__ = ["SpotPrices"]

log = logging.getLogger(__name__)

_KEPT = 600.0


class SpotPrices:
    """Dollars an hour. `clock` is seconds since the epoch."""

    def __init__(self, clients: Clients, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._prices: dict[tuple[str, str], float] = {}

    def of(self, type: str, zone: str) -> float | None:
        """Return the last known price; None if there is none. Makes no call."""
        return self._prices.get((type, zone))

    def refresh(self, types: Iterable[str]) -> None:
        """Refresh prices that are older than ten minutes. No answer is no error: only costs depend on it."""
        now = self._clock()
        outdated = [kind for kind in types if not 0 <= now - self._asked.get(kind, -_KEPT) < _KEPT]
        if not outdated:
            return
        self._asked.update(dict.fromkeys(outdated, now))
        try:
            with asking("asking for spot prices"):
                self._keep(self._ask(outdated, now))
        except ProviderError as error:
            log.warning("%s", error)

    def _ask(self, types: list[str], now: float) -> list[SpotPriceTypeDef]:
        """From now on: AWS answers with the price that holds now."""
        pages = self._clients.ec2.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=types,  # type: ignore[arg-type]  # a list of every type AWS had last month
            ProductDescriptions=["Linux/UNIX"],
            StartTime=datetime.fromtimestamp(now, UTC),
        )
        return [price for page in pages for price in page["SpotPriceHistory"]]

    def _keep(self, history: list[SpotPriceTypeDef]) -> None:
        for price in sorted(history, key=lambda row: row["Timestamp"]):
            self._prices[price["InstanceType"], price["AvailabilityZone"]] = float(price["SpotPrice"])
