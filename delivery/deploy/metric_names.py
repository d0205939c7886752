"""Names by which metrics know a group, its target groups and load balancers: of the old and of the new group.

Policies and alarms carry them in dimensions, in resource labels and in metric math.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.model import Group

__all__ = ["load_balancer_label", "names_in", "renamed", "renames", "target_group_label"]

_DIMENSIONS = ("AutoScalingGroupName", "TargetGroup", "LoadBalancer", "LoadBalancerName")
_TEXTS = ("ResourceLabel", "Expression")
"""Keys whose texts have names somewhere within."""


def renames(aws: Aws, old: Group, new: str, arns: Sequence[str], classic: Sequence[str]) -> dict[str, str]:
    """Map each name that metrics have of the old group to that of the new one.

    Args:
        old: its target groups and classic load balancers are those it takes traffic from.
        new: name of the new group.
        arns: of the new group's target groups.
        classic: names of the new group's classic load balancers.

    A target group has a counterpart where each group has one that the other has not.
    """
    names = {old.name: new}
    old_only = [arn for arn in old.target_groups if arn not in arns]
    taken = [arn for arn in arns if arn not in old.target_groups]
    if len(old_only) == len(taken) == 1:
        names[target_group_label(old_only[0])] = target_group_label(taken[0])
        before, after = (load_balancer_label(aws, arn) for arn in (old_only[0], taken[0]))
        if before and after and before != after:
            names[before] = after
    old_only = [name for name in old.load_balancers if name not in classic]
    taken = [name for name in classic if name not in old.load_balancers]
    if len(old_only) == len(taken) == 1:
        names[old_only[0]] = taken[0]
    return names


def target_group_label(arn: str) -> str:
    """Give `targetgroup/NAME/ID`, as metrics name a target group."""
    return arn.rpartition(":")[2]


def load_balancer_label(aws: Aws, target_group: str) -> str:
    """Give `app/NAME/ID`, as metrics name the load balancer of a target group; empty without exactly one.

    Raises:
        DeliveryError: AWS refuses to describe it.
    """
    try:
        with asking("asking which load balancer a target group belongs to"):
            target_groups = aws.elbv2.describe_target_groups(TargetGroupArns=[target_group])["TargetGroups"]
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return ""
    arns = [arn for target in target_groups for arn in target.get("LoadBalancerArns", ())]
    return arns[0].partition(":loadbalancer/")[2] if len(arns) == 1 else ""


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Replace names in a policy or an alarm, wherever it has them."""
    if not names:
        return value
    if isinstance(value, list | tuple):
        return [renamed(element, names) for element in value]
    if not isinstance(value, Mapping):
        return value
    changed = {key: renamed(element, names) for key, element in value.items()}
    if changed.get("Name") in _DIMENSIONS and "Value" in changed:
        changed["Value"] = names.get(changed["Value"], changed["Value"])
    for key in _TEXTS:
        if isinstance(changed.get(key), str):
            changed[key] = _pattern(names).sub(lambda match: names[match[0]], changed[key])
    return changed


def names_in(value: Any, names: Iterable[str]) -> list[str]:
    """Find which of these names a policy or an alarm still has."""
    pending = list(names)
    marks = {name: f"\0{name}" for name in pending}
    text = str(renamed(value, marks)) if pending else ""
    return [name for name in pending if f"\\x00{name}" in text]


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """Match any of these as whole names, the longest first."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])")
