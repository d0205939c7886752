"""What protects instances and groups: termination hooks, scale-in and deletion protection, suspended processes, schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import tags
from delivery.deploy.model import Pin
from delivery.errors import USAGE, DeliveryError
from deploy_case import NEW, OLD, Case, Make, cases
from ec2_strict import Fault, KillError

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def again(one: Case) -> None:
    """Deploy another image, an hour later."""
    one.world.clock.sleep(3600)
    name = f"shop-{one.world.clock.now():.0f}"
    one.image = one.world.raw("ec2").register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]
    assert one.deploy().outcome == "deployed"


def at(one: Case, operation: str, act: Callable[[], Any]) -> None:
    """Do something once, right after an operation."""

    def watch(called: str) -> None:
        if called == operation:
            one.strict.watching.remove(watch)
            act()

    one.strict.watching.append(watch)


def protect(one: Case, group: str, count: int = 1) -> list[str]:
    ids = one.world.instances(group)[:count]
    one.world.raw("autoscaling").set_instance_protection(
        AutoScalingGroupName=group, InstanceIds=ids, ProtectedFromScaleIn=True
    )
    return ids


def alarms(one: Case) -> set[str]:
    return {each["AlarmName"] for each in one.world.raw("cloudwatch").describe_alarms()["MetricAlarms"]}


# Termination hooks. What deploys delete is what deploys have made: the first of it goes with the third.

THIRD = "shop-v003"


def twice(one: Case) -> None:
    one.deploy()
    again(one)


@pytest.mark.parametrize("strategy", ["red-black", "highlander"])
def test_termination_hooks_run_before_a_group_is_deleted(make: Make, strategy: str) -> None:
    one = make()
    assert one.deploy(strategy).outcome == "deployed"
    again(one)
    again(one)
    assert NEW not in one.strict.groups
    assert (OLD in one.strict.groups) is (strategy == "red-black")
    assert one.strict.skipped_hooks == []


def test_hooks_that_take_long_leave_the_group_to_a_later_run(make: Make) -> None:
    one = make()
    twice(one)
    one.world.raw("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName=NEW, LifecycleHookName="drain", HeartbeatTimeout=1800,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )  # fmt: skip
    again(one)
    assert one.state()[NEW]["size"][1] == 0
    assert any("shop-v001 is not deleted yet" in line and "termination hooks" in line for line in one.lines)
    assert f"high-{NEW}" in alarms(one)
    again(one)
    assert NEW not in one.strict.groups
    assert f"high-{NEW}" not in alarms(one)
    assert one.strict.skipped_hooks == []


@pytest.mark.parametrize(
    "operation", ["ResumeProcesses", "UpdateAutoScalingGroup", "DeleteAlarms", "DeleteAutoScalingGroup"]
)
def test_an_ending_that_is_killed_anywhere_is_taken_up_by_the_next_deploy(make: Make, operation: str) -> None:
    one = make()
    twice(one)
    fault = Fault(KillError(), "after", operation=operation)

    def arm(_: str) -> None:
        done = THIRD in one.strict.groups and one.world.tags(THIRD).get(tags.STEP) == "done"
        if done and fault not in one.strict.faults:
            one.strict.faults.append(fault)

    one.strict.watching = [arm]
    with pytest.raises(KillError):
        again(one)
    one.strict.watching, one.strict.faults = [], []
    again(one)
    assert NEW not in one.strict.groups
    assert f"high-{NEW}" not in alarms(one)
    assert one.strict.skipped_hooks == []


# Protection.


def test_a_group_that_may_not_be_deleted_stays_whole(make: Make) -> None:
    one = make()
    twice(one)
    one.strict.protections[NEW] = "prevent-all-deletion"
    again(one)
    assert one.state()[NEW]["size"][3] == 2
    assert f"high-{NEW}" in alarms(one)
    assert any("shop-v001 is not deleted: its DeletionProtection" in line for line in one.lines)


def test_a_group_that_may_not_be_deleted_by_force_is_emptied_first(make: Make) -> None:
    one = make(extras=False)
    twice(one)
    one.strict.protections[NEW] = "prevent-force-deletion"
    again(one)
    assert NEW not in one.strict.groups


def test_alarms_come_back_where_a_deletion_is_refused(make: Make) -> None:
    one = make()
    twice(one)
    one.strict.faults = [Fault("AccessDenied", "before", operation="DeleteAutoScalingGroup")]
    again(one)
    assert NEW in one.strict.groups
    assert f"high-{NEW}" in alarms(one)


def test_a_protected_instance_keeps_its_group_from_being_deleted(make: Make) -> None:
    one = make()
    twice(one)
    (id,) = protect(one, NEW)
    again(one)
    assert one.state()[NEW]["size"][3] == 2
    assert any(f"protected from scale-in: {id}" in line for line in one.lines)


def test_a_failed_deploy_leaves_no_protected_instance_running(make: Make) -> None:
    one = make()
    one.strict.broken.add(one.image)
    at(one, "UpdateAutoScalingGroup", lambda: protect(one, NEW, 2) if NEW in one.strict.groups else None)
    assert one.start().outcome == "rolled back"
    assert one.state()[NEW]["size"] == (0, 0, 4, 0)


def test_a_failed_deploy_ends_what_a_user_has_frozen(make: Make) -> None:
    one = make()
    one.strict.broken.add(one.image)

    def freeze() -> None:
        one.world.raw("autoscaling").suspend_processes(
            AutoScalingGroupName=NEW, ScalingProcesses=["Terminate"]
        )

    at(one, "UpdateAutoScalingGroup", freeze)
    assert one.start().outcome == "rolled back"
    assert one.state()[NEW]["size"] == (0, 0, 4, 0)


def test_workers_that_protect_themselves_finish_their_work(make: Make) -> None:
    one = make('traffic = "none"\n')
    (id,) = protect(one, OLD)
    assert one.deploy().outcome == "deployed"
    assert one.world.instances(OLD) == [id]
    assert any(f"1 instances of {OLD} are protected from scale-in" in line for line in one.lines)


# Suspended processes.


def test_instances_that_could_not_be_ended_are_a_reason_not_to_begin(make: Make) -> None:
    one = make('traffic = "none"\n')
    one.world.raw("autoscaling").suspend_processes(AutoScalingGroupName=OLD, ScalingProcesses=["Terminate"])
    with pytest.raises(DeliveryError, match="Terminate is suspended on shop-v000") as caught:
        one.start()
    assert caught.value.exit_code == USAGE
    assert [*one.strict.groups] == [OLD]


def test_a_rollback_to_a_group_that_cannot_launch_says_so_at_once(make: Make) -> None:
    one = make()
    one.world.raw("autoscaling").suspend_processes(AutoScalingGroupName=OLD, ScalingProcesses=["Launch"])
    one.deploy()
    one.strict.groups[OLD].instance_states.pop()
    before = one.world.clock.now()
    with pytest.raises(
        DeliveryError, match="shop-v000 lacks 1 instances, and its process Launch is suspended"
    ):
        one.rollback()
    assert one.world.clock.now() - before < 60
    assert one.taking() == [NEW]


# Sizes.


@pytest.mark.parametrize("minimum", [0, 1, 3])
def test_a_minimum_that_is_scheduled_meanwhile_stays(make: Make, minimum: int) -> None:
    """By a scheduled action, which changes both groups: it is copied."""
    one = make()

    def schedule() -> None:
        for name in (OLD, NEW):
            one.strict.groups[name].min_size = minimum

    at(one, "AttachLoadBalancers", schedule)
    assert one.deploy().outcome == "deployed"
    assert [one.state()[name]["size"][0] for name in (OLD, NEW)] == [minimum, minimum]


def test_a_maximum_below_the_need_is_raised_and_reported(make: Make) -> None:
    one = make()
    one.deploy()
    scaling = one.world.aws.autoscaling
    scaling.update_auto_scaling_group(AutoScalingGroupName=NEW, MaxSize=6, DesiredCapacity=6)
    one.world.clock.sleep(600)
    assert one.rollback().outcome == "rolled back"
    assert one.state()[OLD]["size"][1:3] == (6, 6)
    assert any("the maximum of shop-v000 is raised from 4 to 6" in line for line in one.lines)


@given(st.integers(0, 50), st.lists(st.integers(0, 50), max_size=4), st.integers(0, 50))
def test_a_pin_gives_back_the_minimum_unless_something_else_has_set_one(
    minimum: int, held: list[int], now: int
) -> None:
    pin = Pin(minimum, (minimum,))
    for one in held:
        pin = pin.holding(one)
    assert Pin.parse(str(pin)) == pin
    assert pin.released(now) == (minimum if now in (minimum, *held) else now)


def test_a_pin_of_an_earlier_version_gives_back_its_minimum() -> None:
    pin = Pin.parse("2")
    assert pin is not None
    assert pin.released(7) == 2
    for text in ("", "many", "2/", "/2", "-1"):
        assert Pin.parse(text) is None
