"""Single changes that a user makes between deploys: the size of a group, its traffic, one instance.

Each is checked as a whole before anything is done, and may be run again after it was killed. None of them
leaves a cluster without a group that serves, unless that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.deploy import capacity
from delivery.deploy.model import DeployState, Group, Size
from delivery.deploy.operations import CommandOutcome
from delivery.deploy.park import park
from delivery.deploy.retry import retried
from delivery.deploy.rollback import settle_serving
from delivery.deploy.traffic import traffic_of
from delivery.errors import REFUSED, USAGE, DeliveryError, UnknownNameError
from delivery.provenance import recorded_release
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Cluster, Member
    from delivery.deploy.traffic import Traffic

__all__ = ["ManualChange", "plan_resize", "plan_terminate", "plan_traffic", "run_manual"]

_LAST = "--last does it nevertheless"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualChange:
    """A change that was checked, and its steps as names and texts."""

    kind: str
    """resize, in traffic, out of traffic, terminate."""
    group: Group
    steps: tuple[tuple[str, str], ...]
    before: str
    after: str
    notes: tuple[str, ...] = ()
    size: Size | None = None
    instance: str = ""
    stays: str = ""
    """The group that must carry what leaves; empty where none has to."""


def plan_resize(
    site: Site, name: str, *, min: int | None, desired: int | None, max: int | None, last: bool = False
) -> ManualChange:
    """Check a change of size. DeliveryError with what is against it."""
    cluster, group = _idle_group(site, name)
    now = group.unpinned
    size = _changed(now, min, desired, max)
    if not 0 <= size.min <= size.desired <= size.max:
        raise DeliveryError(
            f"min/desired/max {size} is no size: min is at most desired, and desired at most max",
            f"{name} has {now} now",
            USAGE,
        )
    _check_processes(site, group, size)
    if size.desired == 0 and not last and _is_last(cluster, traffic_of(site), group):
        raise _refused(f"{name} is the only group in traffic: without instances nothing serves")
    steps = [("resize", f"{name} from min/desired/max {now} to {size}")]
    if size.desired > group.in_service and "Launch" not in group.suspended:
        limit = f"{site.deploy.timeout_minutes:g} min"
        steps.append(("healthy", f"{size.desired} of {size.desired} healthy, within {limit}"))
    return ManualChange(
        kind="resize",
        group=group,
        steps=tuple(steps),
        before=str(now),
        after=str(size),
        notes=("a scaling policy or a scheduled action may change it again",),
        size=size,
    )


def _changed(now: Size, min: int | None, desired: int | None, max: int | None) -> Size:
    """Give a size in which only what is asked for differs; the number of now is kept within its bounds."""
    low, high = now.min if min is None else min, now.max if max is None else max
    bounded = _between(now.desired, low, high)
    return Size(low, bounded if desired is None else desired, high)


def _check_processes(site: Site, group: Group, size: Size) -> None:
    """Refuse a size that a suspended process keeps the group from. DeliveryError."""
    now, name = group.size.desired, group.name
    process = "Launch" if size.desired > now else "Terminate" if size.desired < now else ""
    if process not in group.suspended:
        return
    hint = f"delivery traffic --cluster {site.cluster} --group {name} on"
    if not group.parked:
        option = f"--scaling-processes {process}"
        hint = f"aws autoscaling resume-processes --auto-scaling-group-name {name} {option}"
    raise DeliveryError(f"{name} cannot change its size: {process} is suspended", hint, USAGE)


def plan_traffic(site: Site, name: str, *, on: bool, last: bool = False) -> ManualChange:
    """Check that a group may be given traffic, or taken out of it. DeliveryError."""
    cluster, group = _idle_group(site, name, may_be_pinned=on)
    traffic = traffic_of(site)
    if not traffic.switches:
        hint = (
            f"delivery resize --cluster {site.cluster} --group {name} --min 0 --desired 0 ends its instances"
        )
        raise DeliveryError(f"{site.cluster} has no load balancer that could take traffic away", hint, USAGE)
    takes = traffic.takes(group)
    before = "takes traffic" if takes else "takes no traffic"
    if on:
        return _plan_on(group, before)
    others = [each for each in cluster.alive if each.name != name and traffic.takes(each)]
    if not others and not last:
        raise _refused(f"{name} is the only group in traffic: without it nothing of {site.cluster} serves")
    stays = max(others, key=lambda each: each.in_service).name if others else ""
    enough = f"{stays} serves enough; " if stays else ""
    return ManualChange(
        kind="out of traffic",
        group=group,
        steps=(
            ("out", f"{enough}{name} out of traffic, and frozen as it is"),
            ("settle", f"{name} is kept for {site.deploy.keep_hours:g} h"),
        ),
        before=before,
        after="takes no traffic",
        notes=() if stays else (f"nothing of {site.cluster} serves then",),
        stays=stays,
    )


def _plan_on(group: Group, before: str) -> ManualChange:
    name = group.name
    if group.state is DeployState.failed:
        reason = group.tags.get(tags.REASON, "no reason is known")
        hint = f"delivery deploy --image {group.tags.get(tags.IMAGE, 'AMI')} tries its image again"
        raise DeliveryError(f"{name} never was active: its deploy failed ({reason})", hint, USAGE)
    return ManualChange(
        kind="in traffic",
        group=group,
        steps=(
            ("back", f"{name} takes its traffic, and serves"),
            ("unpin", f"{name} may shrink again"),
            ("settle", f"{name} is active"),
        ),
        before=before,
        after="takes traffic",
        notes=("groups that take traffic now go on with it",),
    )


def plan_terminate(site: Site, instance: str, *, last: bool = False) -> ManualChange:
    """Check that an instance may be ended and replaced. DeliveryError."""
    cluster = _idle_cluster(site)
    group, member = _member(cluster, instance)
    if blocked := sorted({"Launch", "Terminate"} & group.suspended):
        raise DeliveryError(
            f"{instance} would not be replaced: {blocked[0]} is suspended on {group.name}",
            f"delivery traffic --cluster {site.cluster} --group {group.name} on",
            USAGE,
        )
    traffic = traffic_of(site)
    serving = group.in_service - member.in_service
    if serving == 0 and member.in_service and not last and _is_last(cluster, traffic, group):
        hint = f"delivery resize --cluster {site.cluster} --group {group.name} --desired 2 first; {_LAST}"
        raise DeliveryError(f"{instance} is the only instance of {site.cluster} that serves", hint, REFUSED)
    notes = [f"{instance} is protected from scale-in, and ends all the same"] if member.is_protected else []
    return ManualChange(
        kind="terminate",
        group=group,
        steps=(
            ("terminate", f"{instance} of {group.name} ends, and Auto Scaling launches another"),
            ("healthy", f"{group.size.desired} of {group.size.desired} healthy again"),
        ),
        before=f"{group.in_service} of {group.size.desired} in service",
        after=f"{serving} of {group.size.desired} in service, until the new one is",
        notes=tuple(notes),
        instance=instance,
    )


def run_manual(site: Site, change: ManualChange) -> CommandOutcome:
    """Carry out a change that was checked; may be done again without harm. DeliveryError."""
    site.about(change.group)
    act = {"resize": _resize, "in traffic": _on, "out of traffic": _off, "terminate": _terminate}[change.kind]
    act(site, change)
    outcome = {"resize": "resized", "terminate": "terminated"}.get(change.kind, change.kind)
    return CommandOutcome(
        outcome,
        change.group.name,
        release=recorded_release(change.group.tags),
        detail=f"{change.before} to {change.after}",
    )


def _resize(site: Site, change: ManualChange) -> None:
    group, size = change.group, change.size
    assert size is not None
    texts = dict(change.steps)
    with site.timeline.step("resize", texts["resize"]) as step:
        # the size it gets back in a rollback; written first, as a run that is killed here is run again
        if tags.SIZE in group.tags:
            retried(site, lambda: site.tag(group.name, {tags.SIZE: str(size)}), step.note)
        retried(
            site,
            lambda: site.resize(group.name, min=size.min, desired=size.desired, max=size.max),
            step.note,
        )
    if "healthy" in texts:
        _wait(site, group.name, size.desired, texts["healthy"])


def _wait(site: Site, name: str, desired: int, text: str) -> None:
    traffic = traffic_of(site)
    with site.timeline.step("healthy", text) as step:
        group = site.group(name)
        balancers = traffic.switches and traffic.takes(group)
        capacity.healthy(site, name, group.instances(desired), step.note, balancers=balancers, alarms=False)


def _on(site: Site, change: ManualChange) -> None:
    settle_serving(site, traffic_of(site), site.group(change.group.name))


def _off(site: Site, change: ManualChange) -> None:
    traffic, name, texts = traffic_of(site), change.group.name, dict(change.steps)
    with site.timeline.step("out", texts["out"]) as step:
        group, needed = site.group(name), 0
        if change.stays and traffic.takes(group):
            needed = retried(
                site, lambda: capacity.guard(site, name, change.stays, balancers=traffic.switches), step.note
            )
        retried(site, lambda: park(site, traffic, site.group(name), keep=True), step.note)
        if needed:
            capacity.still(site, change.stays, needed, step.note, balancers=traffic.switches)
    with site.timeline.step("settle", texts["settle"]) as step:
        retried(site, lambda: site.tag(name, {tags.STATE: DeployState.disabled}), step.note)


def _terminate(site: Site, change: ManualChange) -> None:
    texts = dict(change.steps)
    with site.timeline.step("terminate", texts["terminate"]) as step:
        retried(site, lambda: _end(site, change.instance), step.note)
    group = site.group(change.group.name)
    _wait(site, group.name, group.size.desired, texts["healthy"])


def _end(site: Site, instance: str) -> None:
    try:
        with site.changing(f"ending {instance}"):
            site.aws.autoscaling.terminate_instance_in_auto_scaling_group(
                InstanceId=instance, ShouldDecrementDesiredCapacity=False
            )
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound or _is_alive(site, instance):
            raise


def _is_alive(site: Site, instance: str) -> bool:
    with asking(f"looking at {instance}"):
        answer = site.aws.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance])
    return bool(answer["AutoScalingInstances"])


def _idle_cluster(site: Site) -> Cluster:
    """Read the cluster; a deploy that is not over must end first. DeliveryError."""
    cluster = site.read()
    if not cluster.alive:
        raise DeliveryError(f"{site.cluster} has no groups", "delivery deploy makes one", USAGE)
    unfinished = cluster.unfinished
    if unfinished is not None:
        raise DeliveryError(
            f"the deploy of {unfinished.name} is not over: {unfinished.state}",
            "delivery promote, resume or rollback first: they count on sizes and traffic as they are",
            USAGE,
        )
    return cluster


def _idle_group(site: Site, name: str, *, may_be_pinned: bool = False) -> tuple[Cluster, Group]:
    cluster = _idle_cluster(site)
    group = cluster.get(name)
    if group is None:
        names = [each.name for each in cluster.alive]
        raise UnknownNameError(
            f"{site.cluster} has no group {name!r}",
            suggestion(name, names) or f"its groups are {', '.join(names)}",
        )
    if tags.PIN in group.tags and not may_be_pinned:
        hint = "delivery resume gives it its minimum back"
        raise DeliveryError(f"{name} is pinned by a run that was cut short", hint, USAGE)
    return cluster, group


def _member(cluster: Cluster, instance: str) -> tuple[Group, Member]:
    for group in cluster.alive:
        for member in group.members:
            if member.id == instance:
                return group, member
    raise UnknownNameError(
        f"{instance} is no instance of {cluster.name}",
        f"delivery show {instance} says where it belongs; what has ended is in no group",
    )


def _is_last(cluster: Cluster, traffic: Traffic, group: Group) -> bool:
    """Report whether nothing else of a cluster takes traffic."""
    taking: Sequence[Group] = [each for each in cluster.alive if traffic.takes(each)]
    return [each.name for each in taking] == [group.name]


def _refused(message: str) -> DeliveryError:
    return DeliveryError(message, f"give another group traffic first; {_LAST}", REFUSED)


def _between(number: int, low: int, high: int) -> int:
    return min(max(number, low), high)
