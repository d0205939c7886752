"""Instance types a new group may launch: whether they exist, fit the image and its zones, and the quota."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from delivery.aws import AwsError, ErrorMeaning, asking
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.deploy.refusals import Refusals
    from delivery.deploy.template import LaunchSource

Market = Literal["on-demand", "spot"]

__all__ = ["check_quotas", "check_types", "counts_of", "types_of"]

_ON_DEMAND = {
    "a": "L-1216C47A", "c": "L-1216C47A", "d": "L-1216C47A", "h": "L-1216C47A", "i": "L-1216C47A",
    "m": "L-1216C47A", "r": "L-1216C47A", "t": "L-1216C47A", "z": "L-1216C47A",
    "f": "L-74FC7D96", "g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "x": "L-7295265B",
    "inf": "L-1945791B", "trn": "L-2C3B7624", "dl": "L-6E869C2A",
}  # fmt: skip
"""Quotas of vCPUs of running on-demand instances, by family (Amazon EC2 endpoints and quotas)."""
_SPOT = {
    "a": "L-34B43A08", "c": "L-34B43A08", "d": "L-34B43A08", "h": "L-34B43A08", "i": "L-34B43A08",
    "m": "L-34B43A08", "r": "L-34B43A08", "t": "L-34B43A08", "z": "L-34B43A08",
    "f": "L-88CF9481", "g": "L-3819A6DF", "vt": "L-3819A6DF", "p": "L-7212CCBC", "x": "L-E3A00192",
    "inf": "L-B5D1601B", "trn": "L-6B0D517C", "dl": "L-85EED4F7",
}  # fmt: skip
"""Quotas of vCPUs of spot instance requests, by family (the same page)."""
_QUOTAS: dict[Market, dict[str, str]] = {"on-demand": _ON_DEMAND, "spot": _SPOT}
_UNREAD = (ErrorMeaning.Denied, ErrorMeaning.Unavailable, ErrorMeaning.NotFound)
"""Errors after which a quota is unknown."""
_LIVE = ("pending", "running")


def types_of(launch: LaunchSource, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the types a group may launch; none where it names requirements instead."""
    part = (launch.mixed or {}).get("LaunchTemplate", {})
    overrides = part.get("Overrides", ())
    if overrides:
        return tuple(override["InstanceType"] for override in overrides if "InstanceType" in override)
    return (data["InstanceType"],) if data.get("InstanceType") else ()


def counts_of(launch: LaunchSource, data: Mapping[str, Any], count: int) -> dict[Market, int]:
    """Count the on-demand and the spot instances of a group of so many."""
    on_demand = _on_demand_count(launch, data, count)
    return {"on-demand": on_demand, "spot": count - on_demand}


def _on_demand_count(launch: LaunchSource, data: Mapping[str, Any], count: int) -> int:
    if data.get("InstanceMarketOptions", {}).get("MarketType") == "spot":
        return 0
    distribution = (launch.mixed or {}).get("InstancesDistribution", {})
    base = min(count, int(distribution.get("OnDemandBaseCapacity", 0)))
    percent = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    return base + math.ceil((count - base) * percent / 100)


def check_types(site: Site, types: Sequence[str], architecture: str) -> Iterator[Problem]:
    """Refuse types that do not exist in the region, or that the image cannot run on. AwsError."""
    for kind in types:
        described = _described(site.aws, [kind])
        if not described:
            yield Problem(
                f"there is no instance type {kind} in {site.aws.region}", hint="instance_type in the settings"
            )
            continue
        known = described[0].get("ProcessorInfo", {}).get("SupportedArchitectures", ())
        if architecture and known and architecture not in known:
            yield Problem(
                f"the image is built for {architecture}, and {kind} runs {', '.join(known)}",
                hint="instance_type in the settings, or an image for that architecture",
            )


def _described(aws: Aws, types: Sequence[str]) -> list[Any]:
    try:
        with asking(f"looking at instance types {', '.join(types)}"):
            requested: Any = list(types)
            return list(aws.ec2.describe_instance_types(InstanceTypes=requested)["InstanceTypes"])
    except AwsError as error:
        if error.meaning is ErrorMeaning.NotFound or error.code == "InvalidInstanceType":
            return []
        raise


def check_quotas(
    site: Site, types: Sequence[str], counts: Mapping[Market, int], refusals: Refusals
) -> list[str]:
    """Refuse a group for which the account has no room next to all that runs, kept groups included.

    Args:
        types: those it may launch; the smallest counts.
        counts: its instances in full use, by market.
        refusals: take what stands against it.

    Returns:
        What could not be found out, as lines for people.
    """
    checks: list[Callable[[], list[Problem]]] = [lambda: _check_groups(site)]
    checks += [partial(_check_vcpus, site, types, market, count) for market, count in counts.items()]
    unknown = []
    for check in checks:
        try:
            refusals.add(check())
        except AwsError as error:
            if error.meaning not in _UNREAD:
                raise
            unknown.append(f"a quota is not known: {error.message}")
    return unknown


def _check_groups(site: Site) -> list[Problem]:
    with asking("reading the limit of Auto Scaling groups"):
        limits = site.aws.autoscaling.describe_account_limits()
    most, now = limits["MaxNumberOfAutoScalingGroups"], limits["NumberOfAutoScalingGroups"]
    if now < most:
        return []
    return [
        Problem(
            f"the account has {now} Auto Scaling groups, and {most} are allowed",
            hint="ask Service Quotas for more",
        )
    ]


def _check_vcpus(site: Site, types: Sequence[str], market: Market, count: int) -> list[Problem]:
    code = _quota_of(types[0], market) if types else ""
    if not count or not code or any(_quota_of(kind, market) != code for kind in types):
        return []  # several quotas: which one is used is Auto Scaling's choice
    with asking(f"reading the quota of {market} instances"):
        quota = site.aws.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
    running = [kind for kind in _running(site.aws, market) if _quota_of(kind, market) == code]
    sizes = _vcpus(site.aws, sorted({*running, *types}))
    used = sum(sizes.get(kind, 0) for kind in running)
    needed = count * min((sizes[kind] for kind in types if kind in sizes), default=0)
    if used + needed <= quota:
        return []
    return [
        Problem(
            f"the group needs {needed} vCPUs{' of spot instances' if market == 'spot' else ''} "
            f"({count} of {types[0]}), {used} run already, kept groups "
            f"included, and the quota is {quota:g}",
            hint="ask Service Quotas for more, or delete kept groups: delivery clean groups",
        )
    ]


def _quota_of(kind: str, market: Market) -> str:
    family = kind.partition(".")[0]
    letters = re.match("[a-z]*", family)
    return _QUOTAS[market].get(letters[0] if letters else "", "")


def _running(aws: Aws, market: Market) -> Iterator[str]:
    """Types of the instances of a market that run, one for each."""
    query: Any = [{"Name": "instance-state-name", "Values": list(_LIVE)}]
    with asking("counting the instances of the account"):
        for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=query):
            for reservation in page["Reservations"]:
                yield from (
                    instance["InstanceType"]
                    for instance in reservation["Instances"]
                    if (instance.get("InstanceLifecycle") == "spot") is (market == "spot")
                )


def _vcpus(aws: Aws, types: Sequence[str]) -> dict[str, int]:
    memory: dict[str, int] = {}
    for start in range(0, len(types), 100):
        for row in _described(aws, types[start : start + 100]):
            memory[row["InstanceType"]] = row.get("VCpuInfo", {}).get("DefaultVCpus", 0)
    return memory
