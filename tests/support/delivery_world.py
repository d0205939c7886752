"""An account on moto with what a deploy meets: a network, a launch template, groups and their load balancers.

Every call our own clients make is recorded; time is a clock moved by hand.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple
from unittest.mock import patch

from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

import aws_shared
from aws_shared import SERVICES
from delivery.aws import Aws, open_aws
from delivery.clock import FakeClock
from delivery.settings import DeliverySettings

REGION = "eu-west-1"
ME = "123456789012"


class Call(NamedTuple):
    """A call a command made."""

    service: str
    """As IAM names it: elb and elbv2 are both `elasticloadbalancing`."""
    operation: str
    parameters: Mapping[str, Any]


def service_of(operation: Any) -> str:
    """The service of an operation, as IAM calls it."""
    name: str = operation.service_model.signing_name
    return {"monitoring": "cloudwatch"}.get(name, name)


@dataclass
class World:
    """What there is."""

    opened: Callable[[], Aws]
    """Opens the account as a command does."""
    aws: Aws
    clock: FakeClock = field(default_factory=FakeClock)
    subnet: str = ""
    vpc: str = ""
    template: str = "shop"
    calls: list[Call] = field(default_factory=list)

    def raw(self, service: str) -> Any:
        """A client nobody records."""
        return aws_shared.raw(service, REGION)

    def furnish(self) -> None:
        """A network and a launch template, where there is nothing yet."""
        ec2 = self.raw("ec2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        made = ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")
        self.subnet = made["Subnet"]["SubnetId"]
        image = ec2.register_image(Name="shop-1.0", RootDeviceName="/dev/xvda")["ImageId"]
        ec2.create_launch_template(
            LaunchTemplateName=self.template,
            LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"},
        )

    def begin_anew(self) -> None:
        """As if the account were new: nothing in it, nobody listens but who records, and no call was made."""
        moto_api_backend.reset()
        self.aws = self.opened()
        self.clock = FakeClock()
        self.calls.clear()
        self.record()

    def listen(self, service: str, event: str, handler: Callable[..., Any]) -> None:
        """Have a handler called at an event of all calls of one of our clients."""
        aws_shared.listen(getattr(self.aws, service), event, handler)

    def record(self) -> None:
        """Have every call of our clients written down."""
        for service in SERVICES:
            self.listen(service, "before-parameter-build", self._write)

    def _write(self, params: Any, model: Any, **_: Any) -> None:
        self.calls.append(Call(service_of(model), model.name, copy.deepcopy(params)))

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

    def tell_alarms(self, parsed: Any, model: Any, **_: Any) -> None:
        """AWS tells the alarms of each policy; moto does not."""
        if model.name != "DescribePolicies":
            return
        alarms = self.raw("cloudwatch").describe_alarms()["MetricAlarms"]
        for policy in parsed.get("ScalingPolicies", ()):
            policy["Alarms"] = [
                {"AlarmName": one["AlarmName"], "AlarmARN": one["AlarmArn"]}
                for one in alarms
                if policy["PolicyARN"] in one["AlarmActions"]
            ]

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
def empty_world(settings: DeliverySettings | None = None, account: str | None = None) -> Iterator[World]:
    """An account with nothing in it, on moto as it is, for as long as the block runs. Calls are recorded."""
    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_REGION": REGION}), mock_aws():
        opened = partial(open_aws, settings, account) if settings else partial(aws_shared.ours, REGION)
        made = World(opened, opened())
        made.record()
        yield made


@contextmanager
def world(settings: DeliverySettings | None = None, account: str | None = None) -> Iterator[World]:
    """A furnished account on moto for as long as the block runs; answers say what AWS says in them."""
    with empty_world(settings, account) as made:
        made.furnish()
        made.listen("autoscaling", "after-call", made.tell_alarms)
        yield made
