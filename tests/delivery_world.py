"""An account on moto with what a deploy meets: a network, a launch template, groups and their load balancers.

Every call our own clients make is recorded; time is a clock moved by hand.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch

import boto3
import botocore.session
from moto import mock_aws

from delivery.aws import Aws, open_aws
from delivery.clock import FakeClock
from delivery.settings import Settings

REGION = "eu-west-1"
ME = "123456789012"
# The models of services are large: read once, not once a session.
patch("botocore.session.create_loader", cache(botocore.session.create_loader)).start()
SERVICES = ("ec2", "autoscaling", "elb", "elbv2", "cloudwatch", "ssm", "sts", "dynamodb", "s3", "kms")


class Call(NamedTuple):
    """A call a command made."""

    service: str
    """As IAM names it: elb and elbv2 are both `elasticloadbalancing`."""
    operation: str
    parameters: Mapping[str, Any]


def record(aws: Aws, calls: list[Call]) -> None:
    """Have every call of these clients written down."""
    for service in SERVICES:
        client = getattr(aws, service)

        def write(params: Any, model: Any, **_: Any) -> None:
            name = model.service_model.signing_name
            service = {"monitoring": "cloudwatch"}.get(name, name)
            calls.append(Call(service, model.name, copy.deepcopy(params)))

        client.meta.events.register(
            f"before-parameter-build.{client.meta.service_model.service_id.hyphenize()}", write
        )


@dataclass
class World:
    """What there is."""

    aws: Aws
    clock: FakeClock
    subnet: str
    vpc: str
    template: str
    calls: list[Call] = field(default_factory=list)

    def raw(self, service: str) -> Any:
        """A client nobody records."""
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]

    def group(self, name: str, size: int = 2, **more: Any) -> list[str]:
        """Make a group; gives the ids of its instances."""
        self.raw("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=max(size, 1) * 2,
            DesiredCapacity=size,
            VPCZoneIdentifier=self.subnet,
            LaunchTemplate={"LaunchTemplateName": self.template, "Version": "1"},
            **more,
        )
        return self.instances(name)

    def instances(self, name: str) -> list[str]:
        """Ids of a group's instances."""
        (found,) = self.raw("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        return [one["InstanceId"] for one in found["Instances"]]

    def groups(self) -> list[str]:
        """Names of all groups."""
        found = self.raw("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return [one["AutoScalingGroupName"] for one in found]

    def tags(self, name: str) -> dict[str, str]:
        """A group's tags."""
        (found,) = self.raw("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        return {one["Key"]: one["Value"] for one in found["Tags"]}

    def target_group(self, name: str) -> str:
        """Make a target group; gives its ARN."""
        made = self.raw("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def balancer(self, name: str) -> str:
        """Make a classic load balancer; gives its name."""
        listener = {"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 80}
        self.raw("elb").create_load_balancer(
            LoadBalancerName=name, Listeners=[listener], Subnets=[self.subnet]
        )
        return name

    def alarm(self, group: str, name: str, *also: str) -> None:
        """Make a scaling policy of a group and the alarm that triggers it, and whatever else."""
        scaling = self.raw("autoscaling")
        scaling.put_scaling_policy(
            AutoScalingGroupName=group,
            PolicyName=name,
            PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity",
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        )
        (policy,) = scaling.describe_policies(PolicyNames=[name])["ScalingPolicies"]
        self.raw("cloudwatch").put_metric_alarm(
            AlarmName=name,
            AlarmActions=[policy["PolicyARN"], *also],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="CPUUtilization",
            Namespace="AWS/EC2",
            Period=60,
            Statistic="Average",
            Threshold=80,
        )

    def _tell_alarms(self, parsed: Any, **_: Any) -> None:
        """AWS tells the alarms of each policy; moto does not."""
        alarms = self.raw("cloudwatch").describe_alarms()["MetricAlarms"]
        for policy in parsed.get("ScalingPolicies", ()):
            policy["Alarms"] = [
                {"AlarmName": one["AlarmName"], "AlarmARN": one["AlarmArn"]}
                for one in alarms
                if policy["PolicyARN"] in one["AlarmActions"]
            ]

    def tell_as_aws_does(self) -> None:
        """Have answers say what AWS says in them."""
        event = "after-call.auto-scaling.DescribePolicies"
        self.aws.autoscaling.meta.events.register(event, self._tell_alarms)

    def operations(self) -> list[str]:
        """Names of the calls so far."""
        return [call.operation for call in self.calls]


def group_tags(name: str, tags: Mapping[str, str]) -> Sequence[dict[str, Any]]:
    """Tags of a group as Auto Scaling wants them."""
    return [
        {
            "ResourceId": name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": False,
        }
        for key, value in tags.items()
    ]


@contextmanager
def world(settings: Settings | None = None, account: str | None = None) -> Iterator[World]:
    """An account on moto for as long as the block runs."""
    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_REGION": REGION}), mock_aws():
        ec2 = boto3.client("ec2", region_name=REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")
        image = ec2.register_image(Name="shop-1.0", RootDeviceName="/dev/xvda")["ImageId"]
        ec2.create_launch_template(
            LaunchTemplateName="shop", LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"}
        )
        made = World(
            open_aws(settings or Settings(), account), FakeClock(), subnet["Subnet"]["SubnetId"], vpc, "shop"
        )
        record(made.aws, made.calls)
        made.tell_as_aws_does()
        yield made
