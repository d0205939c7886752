"""Ends a group that is out of traffic: at once, or as its termination hooks and its protection require."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.deploy.attachments import hooks_of, own_alarms, policies_of, put_alarm
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.model import Group

__all__ = ["end", "unprotect"]

Changing = Callable[[str], AbstractContextManager[None]]
"""Surrounds a call that changes something."""
_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
_PREVENT_ALL, _PREVENT_FORCE = "prevent-all-deletion", "prevent-force-deletion"
_MANY = 50
"""Instances a call takes."""


def end(aws: Aws, changing: Changing, group: Group) -> str:
    """Delete a group with its alarms; may be called again.

    A group with termination hooks, or protected from forced deletion, first ends its instances, so that the
    hooks run: a forced deletion would skip them.

    Returns:
        Why it still exists; empty once it is deleted.

    Raises:
        DeliveryError: something protects it, or AWS refuses.
    """
    protection = group.raw.get("DeletionProtection", "none")
    if protection == _PREVENT_ALL:
        raise DeliveryError(f"its DeletionProtection is {protection}", "lift it if it is no longer wanted")
    if group.protected:
        raise DeliveryError(
            f"{len(group.protected)} of its instances are protected from scale-in: "
            f"{', '.join(group.protected)}",
            "what protects them takes the protection away once it is done",
        )
    hooks = any(hook["LifecycleTransition"] == _TERMINATING for hook in hooks_of(aws, group.name))
    if group.members and (hooks or protection == _PREVENT_FORCE):
        _shrink(aws, changing, group)
        why = "its termination hooks run" if hooks else f"its DeletionProtection is {protection}"
        return f"its {len(group.members)} instances are being ended first: {why}"
    _delete(aws, changing, group, own_alarms(*policies_of(aws, group.name)))
    return ""


def _shrink(aws: Aws, changing: Changing, group: Group) -> None:
    """Have Auto Scaling end all instances, with everything that takes its time."""
    unprotect(aws, changing, group)
    if "Terminate" in group.suspended:
        with changing(f"resuming Terminate on {group.name}"):
            aws.autoscaling.resume_processes(AutoScalingGroupName=group.name, ScalingProcesses=["Terminate"])
    if group.size.desired or group.size.min:
        with changing(f"ending the instances of {group.name}"):
            aws.autoscaling.update_auto_scaling_group(
                AutoScalingGroupName=group.name, MinSize=0, DesiredCapacity=0
            )


def unprotect(aws: Aws, changing: Changing, group: Group) -> None:
    """Take the protection from scale-in away from all instances of a group. AwsError."""
    ids = [member.id for member in group.members if member.is_protected and member.lifecycle == "InService"]
    for start in range(0, len(ids), _MANY):
        with changing(f"taking the protection from scale-in away in {group.name}"):
            aws.autoscaling.set_instance_protection(
                AutoScalingGroupName=group.name,
                InstanceIds=ids[start : start + _MANY],
                ProtectedFromScaleIn=False,
            )


def _delete(aws: Aws, changing: Changing, group: Group, alarms: Sequence[Mapping[str, Any]]) -> None:
    """Delete the alarms, then the group: a kill between leaves no alarm without a group."""
    if alarms:
        with changing(f"deleting the alarms of {group.name}"):
            aws.cloudwatch.delete_alarms(AlarmNames=[alarm["AlarmName"] for alarm in alarms])
    try:
        with changing(f"deleting {group.name}"):
            aws.autoscaling.delete_auto_scaling_group(
                AutoScalingGroupName=group.name, ForceDelete=bool(group.members)
            )
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return
        for alarm in alarms:  # the group is still there, and so is what they call
            with asking(f"making alarm {alarm['AlarmName']} again"):
                put_alarm(aws, alarm)
        raise
