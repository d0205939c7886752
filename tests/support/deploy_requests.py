"""What IAM is asked for the calls of deploys, as the service authorization references have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from delivery_world import ME, REGION
from deploy_strict import READING

__all__ = ["Request", "arn", "asked", "group", "image"]

ROLES = ("role/shop", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")
Said = Mapping[str, Any]
Request = tuple[str, str, Said]
"""An action, a resource, and the condition keys that are known."""
Groups = Mapping[str, FakeAutoScalingGroup]


def arn(service: str, resource: str, *, region: str = REGION, account: str = ME) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def group(name: str) -> str:
    return arn("autoscaling", f"autoScalingGroup:1-2:autoScalingGroupName/{name}")


def image(id: str) -> str:
    return arn("ec2", f"image/{id}", account="")


def asked(service: str, operation: str, said: Said, groups: Groups) -> Iterator[Request]:
    """What IAM is asked for a call; `groups` as they are before it."""
    action = f"{service}:{operation}"
    if operation.startswith(READING) and service != "dynamodb":
        if service != "sts":  # who one is may be asked by anybody
            yield action, "*", {}
    elif service == "autoscaling":
        for name in meant(said, groups):
            has = groups[name].tags if name in groups else ()
            yield action, group(name), {f"autoscaling:ResourceTag/{one['Key']}": one["Value"] for one in has}
            if operation == "CreateAutoScalingGroup":
                yield from launching(name)
    else:
        keys = {"aws:TagKeys": [one["Key"] for one in said["Tags"]]} if operation == "CreateTags" else {}
        yield from ((action, resource, keys) for resource in resources(service, said))


def resources(service: str, said: Said) -> list[str]:
    """ARNs of what a call is about."""
    if service == "dynamodb":
        return [arn(service, f"table/{said['TableName']}")]
    if service == "cloudwatch":
        return [arn(service, f"alarm:{name}") for name in said.get("AlarmNames") or [said["AlarmName"]]]
    if service == "elasticloadbalancing":
        return [said.get("ListenerArn") or said["RuleArn"]]
    if "Resources" in said:
        return [image(id) for id in said["Resources"]]
    return [arn("ec2", f"launch-template/{said.get('LaunchTemplateId', 'new')}")]


def meant(said: Said, groups: Groups) -> set[str]:
    """Names of the groups a call is about."""
    if "InstanceId" in said:
        ids = {one.instance.id: name for name, each in groups.items() for one in each.instance_states}
        return {ids[said["InstanceId"]]}
    return {one["ResourceId"] for one in said.get("Tags", ()) if "ResourceId" in one} or {
        said["AutoScalingGroupName"]
    }


def launching(name: str) -> Iterator[Request]:
    """What Auto Scaling asks for besides where a group is made: in the name of who makes it."""
    yield "autoscaling:CreateOrUpdateTags", group(name), {}
    by = {"ec2:LaunchTemplate": arn("ec2", "launch-template/lt-1")}
    kinds = (
        "instance",
        "network-interface",
        "volume",
        "subnet",
        "security-group",
        "key-pair",
        "launch-template",
    )
    for resource in [image("ami-1"), *(arn("ec2", f"{kind}/x") for kind in kinds)]:
        yield "ec2:RunInstances", resource, by
    yield "ec2:CreateTags", arn("ec2", "instance/x"), {"ec2:CreateAction": "RunInstances"}
    for role in ROLES:
        yield "iam:PassRole", arn("iam", role, region=""), {}
