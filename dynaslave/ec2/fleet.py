"""One call that starts instances: its parameters, and the parsed answer. Pure.

CreateFleet chooses among several offers; with a single one there is nothing to choose, and RunInstances
requests less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from dynaslave.ec2.errors import explain, meaning_of
from dynaslave.ec2.tags import INTENT, POOL, TEMPLATE
from dynaslave.model import Instance, Market
from dynaslave.provider import Offer, ProviderError
from jobdsl.aws.tags import written

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import CreateFleetResultTypeDef

__all__ = ["Ask", "fleet_parameters", "offers", "reached", "read_errors", "read_fleet", "run_parameters"]

_MOST_OVERRIDES = 300
"""As many offers as a fleet takes."""
_TAGGED = ("instance", "volume", "network-interface")


@dataclass(frozen=True, slots=True)
class Ask:
    """A call that starts up to `count` instances in one market."""

    template: tuple[str, str]
    offers: tuple[Offer, ...]
    subnets: Mapping[str, str]
    """Subnet by zone."""
    count: int
    token: str
    tags: Mapping[str, str]

    @property
    def market(self) -> Market:
        """All offers of one call are of one market."""
        return self.offers[0].market


def offers(
    types: Iterable[str], zones: Iterable[str], market: Market, avoid: Collection[Offer]
) -> tuple[Offer, ...]:
    """What can be asked for: the preferred types first, and none that had no capacity a moment ago."""
    all_zones = [*zones]
    every = [Offer(kind, zone, market) for kind in types for zone in all_zones]
    return tuple(offer for offer in every if offer not in avoid and replace(offer, zone="") not in avoid)[
        :_MOST_OVERRIDES
    ]


def fleet_parameters(ask: Ask) -> dict[str, Any]:
    """The parameters of CreateFleet. The order of types is kept; spot considers capacity before it.

    `capacity-optimized-prioritized` and not the cheapest: an interrupted build has to run again.
    """
    rank = {kind: number for number, kind in enumerate(dict.fromkeys(offer.type for offer in ask.offers))}
    template, version = ask.template
    if ask.market == "spot":
        how: dict[str, Any] = {
            "SpotOptions": {
                "AllocationStrategy": "capacity-optimized-prioritized",
                "InstanceInterruptionBehavior": "terminate",
            }
        }
    else:
        how = {"OnDemandOptions": {"AllocationStrategy": "prioritized"}}
    return {
        "Type": "instant",
        "ClientToken": ask.token,
        "LaunchTemplateConfigs": [
            {
                "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": version},
                "Overrides": [
                    {"InstanceType": offer.type, "Priority": float(rank[offer.type]), **_subnet(ask, offer)}
                    for offer in ask.offers
                ],
            }
        ],
        "TargetCapacitySpecification": {
            "TotalTargetCapacity": ask.count,
            "DefaultTargetCapacityType": ask.market,
        },
        "TagSpecifications": _tags(ask, (*_TAGGED, "fleet")),
        **how,
    }


def run_parameters(ask: Ask) -> dict[str, Any]:
    """The parameters of RunInstances, for the only offer there is: as many as there are, up to `count`."""
    template, version = ask.template
    offer = ask.offers[0]
    spot = {
        "InstanceMarketOptions": {
            "MarketType": "spot",
            "SpotOptions": {"SpotInstanceType": "one-time", "InstanceInterruptionBehavior": "terminate"},
        }
    }
    return {
        "ClientToken": ask.token,
        "LaunchTemplate": {"LaunchTemplateId": template, "Version": version},
        "InstanceType": offer.type,
        "MinCount": 1,
        "MaxCount": ask.count,
        "TagSpecifications": _tags(ask, _TAGGED),
        **_subnet(ask, offer),
        **(spot if ask.market == "spot" else {}),
    }


def read_fleet(answer: CreateFleetResultTypeDef, ask: Ask, now: float) -> list[Instance]:
    """The instances a fleet has started."""
    zones = {subnet: zone for zone, subnet in ask.subnets.items()}
    instances: list[Instance] = []
    for group in answer.get("Instances", ()):
        overrides: Mapping[str, Any] = group.get("LaunchTemplateAndOverrides", {}).get("Overrides", {})
        zone = group.get("AvailabilityZone") or overrides.get("AvailabilityZone")
        zone = zone or zones.get(overrides.get("SubnetId", ""), "")
        first = Instance(
            id="",
            pool=ask.tags[POOL],
            intent=ask.tags[INTENT],
            state="pending",
            launched=now,
            type=group.get("InstanceType", ""),
            zone=zone,
            market=ask.market,
            template=ask.tags.get(TEMPLATE, ""),
        )
        instances += [replace(first, id=instance_id) for instance_id in group.get("InstanceIds", ())]
    return instances


def read_errors(answer: CreateFleetResultTypeDef, ask: Ask, doing: str) -> dict[Offer, ProviderError]:
    """The offers a fleet found nothing at, and why."""
    zones = {subnet: zone for zone, subnet in ask.subnets.items()}
    refused: dict[Offer, ProviderError] = {}
    for failure in answer.get("Errors", ()):
        overrides: Mapping[str, Any] = failure.get("LaunchTemplateAndOverrides", {}).get("Overrides", {})
        zone = overrides.get("AvailabilityZone") or zones.get(overrides.get("SubnetId", ""), "")
        offer = Offer(overrides.get("InstanceType", ""), zone, ask.market)
        place = f"{doing} ({offer.type or 'any type'} in {zone or 'any zone'}, {ask.market})"
        error = explain(failure.get("ErrorCode", ""), failure.get("ErrorMessage", ""), place)
        refused |= dict.fromkeys(reached(error, offer, ask.offers), error)
    return refused


def reached(error: ProviderError, offer: Offer, asked: Iterable[Offer]) -> set[Offer]:
    """Return all offers of a call that a refusal of one of them concerns."""
    reach = meaning_of(error.code).reach
    if reach in ("market", "all") or not offer.type:
        return set(asked)
    if reach == "type":
        return {replace(offer, zone="")}
    if reach in ("zone", "subnet"):  # a subnet without addresses has none for the other market either
        same_zone = [candidate for candidate in asked if candidate.zone == offer.zone]
        return {
            replace(candidate, market=market)
            for candidate in (*same_zone, offer)
            for market in get_args(Market)
        }
    return {offer}


def _subnet(ask: Ask, offer: Offer) -> dict[str, str]:
    subnet = ask.subnets.get(offer.zone)
    return {"SubnetId": subnet} if subnet else {}


def _tags(ask: Ask, kinds: Iterable[str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": written(ask.tags)} for kind in kinds]
