"""Problems of what AWS describes: tables, profiles, target groups, templates, subnets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jobdsl.errors import Problem

__all__ = [
    "judge_access_path",
    "judge_attributes",
    "judge_health_checks",
    "judge_profile",
    "judge_public_access",
    "judge_table",
    "judge_target_group",
    "judge_template",
    "judge_zones",
]

Described = Mapping[str, Any]
_ZONES = 2
_PROTOCOLS = {"tcp", "-1"}
"""Protocols of a rule that admits requests."""


def judge_table(table: Described, keys: Sequence[str]) -> Iterator[Problem]:
    """Check the state and the keys of a table."""
    name = table["TableName"]
    if table.get("TableStatus", "ACTIVE") not in ("ACTIVE", "UPDATING"):
        yield Problem(f"table {name} is {table['TableStatus']}", hint="wait until it is ACTIVE")
    actual = [key["AttributeName"] for key in table["KeySchema"]]
    kinds = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    if actual != [*keys] or any(kinds.get(key) != "S" for key in keys):
        names = " and ".join(keys)
        yield Problem(
            f"table {name} has the key {' and '.join(actual)}, and not {names} as texts",
            hint="name another table in the settings: delivery setup account makes it",
        )


def judge_profile(profile: Described, service: str = "ec2.amazonaws.com") -> Iterator[Problem]:
    """Check that an instance profile has a role, and that instances may take it on."""
    name = profile["InstanceProfileName"]
    if not profile.get("Roles"):
        yield Problem(
            f"instance profile {name} has no role",
            hint=f"aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name {name}",
        )
        return
    role = profile["Roles"][0]
    if not _trusts(role.get("AssumeRolePolicyDocument", {}), service):
        yield Problem(
            f"role {role['RoleName']} of instance profile {name}: its trust policy has no {service}",
            hint="docs/delivery/trust-instances.json is the trust policy it needs",
        )


def _trusts(policy: Any, service: str) -> bool:
    statements = policy.get("Statement", ()) if isinstance(policy, dict) else ()
    return any(
        statement.get("Effect") == "Allow"
        and service in _many(statement.get("Principal", {}).get("Service", ()))
        for statement in ([statements] if isinstance(statements, dict) else statements)
        if isinstance(statement.get("Principal", {}), dict)
    )


def _many(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def judge_public_access(bucket: str, blocks: Described) -> Iterator[Problem]:
    """Check that a bucket is private."""
    if not all(blocks.get(key) for key in ("BlockPublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")):
        yield Problem(
            f"bucket {bucket} does not block public access, and has packages",
            hint=f"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration "
            "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true",
            severity="warning",
        )


def judge_zones(
    subnets: Sequence[Described], offered: Iterable[str], kinds: Sequence[str]
) -> Iterator[Problem]:
    """Check that a group is in several zones, and that its types are sold there."""
    zones = sorted({subnet["AvailabilityZone"] for subnet in subnets})
    if len(zones) == 1:
        yield Problem(
            f"all subnets are in zone {zones[0]}: the application stops when the zone does",
            hint="subnets in the settings names those of two zones",
            severity="warning",
        )
    missing = [zone for zone in zones if zone not in {*offered}]
    if kinds and missing:
        severity: Any = "warning" if len(missing) < len(zones) else "error"
        yield Problem(
            f"{' and '.join(kinds)} are not sold in zone {', '.join(missing)}",
            hint="another instance_type, or subnets of other zones",
            severity=severity,
        )


def judge_template(data: Described, name: str) -> Iterator[Problem]:
    """Check what instances launch with."""
    if "IamInstanceProfile" not in data:
        yield Problem(
            f"launch template {name} has no instance profile: instances may call nothing of AWS",
            hint="instance_profile in the settings, or delivery setup app",
            severity="warning",
        )
    if data.get("MetadataOptions", {}).get("HttpTokens") != "required":
        yield Problem(
            f"launch template {name} allows version 1 of the metadata service (IMDSv1)",
            hint='MetadataOptions with HttpTokens = "required"; delivery setup app writes it',
            severity="warning",
        )
    if not (data.get("SecurityGroupIds") or data.get("NetworkInterfaces") or data.get("SecurityGroups")):
        yield Problem(
            f"launch template {name} has no security group: instances get the default one of the VPC",
            hint="security_groups in the settings, or delivery setup app",
            severity="warning",
        )


def judge_target_group(
    group: Described, *, vpcs: Iterable[str], port: int | None, health_path: str | None
) -> Iterator[Problem]:
    """Check a target group: its VPC, type, port, path, and whether requests come to it."""
    name = group["TargetGroupName"]
    if group.get("TargetType", "instance") != "instance":
        yield Problem(
            f"target group {name} is for targets of type {group['TargetType']}, and not for instances",
            hint="a target group of type instance; delivery setup app makes one",
        )
    known = {*vpcs}
    if known and group.get("VpcId") not in known:
        yield Problem(
            f"target group {name} is in {group.get('VpcId')}, and the group in {', '.join(sorted(known))}",
            hint="a target group of the same VPC, or other subnets",
        )
    if port is not None and group.get("Port") != port:
        yield Problem(
            f"target group {name} has port {group.get('Port')}, and the settings have port {port}",
            hint=f"port = {group.get('Port')} in the settings, or another target group in target_groups",
        )
    path = group.get("HealthCheckPath")
    if health_path is not None and path is not None and path != health_path:
        yield Problem(
            f"target group {name} checks {path}, and the settings have health_path {health_path}",
            hint="delivery setup app, or the same path in both",
        )
    if not group.get("LoadBalancerArns"):
        yield Problem(
            f"target group {name} is in no rule of a load balancer: its targets would never be healthy",
            hint="load_balancer in [accounts.NAME.setup] and delivery setup app, or a rule of a listener",
        )


def judge_health_checks(group: Described, *, grace_seconds: int, timeout_minutes: float) -> Iterator[Problem]:
    """Check that an instance can become healthy before anything gives it up."""
    name = group["TargetGroupName"]
    needed = int(group.get("HealthCheckIntervalSeconds", 30)) * int(group.get("HealthyThresholdCount", 5))
    if needed >= timeout_minutes * 60:
        yield Problem(
            f"a target of {name} is healthy after {needed} s at best; a deploy waits {timeout_minutes:g} min",
            hint="timeout_minutes in the settings, or a shorter interval of the health check",
        )
    elif needed >= grace_seconds:
        yield Problem(
            f"a target of {name} is healthy after {needed} s at best; Auto Scaling replaces it after "
            f"{grace_seconds} s",
            hint=f"health_check_grace_seconds = {2 * needed} in the settings",
        )


def judge_attributes(name: str, attributes: Mapping[str, str], drain_seconds: float) -> Iterator[Problem]:
    """Check how long a target group lets connections end."""
    delay = attributes.get("deregistration_delay.timeout_seconds", "")
    if delay.isdigit() and int(delay) > drain_seconds:
        yield Problem(
            f"connections of target group {name} may end for {delay} s; deploys wait {drain_seconds:g} s",
            hint=f"drain_seconds = {delay} in the settings, or a shorter deregistration delay",
            severity="warning",
        )


def judge_access_path(
    own: Sequence[Described], balancer_groups: Sequence[str], port: int
) -> Iterator[Problem]:
    """Check that a security group of the instances admits the load balancer to their port.

    Args:
        own: the security groups of the instances.
        balancer_groups: ids of those of the load balancer.
        port: the port of the target group.
    """
    if not own or not balancer_groups:
        return
    for group in own:
        for rule in group.get("IpPermissions", ()):
            sources = {pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", ())}
            networks = {each.get("CidrIp") for each in rule.get("IpRanges", ())}
            is_from = bool(sources & {*balancer_groups}) or bool(networks)
            if is_from and _admits(rule, port):
                return
    names = ", ".join(group["GroupId"] for group in own)
    yield Problem(
        f"security group {names} does not admit the load balancer ({', '.join(balancer_groups)}) "
        f"to port {port}: its targets would never be healthy",
        hint=f"aws ec2 authorize-security-group-ingress --group-id {own[0]['GroupId']} --protocol tcp "
        f"--port {port} --source-group {balancer_groups[0]}; or delivery setup app",
    )


def _admits(rule: Described, port: int) -> bool:
    if rule.get("IpProtocol") not in _PROTOCOLS:
        return False
    return rule.get("IpProtocol") == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
