"""Policies and alarms of a new group watch that group, its target group and its load balancer, wherever they name one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.deploy.metric_names import names_in, renamed
from delivery.settings import loads
from deploy_case import NEW, OLD, TOML, Case, Make, cases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def balancer(one: Case, name: str, target_group: str) -> str:
    """Make a load balancer in front of a target group; gives its name in metrics."""
    elbv2, ec2 = one.world.raw("elbv2"), one.world.raw("ec2")
    subnets = [
        each["SubnetId"] for each in ec2.describe_subnets()["Subnets"] if each["VpcId"] == one.world.vpc
    ]
    arn = elbv2.create_load_balancer(Name=name, Subnets=subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    elbv2.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group}],
    )
    return str(arn.partition(":loadbalancer/")[2])


def policy(one: Case, name: str, configuration: dict[str, Any]) -> None:
    said: Any = {"AutoScalingGroupName": OLD, "PolicyName": name, "PolicyType": "TargetTrackingScaling",
                 "TargetTrackingConfiguration": {**configuration, "TargetValue": 5.0}}  # fmt: skip
    one.world.aws.autoscaling.put_scaling_policy(**said)


def predictive(one: Case, label: str) -> None:
    load = {"PredefinedMetricType": "ALBTargetGroupRequestCount", "ResourceLabel": label}
    capacity = {
        "MetricDataQueries": [{"Id": "c", "Expression": f"SUM(SEARCH('{{AWS/EC2}} {OLD}', 'Sum', 300))"}]
    }
    specification = {"TargetValue": 5.0, "PredefinedLoadMetricSpecification": load,
                     "CustomizedCapacityMetricSpecification": capacity}  # fmt: skip
    said: Any = {"AutoScalingGroupName": OLD, "PolicyName": "forecast", "PolicyType": "PredictiveScaling",
                 "PredictiveScalingConfiguration": {"MetricSpecifications": [specification]}}  # fmt: skip
    one.world.aws.autoscaling.put_scaling_policy(**said)


def alarm(one: Case, name: str, dimensions: dict[str, str]) -> None:
    step: Any = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    arn = one.world.aws.autoscaling.put_scaling_policy(
        AutoScalingGroupName=OLD, PolicyName=name, PolicyType="StepScaling", AdjustmentType="ChangeInCapacity",
        StepAdjustments=[step],
    )["PolicyARN"]  # fmt: skip
    one.world.aws.cloudwatch.put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
        Namespace="AWS/ApplicationELB", MetricName="RequestCount", Period=60, Statistic="Sum", AlarmActions=[arn],
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
    )  # fmt: skip


def copied(one: Case) -> str:
    """All that policies and alarms of the new group say."""
    policies = [said for (group, _), said in one.strict.policies.items() if group == NEW]
    alarms = [
        each
        for each in one.world.raw("cloudwatch").describe_alarms()["MetricAlarms"]
        if NEW in each["AlarmName"]
    ]
    return f"{policies} {alarms}"


def test_a_target_group_on_another_balancer_is_watched_there(make: Make) -> None:
    one = make(extras=False)
    one.places["green"] = one.world.target_group("green")
    web, green = (one.places[name].rpartition(":")[2] for name in ("web", "green"))
    before, after = balancer(one, "before", one.places["web"]), balancer(one, "after", one.places["green"])
    policy(one, "requests", {"PredefinedMetricSpecification": {
        "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": f"{before}/{web}"}})  # fmt: skip
    predictive(one, f"{before}/{web}")
    alarm(one, "busy", {"LoadBalancer": before, "TargetGroup": web})
    alarm(one, "all", {"LoadBalancer": before})
    one.settings = loads(f'{TOML}[clusters.shop]\ntarget_groups = ["green"]\nload_balancers = []\n')
    assert one.deploy().outcome == "deployed"
    text = copied(one)
    for gone in (OLD, web, before):
        assert gone not in text
    assert text.count(f"{after}/{green}") == 2
    assert f"AWS/EC2}} {NEW}" in text
    assert not [line for line in one.lines if "still watches" in line]


def test_what_cannot_follow_is_reported(make: Make) -> None:
    one = make(extras=False)
    web = one.places["web"].rpartition(":")[2]
    policy(one, "requests", {"PredefinedMetricSpecification": {
        "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": f"app/lb/1/{web}"}})  # fmt: skip
    alarm(one, "busy", {"TargetGroup": web})
    one.world.target_group("green")
    third = one.world.target_group("third")
    one.settings = loads(
        f'{TOML}[clusters.shop]\ntarget_groups = ["green", "{third}"]\nload_balancers = []\n'
    )
    assert one.deploy().outcome == "deployed"
    for what in ("scaling policy requests", "alarm busy-shop-v001"):
        assert any(f"{what} still watches {web}" in line for line in one.lines)


NAMES = st.sampled_from(
    ["shop-v000", "shop-v0001", "my-shop-v000", "shop-v000-x", "targetgroup/web/1", "app/lb/1"]
)


@given(st.lists(NAMES, max_size=4), NAMES)
def test_only_whole_names_are_replaced(words: list[str], name: str) -> None:
    value = {"Expression": " + ".join(words), "Dimensions": [{"Name": "TargetGroup", "Value": name}]}
    after = renamed(value, {"shop-v000": "NEW", "targetgroup/web/1": "shop-v000"})
    expected = {"shop-v000": "NEW", "targetgroup/web/1": "shop-v000"}
    assert after["Expression"] == " + ".join(expected.get(word, word) for word in words)
    assert after["Dimensions"][0]["Value"] == expected.get(name, name)
    assert names_in(value, ["shop-v000"]) == (["shop-v000"] if "shop-v000" in [*words, name] else [])
