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
    """Return the parameters of RunInstances for the instance of a bake; no subnet and no token yet."""
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
    """Return the parameters that all instances of a bake share.

    The metadata service requires a token (IMDSv2).
    """
    order = work.order
    shared: dict[str, Any] = {
        "InstanceType": order.instance_type or _TYPES.get(work.base.arch, _TYPES["x86_64"]),
        "MinCount": 1,
        "MaxCount": 1,
        "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
    }
    if order.instance_profile:
        kind = "Arn" if order.instance_profile.startswith("arn:") else "Name"
        shared["IamInstanceProfile"] = {kind: order.instance_profile}
    if order.security_groups:
        shared["SecurityGroupIds"] = list(order.security_groups)
    return shared


def dry_run(work: BakeContext, parameters: dict[str, Any], subnets: Sequence[str]) -> list[Problem]:
    """Check by a dry run that AWS accepts a launch: permissions, profile, groups. Nothing is launched.

    A type that is not sold in the zone of a subnet is only a problem where it is sold in none of them.
    """
    last: AwsError | None = None
    for subnet in subnets or [""]:
        try:
            with asking("a dry run of a launch"):
                work.aws.ec2.run_instances(**parameters, **_in(subnet), DryRun=True)
        except AwsError as error:
            if error.code == "DryRunOperation":
                return []
            last = error
            if error.meaning is not ErrorMeaning.NoCapacity:
                break
    return [Problem(str(last), hint=last.hint)] if last else []


def subnets_of(work: BakeContext) -> tuple[list[str], list[Problem]]:
    """Return the order's subnets, those without a free address last, and the problems with them.

    Two bakes of a key try them in one order, so that the second requests the instance of the first.
    """
    ids = work.order.subnets
    if not ids:
        return [], []
    with asking("reading subnets"):
        answer = work.aws.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": list(ids)}])
    free = {subnet["SubnetId"]: subnet["AvailableIpAddressCount"] for subnet in answer["Subnets"]}
    missing = [id for id in ids if id not in free]
    problems = [
        Problem(f"subnet {id} does not exist in {work.aws.region}", hint="set subnets in [bake], or --subnet")
        for id in missing
    ]
    return sorted(free, key=lambda subnet: (not free[subnet], token(work.key, subnet))), problems


def launch(work: BakeContext, parameters: dict[str, Any], subnets: Sequence[str], client_token: str) -> str:
    """Launch one instance, in the first subnet that has capacity for the type; return its id.

    `client_token` identifies the request: two processes with the same token get one instance, the second
    by an AwsError that means AlreadyExists.
    """
    last: AwsError | None = None
    for subnet in subnets or [""]:
        try:
            with work.signals.held(), asking("launching an instance"):
                request = {**parameters, **_in(subnet), "ClientToken": token(client_token, subnet)}
                return _started(work, request)
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NoCapacity:
                raise
            last = error
    assert last is not None
    raise last


def _started(work: BakeContext, request: dict[str, Any]) -> str:
    (instance,) = work.aws.ec2.run_instances(**request)["Instances"]
    id = instance["InstanceId"]
    work.undo.temporary(f"terminating instance {id}", lambda: terminate(work, id))
    return id


def _in(subnet: str) -> dict[str, Any]:
    return {"SubnetId": subnet} if subnet else {}


def terminate(work: BakeContext, id: str) -> None:
    """Terminate an instance; one that does not exist is no error. DeliveryError."""
    try:
        with asking(f"terminating instance {id}"):
            work.aws.ec2.terminate_instances(InstanceIds=[id])
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
