"""Groups out of traffic: frozen as they are, so that a rollback finds them so; and back into it.

A parked group must not change: no launches or terminations, and no health checks either, because a load
balancer it has left calls its instances unhealthy, and on resume all of them would be replaced at once (Auto
Scaling guide, "Suspend and resume processes"). For the same reason marks of that kind are taken back before
anything is resumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy.capacity import grow, healthy
from delivery.deploy.traffic import recorded, taking

if TYPE_CHECKING:
    from delivery.deploy.capacity import Note
    from delivery.deploy.model import Group
    from delivery.deploy.site import Site
    from delivery.deploy.traffic import Traffic

__all__ = ["FROZEN", "park", "settle", "take_back"]

FROZEN = (
    "Launch",
    "Terminate",
    "HealthCheck",
    "ReplaceUnhealthy",
    "AZRebalance",
    "AlarmNotification",
    "ScheduledActions",
    "AddToLoadBalancer",
)
"""Processes a parked group has suspended."""


def park(site: Site, traffic: Traffic, group: Group, *, keep: bool) -> None:
    """Take a group out of traffic and let its connections end. May be done again. AwsError.

    `keep` freezes it as it is; else, and where no load balancer can take traffic away, its instances go.
    """
    again = group.parked
    if not again:
        _record(site, group)
    stays = keep and traffic.switches
    frozen = [one for one in FROZEN if stays or one != "Terminate"]
    if not group.suspended.issuperset(frozen):
        with site.changing(f"freezing {group.name}"):
            site.aws.autoscaling.suspend_processes(AutoScalingGroupName=group.name, ScalingProcesses=frozen)
    taking_now = traffic.switches and traffic.takes(group)
    if taking_now:
        traffic.off(site.group(group.name))  # with the tags that have just been written
    if taking_now or again:
        site.lock.sleep(site.deploy.drain_seconds)
    if not stays and (group.size.desired or group.size.min):
        site.untag(group.name, [tags.PIN])  # its minimum is to stay 0; `delivery:size` has the one it had
        site.resize(group.name, min=0, desired=0)


def _record(site: Site, group: Group) -> None:
    """Write down what will be taken away, before it is."""
    now = site.clock.now()
    said = {
        tags.DISABLED_AT: iso(now),
        tags.DELETE_AFTER: iso(now + site.deploy.keep_hours * 3600),
        tags.SUSPENDED: " ".join(sorted(group.suspended)) or "none",
        tags.SIZE: str(group.unpinned),
    }
    if group.attached:
        said |= taking(group.target_groups, group.load_balancers)
        site.untag(group.name, [key for key in taking(*recorded(group)) if key not in said])
    site.tag(group.name, said)


def take_back(site: Site, traffic: Traffic, group: Group, capacity: int, note: Note) -> None:
    """Give a parked group its traffic back, as large as is asked for, and wait until it serves.

    DeliveryError if it does not: it is in traffic then all the same.
    """
    _forgive(site, group)
    frozen = [one for one in FROZEN if one in group.suspended and one not in group.own_suspended]
    if frozen:
        with site.changing(f"resuming {group.name}"):
            site.aws.autoscaling.resume_processes(AutoScalingGroupName=group.name, ScalingProcesses=frozen)
    grow(site, group, capacity)
    if traffic.joins:
        traffic.join(group, site.read())
        healthy(site, group.name, group.instances(capacity), note, balancers=True, alarms=False)
    traffic.on(group, 50)
    healthy(site, group.name, group.instances(capacity), note, balancers=traffic.switches, alarms=False)


def _forgive(site: Site, group: Group) -> None:
    """Take back marks that were set while it was out of traffic; what is really ill is found again."""
    for one in group.members:
        if one.lifecycle == "InService" and not one.in_service:
            with site.changing(f"forgiving {one.id}"):
                site.aws.autoscaling.set_instance_health(InstanceId=one.id, HealthStatus="Healthy")


def settle(site: Site, name: str) -> None:
    """A group that has its traffic back is parked no longer. AwsError."""
    site.untag(name, [tags.DISABLED_AT, tags.DELETE_AFTER, tags.SUSPENDED])
