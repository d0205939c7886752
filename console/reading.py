"""Reads an account and region for the snapshot: paginated calls only, one for a hundred groups or images."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import asking
from delivery.clock import iso
from delivery.deploy.context import read_groups
from delivery.deploy.model import Group, group_of
from delivery.deploy.plan import DeployStep, left, steps
from delivery.deploy.recorded import recorded_facts
from delivery.names import parse_group
from delivery.overview.groups import instances_of, rows_of
from delivery.overview.images import account_names, image_rows

from .snapshot import GroupState, InstanceRow, StepState, Values, digest_of

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["read_details", "read_images", "read_location", "read_named"]

_BATCH = 100
"""Groups or alarms asked for in one call."""
_ACTIVITIES = 10
"""Newest scaling activities of a group."""
_UNSHOWN = ("age_seconds",)


def read_location(aws: Aws, settings: DeliverySettings, now: float) -> list[GroupState]:
    """Read all groups. AwsError."""
    return _states(aws, settings, read_groups(aws), now)


def read_named(aws: Aws, settings: DeliverySettings, names: Sequence[str], now: float) -> list[GroupState]:
    """Read groups by their names; those that do not exist are left out. AwsError."""
    groups: list[Group] = []
    for begin in range(0, len(names), _BATCH):
        some = list(names[begin : begin + _BATCH])
        with asking(f"looking at groups in {aws.region}"):
            answer = aws.autoscaling.describe_auto_scaling_groups(
                AutoScalingGroupNames=some, MaxRecords=_BATCH
            )
        groups += map(group_of, answer["AutoScalingGroups"])
    return _states(aws, settings, groups, now)


def read_images(aws: Aws, settings: DeliverySettings, now: float) -> list[Values]:
    """Read all images this account owns. AwsError."""
    return list(image_rows(aws, account_names(settings), now))


def _states(aws: Aws, settings: DeliverySettings, groups: Sequence[Group], now: float) -> list[GroupState]:
    rows = rows_of(aws, settings, groups, now)
    by_name = {group.name: group for group in groups}
    return [_state(aws, settings, group, values, by_name) for group, values in zip(groups, rows, strict=True)]


def _state(
    aws: Aws, settings: DeliverySettings, group: Group, values: dict[str, Any], others: Mapping[str, Group]
) -> GroupState:
    instances = tuple(
        InstanceRow(
            id=each["InstanceId"],
            group=group.name,
            account=aws.account,
            region=aws.region,
            lifecycle=each["LifecycleState"],
            health=each["HealthStatus"],
            type=each.get("InstanceType", ""),
            zone=each.get("AvailabilityZone", ""),
            is_protected=bool(each.get("ProtectedFromScaleIn")),
        )
        for each in group.raw.get("Instances", ())
    )
    state = GroupState(
        values,
        instances,
        _configuration(group),
        dict(group.tags),
        tuple(sorted(group.suspended)),
        progress(settings, aws.account, group, others) if group.open else (),
    )
    shown = {key: value for key, value in values.items() if key not in _UNSHOWN}
    return replace(
        state, digest=digest_of(shown, instances, state.configuration, state.tags, state.suspended)
    )


def progress(
    settings: DeliverySettings, account: str, group: Group, others: Mapping[str, Group]
) -> tuple[StepState, ...]:
    """Give the steps of a deploy that is not over, and which of them are done by its group's tags."""
    parsed = parse_group(group.name)
    if parsed is None:
        return ()
    deploy = settings.deploy(account, parsed.cluster.app, str(parsed.cluster))
    previous = others.get(group.tags.get(tags.PREVIOUS, ""))
    facts = recorded_facts(group, previous, deploy, ["policies, scheduled actions and hooks"])
    every = steps(facts)
    waiting = {step.name for step in left(every, group.tags.get(tags.STEP, ""))}
    names = [step.name for step in every]
    current = next((name for name in names if name in waiting), "")
    return tuple(
        StepState(step.name, step.text, _step_state(step, waiting, current, group)) for step in every
    )


def _step_state(step: DeployStep, waiting: set[str], current: str, group: Group) -> str:
    if step.name not in waiting:
        return "done"
    if step.name != current:
        return "queued"
    return {"rolling-back": "failed", "waiting": "waiting"}.get(str(group.state), "running")


def _configuration(group: Group) -> dict[str, str]:
    """Give what a group is made of, as texts that may be compared with those of another."""
    raw = group.raw
    policy = raw.get("MixedInstancesPolicy") or {}
    template = raw.get("LaunchTemplate") or policy.get("LaunchTemplate", {}).get(
        "LaunchTemplateSpecification"
    )
    types = [each.get("InstanceType", "") for each in policy.get("LaunchTemplate", {}).get("Overrides", ())]
    groups = {
        "launch template": f"{template['LaunchTemplateName']}:{template.get('Version', '')}"
        if template and "LaunchTemplateName" in template
        else str(raw.get("LaunchConfigurationName", "")),
        "instance types": ", ".join(
            types or sorted({each.get("InstanceType", "") for each in raw.get("Instances", ())})
        ),
        "size (min/desired/max)": str(group.size),
        "subnets": _sorted(raw.get("VPCZoneIdentifier", "").split(",")),
        "zones": _sorted(raw.get("AvailabilityZones", ())),
        "target groups": _sorted(arn.split("/")[1] for arn in group.target_groups if "/" in arn),
        "load balancers": _sorted(group.load_balancers),
        "health check": f"{raw.get('HealthCheckType', '')}, grace {raw.get('HealthCheckGracePeriod', 0)} s",
        "termination policies": ", ".join(raw.get("TerminationPolicies", ())),
        "suspended processes": _sorted(group.suspended),
        "protected from scale-in": "yes" if raw.get("NewInstancesProtectedFromScaleIn") else "no",
        "instances distribution": json.dumps(policy["InstancesDistribution"], sort_keys=True)
        if "InstancesDistribution" in policy
        else "",
    }
    return {name: text for name, text in groups.items() if text}


def _sorted(texts: Iterable[str]) -> str:
    return ", ".join(sorted(text for text in texts if text))


def read_details(
    aws: Aws, settings: DeliverySettings, cluster: str, groups: Sequence[GroupState], holder: str | None
) -> dict[str, Any]:
    """Read what is shown of one cluster besides its groups: activities, alarms, instances. AwsError."""
    activities: dict[str, list[Values]] = {}
    for group in groups:
        with asking(f"looking at the activities of {group.name}"):
            answer = aws.autoscaling.describe_scaling_activities(
                AutoScalingGroupName=group.name, MaxRecords=_ACTIVITIES
            )
        activities[group.name] = [
            {
                "at": iso(each["StartTime"].timestamp()),
                "status": each["StatusCode"],
                "text": each.get("Description") or "",
                "message": each.get("StatusMessage") or "",
            }
            for each in answer["Activities"]
        ]
    ids = [instance.id for group in groups for instance in group.instances]
    return {
        "activities": activities,
        "alarms": _alarms(aws, settings, cluster),
        "instances": {each["InstanceId"]: _instance(each) for each in instances_of(aws, ids)},
        "locked_by": holder,
    }


def _instance(described: Mapping[str, Any]) -> Values:
    return {
        "private_ip": described.get("PrivateIpAddress"),
        "public_ip": described.get("PublicIpAddress"),
        "launched": iso(described["LaunchTime"].timestamp()),
        "image": described.get("ImageId"),
        "state": described["State"]["Name"],
        "state_reason": described.get("StateReason", {}).get("Message") or None,
    }


def _alarms(aws: Aws, settings: DeliverySettings, cluster: str) -> list[Values]:
    parsed = parse_group(f"{cluster}-v000")
    if parsed is None:
        return []
    names = list(settings.deploy(aws.account, parsed.cluster.app, cluster).alarms)
    alarms: list[Values] = []
    for begin in range(0, len(names), _BATCH):
        with asking(f"looking at the alarms of {cluster}"):
            answer = aws.cloudwatch.describe_alarms(
                AlarmNames=names[begin : begin + _BATCH], MaxRecords=_BATCH
            )
        alarms += map(_alarm, [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())])
    known = {alarm["name"] for alarm in alarms}
    missing = [{"name": name, "state": "MISSING", "reason": "", "since": None} for name in names]
    return [*alarms, *(alarm for alarm in missing if alarm["name"] not in known)]


def _alarm(described: Mapping[str, Any]) -> Values:
    since = described.get("StateUpdatedTimestamp")
    return {
        "name": described["AlarmName"],
        "state": described.get("StateValue", ""),
        "reason": described.get("StateReason", ""),
        "since": iso(since.timestamp()) if since else None,
    }
