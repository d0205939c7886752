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
from delivery.deploy.ending import unprotect
from delivery.deploy.traffic import recorded, taking
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.capacity import Note
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.deploy.traffic import Traffic

__all__ = ["FROZEN", "empty", "park", "settle", "shrink", "take_back"]

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

    `keep` freezes it as it is; else its instances may go, with `empty`. They go at once where no load
    balancer can take traffic away.
    """
    again = group.parked
    takes = traffic.takes(group)
    if not again:
        _record(site, group)
    elif takes:
        _renew(site, group)
    stays = keep and traffic.switches
    frozen = [process for process in FROZEN if stays or process != "Terminate"]
    if not group.suspended.issuperset(frozen):
        with site.changing(f"freezing {group.name}"):
            site.aws.autoscaling.suspend_processes(AutoScalingGroupName=group.name, ScalingProcesses=frozen)
    if takes and traffic.switches:
        traffic.off(site.group(group.name))  # with the tags that have just been written
    if (takes and traffic.switches) or again:
        site.lock.sleep(site.deploy.drain_seconds)
    if not traffic.switches:
        empty(site, group.name)


def empty(site: Site, name: str, *, whole: bool = False) -> None:
    """End the instances of a group that is out of traffic; its size in full use stays in a tag. AwsError.

    Instances that something has protected from scale-in run until it takes the protection away, and are
    reported. `whole`: none of them ever had work of its own, so that all are ended at once.
    """
    group = site.find(name)
    if group is None:
        return
    if whole or group.protects_new:
        unprotect(site.aws, site.changing, group)
    elif group.protected:
        site.say_once(
            f"{len(group.protected)} instances of {name} are protected from scale-in, and run until they "
            f"are not: {', '.join(group.protected)}"
        )
    if whole and "Terminate" in group.suspended:
        with site.changing(f"resuming Terminate on {name}"):
            site.aws.autoscaling.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["Terminate"])
    if group.size.desired or group.size.min:
        site.untag(name, [tags.PIN])  # its minimum is to stay 0; `delivery:size` has the one it had
        site.resize(name, min=0, desired=0)


def shrink(site: Site, group: Group) -> None:
    """End the instances of a group that is kept; a rollback launches them again. AwsError."""
    if "Terminate" in group.suspended and "Terminate" not in group.own_suspended:
        with site.changing(f"letting the instances of {group.name} end"):
            site.aws.autoscaling.resume_processes(
                AutoScalingGroupName=group.name, ScalingProcesses=["Terminate"]
            )
    empty(site, group.name)


def _renew(site: Site, group: Group) -> None:
    """Write new dates on a group that takes traffic and bears the marks of one taken out.

    Marks of an earlier time, whose processes run, are written anew as a whole. Where they are suspended, a
    run was killed while it took the group out: what it wrote down of the group before is still true.
    """
    if group.suspended.issuperset(process for process in FROZEN if process != "Terminate"):
        site.tag(group.name, _dates(site))
    else:
        _record(site, group)


def _dates(site: Site) -> dict[str, str]:
    now = site.clock.now()
    return {tags.DISABLED_AT: iso(now), tags.DELETE_AFTER: iso(now + site.deploy.keep_hours * 3600)}


def _record(site: Site, group: Group) -> None:
    """Write down what will be taken away, before it is."""
    new_tags = {
        **_dates(site),
        tags.SUSPENDED: " ".join(sorted(group.suspended)) or "none",
        tags.SIZE: str(group.unpinned),
    }
    if group.attached:
        new_tags |= taking(group.target_groups, group.load_balancers)
        site.untag(group.name, [key for key in taking(*recorded(group)) if key not in new_tags])
    site.tag(group.name, new_tags)


def take_back(site: Site, traffic: Traffic, group: Group, capacity: int, note: Note) -> None:
    """Give a parked group its traffic back, as large as is asked for, and wait until it serves.

    DeliveryError if it does not: it is in traffic then all the same.
    """
    _check_launch(group, capacity)
    _forgive(site, group)
    frozen = [
        process for process in FROZEN if process in group.suspended and process not in group.own_suspended
    ]
    if frozen:
        with site.changing(f"resuming {group.name}"):
            site.aws.autoscaling.resume_processes(AutoScalingGroupName=group.name, ScalingProcesses=frozen)
    grow(site, group, capacity)
    if traffic.joins and not traffic.takes(group):
        traffic.join(group, site.read())
        healthy(site, group.name, group.instances(capacity), note, balancers=True, alarms=False)
    traffic.on(group, 50)
    if traffic.switches:
        site.tag(group.name, {tags.TRAFFIC_SINCE: iso(site.clock.now())})
    healthy(site, group.name, group.instances(capacity), note, balancers=traffic.switches, alarms=False)


def _check_launch(group: Group, capacity: int) -> None:
    """Refuse a group that cannot launch what it lacks, as its owners want it so."""
    lacking = group.instances(capacity) - len(group.members)
    if lacking > 0 and "Launch" in group.own_suspended:
        raise DeliveryError(
            f"{group.name} lacks {lacking} instances, and its process Launch is suspended",
            f"aws autoscaling resume-processes --auto-scaling-group-name {group.name} "
            "--scaling-processes Launch",
        )


def _forgive(site: Site, group: Group) -> None:
    """Take back marks that were set while it was out of traffic; what is really ill is found again."""
    for member in group.members:
        if member.lifecycle == "InService" and not member.in_service:
            with site.changing(f"forgiving {member.id}"):
                site.aws.autoscaling.set_instance_health(InstanceId=member.id, HealthStatus="Healthy")


def settle(site: Site, name: str) -> None:
    """A group that has its traffic back is parked no longer. AwsError."""
    site.untag(name, [tags.DISABLED_AT, tags.DELETE_AFTER, tags.SUSPENDED, tags.REASON, tags.ROLLBACK_ERROR])
