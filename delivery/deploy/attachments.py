"""What hangs on a group beside its own settings: scaling policies with alarms, scheduled actions, hooks ...

Read from the old group, written to the new one while it has no instances yet. Every write replaces what is
there by name, so it may be done again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.deploy.metric_names import names_in, renamed
from delivery.deploy.request_shape import fitting

if TYPE_CHECKING:
    from datetime import datetime

    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group

__all__ = ["Extras", "copy", "extras_of", "hooks_of", "own_alarms", "policies_of", "put_alarm"]

Raw = Mapping[str, Any]
_TRACKING = "TargetTracking-"
"""Alarms of that name belong to a policy that makes its own."""
_MANY = 100


@dataclass(frozen=True, slots=True)
class Extras:
    """What hangs on a group, as AWS describes it."""

    policies: tuple[Raw, ...] = ()
    alarms: tuple[Raw, ...] = ()
    """Those that call the policies; a policy that tracks a target makes its own."""
    actions: tuple[Raw, ...] = ()
    hooks: tuple[Raw, ...] = ()
    notifications: Mapping[str, list[str]] = field(default_factory=dict)
    """Types of notification by the ARN of the topic."""
    metrics: Mapping[str, list[str]] = field(default_factory=dict)
    """Metrics that are collected, by granularity."""
    warm_pool: Raw | None = None
    unread: tuple[str, ...] = ()
    """What could not be read, and is not copied."""

    def told(self) -> list[str]:
        """What there is, as words."""
        counts = {
            "scaling policy": len(self.policies),
            "alarm": len(self.alarms),
            "scheduled action": len(self.actions),
            "lifecycle hook": len(self.hooks),
            "notification": len(self.notifications),
            "metrics collection": len(self.metrics),
            "warm pool": 1 if self.warm_pool else 0,
        }
        return [f"{count} {_plural(name, count)}" for name, count in counts.items() if count]


def _plural(name: str, count: int) -> str:
    if count == 1:
        return name
    return f"{name[:-1]}ies" if name.endswith("cy") else f"{name}s"


def extras_of(aws: Aws, group: Group) -> Extras:
    """What hangs on a group. AwsError."""
    policies, alarms = policies_of(aws, group.name)
    with asking(f"reading the scheduled actions of {group.name}"):
        actions = _all(aws, "describe_scheduled_actions", "ScheduledUpdateGroupActions", group.name)
    hooks = hooks_of(aws, group.name)
    notifications, unread = _notifications(aws, group.name)
    metrics: dict[str, list[str]] = {}
    for one in group.raw.get("EnabledMetrics", ()):
        metrics.setdefault(one.get("Granularity", "1Minute"), []).append(one["Metric"])
    return Extras(
        policies,
        alarms,
        tuple(actions),
        hooks,
        notifications,
        metrics,
        group.raw.get("WarmPoolConfiguration"),
        tuple(unread),
    )


def policies_of(aws: Aws, group: str) -> tuple[tuple[Raw, ...], tuple[Raw, ...]]:
    """Read the scaling policies of a group, and the alarms that call them. AwsError."""
    with asking(f"reading the scaling policies of {group}"):
        policies = _all(aws, "describe_policies", "ScalingPolicies", group)
    return tuple(policies), tuple(_alarms(aws, policies))


def hooks_of(aws: Aws, group: str) -> tuple[Raw, ...]:
    """Read the lifecycle hooks of a group. AwsError."""
    with asking(f"reading the lifecycle hooks of {group}"):
        return tuple(aws.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"])


def _all(aws: Aws, operation: str, key: str, group: str) -> list[Any]:
    client: Any = aws.autoscaling
    pages = client.get_paginator(operation).paginate(AutoScalingGroupName=group)
    return [one for page in pages for one in page[key]]


def _notifications(aws: Aws, group: str) -> tuple[dict[str, list[str]], list[str]]:
    found: dict[str, list[str]] = {}
    try:
        with asking(f"reading the notifications of {group}"):
            pages = aws.autoscaling.get_paginator("describe_notification_configurations").paginate(
                AutoScalingGroupNames=[group]
            )
            for page in pages:
                for one in page["NotificationConfigurations"]:
                    found.setdefault(one["TopicARN"], []).append(one["NotificationType"])
    except AwsError as error:
        # Not every stand-in for AWS knows notifications, and no deploy should wait for them.
        if error.meaning is not ErrorMeaning.Unavailable:
            raise
        return {}, ["notifications could not be read, and are not copied"]
    return found, []


def _alarms(aws: Aws, policies: list[Any]) -> Iterator[Any]:
    names = [one["AlarmName"] for policy in policies for one in policy.get("Alarms", ())]
    names = [one for one in dict.fromkeys(names) if not one.startswith(_TRACKING)]
    for start in range(0, len(names), _MANY):
        with asking("reading the alarms of scaling policies"):
            yield from aws.cloudwatch.describe_alarms(AlarmNames=names[start : start + _MANY])["MetricAlarms"]


def copy(
    site: Site, extras: Extras, old: str, new: str, names: Mapping[str, str], left: Sequence[str] = ()
) -> Iterator[str]:
    """Put it all on another group; yields what could not be copied, in words. AwsError.

    Args:
        site: where.
        extras: what hangs on the old group.
        old: name of that group.
        new: name of the other one.
        names: those that metrics have of the new group, by those of the old one.
        left: names of target groups and load balancers that the new group has nothing of.
    """
    yield from extras.unread
    for hook in extras.hooks:
        _call(site, "autoscaling", "put_lifecycle_hook", {**hook, "AutoScalingGroupName": new})
    for topic, types in extras.notifications.items():
        said = {"AutoScalingGroupName": new, "TopicARN": topic, "NotificationTypes": types}
        _call(site, "autoscaling", "put_notification_configuration", said)
    for granularity, metrics in extras.metrics.items():
        said = {"AutoScalingGroupName": new, "Granularity": granularity, "Metrics": metrics}
        _call(site, "autoscaling", "enable_metrics_collection", said)
    arns = {}
    for policy in extras.policies:
        said = {**renamed(policy, names), "AutoScalingGroupName": new}
        made = _call(site, "autoscaling", "put_scaling_policy", said)
        if "PolicyARN" in policy:  # one of the settings has none yet
            arns[policy["PolicyARN"]] = made["PolicyARN"]
        yield from _follows(f"scaling policy {policy['PolicyName']}", said, left, new)
    for alarm in extras.alarms:
        said = _alarm(renamed(alarm, names), arns, old, new)
        _call(site, "cloudwatch", "put_metric_alarm", said)
        yield from _follows(f"alarm {said['AlarmName']}", said, left, new)
    for action in extras.actions:
        yield from _schedule(site, action, new)
    if extras.warm_pool:
        _call(site, "autoscaling", "put_warm_pool", {**extras.warm_pool, "AutoScalingGroupName": new})


def _follows(what: str, copied: Raw, left: Sequence[str], new: str) -> Iterator[str]:
    if still := names_in(copied, left):
        yield f"{what} still watches {', '.join(still)}, from which {new} gets no traffic: change it by hand"


def _call(site: Site, service: str, operation: str, said: Raw) -> Any:
    """Call with what was read from another group, cut to what the request has."""
    client = getattr(site.aws, service)
    model = client.meta.service_model
    shape = model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    with site.changing(f"{operation.replace('_', ' ')} on {said.get('AutoScalingGroupName', 'alarms')}"):
        return getattr(client, operation)(**fitting(shape, said)[0])


def _alarm(alarm: Raw, arns: Mapping[str, str], old: str, new: str) -> dict[str, Any]:
    """An alarm as it stands beside the new group: it watches that, and calls its policies."""
    name = alarm["AlarmName"]
    kinds = ("AlarmActions", "OKActions", "InsufficientDataActions")
    said: dict[str, Any] = {kind: [arns.get(one, one) for one in alarm.get(kind, ())] for kind in kinds}
    said["AlarmName"] = name.replace(old, new) if old in name else f"{name}-{new}"[-255:]
    return {key: one for key, one in {**alarm, **said}.items() if one != []}


def _schedule(site: Site, action: Raw, new: str) -> Iterator[str]:
    """AWS takes no time that has passed: what recurs needs none, what was once is over."""
    said = {key: one for key, one in action.items() if key != "Time"}
    start: datetime | None = said.get("StartTime")
    if start is not None and start.timestamp() <= site.clock.now():
        if not said.get("Recurrence"):
            yield f"scheduled action {action['ScheduledActionName']} was for {start:%Y-%m-%d %H:%M} alone"
            return
        del said["StartTime"]
    _call(site, "autoscaling", "put_scheduled_update_group_action", {**said, "AutoScalingGroupName": new})


def put_alarm(aws: Aws, alarm: Raw) -> None:
    """Make an alarm as AWS described it."""
    shape = aws.cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape
    aws.cloudwatch.put_metric_alarm(**fitting(shape, alarm)[0])


def own_alarms(policies: Iterable[Raw], alarms: Iterable[Raw]) -> list[Raw]:
    """Give the alarms that call nothing but these policies: they go when their group goes."""
    arns = {one["PolicyARN"] for one in policies}
    return [one for one in alarms if {*one.get("AlarmActions", ()), *one.get("OKActions", ())} <= arns]
