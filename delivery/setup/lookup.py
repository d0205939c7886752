"""What exists in an account that setup leaves as it is, and what an application meets there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import USAGE, DeliveryError
from delivery.settings.setup import MAKE
from delivery.setup import account_stack, app_stack
from delivery.setup.app_stack import AppNetwork
from delivery.setup.stacks import read_stack

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import Account

__all__ = ["app_network", "existing_account_parts", "existing_app_parts", "listener_of", "vpc_of"]

Reading = Callable[[], str]


def existing_app_parts(aws: Aws, app: str, vpc: str, parts: Iterable[str]) -> dict[str, str]:
    """Find the parts of an application that no stack of ours has.

    Args:
        parts: logical ids of what would be made, and is in no stack of ours.

    Returns:
        Id or ARN of each part that exists, by logical id.
    """
    readers: dict[str, Reading] = {
        "SecurityGroup": lambda: _security_group(aws, f"delivery-{app}", vpc),
        "Role": lambda: _role(aws, app),
        "InstanceProfile": lambda: _profile(aws, app),
        "LaunchTemplate": lambda: _launch_template(aws, app),
        "TargetGroup": lambda: _target_group(aws, app_stack.target_group_name(app)),
        "LogGroup": lambda: _log_group(aws, app_stack.log_group_name(app)),
        "ErrorAlarm": lambda: _alarm(aws, f"{app}-errors"),
    }
    return _existing(readers, parts)


def existing_account_parts(
    aws: Aws, stack: account_stack.AccountStack, parts: Iterable[str]
) -> dict[str, str]:
    """Find the parts of an account that no stack of ours has; see `existing_app_parts`."""
    readers: dict[str, Reading] = {
        "LockTable": lambda: _table(aws, stack.lock_table),
        "HistoryTable": lambda: _table(aws, stack.history_table),
        "DeployRole": lambda: _role(aws, stack.deploy_role),
        "BakeRole": lambda: _role(aws, stack.bake_role),
        "BakerRole": lambda: _role(aws, stack.baker),
        "BakerProfile": lambda: _profile(aws, stack.baker),
        "BakeBucket": lambda: _bucket(aws, stack.bucket),
        "ImageKeyAlias": lambda: _key(aws, stack.key),
    }
    return _existing(readers, parts)


def _existing(readers: Mapping[str, Reading], parts: Iterable[str]) -> dict[str, str]:
    looked_up = {part: _present(readers[part]) for part in parts if part in readers}
    return {part: id for part, id in looked_up.items() if id}


def _present(read: Reading) -> str:
    try:
        return read()
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return ""
        raise


def _security_group(aws: Aws, name: str, vpc: str) -> str:
    filters: Any = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [vpc]}]
    with asking(f"looking for security group {name}"):
        groups = aws.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return groups[0]["GroupId"] if groups else ""


def _role(aws: Aws, name: str) -> str:
    with asking(f"looking for role {name}"):
        return aws.iam.get_role(RoleName=name)["Role"]["RoleName"]


def _profile(aws: Aws, name: str) -> str:
    with asking(f"looking for instance profile {name}"):
        profile = aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return profile["InstanceProfileName"]


def _launch_template(aws: Aws, name: str) -> str:
    with asking(f"looking for launch template {name}"):
        templates = aws.ec2.describe_launch_templates(LaunchTemplateNames=[name])["LaunchTemplates"]
    return templates[0]["LaunchTemplateId"] if templates else ""


def _target_group(aws: Aws, name: str) -> str:
    with asking(f"looking for target group {name}"):
        groups = aws.elbv2.describe_target_groups(Names=[name])["TargetGroups"]
    return groups[0]["TargetGroupArn"] if groups else ""


def _log_group(aws: Aws, name: str) -> str:
    with asking(f"looking for log group {name}"):
        groups = aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return name if any(group["logGroupName"] == name for group in groups) else ""


def _alarm(aws: Aws, name: str) -> str:
    with asking(f"looking for alarm {name}"):
        alarms = aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return name if alarms else ""


def _table(aws: Aws, name: str) -> str:
    with asking(f"looking for table {name}"):
        return aws.dynamodb.describe_table(TableName=name)["Table"]["TableName"]


def _bucket(aws: Aws, name: str) -> str:
    """Find a bucket; one of another account counts as existing, too."""
    try:
        with asking(f"looking for bucket {name}"):
            aws.s3.head_bucket(Bucket=name)
    except DeliveryError as error:
        if getattr(error, "code", "") in ("404", "NoSuchBucket"):
            return ""
        raise
    return name


def _key(aws: Aws, name: str) -> str:
    with asking(f"looking for key {name}"):
        return aws.kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"]


def vpc_of(aws: Aws, named: str | None, subnets: Sequence[str]) -> str:
    """Return the VPC that is named, or that of the subnets. DeliveryError."""
    if named:
        return named
    if not subnets:
        raise DeliveryError(
            "which VPC?", 'subnets = ["subnet-..."] in [defaults], or vpc in [accounts.NAME.setup]', USAGE
        )
    with asking(f"looking at subnets {', '.join(subnets)}"):
        described = aws.ec2.describe_subnets(SubnetIds=[*subnets])["Subnets"]
    vpcs = sorted({subnet["VpcId"] for subnet in described})
    if len(vpcs) != 1:
        raise DeliveryError(f"subnets {', '.join(subnets)} are of VPCs {', '.join(vpcs)}", "one VPC", USAGE)
    return vpcs[0]


def listener_of(aws: Aws, account: Account) -> str:
    """Return the ARN of the listener that applications share; empty if there is none. DeliveryError."""
    named = account.setup.load_balancer
    if named != MAKE:
        return named or ""
    name = account_stack.stack_name(account.name)
    stack = read_stack(aws, name)
    if stack is None or "Listener" not in stack.resources:
        raise DeliveryError(
            f"there is no load balancer of account {account.name} in {aws.region} yet",
            f"delivery setup account --account {account.name} --region {aws.region}",
            USAGE,
        )
    return stack.resources["Listener"]


def app_network(aws: Aws, listener: str, vpc: str, rule: str) -> AppNetwork:
    """Read what an application meets.

    Args:
        listener: ARN of the listener; empty for none.
        vpc: VPC of the application.
        rule: ARN of the application's rule, if its stack has one.

    Raises:
        DeliveryError: the listener does not exist, or is of another VPC.
    """
    if not listener:
        return AppNetwork(account_id=aws.account_id, vpc=vpc)
    try:
        with asking(f"looking at listener {listener}"):
            described = aws.elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
            arn = described["LoadBalancerArn"]
            balancer = aws.elbv2.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
            pages = aws.elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener)
            rules = [each for page in pages for each in page["Rules"]]
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        hint = "load_balancer in [accounts.NAME.setup] names the listener that applications share"
        raise DeliveryError(f"there is no listener {listener}", hint, USAGE) from error
    if balancer.get("VpcId", vpc) != vpc:
        raise DeliveryError(
            f"the load balancer is in {balancer['VpcId']}, and the application in {vpc}",
            "subnets of the same VPC, or another listener",
            USAGE,
        )
    numbers = {each["RuleArn"]: int(each["Priority"]) for each in rules if each["Priority"] != "default"}
    return AppNetwork(
        account_id=aws.account_id,
        vpc=vpc,
        listener=listener,
        balancer=arn.partition(":loadbalancer/")[2],
        balancer_groups=tuple(balancer.get("SecurityGroups", ())),
        taken_priorities=frozenset(number for each, number in numbers.items() if each != rule),
        own_priority=numbers.get(rule, 0),
    )
