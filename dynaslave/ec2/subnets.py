"""The subnets a pool may use now: one per zone, the one with the most free addresses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Denied

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SubnetTypeDef

__all__ = ["Subnets"]

log = logging.getLogger(__name__)

_KEPT = 60.0
"""Seconds: how many addresses are free changes with every launch."""


class Subnets:
    """Subnets by id. `clock` counts seconds."""

    def __init__(self, clients: Clients, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[float, list[SubnetTypeDef]]] = {}

    def by_zone(self, pool: AgentPool) -> Mapping[str, str]:
        """Subnet by zone; {"": ""} for a pool that names none: AWS takes the default network.

        A fleet refuses two subnets of one zone ("duplicate instance pools"). Denied if none is left.
        """
        if not pool.subnets:
            return {"": ""}
        subnets = self.described(pool.subnets)
        missing = sorted(set(pool.subnets) - {subnet["SubnetId"] for subnet in subnets})
        if missing:
            log.warning("pool %s: there is no subnet %s", pool.name, ", ".join(missing))
        if not subnets:
            raise Denied(
                f"pool {pool.name}: there is no subnet {', '.join(missing)} (correct the pool's subnets)",
                code="InvalidSubnetID.NotFound",
            )
        roomy = sorted(subnets, key=lambda subnet: (subnet["AvailableIpAddressCount"], subnet["SubnetId"]))
        best = {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in roomy}
        return {zone: best[zone] for zone in sorted(best)}

    def described(self, ids: tuple[str, ...]) -> list[SubnetTypeDef]:
        """Those of these subnets that exist."""
        cached = self._kept.get(ids)
        if cached and 0 < cached[0] - self._clock() <= _KEPT:  # not after a clock that was set back
            return cached[1]
        with asking("looking at subnets"):
            pages = self._clients.ec2.get_paginator("describe_subnets").paginate(
                Filters=[{"Name": "subnet-id", "Values": list(ids)}]
            )
            subnets = [subnet for page in pages for subnet in page["Subnets"]]
        self._kept[ids] = (self._clock() + _KEPT, subnets)
        return subnets
