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

    def reported(self) -> list[str]:
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
    for metric in group.raw.get("EnabledMetrics", ()):
        metrics.setdefault(metric.get("Granularity", "1Minute"), []).append(metric["Metric"])
    return Extras(
        policies=policies,
        alarms=alarms,
        actions=tuple(actions),
        hooks=hooks,
        notifications=notifications,
        metrics=metrics,
        warm_pool=group.raw.get("WarmPoolConfiguration"),
        unread=tuple(unread),
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
    return [row for page in pages for row in page[key]]


def _notifications(aws: Aws, group: str) -> tuple[dict[str, list[str]], list[str]]:
    topics: dict[str, list[str]] = {}
    try:
        with asking(f"reading the notifications of {group}"):
            pages = aws.autoscaling.get_paginator("describe_notification_configurations").paginate(
                AutoScalingGroupNames=[group]
            )
            for page in pages:
                for configuration in page["NotificationConfigurations"]:
                    topics.setdefault(configuration["TopicARN"], []).append(configuration["NotificationType"])
    except AwsError as error:
        # Not every stand-in for AWS knows notifications, and no deploy should wait for them.
        if error.meaning is not ErrorMeaning.Unavailable:
            raise
        return {}, ["notifications could not be read, and are not copied"]
    return topics, []


def _alarms(aws: Aws, policies: list[Any]) -> Iterator[Any]:
    names = [alarm["AlarmName"] for policy in policies for alarm in policy.get("Alarms", ())]
    names = [name for name in dict.fromkeys(names) if not name.startswith(_TRACKING)]
    for start in range(0, len(names), _MANY):
        with asking("reading the alarms of scaling policies"):
            yield from aws.cloudwatch.describe_alarms(AlarmNames=names[start : start + _MANY])["MetricAlarms"]


def copy(
    site: Site, extras: Extras, old: str, new: str, names: Mapping[str, str], not_copied: Sequence[str] = ()
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
        parameters = {"AutoScalingGroupName": new, "TopicARN": topic, "NotificationTypes": types}
        _call(site, "autoscaling", "put_notification_configuration", parameters)
    for granularity, metrics in extras.metrics.items():
        parameters = {"AutoScalingGroupName": new, "Granularity": granularity, "Metrics": metrics}
        _call(site, "autoscaling", "enable_metrics_collection", parameters)
    arns = {}
    for policy in extras.policies:
        parameters = {**renamed(policy, names), "AutoScalingGroupName": new}
        created = _call(site, "autoscaling", "put_scaling_policy", parameters)
        if "PolicyARN" in policy:  # one of the settings has none yet
            arns[policy["PolicyARN"]] = created["PolicyARN"]
        yield from _follows(f"scaling policy {policy['PolicyName']}", parameters, not_copied, new)
    for alarm in extras.alarms:
        parameters = _alarm(renamed(alarm, names), arns, old, new)
        _call(site, "cloudwatch", "put_metric_alarm", parameters)
        yield from _follows(f"alarm {parameters['AlarmName']}", parameters, not_copied, new)
    for action in extras.actions:
        yield from _schedule(site, action, new)
    if extras.warm_pool:
        _call(site, "autoscaling", "put_warm_pool", {**extras.warm_pool, "AutoScalingGroupName": new})


def _follows(kind: str, copied: Raw, not_copied: Sequence[str], new: str) -> Iterator[str]:
    if still := names_in(copied, not_copied):
        yield f"{kind} still watches {', '.join(still)}, from which {new} gets no traffic: change it by hand"


def _call(site: Site, service: str, operation: str, parameters: Raw) -> Any:
    """Call with what was read from another group, cut to what the request has."""
    client = getattr(site.aws, service)
    model = client.meta.service_model
    shape = model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    with site.changing(
        f"{operation.replace('_', ' ')} on {parameters.get('AutoScalingGroupName', 'alarms')}"
    ):
        return getattr(client, operation)(**fitting(shape, parameters)[0])


def _alarm(alarm: Raw, arns: Mapping[str, str], old: str, new: str) -> dict[str, Any]:
    """An alarm as it stands beside the new group: it watches that, and calls its policies."""
    name = alarm["AlarmName"]
    kinds = ("AlarmActions", "OKActions", "InsufficientDataActions")
    actions: dict[str, Any] = {kind: [arns.get(arn, arn) for arn in alarm.get(kind, ())] for kind in kinds}
    actions["AlarmName"] = name.replace(old, new) if old in name else f"{name}-{new}"[-255:]
    return {key: value for key, value in {**alarm, **actions}.items() if value != []}


def _schedule(site: Site, action: Raw, new: str) -> Iterator[str]:
    """AWS takes no time that has passed: what recurs needs none, what was once is over."""
    parameters = {key: value for key, value in action.items() if key != "Time"}
    start: datetime | None = parameters.get("StartTime")
    if start is not None and start.timestamp() <= site.clock.now():
        if not parameters.get("Recurrence"):
            yield f"scheduled action {action['ScheduledActionName']} was for {start:%Y-%m-%d %H:%M} alone"
            return
        del parameters["StartTime"]
    _call(
        site, "autoscaling", "put_scheduled_update_group_action", {**parameters, "AutoScalingGroupName": new}
    )


def put_alarm(aws: Aws, alarm: Raw) -> None:
    """Make an alarm as AWS described it."""
    shape = aws.cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape
    aws.cloudwatch.put_metric_alarm(**fitting(shape, alarm)[0])


def own_alarms(policies: Iterable[Raw], alarms: Iterable[Raw]) -> list[Raw]:
    """Give the alarms that call nothing but these policies: they go when their group goes."""
    arns = {policy["PolicyARN"] for policy in policies}
    return [
        alarm for alarm in alarms if {*alarm.get("AlarmActions", ()), *alarm.get("OKActions", ())} <= arns
    ]
