"""Instance types a new group may launch: whether they exist, fit the image and its zones, and the quota."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.deploy.refusals import Refusals
    from delivery.deploy.template import LaunchSource

__all__ = ["check_quotas", "check_types", "on_demand_count", "types_of"]

_QUOTAS = {
    "a": "L-1216C47A", "c": "L-1216C47A", "d": "L-1216C47A", "h": "L-1216C47A", "i": "L-1216C47A",
    "m": "L-1216C47A", "r": "L-1216C47A", "t": "L-1216C47A", "z": "L-1216C47A",
    "f": "L-74FC7D96", "g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "x": "L-7295265B",
    "inf": "L-1945791B", "trn": "L-2C3B7624", "dl": "L-6E869C2A",
}  # fmt: skip
"""Quotas of vCPUs of running on-demand instances, by family (Amazon EC2 endpoints and quotas)."""
_UNREAD = (ErrorMeaning.Denied, ErrorMeaning.Unavailable, ErrorMeaning.NotFound)
"""Errors after which a quota is unknown."""
_LIVE = ("pending", "running")


def types_of(launch: LaunchSource, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the types a group may launch; none where it names requirements instead."""
    part = (launch.mixed or {}).get("LaunchTemplate", {})
    overrides = part.get("Overrides", ())
    if overrides:
        return tuple(one["InstanceType"] for one in overrides if "InstanceType" in one)
    return (data["InstanceType"],) if data.get("InstanceType") else ()


def on_demand_count(launch: LaunchSource, data: Mapping[str, Any], count: int) -> int:
    """Count the instances of a group that are not spot instances."""
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
            wanted: Any = list(types)
            return list(aws.ec2.describe_instance_types(InstanceTypes=wanted)["InstanceTypes"])
    except AwsError as error:
        if error.meaning is ErrorMeaning.NotFound or error.code == "InvalidInstanceType":
            return []
        raise


def check_quotas(site: Site, types: Sequence[str], count: int, refusals: Refusals) -> list[str]:
    """Refuse a group for which the account has no room next to all that runs, kept groups included.

    Args:
        types: those it may launch; the smallest counts.
        count: its on-demand instances in full use.
        refusals: take what stands against it.

    Returns:
        What could not be found out, as lines for people.
    """
    unknown = []
    for check in (_check_groups, lambda site: _check_vcpus(site, types, count)):
        try:
            refusals.add(check(site))
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


def _check_vcpus(site: Site, types: Sequence[str], count: int) -> list[Problem]:
    code = _quota_of(types[0]) if types else ""
    if not count or not code or any(_quota_of(kind) != code for kind in types):
        return []  # several quotas: which one is used is Auto Scaling's choice
    with asking("reading the quota of running on-demand instances"):
        quota = site.aws.quotas.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
    running = [kind for kind in _running(site.aws) if _quota_of(kind) == code]
    sizes = _vcpus(site.aws, sorted({*running, *types}))
    used = sum(sizes.get(kind, 0) for kind in running)
    needed = count * min((sizes[kind] for kind in types if kind in sizes), default=0)
    if used + needed <= quota:
        return []
    return [
        Problem(
            f"the group needs {needed} vCPUs ({count} of {types[0]}), {used} run already, kept groups "
            f"included, and the quota is {quota:g}",
            hint="ask Service Quotas for more, or delete kept groups: delivery clean groups",
        )
    ]


def _quota_of(kind: str) -> str:
    family = kind.partition(".")[0]
    letters = re.match("[a-z]*", family)
    return _QUOTAS.get(letters[0] if letters else "", "")


def _running(aws: Aws) -> Iterator[str]:
    """Types of the on-demand instances that run, one for each."""
    query: Any = [{"Name": "instance-state-name", "Values": list(_LIVE)}]
    with asking("counting the instances of the account"):
        for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=query):
            for reservation in page["Reservations"]:
                yield from (
                    one["InstanceType"]
                    for one in reservation["Instances"]
                    if one.get("InstanceLifecycle") != "spot"
                )


def _vcpus(aws: Aws, types: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(types), 100):
        for one in _described(aws, types[start : start + 100]):
            found[one["InstanceType"]] = one.get("VCpuInfo", {}).get("DefaultVCpus", 0)
    return found
