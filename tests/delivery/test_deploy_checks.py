"""What a deploy, promotion or rollback refuses before anything is done; what others do meanwhile; what status says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from delivery import tags
from delivery.deploy import operations
from delivery.deploy.status import report, table
from delivery.deploy.traffic import traffic_of
from delivery.errors import ROLLED_BACK, USAGE, WAITING, DeliveryError
from delivery.settings import loads
from delivery_world import group_tags
from deploy_case import NEW, OLD, TOML, Case, Make, cases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def status(one: Case) -> str:
    site = one.site()
    return table(report(site.aws, site.read(), traffic_of(site), None, site.clock.now()))


def attach(one: Case, group: str) -> None:
    one.world.raw("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=group, TargetGroupARNs=[one.places["web"]]
    )


def no_image(one: Case) -> None:
    one.image = "ami-0123456789abcdef0"


def two_in_traffic(one: Case) -> None:
    one.deploy()
    attach(one, OLD)


def none_in_traffic(one: Case) -> None:
    one.deploy()
    one.world.raw("autoscaling").detach_load_balancer_target_groups(
        AutoScalingGroupName=NEW, TargetGroupARNs=[one.places["web"]]
    )
    one.world.raw("autoscaling").detach_load_balancers(AutoScalingGroupName=NEW, LoadBalancerNames=["front"])


def other_under_way(one: Case) -> None:
    one.start("canary")
    one.image = one.old_image


def full(one: Case) -> None:
    one.settings = loads(f"{TOML}[clusters.shop]\nmax_groups = 2\n")
    one.world.group("shop-v009", 1)
    one.strict.adopt()
    for name in (OLD, "shop-v009"):
        one.world.raw("autoscaling").create_or_update_tags(Tags=group_tags(name, {tags.DEPLOY: "d-1"}))


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            no_image,
            "there is no image ami-0123456789abcdef0 to be seen in default, eu-west-1",
            "right region",
        ),
        (
            two_in_traffic,
            "shop-v000 and shop-v001 take traffic: which one is to be replaced?",
            "takes shop-v001 out",
        ),
        (none_in_traffic, "no group of shop takes traffic, and shop-v000 is kept", "--to shop-v000"),
        (
            other_under_way,
            "as shop-v001 is not over: waiting",
            "delivery promote, or delivery rollback, first",
        ),
        (full, "shop has 2 groups already: shop-v000, shop-v009", "max_groups"),
    ],
)
def test_a_deploy_is_refused(make: Make, given: Callable[[Case], None], message: str, hint: str) -> None:
    one = make()
    one.world.clock.sleep(60)
    given(one)
    before = one.state()
    with pytest.raises(DeliveryError) as caught:
        one.start()
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == USAGE
    assert one.state() == before


def test_what_cannot_be_promoted_or_rolled_back_is_told(make: Make) -> None:
    one = make()
    with pytest.raises(DeliveryError, match="no canary of shop waits"):
        one.promote()
    with pytest.raises(DeliveryError, match="shop-v000 does not say what was before it") as caught:
        one.rollback()
    assert "--to GROUP" in caught.value.hint
    with pytest.raises(DeliveryError, match="there is no group shop-v007"):
        one.rollback("shop-v007")
    assert one.resume().outcome == "nothing to do"


def test_a_group_that_is_named_gets_its_traffic_back(make: Make) -> None:
    one = make()
    none_in_traffic(one)
    assert one.rollback(OLD).outcome == "rolled back"
    assert one.taking() == [OLD]


def test_a_name_that_another_run_takes_meanwhile_is_skipped(make: Make) -> None:
    one = make()

    def race(operation: str) -> None:
        if operation == "CreateLaunchTemplate":
            one.strict.watching.clear()
            one.world.group(NEW, 0)

    one.strict.watching.append(race)
    ending = one.deploy()
    assert (ending.outcome, ending.group) == ("deployed", "shop-v002")
    assert any("another run has made a group of that name" in line for line in one.lines)


def test_a_canary_nobody_decides_on_goes_when_its_time_is_over(make: Make) -> None:
    one = make("decision_minutes = 30\n")
    assert one.start("canary").exit_code == WAITING
    assert one.run(operations.resume).outcome == "waiting"
    assert "canary, canary-soak done, decide by" in status(one)
    one.world.clock.sleep(31 * 60)
    ending = one.run(operations.resume)
    assert (ending.outcome, ending.exit_code) == ("rolled back", ROLLED_BACK)
    assert ending.reason.startswith("no decision was made until")
    assert one.taking() == [OLD]
    assert "failed" in status(one)
    assert "no decision was made until" in status(one)


def test_an_old_group_that_grows_meanwhile_is_matched_before_it_goes(make: Make) -> None:
    one = make()

    def grow(operation: str) -> None:
        if operation == "AttachLoadBalancerTargetGroups":
            one.strict.watching.clear()
            one.strict.groups[OLD].desired_capacity = 4
            one.strict.groups[OLD].set_desired_capacity(4)
            one.strict.adopt()

    one.strict.watching.append(grow)
    assert one.deploy().outcome == "deployed"
    assert one.state()[NEW]["size"][1] == 4
    assert any("shop-v000 has grown to 4: shop-v001 to 4" in line for line in one.lines)


def test_an_old_group_that_is_deleted_meanwhile_is_no_error(make: Make) -> None:
    one = make()

    def delete(operation: str) -> None:
        if operation == "AttachLoadBalancers":
            one.strict.watching.clear()
            one.world.aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)

    one.strict.watching.append(delete)
    assert one.deploy().outcome == "deployed"
    assert any("shop-v000 was deleted already" in line for line in one.lines)
    assert one.taking() == [NEW]


def test_actions_that_were_for_once_are_told_and_others_lose_only_their_beginning(make: Make) -> None:
    one = make()
    past = datetime.fromtimestamp(one.world.clock.now() - 3600, UTC)
    for name, more in (("once", {}), ("daily", {"Recurrence": "0 6 * * *"})):
        one.strict.actions[OLD, name] = {
            "AutoScalingGroupName": OLD, "ScheduledActionName": name, "StartTime": past, "MinSize": 1, **more,
        }  # fmt: skip
    one.deploy()
    assert any("scheduled action once was for" in line for line in one.lines)
    assert {name for group, name in one.strict.actions if group == NEW} == {"daily", "morning"}
    assert "StartTime" not in one.strict.actions[NEW, "daily"]


def test_processes_a_team_has_suspended_stay_so_unless_nothing_could_start(make: Make) -> None:
    one = make()
    one.world.raw("autoscaling").suspend_processes(
        AutoScalingGroupName=OLD, ScalingProcesses=["AZRebalance", "Launch"]
    )
    one.deploy()
    assert one.state()[NEW]["suspended"] == ["AZRebalance"]
    assert any("Launch suspended on shop-v000, and not on the new group" in line for line in one.lines)
    one.rollback()
    assert one.state()[OLD]["suspended"] == ["AZRebalance", "Launch"]


def test_alarms_on_several_metrics_watch_the_new_group(make: Make) -> None:
    one = make(extras=False)
    scaling, cloudwatch = one.world.aws.autoscaling, one.world.aws.cloudwatch
    step: Any = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    arn = scaling.put_scaling_policy(
        AutoScalingGroupName=OLD, PolicyName="up", PolicyType="StepScaling", AdjustmentType="ChangeInCapacity",
        StepAdjustments=[step],
    )["PolicyARN"]  # fmt: skip
    metric = {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
              "Dimensions": [{"Name": "AutoScalingGroupName", "Value": OLD}]}  # fmt: skip
    queries: Any = [
        {"Id": "cpu", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}, "ReturnData": False},
        {"Id": "twice", "Expression": "cpu * 2", "ReturnData": True},
    ]
    cloudwatch.put_metric_alarm(
        AlarmName="busy", EvaluationPeriods=2, Threshold=80.0, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn], Metrics=queries,
    )  # fmt: skip
    one.deploy()
    (made,) = cloudwatch.describe_alarms(AlarmNames=["busy-shop-v001"])["MetricAlarms"]
    assert made["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "AutoScalingGroupName", "Value": NEW}
    ]
    assert made["Metrics"][1]["Expression"] == "cpu * 2"
    assert made["AlarmActions"] == [arn.replace(OLD, NEW)]


@pytest.mark.parametrize("traffic", ["attach", "weighted"])
def test_policies_track_the_new_group_and_its_target_group(make: Make, traffic: str) -> None:
    one = make(f'traffic = "{traffic}"\n', extras=False)
    label = {name: arn.rpartition(":")[2] for name, arn in one.places.items()}
    dimension = [{"Name": "AutoScalingGroupName", "Value": OLD}]
    metric: dict[str, Any] = {"Namespace": "Shop", "MetricName": "Depth", "Dimensions": dimension}
    math = {"Id": "m", "Expression": f"SELECT MAX(Depth) FROM Shop WHERE AutoScalingGroupName = '{OLD}'"}
    requests = {
        "PredefinedMetricType": "ALBRequestCountPerTarget",
        "ResourceLabel": f"app/lb/1/{label['web']}",
    }
    stat = {"Id": "d", "MetricStat": {"Metric": metric, "Stat": "Sum"}}
    customized = {"Metrics": [stat, math]}
    configurations: dict[str, dict[str, Any]] = {
        "requests": {"PredefinedMetricSpecification": requests},
        "depth": {"CustomizedMetricSpecification": {**metric, "Statistic": "Sum"}},
        "math": {"CustomizedMetricSpecification": customized},
    }
    for name, said in configurations.items():
        policy: Any = {"AutoScalingGroupName": OLD, "PolicyName": name, "PolicyType": "TargetTrackingScaling",
                       "TargetTrackingConfiguration": {**said, "TargetValue": 5.0}}  # fmt: skip
        one.world.aws.autoscaling.put_scaling_policy(**policy)
    assert one.deploy().outcome == "deployed"
    made = {name: said["TargetTrackingConfiguration"] for (group, name), said in one.strict.policies.items()
            if group == NEW}  # fmt: skip
    assert OLD not in str(made)
    assert str(made).count(NEW) == 3
    mine = label["green" if traffic == "weighted" else "web"]
    assert made["requests"]["PredefinedMetricSpecification"]["ResourceLabel"] == f"app/lb/1/{mine}"


def test_status_of_nothing_and_of_a_pinned_group(make: Make) -> None:
    one = make()
    one.world.raw("autoscaling").create_or_update_tags(Tags=group_tags(OLD, {tags.PIN: "1"}))
    assert "pinned, minimum was 1" in status(one)
    one.world.aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    assert "being deleted" in status(one)
    one.world.clock.sleep(600)
    assert "no groups yet" in status(one)
