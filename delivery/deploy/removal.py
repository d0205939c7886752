"""Groups that are deleted, with the alarms that were theirs alone: never the active, never the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.aws import Meaning, meaning
from delivery.deploy.extras import extras_of, own_alarms
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.model import Cluster, Group
    from delivery.deploy.site import Site
    from delivery.deploy.traffic import Traffic

__all__ = ["protected", "remove"]


def protected(traffic: Traffic, cluster: Cluster, group: Group) -> str:
    """Why a group must not be deleted; empty if it may be. By what load balancers have, not by tags."""
    if group.deleting:
        return f"{group.name} is being deleted already"
    if traffic.takes(group):
        return f"{group.name} takes traffic"
    if group.open:
        return f"the deploy of {group.name} is not over"
    if not any(one.name != group.name and traffic.takes(one) for one in cluster.alive):
        return f"no other group of {cluster.name} takes traffic"
    return ""


def remove(site: Site, traffic: Traffic, group: Group) -> None:
    """Delete a group and its instances. DeliveryError if it must not be."""
    reason = protected(traffic, site.read(), group)
    if reason:
        raise DeliveryError(f"{group.name} is not deleted: {reason}")
    alarms = own_alarms(extras_of(site.aws, group))
    if alarms:
        with site.changing(f"deleting the alarms of {group.name}"):
            site.aws.cloudwatch.delete_alarms(AlarmNames=alarms)
    try:
        with site.changing(f"deleting {group.name}"):
            site.aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group.name, ForceDelete=True)
    except DeliveryError as error:
        if meaning(error) is not Meaning.NotFound:
            raise
