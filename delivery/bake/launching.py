"""Instances of a bake: what they are launched with, where, and once only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.bake.context import BakeContext
from delivery.bake.fingerprint import token
from jobdsl.errors import Problem

__all__ = ["dry_run", "launch", "parameters", "place", "subnets_of", "terminate"]

_TYPES = {"arm64": "t4g.small", "x86_64": "t3.small"}


def parameters(work: BakeContext, user_data: str) -> dict[str, Any]:
    """What RunInstances is told of an instance that is baked; no subnet and no token yet."""
    order, base = work.order, work.base
    volume: dict[str, Any] = {
        "VolumeSize": max(order.root_gb, base.root_gb),
        "VolumeType": "gp3",
        "DeleteOnTermination": True,
    }
    if order.encrypted:
        volume |= {"Encrypted": True, **({"KmsKeyId": order.kms_key} if order.kms_key else {})}
    return {
        **place(work),
        "ImageId": base.id,
        "UserData": user_data,
        "InstanceInitiatedShutdownBehavior": "stop",
        "BlockDeviceMappings": [{"DeviceName": base.root_device, "Ebs": volume}],
        "TagSpecifications": work.specs("instance", "volume"),
    }


def place(work: BakeContext) -> dict[str, Any]:
    """What all instances of a bake have in common. The metadata service wants a token (IMDSv2)."""
    order = work.order
    said: dict[str, Any] = {
        "InstanceType": order.instance_type or _TYPES.get(work.base.arch, _TYPES["x86_64"]),
        "MinCount": 1,
        "MaxCount": 1,
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
    }
    if order.instance_profile:
        kind = "Arn" if order.instance_profile.startswith("arn:") else "Name"
        said["IamInstanceProfile"] = {kind: order.instance_profile}
    if order.security_groups:
        said["SecurityGroupIds"] = list(order.security_groups)
    return said


def dry_run(work: BakeContext, asked: dict[str, Any], subnets: Sequence[str]) -> list[Problem]:
    """What AWS has against such a launch: permissions, profile, groups. Nothing is launched.

    A type that is not sold in the zone of a subnet is only a problem where it is sold in none of them.
    """
    last: AwsError | None = None
    for subnet in subnets or [""]:
        try:
            with asking("a launch on trial"):
                work.aws.ec2.run_instances(**asked, **_in(subnet), DryRun=True)
        except AwsError as error:
            if error.code == "DryRunOperation":
                return []
            last = error
            if error.meaning is not ErrorMeaning.NoCapacity:
                break
    return [Problem(str(last), hint=last.hint)] if last else []


def subnets_of(work: BakeContext) -> tuple[list[str], list[Problem]]:
    """The order's subnets, those without a free address last; what is wrong with them.

    Two bakes of a key try them in one order, so that the second asks for the very instance of the first.
    """
    wanted = work.order.subnets
    if not wanted:
        return [], []
    with asking("looking at subnets"):
        found = work.aws.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": list(wanted)}])
    there = {one["SubnetId"]: one["AvailableIpAddressCount"] for one in found["Subnets"]}
    missing = [one for one in wanted if one not in there]
    problems = [
        Problem(f"there is no subnet {one} in {work.aws.region}", hint="[bake] subnets, or --subnet")
        for one in missing
    ]
    return sorted(there, key=lambda one: (not there[one], token(work.key, one))), problems


def launch(work: BakeContext, asked: dict[str, Any], subnets: Sequence[str], once: str) -> str:
    """Launch one instance, in the first subnet that has room, and whose zone has the type; gives its id.

    `once` stands for what is wanted: two processes that ask with the same one get one instance, the second
    by an AwsError that means AlreadyExists.
    """
    last: AwsError | None = None
    for subnet in subnets or [""]:
        try:
            with work.signals.held(), asking("launching an instance"):
                said = {**asked, **_in(subnet), "ClientToken": token(once, subnet)}
                return _started(work, said)
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NoCapacity:
                raise
            last = error
    assert last is not None
    raise last


def _started(work: BakeContext, said: dict[str, Any]) -> str:
    (instance,) = work.aws.ec2.run_instances(**said)["Instances"]
    id = instance["InstanceId"]
    work.undo.temporary(f"terminating instance {id}", lambda: terminate(work, id))
    return id


def _in(subnet: str) -> dict[str, Any]:
    return {"SubnetId": subnet} if subnet else {}


def terminate(work: BakeContext, id: str) -> None:
    """End an instance; one that is gone is as good. DeliveryError."""
    try:
        with asking(f"terminating instance {id}"):
            work.aws.ec2.terminate_instances(InstanceIds=[id])
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
