"""What CloudFormation has no type for: the role of Auto Scaling, its grant on the key, default versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.aws import ErrorMeaning, asking, code_of, meaning, open_aws
from delivery.errors import DeliveryError
from delivery.setup.desired import key_of_bakes

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = [
    "GRANT_OPERATIONS",
    "SERVICE_ROLE",
    "create_grant",
    "create_service_role",
    "has_grant",
    "has_service_role",
    "image_key",
    "service_role_arn",
    "set_default_version",
]

SERVICE_ROLE = "AWSServiceRoleForAutoScaling"
"""Role by which Auto Scaling launches instances (Auto Scaling guide, "Service-linked roles")."""
_SERVICE = "autoscaling.amazonaws.com"
_GRANT = "delivery-auto-scaling"
"""Name of the grant: a request of the same name and content returns the same grant."""
GRANT_OPERATIONS = (
    "CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom", "ReEncryptTo",
)  # fmt: skip
"""What launching an encrypted image takes (Auto Scaling guide, "Key policy for encrypted volumes")."""


def service_role_arn(account_id: str) -> str:
    """Return the ARN of Auto Scaling's role in an account."""
    return f"arn:aws:iam::{account_id}:role/aws-service-role/{_SERVICE}/{SERVICE_ROLE}"


def has_service_role(aws: Aws) -> bool:
    """Return whether Auto Scaling has its role. AwsError."""
    try:
        with asking(f"looking for role {SERVICE_ROLE}"):
            aws.iam.get_role(RoleName=SERVICE_ROLE)
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return False
        raise
    return True


def create_service_role(aws: Aws) -> None:
    """Make Auto Scaling's role; one that exists is left as it is. AwsError."""
    try:
        with asking(f"making role {SERVICE_ROLE}"):
            aws.iam.create_service_linked_role(AWSServiceName=_SERVICE)
    except DeliveryError as error:
        if code_of(error) != "InvalidInput" or "has been taken" not in str(error):
            raise


def image_key(aws: Aws, settings: DeliverySettings) -> str:
    """Return the ARN of the key of images in this region; empty if there is none. DeliveryError."""
    alias = key_of_bakes(settings)
    if not alias:
        return ""
    owner = open_aws(settings, settings.bake.account, aws.region) if settings.bake.account else aws
    try:
        with asking(f"looking at key {alias} in {owner.account}"):
            return str(owner.kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"])
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return ""
        raise


def has_grant(aws: Aws, key: str) -> bool:
    """Return whether Auto Scaling's role of this account may use a key for all it needs. AwsError."""
    role = service_role_arn(aws.account_id)
    granted: set[str] = set()
    with asking(f"reading the grants of key {key}"):
        for page in aws.kms.get_paginator("list_grants").paginate(KeyId=key, GranteePrincipal=role):
            granted.update(*(grant["Operations"] for grant in page["Grants"]))
    return granted >= {*GRANT_OPERATIONS}


def create_grant(aws: Aws, key: str) -> None:
    """Let Auto Scaling's role of this account use a key. AwsError."""
    with asking(f"granting {SERVICE_ROLE} the use of key {key}"):
        aws.kms.create_grant(
            KeyId=key,
            GranteePrincipal=service_role_arn(aws.account_id),
            Operations=list(GRANT_OPERATIONS),  # type: ignore[arg-type]
            Name=_GRANT,
        )


def set_default_version(aws: Aws, template: str) -> str:
    """Make the newest version of a launch template its default, as CloudFormation does not.

    Returns:
        The number of the version; empty if it was the default already.
    """
    with asking(f"looking at launch template {template}"):
        described = aws.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
    latest = str(described["LatestVersionNumber"])
    if latest == str(described["DefaultVersionNumber"]):
        return ""
    with asking(f"making version {latest} of launch template {template} its default"):
        aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=latest)
    return latest
