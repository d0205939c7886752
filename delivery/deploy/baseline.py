"""The baseline of a canary: a group of the previous image, as large and as old, that takes the same traffic.

Its name is the canary's with `-baseline` behind it, which is the name of no group of any cluster: nothing
that deploys or rolls back takes it for one. The canary's tag `delivery:baseline` names it before it is
made, so that any run that ends the canary's deploy finds and deletes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning
from delivery.clock import iso
from delivery.deploy import capacity
from delivery.deploy.context import read_group
from delivery.deploy.copied import copied_settings
from delivery.deploy.ending import end
from delivery.deploy.group_tags import as_tags
from delivery.deploy.model import DeployState
from delivery.deploy.template import LaunchSource, launch_of, make_launch, named
from delivery.deploy.traffic import detach
from delivery.errors import DeliveryError
from delivery.settings import Deploy

if TYPE_CHECKING:
    from delivery.deploy.capacity import Note
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.deploy.traffic import Traffic

__all__ = ["HELD", "compare", "hold", "make", "release", "retire"]

HELD = ("AlarmNotification", "ScheduledActions")
"""Processes by which a group would change its size; suspended while it is compared."""


def make(site: Site, new: Group, old: Group, size: int) -> None:
    """Make the baseline of a canary, and have it launch its instances. May be done again. DeliveryError."""
    name = new.tags[tags.BASELINE]
    group = site.find(name)
    if group is None:
        _await_deleted(site, name)
        _create(site, name, new, old, size)
        group = site.group(name)
    if group.size.desired < size:
        site.resize(name, min=size, desired=size, max=size)


def _await_deleted(site: Site, name: str) -> None:
    """Wait until the baseline of an earlier stage is deleted: its name is free then. DeliveryError."""
    until = site.clock.now() + site.deploy.timeout_minutes * 60
    while read_group(site.aws, name) is not None:
        if site.clock.now() >= until:
            raise DeliveryError(f"{name} of an earlier stage is not deleted", "delivery resume goes on")
        site.lock.sleep(site.deploy.poll_seconds)


def _create(site: Site, name: str, new: Group, old: Group, size: int) -> None:
    """Create it without instances, from the version of the launch template that the old group launched."""
    launch = launch_of(site.aws, old)
    if recorded := new.tags.get(tags.PREVIOUS_TEMPLATE, ""):
        launch = LaunchSource(named(site.aws, recorded), launch.mixed, launch.own)
    as_it_is = replace(site, deploy=Deploy())  # no setting changes what the old group launched
    arguments = copied_settings(site.aws, old)
    new_tags = {
        tags.BASELINE_OF: new.name,
        tags.DELETE_AFTER: iso(site.clock.now()),  # once the deploy of its canary is over, by any run
        tags.DEPLOY: new.tags.get(tags.DEPLOY, ""),
        tags.APPLICATION: site.cluster.app,
        tags.IMAGE: launch.template.image,
        tags.NAME: "" if any(tag["Key"] == tags.NAME for tag in arguments["Tags"]) else name,
    }
    arguments |= {
        **make_launch(as_it_is, launch, launch.template.image),
        "AutoScalingGroupName": name,
        "MinSize": 0,
        "DesiredCapacity": 0,
        "MaxSize": size,
        "Tags": [*arguments["Tags"], *as_tags({key: value for key, value in new_tags.items() if value})],
    }
    try:
        with site.changing(f"creating group {name}"):
            site.aws.autoscaling.create_auto_scaling_group(
                **{key: value for key, value in arguments.items() if value not in ("", [])}
            )
    except AwsError as error:
        if error.meaning is not ErrorMeaning.AlreadyExists:
            raise


def compare(site: Site, traffic: Traffic, new: Group, old: Group, size: int, note: Note) -> None:
    """Give a healthy baseline traffic from where the old group has it. May be done again. DeliveryError."""
    baseline = site.group(new.tags[tags.BASELINE])
    count = old.instances(size)
    if traffic.switches and not baseline.attached:
        capacity.healthy(site, baseline.name, count, note, balancers=False)
        _attach(site, baseline, old)
    capacity.healthy(site, baseline.name, count, note, balancers=traffic.switches)


def _attach(site: Site, baseline: Group, old: Group) -> None:
    client: Any = site.aws.autoscaling
    with site.changing(f"attaching {baseline.name} to the load balancers of {old.name}"):
        if old.target_groups:
            client.attach_load_balancer_target_groups(
                AutoScalingGroupName=baseline.name, TargetGroupARNs=list(old.target_groups)
            )
        if old.load_balancers:
            client.attach_load_balancers(
                AutoScalingGroupName=baseline.name, LoadBalancerNames=list(old.load_balancers)
            )


def hold(site: Site, new: Group) -> None:
    """Keep scaling from changing the size of a canary while it is compared. AwsError."""
    processes = [process for process in HELD if process not in new.suspended]
    if processes:
        with site.changing(f"suspending {', '.join(processes)} on {new.name}"):
            site.aws.autoscaling.suspend_processes(AutoScalingGroupName=new.name, ScalingProcesses=processes)


def release(site: Site, new: Group, old: Group | None) -> None:
    """Let scaling change the size of a canary again, as far as that of the old group may. AwsError."""
    own_suspended = old.own_suspended if old is not None else frozenset()
    processes = [process for process in HELD if process in new.suspended and process not in own_suspended]
    if processes:
        with site.changing(f"resuming {', '.join(processes)} on {new.name}"):
            site.aws.autoscaling.resume_processes(AutoScalingGroupName=new.name, ScalingProcesses=processes)


def retire(site: Site, canary: Group, note: Note) -> None:
    """Take the baseline of a canary out of traffic and delete it. May be done again. DeliveryError."""
    name = canary.tags.get(tags.BASELINE, "")
    group = site.find(name) if name else None
    if group is None:
        return
    if tags.DISABLED_AT not in group.tags:  # as policies want it of a group that is deleted
        now = iso(site.clock.now())
        new_tags = {tags.STATE: DeployState.disabled, tags.DISABLED_AT: now, tags.DELETE_AFTER: now}
        site.tag(name, new_tags)
    if group.attached:
        detach(site, group)
        site.lock.sleep(site.deploy.drain_seconds)
    until = site.clock.now() + site.deploy.timeout_minutes * 60
    while (present := site.find(name)) is not None and (waits := end(site.aws, site.changing, present)):
        note(waits)
        if site.clock.now() >= until:
            raise DeliveryError(f"{name} is not deleted: {waits}", "delivery resume goes on with it")
        site.lock.sleep(site.deploy.poll_seconds)
