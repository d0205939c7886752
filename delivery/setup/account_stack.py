"""The stack of an account: tables, roles, bucket and key of bakes, load balancer, budget. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from delivery.setup.policies import ROLE_POLICY_BYTES, PolicyNames, assumed_by, policy, size_of_policy
from jobdsl.errors import Problem

__all__ = ["AccountStack", "account_template", "problems_of", "stack_name"]

_KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
_PACKAGES, _PACKAGE_DAYS = "delivery/bakes/", 7
"""Where a bake hands packages over, and how long they are kept."""
_USES = (
    "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ListGrants",
    "kms:ReEncrypt*",
)  # fmt: skip
"""What an account needs that launches instances of images under a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStack:
    """The settings of an account, with every default filled in."""

    account: str
    """Its name in the settings."""
    account_id: str
    apps: Sequence[str] = ()
    """Applications that may be deployed here."""
    agents: Sequence[str] = ()
    """ARNs that may assume the roles; none: no role is made."""
    boundary: str = ""
    makes_roles: bool = True
    """Whether this is the region whose stack has the roles and the budget."""
    bakes: bool = False
    """Whether images are made here."""
    bakes_as_deployer: bool = False
    """Whether the settings reach this account by its role of deploys, bakes included."""
    deploy_role: str = "deployer"
    bake_role: str = "image-baker"
    baker: str = ""
    """Name of the profile and role of instances that bake; empty: none is made."""
    bucket: str = ""
    key: str = ""
    """Alias of the key of images; empty: none is made."""
    consumers: Sequence[str] = ()
    """Ids of the other accounts that launch the images."""
    lock_table: str = "delivery-locks"
    history_table: str = "delivery-history"
    vpc: str = ""
    balancer_subnets: Sequence[str] = ()
    """Of a load balancer that is made; empty: none is."""
    certificate: str = ""
    budget: float | None = None
    budget_email: str = ""
    existing: Mapping[str, str] = field(default_factory=dict)
    """Parts that exist and no stack of ours has, by logical id. They are left as they are."""


def stack_name(account: str) -> str:
    """Return the name of an account's stack."""
    return f"delivery-account-{re.sub('[^A-Za-z0-9-]', '-', account).strip('-')}"


def problems_of(stack: AccountStack) -> list[Problem]:
    """Return what keeps a stack from being made."""
    problems = []
    for role, policies in _policies(stack).items():
        size = sum(map(size_of_policy, policies.values()))
        if size > ROLE_POLICY_BYTES:
            problems.append(
                Problem(
                    f"the policies of role {role} have {size} characters for {len(stack.apps)} applications; "
                    f"IAM takes {ROLE_POLICY_BYTES}",
                    hint=f"apps in [accounts.{stack.account}] limits them: use a second "
                    "account, or a second entry with a deploy_role of its own",
                )
            )
    return problems


def account_template(stack: AccountStack) -> dict[str, Any]:
    """Return the template: only what does not exist already."""
    resources = _tables(stack)
    if stack.bakes:
        resources |= _key(stack) | _bucket(stack)
    if stack.makes_roles:
        resources |= _baker(stack) | _roles(stack) | _budget(stack)
    if stack.balancer_subnets:
        resources |= _balancer(stack)
    own = {name: part for name, part in resources.items() if name not in stack.existing}
    if "ImageKeyAlias" in stack.existing:
        own.pop("ImageKey", None)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What bakes and deploys need in this account; made by delivery setup account",
        "Resources": own,
    }


def _tables(stack: AccountStack) -> dict[str, Any]:
    """Return the tables as the first run would make them."""
    tables = {}
    if stack.lock_table != "none":
        tables["LockTable"] = _table(stack.lock_table, [("name", "HASH")])
    if stack.history_table != "none":
        history = _table(stack.history_table, [("cluster", "HASH"), ("at", "RANGE")])
        properties = history["Properties"]
        properties["AttributeDefinitions"].append({"AttributeName": "application", "AttributeType": "S"})
        properties["GlobalSecondaryIndexes"] = [
            {
                "IndexName": "by-application",
                "KeySchema": _keys([("application", "HASH"), ("at", "RANGE")]),
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
        tables["HistoryTable"] = history
    return tables


def _table(name: str, keys: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        **_KEPT,
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
            "KeySchema": _keys(keys),
        },
    }


def _keys(keys: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": key, "KeyType": kind} for key, kind in keys]


def _key(stack: AccountStack) -> dict[str, Any]:
    """Return a key that other accounts may use for images."""
    statements: list[dict[str, Any]] = [
        {
            "Sid": "ThisAccountByItsPolicies",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{stack.account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
    ]
    if roots := [f"arn:aws:iam::{id}:root" for id in stack.consumers]:
        root: Any = roots[0] if len(roots) == 1 else roots
        principal = {"Effect": "Allow", "Principal": {"AWS": root}}
        roles = [_service_role(id) for id in stack.consumers]
        grantees: Any = roles[0] if len(roles) == 1 else roles
        statements += [
            {"Sid": "OtherAccountsLaunchImages", **principal, "Action": [*_USES], "Resource": "*"},
            {
                "Sid": "GrantsOfAwsServices",
                **principal,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
            },
            {
                "Sid": "GrantsToAutoScaling",
                **principal,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:GranteePrincipal": grantees}},
            },
        ]
    key = {
        "Description": "Images of delivery bake",
        "EnableKeyRotation": True,
        "KeyPolicy": {"Version": "2012-10-17", "Statement": statements},
    }
    if not stack.key:
        return {}
    alias = {"AliasName": stack.key, "TargetKeyId": {"Ref": "ImageKey"}}
    return {
        "ImageKey": {"Type": "AWS::KMS::Key", **_KEPT, "Properties": key},
        "ImageKeyAlias": {"Type": "AWS::KMS::Alias", **_KEPT, "Properties": alias},
    }


def _service_role(account_id: str) -> str:
    role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return f"arn:aws:iam::{account_id}:role/{role}"


def _bucket(stack: AccountStack) -> dict[str, Any]:
    """Return a bucket that is not public, and forgets packages after a week."""
    if not stack.bucket:
        return {}
    properties = {
        "BucketName": stack.bucket,
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "packages",
                    "Status": "Enabled",
                    "Prefix": _PACKAGES,
                    "ExpirationInDays": _PACKAGE_DAYS,
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ]
        },
    }
    arn = f"arn:aws:s3:::{stack.bucket}"
    plain = {
        "Sid": "EncryptedConnectionsAlone",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    parts = {"BakeBucket": {"Type": "AWS::S3::Bucket", **_KEPT, "Properties": properties}}
    if "BakeBucket" not in stack.existing:
        policy = {
            "Bucket": {"Ref": "BakeBucket"},
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [plain]},
        }
        parts["BakeBucketPolicy"] = {"Type": "AWS::S3::BucketPolicy", "Properties": policy}
    return parts


def _names(stack: AccountStack) -> PolicyNames:
    return PolicyNames(
        account_id=stack.account_id,
        apps=stack.apps,
        bucket=stack.bucket,
        baker=stack.baker or "baker",
        lock_table=stack.lock_table,
        history_table=stack.history_table,
    )


def _baker(stack: AccountStack) -> dict[str, Any]:
    """Return the role and profile of instances that bake."""
    if not stack.bakes or not stack.baker:
        return {}
    role = _role(
        stack, stack.baker, assumed_by({"Service": "ec2.amazonaws.com"}), ["baker"], "Instances that bake"
    )
    existing = "BakerRole" in stack.existing
    profile = {
        "InstanceProfileName": stack.baker,
        "Roles": [stack.baker if existing else {"Ref": "BakerRole"}],
    }
    return {
        "BakerRole": role,
        "BakerProfile": {"Type": "AWS::IAM::InstanceProfile", **_KEPT, "Properties": profile},
    }


def _documents(stack: AccountStack) -> dict[str, list[str]]:
    """Return which documents of docs/delivery the roles of people and jobs get."""
    roles: dict[str, list[str]] = {}
    if not stack.agents or not stack.makes_roles:
        return roles
    if stack.apps:
        bakes = ["bake"] if stack.bakes and stack.bakes_as_deployer else []
        roles[stack.deploy_role] = ["deploy", *bakes, *(["share"] if stack.bakes else [])]
    if stack.bakes:
        roles[stack.bake_role] = ["bake", "share"]
    return roles


def _policies(stack: AccountStack) -> dict[str, dict[str, Any]]:
    names = _names(stack)
    return {
        role: {document: policy(document, names) for document in documents}
        for role, documents in _documents(stack).items()
    }


def _roles(stack: AccountStack) -> dict[str, Any]:
    """Return the roles that the agents of Jenkins assume."""
    agents: Any = stack.agents[0] if len(stack.agents) == 1 else [*stack.agents]
    trust = assumed_by({"AWS": agents})
    parts = {stack.deploy_role: ("DeployRole", "Deploys"), stack.bake_role: ("BakeRole", "Bakes")}
    return {
        parts[role][0]: _role(stack, role, trust, documents, parts[role][1])
        for role, documents in _documents(stack).items()
    }


def _role(
    stack: AccountStack, name: str, trust: dict[str, Any], documents: Sequence[str], about: str
) -> dict[str, Any]:
    names = _names(stack)
    policies = [(document, policy(document, names)) for document in documents]
    role: dict[str, Any] = {
        "RoleName": name,
        "Description": about,
        "AssumeRolePolicyDocument": trust,
        "Policies": [
            {"PolicyName": document, "PolicyDocument": filled}
            for document, filled in policies
            if filled["Statement"]
        ],
    }
    if stack.boundary:
        role["PermissionsBoundary"] = stack.boundary
    return {"Type": "AWS::IAM::Role", **_KEPT, "Properties": role}


def _budget(stack: AccountStack) -> dict[str, Any]:
    """Return a budget of the whole account."""
    if stack.budget is None:
        return {}
    budget: dict[str, Any] = {
        "Budget": {
            "BudgetName": stack_name(stack.account),
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": stack.budget, "Unit": "USD"},
        }
    }
    if stack.budget_email:
        budget["NotificationsWithSubscribers"] = [
            {
                "Notification": {
                    "NotificationType": "ACTUAL",
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": percent,
                },
                "Subscribers": [{"SubscriptionType": "EMAIL", "Address": stack.budget_email}],
            }
            for percent in (80, 100)
        ]
    return {"Budget": {"Type": "AWS::Budgets::Budget", "Properties": budget}}


def _balancer(stack: AccountStack) -> dict[str, Any]:
    """Return the load balancer that applications share; what no rule takes is answered with 404."""
    port = 443 if stack.certificate else 80
    tag = [{"Key": "Name", "Value": "delivery"}]
    group = {
        "GroupName": "delivery-load-balancer",
        "GroupDescription": "Load balancer of applications",
        "VpcId": stack.vpc,
        "SecurityGroupIngress": [
            {
                "Description": "Clients",
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "CidrIp": "0.0.0.0/0",
            }
        ],
        "Tags": tag,
    }
    balancer = {
        "Name": "delivery",
        "Type": "application",
        "Scheme": "internet-facing",
        "Subnets": [*stack.balancer_subnets],
        "SecurityGroups": [{"Fn::GetAtt": ["LoadBalancerSecurityGroup", "GroupId"]}],
        "Tags": tag,
    }
    listener: dict[str, Any] = {
        "LoadBalancerArn": {"Ref": "LoadBalancer"},
        "Port": port,
        "Protocol": "HTTPS" if stack.certificate else "HTTP",
        "DefaultActions": [
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {
                    "StatusCode": "404",
                    "ContentType": "text/plain",
                    "MessageBody": "no application has this address",
                },
            }
        ],
    }
    if stack.certificate:
        listener["Certificates"] = [{"CertificateArn": stack.certificate}]
        listener["SslPolicy"] = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    kinds = "AWS::ElasticLoadBalancingV2"
    return {
        "LoadBalancerSecurityGroup": {"Type": "AWS::EC2::SecurityGroup", **_KEPT, "Properties": group},
        "LoadBalancer": {"Type": f"{kinds}::LoadBalancer", **_KEPT, "Properties": balancer},
        "Listener": {"Type": f"{kinds}::Listener", **_KEPT, "Properties": listener},
    }
