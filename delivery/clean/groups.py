"""Deletes groups that were taken out long enough ago, and restores minimum sizes that dead deploys pinned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.clean.groups_policy import RetiredDecision, SeenGroup, cluster_of, decide, pinned_minimum, seen
from delivery.deploy.context import read_group
from delivery.deploy.ending import end
from delivery.errors import LockedError
from delivery.health.serving import Serving
from delivery.lock import Lock, open_lock

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["act", "look", "plan"]


def plan(aws: Aws, clock: HostClock, cluster: str | None, pin_hours: float) -> list[RetiredDecision]:
    """Decide about the groups of a cluster, or of all. AwsError."""
    return decide(look(aws, cluster), clock.now(), pin_hours)


def look(aws: Aws, cluster: str | None = None) -> list[SeenGroup]:
    """Read the groups of a cluster, or of all, and the state of their load balancers. AwsError."""
    groups = [group for group in _groups(aws) if cluster is None or _cluster(group) == cluster]
    by_cluster: defaultdict[str, list[Any]] = defaultdict(list)
    for group in groups:
        by_cluster[_cluster(group)].append(group)
    return [group for together in by_cluster.values() for group in _seen(aws, together)]


def _seen(aws: Aws, groups: list[Any]) -> list[SeenGroup]:
    """Read the groups of one cluster; an error of one cluster does not concern others."""
    balanced = any(_balanced(group) for group in groups)
    try:
        serving = Serving(aws, groups)
    except AwsError as error:
        if error.meaning is ErrorMeaning.Denied and not error.code.startswith("AccessDenied"):
            raise  # no group can be read
        return [seen(group, balanced=balanced, unknown=error.message) for group in groups]
    return [seen(group, serving.reason(group), balanced=balanced) for group in groups]


Outcome = tuple[bool | None, str]
"""Report whether a decision was carried out, None while it is under way; and a note."""


def act(
    aws: Aws, settings: DeliverySettings, clock: HostClock, decision: RetiredDecision, pin_hours: float
) -> Outcome:
    """Carry out one decision under the lock of its cluster.

    The group is read again, as a rollback may have begun since. AwsError.
    """
    cluster = decision.cluster
    try:
        with open_lock(aws, settings, cluster, clock, "delivery clean groups") as lock:
            return _act(aws, lock, plan(aws, clock, cluster, pin_hours), decision)
    except LockedError as error:
        return False, error.message


def _act(aws: Aws, lock: Lock, now: list[RetiredDecision], before: RetiredDecision) -> Outcome:
    again = next((group_now for group_now in now if group_now.group == before.group), None)
    if again is None or again.action != before.action:
        return False, again.reason if again else "it does not exist"

    @contextmanager
    def changing(doing: str) -> Iterator[None]:
        lock.check()
        with asking(doing):
            yield

    lock.check()
    if again.action == "delete":
        group = read_group(aws, again.group)
        waits = "" if group is None else end(aws, changing, group)
        return (None, waits) if waits else (True, again.reason)
    if again.action == "unpin":
        return _unpin(aws, again.group)
    return True, again.reason


def _unpin(aws: Aws, group: str) -> tuple[bool, str]:
    """Give a group the minimum size it had; the tag goes last, so that a kill in between is repeated."""
    with asking(f"reading group {group}"):
        (described,) = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])[
            "AutoScalingGroups"
        ]
    value = tags.read(described["Tags"])[tags.PIN]
    minimum = pinned_minimum(value, described["MinSize"])
    if minimum is None:
        return False, f"{tags.PIN} has no size: {value!r}"
    with asking(f"restoring the minimum size of group {group}"):
        aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=minimum)
    tag: Any = {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": tags.PIN}
    with asking(f"removing the pin of group {group}"):
        aws.autoscaling.delete_tags(Tags=[tag])
    return True, f"minimum size {minimum} again"


def _groups(aws: Aws) -> Iterator[Any]:
    with asking("reading all groups"):
        for page in aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate():
            yield from page["AutoScalingGroups"]


def _cluster(group: Any) -> str:
    return cluster_of(group["AutoScalingGroupName"], tags.read(group.get("Tags")))


def _balanced(group: Any) -> bool:
    return bool(group.get("TargetGroupARNs") or group.get("LoadBalancerNames"))
