"""What a new group takes over from another one as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from delivery.deploy.group_tags import is_own_name
from delivery.deploy.request_shape import fitting

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.model import Group

__all__ = ["copied_settings"]

_SET = frozenset(
    {
        "AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity", "LaunchTemplate",
        "MixedInstancesPolicy", "LaunchConfigurationName", "LoadBalancerNames", "TargetGroupARNs",
        "TrafficSources", "Tags", "AvailabilityZoneIds", "DeletionProtection", "Operator",
    }
)  # fmt: skip
"""What of a group's description is not taken over as it is."""


def copied_settings(aws: Aws, group: Group) -> dict[str, Any]:
    """Return the arguments of CreateAutoScalingGroup that are those of another group, and its users' tags."""
    shape = aws.autoscaling.meta.service_model.shape_for("CreateAutoScalingGroupType")
    copied, _ = fitting(shape, {key: value for key, value in group.raw.items() if key not in _SET})
    if copied.get("VPCZoneIdentifier"):
        copied.pop("AvailabilityZones", None)  # the subnets say which
    copied["Tags"] = [
        {key: tag[key] for key in ("Key", "Value", "PropagateAtLaunch") if key in tag}
        for tag in group.raw.get("Tags", ())
        if not tag["Key"].startswith(("delivery:", "aws:")) and not is_own_name(tag, group.name)
    ]
    return dict(copied)
