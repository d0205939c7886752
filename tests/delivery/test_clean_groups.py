"""Retired groups go when their time is over; never one that serves, the last one, or one that others need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from delivery import cli, tags
from delivery.aws import AwsError
from delivery.clean import groups as cleaning
from delivery.clean.groups_policy import RetiredDecision, SeenGroup, decide
from delivery.clock import iso
from delivery.settings import DeliverySettings, LockSettings
from delivery_world import World, group_tags, world

pytestmark = pytest.mark.slow

NO_LOCK = DeliverySettings(lock=LockSettings(table="none"))
HOUR = 3600.0
NOW = 1_000_000.0
PAST, FUTURE = iso(NOW - 1), iso(NOW + 1)


def seen(name: str, *, delete_after: str | None = None, **more: Any) -> SeenGroup:
    """A frozen group without traffic that a deploy has made."""
    said = {tags.DEPLOY: "d1"} | ({tags.DELETE_AFTER: delete_after} if delete_after else {})
    given: dict[str, Any] = {
        "created": NOW - 100 * HOUR,
        "tags": said,
        "in_service": 2,
        "size": 2,
        "frozen": True,
    }
    return SeenGroup(name, **given | more)


ACTIVE = seen("shop-v002", serving="attached to target group web", frozen=False)


def said(*groups: SeenGroup, pin_hours: float = 24.0) -> dict[str, tuple[str, str]]:
    return {one.group: (one.action, one.reason) for one in decide(groups, NOW, pin_hours)}


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (seen("shop-v001"), "it was not disabled by a deploy"),
        (seen("shop-v001", delete_after=FUTURE), f"kept until {FUTURE}"),
        (seen("shop-v001", delete_after="soon"), "delivery:delete-after is not a time: 'soon'"),
        (seen("shop-v001", delete_after="2026-01-01"), "delivery:delete-after is not a time: '2026-01-01'"),
        (seen("shop-v001", delete_after=PAST, serving="attached to web"), "takes traffic: attached to web"),
        (
            seen("shop-v001", delete_after=PAST, status="Delete in progress"),
            "it is being deleted (Delete in progress)",
        ),
        (
            seen("shop-v001", delete_after=PAST, frozen=False, balanced=False),
            "takes traffic: its cluster has no load balancer, and its Launch and Terminate processes are not suspended",
        ),
    ],
)
def test_what_is_against_deleting_a_group(old: SeenGroup, reason: str) -> None:
    assert said(old, ACTIVE)["shop-v001"] == ("keep", reason)


def test_a_group_whose_time_is_over_goes() -> None:
    old = seen("shop-v001", delete_after=PAST)
    assert said(old, ACTIVE)["shop-v001"] == ("delete", f"kept until {PAST}")
    assert said(replace(old, balanced=False), ACTIVE)["shop-v001"][0] == "delete"


def test_the_last_group_stays_and_so_does_one_that_others_cannot_replace() -> None:
    old = seen("shop-v001", delete_after=PAST)
    assert said(old)["shop-v001"] == ("keep", "the last group of its cluster")
    assert said(old, seen("other-v001", in_service=9))["shop-v001"][0] == "keep"
    going = replace(ACTIVE, status="Delete in progress")
    assert said(old, going)["shop-v001"] == ("keep", "the last group of its cluster")
    empty = replace(ACTIVE, in_service=0)
    assert said(old, empty)["shop-v001"][1] == "no other group of its cluster has instances in service"


def test_a_group_made_by_hand_that_a_deploy_took_out_goes_when_its_time_is_over() -> None:
    old = replace(seen("shop-v001"), tags={tags.DISABLED_AT: PAST, tags.DELETE_AFTER: FUTURE})
    assert said(old, ACTIVE)["shop-v001"] == ("keep", f"kept until {FUTURE}")
    over = replace(old, tags={tags.DISABLED_AT: PAST, tags.DELETE_AFTER: PAST})
    assert said(over, ACTIVE)["shop-v001"][0] == "delete"


def test_a_baseline_goes_once_the_deploy_of_its_canary_is_over() -> None:
    name = "shop-v003-baseline"
    left = replace(seen(name, serving="attached to web", frozen=False), tags={tags.BASELINE_OF: "shop-v003"})
    for state in ("deploying", "waiting", "rolling-back"):
        canary = replace(seen("shop-v003"), tags={tags.STATE: state})
        assert said(left, canary, ACTIVE)[name] == ("keep", "the deploy of shop-v003 is not over")
    over = ("delete", "the deploy of shop-v003 is over")
    failed = replace(seen("shop-v003"), tags={tags.STATE: "failed"})
    assert said(left, failed, ACTIVE)[name] == over
    assert said(left, ACTIVE)[name] == over  # its canary was deleted by hand
    assert said(left)[name] == ("keep", "no other group of its cluster has instances in service")
    (decision,) = [each for each in decide([left, ACTIVE], NOW, 24.0) if each.group == name]
    assert decision.cluster == "shop"


def test_groups_that_are_not_ours_are_not_looked_at() -> None:
    assert said(replace(ACTIVE, tags={tags.DELETE_AFTER: PAST}), replace(ACTIVE, name="not a name!")) == {}


def test_pins_of_dead_deploys_are_undone_also_on_groups_made_by_hand() -> None:
    pinned = replace(ACTIVE, name="shop-v001", tags={tags.PIN: "1"})
    new = seen("shop-v002", created=NOW - 23 * HOUR)
    assert said(pinned, new)["shop-v001"][0] == "keep"
    assert said(pinned, new, pin_hours=22.0)["shop-v001"][0] == "unpin"


groups_of_all_kinds = st.builds(
    seen,
    st.sampled_from([f"shop-v00{at}" for at in range(5)] + ["api-v001", "api-v002"]),
    delete_after=st.sampled_from([None, PAST, PAST, FUTURE, "x"]),
    in_service=st.integers(0, 2),
    size=st.integers(0, 2),
    frozen=st.booleans(),
    balanced=st.booleans(),
    serving=st.sampled_from(["", "", "attached to web"]),
    status=st.sampled_from(["", "", "Delete in progress"]),
)


@given(st.lists(groups_of_all_kinds, unique_by=lambda one: one.name))
def test_what_serves_never_goes_and_a_cluster_never_loses_its_last_instances(found: list[SeenGroup]) -> None:
    by_name = {one.name: one for one in found}
    for one in decide(found, NOW, 24.0):
        if one.action != "delete":
            continue
        gone = by_name[one.group]
        cluster = one.group.partition("-")[0]
        left = [other for other in found if other.name.startswith(f"{cluster}-") and other is not gone]
        assert not gone.serving
        assert not gone.status
        assert any(other.in_service and not other.status for other in left)


# against moto


@pytest.fixture
def there() -> Iterator[World]:
    with world(NO_LOCK) as made:
        web = made.target_group("web")
        serve(made, web)
        made.group("shop-v001", 2)
        made.group("shop-v002", 2, TargetGroupARNs=[web])
        retire(made, "shop-v001")
        made.calls.clear()
        yield made


def serve(there: World, arn: str) -> None:
    """A listener that forwards to a target group."""
    elb = there.raw("elbv2")
    other = there.raw("ec2").create_subnet(
        VpcId=there.vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1b"
    )["Subnet"]["SubnetId"]
    balancer = elb.create_load_balancer(Name="front", Subnets=[there.subnet, other])["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )


def retire(there: World, name: str, **more: str) -> None:
    raw = there.raw("autoscaling")
    raw.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch", "Terminate"])
    past = iso(1)
    raw.create_or_update_tags(Tags=group_tags(name, {tags.DEPLOY: "d1", tags.DELETE_AFTER: past} | more))


def decisions(there: World) -> dict[str, RetiredDecision]:
    return {one.group: one for one in cleaning.plan(there.aws, there.clock, None, 24.0)}


def act(there: World, decision: RetiredDecision) -> tuple[bool | None, str]:
    return cleaning.act(there.aws, NO_LOCK, there.clock, decision, 24.0)


def test_a_retired_group_is_deleted_and_nothing_else_is(there: World) -> None:
    due = decisions(there)["shop-v001"]
    assert due.action == "delete"
    assert not [one for one in there.operations() if not one.startswith("Describe")]
    assert act(there, due) == (True, due.reason)
    assert there.groups() == ["shop-v002"]


def test_a_group_that_came_back_since_is_left_alone(there: World) -> None:
    due = decisions(there)["shop-v001"]
    arn = there.raw("elbv2").describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]
    there.raw("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName="shop-v001", TargetGroupARNs=[arn]
    )
    assert act(there, due) == (False, "takes traffic: attached to target group web")
    there.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="shop-v001", ForceDelete=True)
    assert act(there, due) == (False, "it does not exist")


def test_an_instance_registered_by_hand_keeps_its_group(there: World) -> None:
    elb = there.raw("elbv2")
    arn = elb.describe_target_groups(Names=["web"])["TargetGroups"][0]["TargetGroupArn"]
    first = there.instances("shop-v001")[0]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": first}])
    assert (
        decisions(there)["shop-v001"].reason == f"takes traffic: {first} is registered with target group web"
    )


def test_a_target_group_nobody_forwards_to_is_no_traffic(there: World) -> None:
    lone = there.target_group("lone")
    there.raw("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName="shop-v001", TargetGroupARNs=[lone]
    )
    assert decisions(there)["shop-v001"].action == "delete"


def test_a_classic_load_balancer_is_traffic(there: World) -> None:
    there.raw("autoscaling").attach_load_balancers(
        AutoScalingGroupName="shop-v001", LoadBalancerNames=[there.balancer("old")]
    )
    assert decisions(there)["shop-v001"].reason == "takes traffic: attached to load balancer old"


def test_alarms_that_serve_the_group_alone_go_with_it(there: World) -> None:
    there.alarm("shop-v001", "own")
    there.alarm("shop-v001", "shared", "arn:aws:sns:eu-west-1:123456789012:ops")
    act(there, decisions(there)["shop-v001"])
    left = there.raw("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [one["AlarmName"] for one in left] == ["shared"]


def test_termination_hooks_run_before_a_group_is_deleted(there: World) -> None:
    there.raw("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName="shop-v001", LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )  # fmt: skip
    there.alarm("shop-v001", "own")
    due = decisions(there)["shop-v001"]
    done, reason = act(there, due)
    assert (done, reason.partition(":")[2]) == (None, " its termination hooks run")
    assert "DeleteAutoScalingGroup" not in there.operations()
    assert there.instances("shop-v001") == []
    assert act(there, decisions(there)["shop-v001"]) == (True, due.reason)
    assert there.groups() == ["shop-v002"]
    (forced,) = [
        one.parameters["ForceDelete"] for one in there.calls if one.operation == "DeleteAutoScalingGroup"
    ]
    assert not forced


def test_protected_instances_keep_their_group(there: World) -> None:
    raw = there.raw("autoscaling")
    raw.set_instance_protection(
        AutoScalingGroupName="shop-v001",
        InstanceIds=there.instances("shop-v001")[:1],
        ProtectedFromScaleIn=True,
    )
    assert decisions(there)["shop-v001"].reason == "1 of its instances are protected from scale-in"


def test_a_minimum_that_was_set_while_a_group_was_pinned_stays(there: World) -> None:
    raw = there.raw("autoscaling")
    raw.create_or_update_tags(Tags=group_tags("shop-v002", {tags.PIN: "1/2"}))
    there.clock.sleep(10**9)
    for now, after in ((2, 1), (0, 0)):
        raw.create_or_update_tags(Tags=group_tags("shop-v002", {tags.PIN: "1/2"}))
        raw.update_auto_scaling_group(AutoScalingGroupName="shop-v002", MinSize=now)
        assert act(there, decisions(there)["shop-v002"]) == (True, f"minimum size {after} again")


def test_a_pin_is_undone_and_its_tag_goes_last(there: World) -> None:
    there.raw("autoscaling").update_auto_scaling_group(AutoScalingGroupName="shop-v002", MinSize=2)
    there.raw("autoscaling").create_or_update_tags(Tags=group_tags("shop-v002", {tags.PIN: "1"}))
    there.clock.sleep(10**9)
    pinned = decisions(there)["shop-v002"]
    assert pinned.action == "unpin"
    there.calls.clear()
    assert act(there, pinned) == (True, "minimum size 1 again")
    assert there.operations()[-2:] == ["UpdateAutoScalingGroup", "DeleteTags"]
    assert tags.PIN not in there.tags("shop-v002")
    there.raw("autoscaling").create_or_update_tags(Tags=group_tags("shop-v002", {tags.PIN: "many"}))
    assert act(there, pinned) == (False, "delivery:pin has no size: 'many'")


def test_any_call_may_fail_and_the_next_run_ends_it(there: World) -> None:
    due = decisions(there)["shop-v001"]
    failures = 0
    while True:
        with failing(there, failures) as failed, suppress(AwsError):
            act(there, due)
        assert "shop-v002" in there.groups()
        if not failed:
            break
        failures += 1
    assert failures > 4
    assert there.groups() == ["shop-v002"]


@contextmanager
def failing(there: World, left: int) -> Iterator[list[str]]:
    """The call of a number fails, with the names of those that did."""
    failed: list[str] = []
    count = iter(range(left, -1000, -1))

    def call(model: Any, **_: Any) -> None:
        if next(count) == 0:
            failed.append(model.name)
            raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, model.name)

    services = ("autoscaling", "elbv2", "elb", "cloudwatch")
    for one in services:
        getattr(there.aws, one).meta.events.register("before-call", call, unique_id="failing")
    yield failed
    for one in services:
        getattr(there.aws, one).meta.events.unregister("before-call", unique_id="failing")


# the command


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["clean", "groups", *arguments])
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def unlocked(there: World, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    file = tmp_path / "delivery.toml"
    file.write_text('[lock]\ntable = "none"\n')
    monkeypatch.setenv("DELIVERY_SETTINGS", str(file))
    return there


def test_the_command_says_first_and_acts_when_told(
    unlocked: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys)
    assert (code, err) == (0, "1 to do; nothing was changed without --apply\n")
    assert out.splitlines()[0].startswith("delete shop-v001: kept until ")
    code, out, err = run(capsys, "--json")
    assert [(one["group"], one["action"]) for one in json.loads(out)] == [("shop-v001", "delete")]
    assert len(unlocked.groups()) == 2
    code, out, err = run(capsys, "--apply")
    assert (code, out.startswith("deleted shop-v001: kept until ")) == (0, True)
    assert unlocked.groups() == ["shop-v002"]
    assert run(capsys) == (0, "nothing to do\n", "")
