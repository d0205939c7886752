"""Which groups take traffic, by their load balancers; never by a tag.

A target group carries traffic if a listener forwards to it with a weight above zero. A group takes traffic
if it is attached to one that does, or to a classic load balancer, or if any of its instances is registered
there, by whomever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = ["Serving", "carrying"]

_MANY = 20
"""Target groups a call takes."""
_GONE = ("unused", "draining")


class Serving:
    """Reads load balancers for several groups; each load balancer is queried once.

    `groups` are the groups as DescribeAutoScalingGroups gives them. AwsError.
    """

    def __init__(self, aws: Aws, groups: Iterable[Mapping[str, Any]]) -> None:
        known = list(groups)
        self._carrying = carrying(aws, {arn for group in known for arn in group.get("TargetGroupARNs", ())})
        classic = {name for group in known for name in group.get("LoadBalancerNames", ())}
        self._registered = {f"target group {_name(arn)}": _targets(aws, arn) for arn in self._carrying}
        self._registered |= {f"load balancer {name}": _instances(aws, name) for name in classic}

    def reason(self, group: Mapping[str, Any]) -> str:
        """Why a group takes traffic, or may at any moment; empty if it does not."""
        attached = [f"target group {_name(arn)}" for arn in group["TargetGroupARNs"] if arn in self._carrying]
        attached += [f"load balancer {name}" for name in group.get("LoadBalancerNames", ())]
        if attached:
            return f"attached to {attached[0]}"
        own = {instance["InstanceId"] for instance in group.get("Instances", ())}
        for name, registered in self._registered.items():
            if common := sorted(own & registered):
                return f"{common[0]} is registered with {name}"
        return ""


def carrying(aws: Aws, arns: Iterable[str]) -> set[str]:
    """Of these target groups, those a listener forwards to. AwsError."""
    ordered = sorted(arns)
    balancers: set[str] = set()
    for start in range(0, len(ordered), _MANY):
        for target in _target_groups(aws, ordered[start : start + _MANY]):
            balancers |= set(target.get("LoadBalancerArns", ()))
    weights: defaultdict[str, int] = defaultdict(int)
    for balancer in sorted(balancers):
        for action in _actions(aws, balancer):
            for arn, weight in _forwards(action).items():
                weights[arn] += weight
    return {arn for arn in ordered if weights[arn]}


def _target_groups(aws: Aws, arns: list[str]) -> list[Any]:
    """Describe target groups; one that was deleted is left out, and hides no other."""
    try:
        with asking("asking which load balancers target groups belong to"):
            return list(aws.elbv2.describe_target_groups(TargetGroupArns=arns)["TargetGroups"])
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return [target for arn in arns for target in _target_groups(aws, [arn])] if len(arns) > 1 else []


def _actions(aws: Aws, balancer: str) -> list[Any]:
    """What the listeners of a load balancer do, rule by rule."""
    actions: list[Any] = []
    with asking("looking at the listeners of a load balancer"):
        for page in aws.elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer):
            for listener in page["Listeners"]:
                actions += listener.get("DefaultActions", ())
                if "listener/app/" in listener["ListenerArn"]:  # others have no rules
                    rules = aws.elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
                    actions += [action for rule in rules for action in rule.get("Actions", ())]
    return actions


def _forwards(action: Any) -> dict[str, int]:
    weighted = action.get("ForwardConfig", {}).get("TargetGroups", ())
    if weighted:
        return {target["TargetGroupArn"]: target.get("Weight", 1) for target in weighted}
    return {action["TargetGroupArn"]: 1} if action.get("TargetGroupArn") else {}


def _targets(aws: Aws, arn: str) -> set[str]:
    with asking(f"asking target group {_name(arn)} for its targets"):
        descriptions = aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {
        description["Target"]["Id"]
        for description in descriptions
        if description["TargetHealth"]["State"] not in _GONE
    }


def _instances(aws: Aws, name: str) -> set[str]:
    try:
        with asking(f"asking load balancer {name} for its instances"):
            balancers = aws.elb.describe_load_balancers(LoadBalancerNames=[name])["LoadBalancerDescriptions"]
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:  # attached, and deleted since
            return set()
        raise
    return {instance["InstanceId"] for balancer in balancers for instance in balancer.get("Instances", ())}


def _name(arn: str) -> str:
    return arn.split("/")[1] if "/" in arn else arn
