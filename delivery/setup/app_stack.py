"""The stack of an application: what its groups launch with, and where they take traffic. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from delivery.setup.policies import PolicyNames, assumed_by, policy
from jobdsl.errors import Problem

__all__ = [
    "AppNetwork",
    "AppStack",
    "app_template",
    "log_group_name",
    "problems_of",
    "rule_priority",
    "stack_name",
    "target_group_name",
]

_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
"""Of what running groups need, and of what cannot be made again."""
_INTERVAL_SECONDS, _CHECK_TIMEOUT_SECONDS, _GOOD_CHECKS, _BAD_CHECKS = 10, 5, 3, 2
_SHORTEST_TEMPLATE_NAME = 3
_LONGEST_NAME = 32
"""Of a target group (CreateTargetGroup)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppNetwork:
    """What an application meets in its account: looked up, not made by its stack."""

    account_id: str
    vpc: str
    listener: str = ""
    """ARN; empty where no rule is made."""
    balancer: str = ""
    """Its load balancer, as CloudWatch names it: `app/NAME/ID`."""
    balancer_groups: Sequence[str] = ()
    """Ids of the load balancer's security groups."""
    taken_priorities: frozenset[int] = frozenset()
    """Of the listener's rules, without that of this application."""
    own_priority: int = 0
    """Of the application's rule; 0 if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStack:
    """The settings of an application in an account, with every default filled in."""

    app: str
    port: int
    network: AppNetwork
    health_path: str = "/healthz"
    hosts: Sequence[str] = ()
    paths: Sequence[str] = ()
    priority: int = 0
    drain_seconds: float = 90.0
    instance_type: str = ""
    user_data: str = ""
    security_groups: Sequence[str] = ()
    """Ids; empty where the stack makes one."""
    instance_profile: str = ""
    """Name or ARN; empty where the stack makes one."""
    boundary: str = ""
    policies: Sequence[str] = ()
    makes_target_group: bool = True
    """Whether the stack has a target group, and a rule for it where there is a listener."""
    makes_template: bool = True
    """Whether the stack has a launch template."""
    makes_role: bool = True
    """Whether this is the region whose stack has the role: IAM is of all regions."""
    error_percent: float = 0.0
    log_days: int = 30
    existing: Mapping[str, str] = field(default_factory=dict)
    """Parts that exist and no stack of ours has, by logical id: ids or ARNs. They are left as they are."""


def stack_name(app: str) -> str:
    """Return the name of an application's stack."""
    return f"delivery-app-{_dashed(app)}"


def target_group_name(app: str) -> str:
    """Return the name of an application's target group."""
    return _dashed(app)


def log_group_name(app: str) -> str:
    """Return the name of an application's log group."""
    return f"/delivery/{app}"


def _dashed(app: str) -> str:
    return re.sub("[^A-Za-z0-9-]", "-", app).strip("-")


def rule_priority(stack: AppStack) -> int:
    """Return the priority of the rule: of the settings, as it is, or a free one made from the name."""
    if stack.priority or stack.network.own_priority:
        return stack.priority or stack.network.own_priority
    start = int.from_bytes(hashlib.sha256(stack.app.encode()).digest()[:4])
    span = range(1000, 50_000)
    return next(
        number
        for offset in range(len(span))
        if (number := span[(start + offset) % len(span)]) not in stack.network.taken_priorities
    )


def problems_of(stack: AppStack, others: Sequence[str] = ()) -> list[Problem]:
    """Return what keeps a stack from being made; `others` are the other applications of the settings."""
    app, problems = stack.app, []
    if not target_group_name(app):
        hint = f"rename it: [apps.{app}] needs a letter or digit"
        return [Problem(f"application {app} leaves no name of a target group: letters, digits, -", hint=hint)]
    if len(target_group_name(app)) > _LONGEST_NAME:
        problems.append(
            Problem(
                f"application {app} has {len(app)} characters; names of target groups have {_LONGEST_NAME}",
                hint=f'make one by hand, and name it: target_groups = ["..."] in [apps.{app}]',
            )
        )
    if len(app) < _SHORTEST_TEMPLATE_NAME:
        problems.append(
            Problem(
                f"application {app} has {len(app)} characters; names of launch templates have at least 3",
                hint="a longer name of the application",
            )
        )
    problems += [
        Problem(f"applications {app} and {other} would share the stack {stack_name(app)}", hint="rename one")
        for other in others
        if other != app and stack_name(other) == stack_name(app)
    ]
    network = stack.network
    if network.listener and not (stack.hosts or stack.paths):
        problems.append(
            Problem(
                f"application {app} has no host: which requests are for it?",
                hint=f'hosts = ["{app}.example.com"] in [apps.{app}], or domain in [accounts.NAME.setup]',
            )
        )
    if stack.error_percent and not network.balancer:
        problems.append(
            Problem(
                f"error_percent of application {app}: without a load balancer there are no answers to count",
                hint="load_balancer in [accounts.NAME.setup], or error_percent = 0",
            )
        )
    if stack.priority and stack.priority in network.taken_priorities:
        problems.append(
            Problem(
                f"the listener has a rule of priority {stack.priority} already",
                hint=f"another priority in [apps.{app}], or none: setup takes a free one",
            )
        )
    return problems


def app_template(stack: AppStack) -> dict[str, Any]:
    """Return the template: only what does not exist already."""
    resources: dict[str, Any] = {}
    groups: list[Any] = [*stack.security_groups]
    if not groups:
        resources |= _security_group(stack)
        groups = [_ref(stack, "SecurityGroup")]
    if not stack.instance_profile and stack.makes_role:
        resources |= _role(stack)
    resources |= _log_group(stack)
    if stack.makes_template:
        resources |= _launch_template(stack, groups)
    if stack.makes_target_group:
        resources |= _target_group(stack)
    if stack.network.listener:
        resources["ListenerRule"] = _listener_rule(stack)
    resources |= _alarm(stack)
    own = {name: part for name, part in resources.items() if name not in stack.existing}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the groups of application {stack.app} need; made by delivery setup app",
        "Resources": own,
    }


def _ref(stack: AppStack, part: str) -> Any:
    return stack.existing.get(part) or ({"Ref": part} if part != "SecurityGroup" else _group_id(part))


def _group_id(part: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [part, "GroupId"]}


def _tags(stack: AppStack) -> list[dict[str, Any]]:
    return [{"Key": "Name", "Value": stack.app}, {"Key": "application", "Value": stack.app}]


def _security_group(stack: AppStack) -> dict[str, Any]:
    """Instances take requests from the load balancer alone, and may open connections to anywhere."""
    own: dict[str, Any] = {
        "Type": "AWS::EC2::SecurityGroup",
        **_KEPT,
        "Properties": {
            "GroupName": f"delivery-{stack.app}",
            "GroupDescription": "Instances of the application",
            "VpcId": stack.network.vpc,
            "SecurityGroupIngress": [
                {
                    "Description": "Requests from the load balancer",
                    "IpProtocol": "tcp",
                    "FromPort": stack.port,
                    "ToPort": stack.port,
                    "SourceSecurityGroupId": group,
                }
                for group in stack.network.balancer_groups
            ],
            "Tags": _tags(stack),
        },
    }
    if not stack.network.balancer_groups:
        del own["Properties"]["SecurityGroupIngress"]
    return {"SecurityGroup": own}


def _role(stack: AppStack) -> dict[str, Any]:
    names = PolicyNames(account_id=stack.network.account_id, apps=[stack.app])
    role: dict[str, Any] = {
        "RoleName": stack.app,
        "Description": "Instances of the application",
        "AssumeRolePolicyDocument": assumed_by({"Service": "ec2.amazonaws.com"}),
        "Policies": [{"PolicyName": "own", "PolicyDocument": policy("shop", names)}],
        "Tags": _tags(stack),
    }
    if stack.policies:
        role["ManagedPolicyArns"] = [*stack.policies]
    if stack.boundary:
        role["PermissionsBoundary"] = stack.boundary
    profile = {"InstanceProfileName": stack.app, "Roles": [_ref(stack, "Role")]}
    if "Role" in stack.existing:
        profile["Roles"] = [stack.app]
    return {
        "Role": {"Type": "AWS::IAM::Role", **_KEPT, "Properties": role},
        "InstanceProfile": {"Type": "AWS::IAM::InstanceProfile", **_KEPT, "Properties": profile},
    }


def _log_group(stack: AppStack) -> dict[str, Any]:
    if not stack.log_days:
        return {}
    properties = {"LogGroupName": log_group_name(stack.app), "RetentionInDays": stack.log_days}
    return {"LogGroup": {"Type": "AWS::Logs::LogGroup", **_KEPT, "Properties": properties}}


def _launch_template(stack: AppStack, groups: Sequence[Any]) -> dict[str, Any]:
    """Write no image: a deploy adds it."""
    profile = stack.instance_profile or stack.app
    own = not stack.instance_profile and stack.makes_role and "InstanceProfile" not in stack.existing
    named = (
        {"Arn": profile}
        if profile.startswith("arn:")
        else {"Name": {"Ref": "InstanceProfile"} if own else profile}
    )
    data: dict[str, Any] = {
        "IamInstanceProfile": named,
        "SecurityGroupIds": [*groups],
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "Monitoring": {"Enabled": True},
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": [{"Key": "application", "Value": stack.app}]}
            for kind in ("instance", "volume")
        ],
    }
    if stack.instance_type:
        data["InstanceType"] = stack.instance_type
    if stack.user_data and stack.user_data != "none":
        data["UserData"] = {"Fn::Base64": stack.user_data}
    properties = {"LaunchTemplateName": stack.app, "LaunchTemplateData": data}
    return {"LaunchTemplate": {"Type": "AWS::EC2::LaunchTemplate", **_KEPT, "Properties": properties}}


def _target_group(stack: AppStack) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Name": target_group_name(stack.app),
        "VpcId": stack.network.vpc,
        "TargetType": "instance",
        "Protocol": "HTTP",
        "Port": stack.port,
        "HealthCheckPath": stack.health_path,
        "HealthCheckIntervalSeconds": _INTERVAL_SECONDS,
        "HealthCheckTimeoutSeconds": _CHECK_TIMEOUT_SECONDS,
        "HealthyThresholdCount": _GOOD_CHECKS,
        "UnhealthyThresholdCount": _BAD_CHECKS,
        "Matcher": {"HttpCode": "200"},
        "TargetGroupAttributes": [
            {
                "Key": "deregistration_delay.timeout_seconds",
                "Value": str(min(int(stack.drain_seconds), 3600)),
            }
        ],
        "Tags": _tags(stack),
    }
    kind = "AWS::ElasticLoadBalancingV2::TargetGroup"
    return {"TargetGroup": {"Type": kind, **_KEPT, "Properties": properties}}


def _listener_rule(stack: AppStack) -> dict[str, Any]:
    conditions = []
    if stack.hosts:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": [*stack.hosts]}})
    if stack.paths:
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": [*stack.paths]}})
    return {
        "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
        "Properties": {
            "ListenerArn": stack.network.listener,
            "Priority": rule_priority(stack),
            "Conditions": conditions,
            "Actions": [{"Type": "forward", "TargetGroupArn": _ref(stack, "TargetGroup")}],
        },
    }


def _alarm(stack: AppStack) -> dict[str, Any]:
    """Ring on the share of 5xx among the answers of the targets, in three of five minutes."""
    if not stack.error_percent:
        return {}
    group: Any = (
        stack.existing["TargetGroup"].rpartition(":")[2]
        if "TargetGroup" in stack.existing
        else {"Fn::GetAtt": ["TargetGroup", "TargetGroupFullName"]}
    )
    dimensions = [
        {"Name": "LoadBalancer", "Value": stack.network.balancer},
        {"Name": "TargetGroup", "Value": group},
    ]
    counts = {"errors": "HTTPCode_Target_5XX_Count", "requests": "RequestCount"}
    queries: list[dict[str, Any]] = [
        {
            "Id": "percent",
            "Label": "Share of 5xx",
            "Expression": "IF(requests > 0, 100 * FILL(errors, 0) / requests, 0)",
            "ReturnData": True,
        }
    ]
    queries += [
        {
            "Id": name,
            "ReturnData": False,
            "MetricStat": {
                "Metric": {"Namespace": "AWS/ApplicationELB", "MetricName": metric, "Dimensions": dimensions},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        for name, metric in counts.items()
    ]
    properties = {
        "AlarmName": f"{stack.app}-errors",
        "AlarmDescription": "Share of 5xx in the answers of the application",
        "Metrics": queries,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": stack.error_percent,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "TreatMissingData": "notBreaching",
    }
    return {"ErrorAlarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}}
