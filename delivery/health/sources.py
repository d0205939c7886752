"""A group's health by AWS: Auto Scaling, EC2, target groups, classic load balancers, alarms.

Each reader makes one call for a group or load balancer (as AWS pages them), and gives an `HealthReport`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import ErrorMeaning, asking, code_of, meaning
from delivery.errors import DeliveryError
from delivery.health.judge import HealthReport
from delivery.health.places import name_of, recorded_in

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = [
    "Address",
    "Members",
    "addresses",
    "alarm_states",
    "alarms",
    "classic",
    "ec2_status",
    "members",
    "target_group",
]

_MANY = 100
"""Ids a call takes."""
_UNKNOWN = "not known to EC2 yet"


@dataclass(frozen=True, slots=True)
class Members:
    """A group as Auto Scaling has it."""

    name: str
    answer: HealthReport
    desired: int = 0
    target_groups: tuple[str, ...] = ()
    """ARNs."""
    load_balancers: tuple[str, ...] = ()
    """Names of classic ones."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        """Its instances."""
        return tuple(self.answer.instances or ())

    @property
    def all_target_groups(self) -> tuple[str, ...]:
        """ARNs, with those it was detached from by hand: its tags have what it takes traffic from."""
        return tuple(dict.fromkeys([*self.target_groups, *recorded_in(self.tags)[0]]))

    @property
    def all_load_balancers(self) -> tuple[str, ...]:
        """Names of classic ones, with those it was detached from by hand."""
        return tuple(dict.fromkeys([*self.load_balancers, *recorded_in(self.tags)[1]]))


@dataclass(frozen=True, slots=True)
class Address:
    """Where an instance is reached."""

    instance_id: str
    private_ip: str = ""
    public_ip: str = ""


def members(aws: Aws, group: str) -> Members:
    """A group's instances: healthy are those in service that Auto Scaling calls healthy. AwsError."""
    with asking(f"looking at group {group}"):
        answer = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    if not answer["AutoScalingGroups"]:
        return Members(group, HealthReport("group", {}, f"there is no group {group}"))
    (described,) = answer["AutoScalingGroups"]
    wrong = f"it is being deleted ({described['Status']})" if described.get("Status") else ""
    instances = {each["InstanceId"]: _member_wrong(each) for each in described.get("Instances", ())}
    return Members(
        group,
        HealthReport("group", instances, wrong),
        described["DesiredCapacity"],
        tuple(described.get("TargetGroupARNs", ())),
        tuple(described.get("LoadBalancerNames", ())),
        tags.read(described.get("Tags")),
    )


def _member_wrong(instance: Any) -> str:
    state, health = instance["LifecycleState"], instance["HealthStatus"]
    if state != "InService":
        return str(state)
    return "" if health.lower() == "healthy" else str(health)


def ec2_status(aws: Aws, ids: Sequence[str]) -> HealthReport:
    """EC2's own checks of instance and system. AwsError."""
    wrong = dict.fromkeys(ids, _UNKNOWN)
    for some in _portions(ids):
        known = dict.fromkeys(some, "no status yet")
        with asking("asking EC2 for the status of instances"):
            answers = _of_known(
                lambda ids: aws.ec2.describe_instance_status(InstanceIds=ids, IncludeAllInstances=True), known
            )
        for answer in answers:
            known |= {status["InstanceId"]: _status_wrong(status) for status in answer["InstanceStatuses"]}
        wrong |= known
    return HealthReport("ec2", wrong)


def _of_known(ask: Callable[[list[str]], Any], known: dict[str, Any]) -> list[Any]:
    """Query several instances; remove those out of `known` that EC2 does not know, or not yet.

    EC2 refuses the whole request for one such id, and names the ids in its message.
    """
    while known:
        try:
            return [ask(list(known))]
        except Exception as error:
            if not code_of(error).startswith("InvalidInstanceID"):
                raise
            named = [id for id in known if id in str(error)]
            for id in named or list(known):
                del known[id]
    return []


def _status_wrong(status: Any) -> str:
    state = status["InstanceState"]["Name"]
    if state != "running":
        return str(state)
    checks = {"instance": status["InstanceStatus"], "system": status["SystemStatus"]}
    return ", ".join(
        f"{name} status {check['Status']}" for name, check in checks.items() if check["Status"] != "ok"
    )


def target_group(aws: Aws, arn: str, ids: Sequence[str]) -> HealthReport | None:
    """Return a target group's state of these instances; None if it does not exist. AwsError."""
    name = name_of(arn)
    wrong = dict.fromkeys(ids, "not registered")
    try:
        with asking(f"asking target group {name} for its health"):
            answer = aws.elbv2.describe_target_health(TargetGroupArn=arn)
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return None
        raise
    for description in answer["TargetHealthDescriptions"]:
        if description["Target"]["Id"] in wrong:
            wrong[description["Target"]["Id"]] = _target_wrong(description["TargetHealth"])
    return HealthReport(f"target group {name}", wrong, balancer=True)


def _target_wrong(health: Any) -> str:
    if health["State"] == "healthy":
        return ""
    reason = health.get("Description") or health.get("Reason")
    return f"{health['State']} ({reason})" if reason else str(health["State"])


def classic(aws: Aws, name: str, ids: Sequence[str]) -> HealthReport | None:
    """Return a classic load balancer's state of these instances; None if it does not exist. AwsError."""
    wrong = dict.fromkeys(ids, "not registered")
    try:
        with asking(f"asking load balancer {name} for its health"):
            answer = aws.elb.describe_instance_health(LoadBalancerName=name)
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return None
        raise
    for state in answer["InstanceStates"]:
        if state["InstanceId"] in wrong:
            good = state["State"] == "InService"
            wrong[state["InstanceId"]] = (
                "" if good else f"{state['State']} ({state.get('Description', 'N/A')})"
            )
    return HealthReport(f"load balancer {name}", wrong, balancer=True)


def alarms(aws: Aws, names: Sequence[str]) -> HealthReport:
    """Whether any of these alarms is in alarm, or is not there. AwsError."""
    states = alarm_states(aws, names)
    wrong = [f"{name} is in alarm" for name in names if states.get(name) == "ALARM"]
    wrong += [f"there is no alarm {name!r}" for name in names if name not in states]
    return HealthReport("alarms", wrong="; ".join(wrong))


def alarm_states(aws: Aws, names: Sequence[str]) -> dict[str, str]:
    """Read the states of alarms, composite ones too, by name, as far as they exist. AwsError."""
    states: dict[str, str] = {}
    for some in _portions(names):
        with asking("looking at alarms"):
            answer = aws.cloudwatch.describe_alarms(
                AlarmNames=some, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
        for alarm in [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]:
            states[alarm["AlarmName"]] = alarm["StateValue"]
    return states


def addresses(aws: Aws, ids: Sequence[str]) -> list[Address]:
    """Where these instances are reached; those EC2 does not know yet are nowhere. AwsError."""
    addresses = {id: Address(id) for id in ids}
    for some in _portions(ids):
        with asking("asking EC2 for the addresses of instances"):
            answers = _of_known(
                lambda ids: aws.ec2.describe_instances(InstanceIds=ids), dict.fromkeys(some, "")
            )
        for instance in (
            instance
            for answer in answers
            for each in answer["Reservations"]
            for instance in each["Instances"]
        ):
            id = instance["InstanceId"]
            addresses[id] = Address(
                id, instance.get("PrivateIpAddress", ""), instance.get("PublicIpAddress", "")
            )
    return [*addresses.values()]


def _portions(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _MANY):
        yield list(names[start : start + _MANY])
