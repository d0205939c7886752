"""What AWS has against a deploy, looked up before anything is made: alarms, network, image, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning, asking, meaning, open_aws
from delivery.deploy.account_image import AccountImage
from delivery.errors import USAGE, DeliveryError
from delivery.health.places import name_of
from delivery.health.sources import alarm_states
from delivery.provenance import release_of
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.settings import DeliverySettings

__all__ = [
    "check_alarms",
    "check_health_checks",
    "check_network",
    "check_owner",
    "check_tags",
    "image_of",
]

TAGS = 50
"""Tags of a group (Auto Scaling guide, "Tag Auto Scaling groups and instances")."""
_VALUE, _KEY = 256, 128
"""Characters of a tag's value and key."""


def image_of(aws: Aws, settings: DeliverySettings, image: str) -> AccountImage:
    """Find an image here, or in the account it would be shared from. DeliveryError: it cannot be used."""
    hint = "is it the right region and account? delivery bake prints what it made"
    described = _described(aws, image)
    where = settings.tested_in(settings.account(aws.account)) or settings.bake.account
    if where and where != aws.account and not (described and described[0].get("Tags")):
        described = _described(open_aws(settings, where, aws.region), image) or described
    if not described:
        place = f"{aws.account}, {aws.region}"
        raise DeliveryError(f"there is no image {image} to be seen in {place}", hint, USAGE)
    raw = described[0]
    if raw.get("State", "available") != "available":
        raise DeliveryError(f"image {image} is {raw['State']}", "wait until it is available", USAGE)
    return AccountImage(image, raw.get("Architecture", ""), tags.read(raw.get("Tags")), release_of(raw))


def _described(aws: Aws, image: str) -> list[Any]:
    try:
        with asking(f"looking at image {image}"):
            return list(aws.ec2.describe_images(ImageIds=[image])["Images"])
    except AwsError as error:
        if meaning(error) is not ErrorMeaning.NotFound and "Malformed" not in error.code:
            raise
        return []


def check_owner(image: AccountImage, app: str) -> Iterator[Problem]:
    """Refuse an image that was baked for another application."""
    theirs = image.tags.get("application", "")
    if theirs and theirs != app:
        yield Problem(
            f"{image.id} is an image of application {theirs}, not of {app}",
            hint=f"delivery deploy --cluster {theirs} ..., or an image of {app}",
        )


def check_alarms(site: Site) -> Iterator[Problem]:
    """Refuse alarms that do not exist, or that would end the deploy as they are now. AwsError."""
    names = site.deploy.alarms
    states = alarm_states(site.aws, names) if names else {}
    for name in names:
        if name not in states:
            yield Problem(
                f"there is no alarm {name!r} in {site.aws.account}, {site.aws.region}",
                hint="alarms in the settings names it: make it, or take it out",
            )
        elif states[name] == "ALARM":
            yield Problem(
                f"alarm {name!r} is in alarm already",
                hint=f"--ignore-alarm {name} deploys the fix of what it reports",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where a new group would be."""

    subnets: Sequence[str] = ()
    security_groups: Sequence[str] = ()
    target_groups: Sequence[str] = ()
    """ARNs."""
    load_balancers: Sequence[str] = ()
    """Names of classic ones."""
    addresses: int = 0
    """How many instances need one."""


def check_network(aws: Aws, network: Network) -> Iterator[Problem]:
    """Refuse subnets, security groups, load balancers that do not exist or are of other networks."""
    subnets, missing = _found(network.subnets, lambda ids: aws.ec2.describe_subnets(SubnetIds=ids)["Subnets"])
    yield from (
        Problem(f"there is no subnet {id}", hint="subnets in the settings names those of the group")
        for id in missing
    )
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if len(vpcs) > 1:
        yield Problem(
            f"subnets {', '.join(network.subnets)} are of several VPCs: {', '.join(vpcs)}", hint="one VPC"
        )
    free = sum(subnet.get("AvailableIpAddressCount", 0) for subnet in subnets)
    if subnets and not missing and free < network.addresses:
        yield Problem(
            f"subnets {', '.join(network.subnets)} have {free} free addresses, and the group needs "
            f"{network.addresses}",
            hint="subnets in the settings names more",
        )
    groups, missing = _found(
        network.security_groups, lambda ids: aws.ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]
    )
    yield from (
        Problem(f"there is no security group {id}", hint="security_groups in the settings") for id in missing
    )
    if len(vpcs) != 1:
        return
    owners = [(f"security group {group['GroupId']}", group.get("VpcId", "")) for group in groups]
    owners += [*_balancers(aws, network)]
    for owner, vpc in owners:
        if vpc and vpc != vpcs[0]:
            yield Problem(
                f"{owner} is in {vpc}, and the group in {vpcs[0]}", hint="take subnets of the same VPC"
            )


def _balancers(aws: Aws, network: Network) -> Iterator[tuple[str, str]]:
    """Target groups and classic load balancers with their VPC; those that do not exist are left out."""
    targets, _ = _found(
        network.target_groups,
        lambda arns: aws.elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"],
    )
    yield from (
        (f"target group {name_of(target['TargetGroupArn'])}", target.get("VpcId", "")) for target in targets
    )
    classic, _ = _found(
        network.load_balancers,
        lambda names: aws.elb.describe_load_balancers(LoadBalancerNames=names)["LoadBalancerDescriptions"],
    )
    yield from (
        (f"load balancer {balancer['LoadBalancerName']}", balancer.get("VPCId", "")) for balancer in classic
    )


def _found(names: Sequence[str], describe: Any) -> tuple[list[Any], list[str]]:
    """Describe things one by one where one of them does not exist; gives what exists, and what does not."""
    if not names:
        return [], []
    try:
        with asking(f"looking at {', '.join(map(name_of, names))}"):
            return list(describe(list(names))), []
    except AwsError as error:
        if meaning(error) is not ErrorMeaning.NotFound and "Malformed" not in error.code:
            raise
    if len(names) == 1:
        return [], list(names)
    pairs = [_found([name], describe) for name in names]
    return [row for rows, _ in pairs for row in rows], [name for _, gone in pairs for name in gone]


def check_health_checks(group: Mapping[str, Any], old: Group | None) -> Iterator[Problem]:
    """Refuse a grace period in which no instance becomes healthy: Auto Scaling would replace each."""
    if "ELB" not in str(group.get("HealthCheckType", "")):
        return
    grace = int(group.get("HealthCheckGracePeriod", 0))
    boot = old.tags.get(tags.BOOT_SECONDS, "") if old else ""
    needed = int(boot) if boot.isdigit() else 1
    if grace < needed:
        took = (
            f"instances of {old.name} took {needed} s to become healthy"
            if old and boot
            else "no instance is healthy at once"
        )
        yield Problem(
            f"a health check grace period of {grace} s is too short: {took}",
            hint=f"health_check_grace_seconds = {max(2 * needed, 300)} in the settings",
        )


def check_tags(group: str, present: Iterable[str], added: Mapping[str, str]) -> Iterator[Problem]:
    """Refuse more tags than a group can have, and tags that are too long."""
    keys = {*present, *added}
    if len(keys) > TAGS:
        yield Problem(
            f"{group} would have {len(keys)} tags, {len({*added})} of them of deploys; {TAGS} are allowed",
            hint="remove tags of the group before",
        )
    for key, value in added.items():
        if len(value) > _VALUE or len(key) > _KEY:
            yield Problem(
                f"tag {key[:_KEY]} would have {len(value)} characters; {_VALUE} are allowed: {value[:60]}...",
                hint="a shorter one",
            )
