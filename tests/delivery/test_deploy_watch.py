"""A group in traffic is watched: what goes wrong with it goes back at once, and what only seems wrong does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery import tags
from delivery.deploy import operations
from delivery.deploy.operations import CommandOutcome
from delivery.deploy.status import illness_of, report
from delivery.deploy.traffic import traffic_of
from delivery.errors import ROLLED_BACK, WAITING, DeliveryError
from deploy_case import NEW, OLD, Case, Make, cases
from ec2_strict import Fault, KillError

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

TIMEOUT = 300
"""Seconds, as the case's settings have it: a wait that lasted so long was not ended at once."""


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def alarm(one: Case) -> Callable[[str], None]:
    """An alarm of the service: gives what sets its state."""
    cloudwatch = one.world.raw("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="5XX", Namespace="Shop", Period=60, Statistic="Sum", EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip

    def state(value: str) -> None:
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=value, StateReason="a test")

    state("OK")
    return state


def at(one: Case, step: str, act: Callable[[], Any]) -> None:
    """Do something as soon as a step has begun."""
    done: list[str] = []

    def watch(operation: str) -> None:
        if not done and any(f"] {step}: " in line for line in one.lines):
            done.append(operation)
            act()

    one.strict.watching.append(watch)


def since(one: Case, step: str) -> float:
    """Seconds from the last line of a step until a rollback was begun."""
    lines = [line for line in one.lines if f"] {step}: " in line or "] going back to " in line]
    begun, ended = (_seconds(line) for line in lines[-2:])
    return ended - begun


def _seconds(line: str) -> float:
    minutes, seconds = line.split("]")[0].strip("[ ").split(":")[-2:]
    return int(minutes) * 60 + int(seconds)


def failing(one: Case, tmp_path: Path, how: str) -> tuple[str, Callable[[], None]]:
    """Settings with a gate or an alarm, and what makes it fail."""
    if how == "alarm":
        state = alarm(one)
        return 'alarms = ["errors"]\n', lambda: state("ALARM")
    flag = tmp_path / "ill"
    return f'gate_command = "test ! -e {flag}"\n', flag.touch


@pytest.mark.parametrize("how", ["alarm", "gate"])
@pytest.mark.parametrize("traffic", ["attach", "weighted"])
@pytest.mark.parametrize("run", ["deploy", "promote", "resume"])
def test_once_traffic_has_moved_a_failing_gate_or_alarm_goes_back_at_once(
    make: Make, tmp_path: Path, how: str, traffic: str, run: str
) -> None:
    setting, fail = failing(make(extras=False), tmp_path, how)
    one = make(f'{setting}traffic = "{traffic}"\n', extras=False)
    if how == "alarm":
        _, fail = failing(one, tmp_path, how)
    ending = _started(one, run, fail)
    assert (ending.outcome, ending.exit_code) == ("rolled back", ROLLED_BACK)
    assert one.taking() == [OLD]
    assert since(one, "serving") <= 60 < TIMEOUT


def _started(one: Case, run: str, fail: Callable[[], None]) -> CommandOutcome:
    if run == "promote":
        one.start("canary")
        one.lines.clear()
        at(one, "serving", fail)
        return one.promote()
    at(one, "serving", fail)
    if run == "resume":
        one.strict.watching.insert(0, _kill(one))
        with pytest.raises(KillError):
            one.start()
        one.strict.watching.clear()
        one.lines.clear()
        fail()
        return one.resume()
    return one.start()


def _kill(one: Case) -> Callable[[str], None]:
    def act(_: str) -> None:
        if one.lines and "] serving: " in one.lines[-1]:
            raise KillError

    return act


def advice(one: Case) -> str:
    """What `delivery status` says of what is under way."""
    site = one.site()
    cluster, traffic = site.read(), traffic_of(site)
    assert cluster.unfinished is not None
    illness = illness_of(site, cluster.unfinished, traffic)
    return str(report(site.aws, cluster, traffic, None, site.clock.now(), illness=illness)["way"])


@pytest.mark.parametrize("traffic", ["attach", "weighted", "none"])
def test_status_advises_what_is_right_for_a_canary_that_waits(make: Make, traffic: str) -> None:
    one = make(f'alarms = ["errors"]\ndecision_minutes = 30\ntraffic = "{traffic}"\n', extras=False)
    state = alarm(one)
    assert one.start("canary").exit_code == WAITING
    assert "waits, and is healthy, until 20" in advice(one)
    assert "delivery promote goes on with it" in advice(one)
    state("ALARM")
    assert "is ill: alarms: errors is in alarm. delivery rollback takes it out" in advice(one)
    state("OK")
    for member in one.strict.groups[NEW].instance_states:
        member.health_status = "Unhealthy"
    assert "is ill: 0 of 1 healthy; i-" in advice(one)
    for member in one.strict.groups[NEW].instance_states:
        member.health_status = "Healthy"
    one.world.clock.sleep(1801)
    assert "time to decide ended at" in advice(one)
    assert "delivery resume rolls it back" in advice(one)
    assert one.run(operations.resume).outcome == "rolled back"


def test_resume_says_that_no_group_takes_traffic_and_what_to_do(make: Make) -> None:
    one = make()
    one.deploy()
    raw = one.world.raw("autoscaling")
    raw.detach_load_balancer_target_groups(AutoScalingGroupName=NEW, TargetGroupARNs=[one.places["web"]])
    raw.detach_load_balancers(AutoScalingGroupName=NEW, LoadBalancerNames=["front"])
    ending = one.run(operations.resume)
    assert ending.outcome == "nothing to do"
    assert f"no group of shop takes traffic: delivery rollback --cluster shop --to {NEW}" in ending.reason
    one.rollback(NEW)
    assert one.taking() == [NEW]
    for name in (OLD, NEW):
        one.world.aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    one.world.clock.sleep(600)
    assert "shop has no group: delivery deploy makes one" in one.run(operations.resume).reason


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_failed_answer_while_a_group_is_made_is_asked_again(make: Make, when: Any) -> None:
    one = make(extras=False)
    for operation in ("CreateLaunchTemplate", "CreateAutoScalingGroup"):
        one.strict.faults.append(Fault("InternalFailure", when, operation=operation))
    assert one.deploy().outcome == "deployed"
    assert [*one.strict.groups] == [OLD, NEW]
    assert not [fault for fault in one.strict.faults if fault.times]


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_failed_answer_in_a_rollback_is_asked_again(make: Make, when: Any) -> None:
    operations = ("CreateOrUpdateTags", "ResumeProcesses", "SuspendProcesses", "AttachLoadBalancers",
                  "DetachLoadBalancers", "UpdateAutoScalingGroup", "DeleteTags", "DescribeTargetHealth")  # fmt: skip
    for operation in operations:
        one = make(extras=False)
        one.deploy()
        fault = Fault("InternalFailure", when, operation=operation)
        one.strict.faults.append(fault)
        assert one.rollback().outcome == "rolled back", operation
        assert one.taking() == [OLD]
        assert not fault.times, operation


def test_a_canary_that_becomes_ill_while_it_waits_is_rolled_back_by_resume(make: Make) -> None:
    one = make('alarms = ["errors"]\ndecision_minutes = 30\n', extras=False)
    state = alarm(one)
    assert one.start("canary").exit_code == WAITING
    until = one.state()[NEW]["tags"][tags.DECIDE_BY], one.strict.groups[NEW].tags
    assert one.run(operations.resume).exit_code == WAITING
    assert (one.state()[NEW]["tags"][tags.DECIDE_BY], one.strict.groups[NEW].tags) == until
    state("ALARM")
    ending = one.run(operations.resume)
    assert (ending.outcome, ending.exit_code) == ("rolled back", ROLLED_BACK)
    assert "errors is in alarm" in ending.reason
    assert one.taking() == [OLD]


def test_a_canary_that_is_ill_is_not_promoted(make: Make) -> None:
    one = make('alarms = ["errors"]\n', extras=False)
    state = alarm(one)
    one.start("canary")
    state("ALARM")
    launched = len(one.strict.born)
    assert one.promote().exit_code == ROLLED_BACK
    assert len(one.strict.born) == launched, "it was looked at before it grew"


def test_an_instance_that_boots_slowly_in_traffic_is_waited_for(make: Make) -> None:
    one = make(extras=False)
    one.start("canary")
    one.strict.boot = 120.0
    assert one.promote().outcome == "deployed"


@pytest.mark.parametrize("operation", ["DescribeInstanceStatus", "DescribeInstances"])
def test_an_instance_ec2_does_not_know_yet_is_not_healthy_yet(make: Make, operation: str) -> None:
    one = make('gates = ["ec2", "target-groups"]\ngate_command = "true"\n', extras=False)
    one.strict.faults = [Fault("InvalidInstanceID.NotFound", "before", operation=operation, times=2)]
    assert one.deploy().outcome == "deployed"


@pytest.mark.parametrize("error", ["InternalFailure", "ServiceUnavailable", "Throttling"])
@pytest.mark.parametrize(
    "operation",
    ["AttachLoadBalancerTargetGroups", "UpdateAutoScalingGroup", "DeleteTags", "SuspendProcesses",
     "DescribeAutoScalingGroups", "PutScalingPolicy"],
)  # fmt: skip
def test_one_error_of_aws_in_a_step_is_tried_again(make: Make, error: str, operation: str) -> None:
    one = make()
    one.strict.watching.append(_arm(one, Fault(error, "before", operation=operation)))
    assert one.deploy().outcome == "deployed"
    assert any("trying again" in line or "health could not be read" in line for line in one.lines)


def _arm(one: Case, fault: Fault) -> Callable[[str], None]:
    """Lets a fault happen once the group is there."""

    def act(operation: str) -> None:
        if operation == "CreateAutoScalingGroup":
            at(one, "copy", lambda: one.strict.faults.append(fault))

    return act


@pytest.mark.parametrize("strategy", ["red-black", "highlander"])
@pytest.mark.parametrize("operation", ["DeleteAutoScalingGroup", "DeleteTags", "DeleteAlarms"])
def test_what_fails_after_the_old_group_is_out_rolls_nothing_back(
    make: Make, strategy: str, operation: str
) -> None:
    one = make("keep = 1\n")
    fault = Fault("AccessDenied", "before", operation=operation, times=99)
    at(one, "unpin" if operation == "DeleteTags" else "off", lambda: one.strict.faults.append(fault))
    if operation == "DeleteTags":
        with pytest.raises(
            DeliveryError, match="shop-v001 serves, but its deploy could not be finished"
        ) as caught:
            one.deploy(strategy)
        assert "delivery resume finishes it" in caught.value.hint
        one.strict.faults.clear()
        assert one.resume().outcome == "deployed"
        assert tags.PIN not in one.state()[NEW]["tags"]
    else:
        assert one.deploy(strategy).outcome == "deployed"
    assert one.taking() == [NEW]
