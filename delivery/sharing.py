"""Images shared with another account: checks of KMS keys, launch and snapshot permissions.

An image's tags are seen only by the account that wrote them; so `mark_tested` writes in the account in
which the image ran, and that is where it is read.
Rules of KMS (EC2 User Guide, "Share an AMI", "Share encrypted snapshots"): a snapshot encrypted with the
AWS managed key of EBS cannot be shared at all; one with a key of the customer's only where the key's policy
lets the other account use it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import ErrorMeaning, asking, meaning, open_aws
from delivery.clock import iso
from delivery.errors import USAGE, DeliveryError, SeveralError
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["account_ids", "before_share", "key_problems", "mark_tested", "share", "share_with"]


def account_ids(settings: DeliverySettings, names: Iterable[str]) -> list[str]:
    """Return the ids of accounts, given by name in the settings or by id. DeliveryError."""
    return [name if name.isdigit() and len(name) == 12 else _id(settings, name) for name in names]


def _id(settings: DeliverySettings, name: str) -> str:
    account = settings.account(name)
    if account.id is None:
        hint = f'set id = "123456789012" in [accounts.{name}]'
        raise DeliveryError(f"account {name!r} has no id in the settings", hint, USAGE)
    return account.id


def before_share(aws: Aws, image: str, accounts: Sequence[str]) -> list[Problem]:
    """Return what prevents sharing an image of this account. AwsError."""
    return [problem for key in sorted(_keys(aws, image)) for problem in key_problems(aws, key, accounts)]


def share(aws: Aws, image: str, accounts: Sequence[str]) -> None:
    """Let accounts launch an image of this account and copy its snapshots; idempotent. AwsError."""
    users = list(accounts)
    with asking(f"sharing {image} with {', '.join(users)}"):
        aws.ec2.modify_image_attribute(
            ImageId=image, LaunchPermission={"Add": [{"UserId": user} for user in users]}
        )
    for snapshot in _snapshots(_image(aws, image)):
        with asking(f"sharing {snapshot} with {', '.join(users)}"):
            aws.ec2.modify_snapshot_attribute(
                SnapshotId=snapshot,
                Attribute="createVolumePermission",
                OperationType="add",
                UserIds=users,
            )


def share_with(settings: DeliverySettings, aws: Aws, image: str) -> None:
    """Share an image with the account of `aws`, unless that owns it or may use it already.

    Called once policy permits the deploy. The image is looked up where it was tested, or where images are
    baked; its owner must be an account of the settings. DeliveryError with what prevents it.
    """
    where = settings.tested_in(settings.account(aws.account)) or settings.bake.account
    if where is None:
        return
    known = open_aws(settings, where, aws.region)
    owner = _image(known, image)["OwnerId"]
    if owner == aws.account_id:
        return
    theirs = known if owner == known.account_id else _owner(settings, owner, image, aws.region)
    if aws.account_id in _permitted(theirs, image):
        return
    problems = before_share(theirs, image, [aws.account_id])
    if any(problem.severity == "error" for problem in problems):
        raise SeveralError(problems, exit_code=1)
    share(theirs, image, [aws.account_id])


def mark_tested(aws: Aws, image: str, cluster: str, clock: HostClock) -> None:
    """Tag an image as healthy in a cluster of this account. AwsError."""
    key = tags.tested_in(aws.account, cluster)
    with asking(f"tagging {image} as tested in {cluster} of {aws.account}"):
        aws.ec2.create_tags(Resources=[image], Tags=tags.written({key: iso(clock.now())}))


def _owner(settings: DeliverySettings, owner: str, image: str, region: str) -> Aws:
    for name, account in settings.accounts.items():
        if account.id == owner:
            return open_aws(settings, name, region)
    raise DeliveryError(
        f"{image} belongs to account {owner}, which is not in the settings",
        f'add an [accounts.NAME] with id = "{owner}" and a profile or role that may share it',
    )


def _permitted(aws: Aws, image: str) -> set[str]:
    with asking(f"reading the launch permissions of {image}"):
        attribute = aws.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    return {permission.get("UserId", "") for permission in attribute.get("LaunchPermissions", ())}


def _image(aws: Aws, image: str) -> Any:
    with asking(f"reading image {image} in {aws.account}"):
        images = aws.ec2.describe_images(ImageIds=[image])["Images"]
    if not images:
        raise DeliveryError(f"image {image} does not exist in {aws.account}, {aws.region}")
    return images[0]


def _snapshots(image: Any) -> list[str]:
    disks = (mapping.get("Ebs", {}) for mapping in image.get("BlockDeviceMappings", ()))
    return [disk["SnapshotId"] for disk in disks if disk.get("SnapshotId")]


def _keys(aws: Aws, image: str) -> set[str]:
    """Return the keys that encrypt an image's snapshots."""
    snapshots = _snapshots(_image(aws, image))
    if not snapshots:
        return set()
    with asking(f"reading the snapshots of {image}"):
        described = aws.ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]
    # AWS does not return the key of a snapshot shared by another account; a copy has this account's default.
    return {
        snapshot.get("KmsKeyId") or _default_key(aws) for snapshot in described if snapshot.get("Encrypted")
    }


def _default_key(aws: Aws) -> str:
    with asking("reading the default key of EBS"):
        return aws.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]


def key_problems(aws: Aws, key: str, accounts: Sequence[str]) -> list[Problem]:
    """Return what prevents sharing snapshots encrypted with this key. AwsError."""
    if key.startswith("alias/aws/"):
        return [_managed(key)]
    with asking(f"reading key {key}"):
        key_data = aws.kms.describe_key(KeyId=key)["KeyMetadata"]
    if key_data.get("KeyManager") == "AWS":
        return [_managed(key)]
    if key_data["KeyState"] != "Enabled":
        return [Problem(f"key {key} is {key_data['KeyState']}", hint="enable it, or set another kms_key")]
    return [_closed(key, account) for account in accounts if not _opens(aws, key_data["KeyId"], account)]


def _managed(key: str) -> Problem:
    hint = "set kms_key in [bake], or --kms-key, to a key of your own that the other account may use"
    return Problem(f"snapshots encrypted with {key}, a key managed by AWS, cannot be shared", hint=hint)


def _closed(key: str, account: str) -> Problem:
    hint = "its policy must allow kms:Decrypt, DescribeKey, CreateGrant and ReEncrypt* to that account"
    return Problem(f"account {account} may not use key {key}: instances would not start there", hint=hint)


def _opens(aws: Aws, key: str, account: str) -> bool:
    """Return whether a key's policy names an account; True where the policy may not be read."""
    try:
        with asking(f"reading the policy of key {key}"):
            text = aws.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.Denied:
            return True
        raise
    statements = json.loads(text)["Statement"]
    return any(
        statement["Effect"] == "Allow" and _names(statement.get("Principal"), account)
        for statement in ([statements] if isinstance(statements, dict) else statements)
    )


def _names(principal: Any, account: str) -> bool:
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    return any(
        principal in ("*", account) or f"::{account}:" in str(principal)
        for principal in ([named] if isinstance(named, str) else named or ())
    )
