from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from delivery.aws import Aws, open_aws
from delivery.errors import DeliveryError
from delivery.settings import loads
from delivery.sharing import account_ids, before_share, share, share_with
from delivery_world import REGION, World, world
from iam import actions, allowed, document

TEST, LIVE = "111111111111", "222222222222"
SETTINGS = loads(
    f"""
[accounts.test]
id = "{TEST}"
role = "arn:aws:iam::{TEST}:role/deployer"
[accounts.live]
id = "{LIVE}"
role = "arn:aws:iam::{LIVE}:role/deployer"
production = true
tested_in = "test"
[accounts.nameless]
"""
)


@pytest.fixture
def live() -> Iterator[World]:
    with world(SETTINGS, "live") as made:
        yield made


@pytest.fixture
def test(live: World) -> Aws:
    return open_aws(SETTINGS, "test", REGION)


def image(aws: Aws, *, key: str | None = None) -> str:
    """An image with one snapshot, encrypted with a key as AWS would tell it."""
    volume = aws.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a", Encrypted=key is not None)[
        "VolumeId"
    ]
    snapshot = aws.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    made = aws.ec2.register_image(Name=f"shop-{snapshot}", RootDeviceName="/dev/xvda")["ImageId"]

    def show(parsed: Any, model: Any, **_: Any) -> None:  # what moto leaves out
        if model.name == "DescribeImages":
            for one in parsed.get("Images", ()):
                if one["ImageId"] == made:
                    one["BlockDeviceMappings"] = [
                        {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
                    ]
        elif model.name == "DescribeSnapshots":
            for one in parsed.get("Snapshots", ()):
                if one["SnapshotId"] == snapshot and key:
                    one["KmsKeyId"] = key

    aws.ec2.meta.events.register("after-call.ec2", show)
    return str(made)


def key(aws: Aws, *, open_to: str = "") -> str:
    """A key of our own; its policy may name another account."""
    made = aws.kms.create_key()["KeyMetadata"]
    if open_to:
        principal = {"AWS": f"arn:aws:iam::{open_to}:root"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        aws.kms.put_key_policy(KeyId=made["KeyId"], PolicyName="default", Policy=policy)
    return str(made["Arn"])


def messages(problems: Any) -> list[str]:
    return [one.message for one in problems]


def permitted(aws: Aws, image: str) -> list[str]:
    found = aws.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]
    return [one["UserId"] for one in found]


def test_an_image_that_is_not_encrypted_is_shared_with_its_snapshots(test: Aws) -> None:
    made = image(test)
    assert before_share(test, made, [LIVE]) == []
    for _ in range(2):  # again does no harm
        share(test, made, [LIVE])
    assert permitted(test, made) == [LIVE]
    (disk,) = test.ec2.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"]
    found = test.ec2.describe_snapshot_attribute(
        SnapshotId=disk["Ebs"]["SnapshotId"], Attribute="createVolumePermission"
    )
    assert [one["UserId"] for one in found["CreateVolumePermissions"]] == [LIVE]


def test_what_a_key_of_aws_encrypts_cannot_be_shared(test: Aws) -> None:
    (said,) = before_share(test, image(test, key="alias/aws/ebs"), [LIVE])
    assert said.message == "snapshots encrypted with alias/aws/ebs, a key managed by AWS, cannot be shared"
    assert "kms_key" in said.hint


def test_a_key_aws_manages_is_known_by_what_kms_says_of_it(test: Aws) -> None:
    arn = key(test, open_to=LIVE)

    def manage(parsed: Any, model: Any, **_: Any) -> None:
        if model.name == "DescribeKey":
            parsed["KeyMetadata"]["KeyManager"] = "AWS"

    test.kms.meta.events.register("after-call.kms", manage)
    assert "a key managed by AWS" in before_share(test, image(test, key=arn), [LIVE])[0].message


def test_a_key_must_be_open_to_the_other_account(test: Aws) -> None:
    closed, opened = key(test), key(test, open_to=LIVE)
    assert messages(before_share(test, image(test, key=closed), [LIVE])) == [
        f"account {LIVE} may not use key {closed}: instances would not start there"
    ]
    assert before_share(test, image(test, key=opened), [LIVE]) == []
    assert len(before_share(test, image(test, key=opened), [LIVE, "333333333333"])) == 1


def test_a_policy_we_may_not_read_is_taken_for_granted(test: Aws) -> None:
    closed = key(test)

    def deny(**_: Any) -> None:
        answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(answer, "GetKeyPolicy")

    test.kms.meta.events.register("before-call.kms.GetKeyPolicy", deny)
    assert before_share(test, image(test, key=closed), [LIVE]) == []


def test_a_key_that_is_off_is_told(test: Aws) -> None:
    arn = key(test, open_to=LIVE)
    test.kms.disable_key(KeyId=arn.rpartition("/")[2])
    assert messages(before_share(test, image(test, key=arn), [LIVE])) == [f"key {arn} is Disabled"]


def test_production_gets_an_image_of_the_account_that_owns_it(live: World, test: Aws) -> None:
    made = image(test)
    share_with(SETTINGS, live.aws, made)
    assert permitted(test, made) == [LIVE]
    share_with(SETTINGS, live.aws, made)
    share_with(SETTINGS, test, made)  # nobody to ask where
    assert permitted(test, made) == [LIVE]


def test_an_image_kms_keeps_back_is_not_shared_at_all(
    live: World, test: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = image(test, key="alias/aws/ebs")
    monkeypatch.setattr("delivery.sharing.open_aws", lambda *_: test)
    with pytest.raises(DeliveryError, match="a key managed by AWS") as caught:
        share_with(SETTINGS, live.aws, made)
    assert caught.value.exit_code == 1
    assert permitted(test, made) == []


def test_an_owner_nobody_knows_is_told(live: World, test: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    made = image(test)
    test.ec2.meta.events.register(
        "after-call.ec2.DescribeImages", lambda parsed, **_: parsed["Images"][0].update(OwnerId="9" * 12)
    )
    monkeypatch.setattr("delivery.sharing.open_aws", lambda *_: test)
    with pytest.raises(DeliveryError, match=f"{made} belongs to account 999999999999") as caught:
        share_with(SETTINGS, live.aws, made)
    assert "[accounts.NAME]" in caught.value.hint


def test_the_policy_of_sharing_is_what_it_needs(
    live: World, test: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = document("delivery", "share")
    monkeypatch.setattr("delivery.sharing.open_aws", lambda *_: test)
    mine = key(test, open_to=LIVE)
    fine: Any = type("Answer", (), {"status_code": 200})
    events: Any = test.ec2.meta.events  # moto does not know the call
    events.register(
        "before-call.ec2.GetEbsDefaultKmsKeyId",
        lambda **_: (fine, {"KmsKeyId": mine, "ResponseMetadata": {}}),
    )
    made = [image(test, key=mine), image(test, key=""), image(test)]
    called: set[str] = set()
    for client in (test.ec2, test.kms):
        client.meta.events.register(
            "before-parameter-build",
            lambda model, **_: called.add(f"{model.service_model.signing_name}:{model.name}"),
        )
    for one in made:
        share_with(SETTINGS, live.aws, one)
    assert called == actions(policy)
    for action in ("ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute"):
        for kind in ("image/ami-1", "snapshot/snap-1"):
            resource, ours = f"arn:aws:ec2:{REGION}::{kind}", {"aws:ResourceTag/delivery:bake": "bake-1"}
            assert allowed(policy, action, resource, ours)
            assert not allowed(policy, action, resource, {})


def test_accounts_are_named_or_given_as_digits() -> None:
    assert account_ids(SETTINGS, ["live", "333333333333"]) == [LIVE, "333333333333"]
    with pytest.raises(DeliveryError, match="account 'nameless' has no id"):
        account_ids(SETTINGS, ["nameless"])
    with pytest.raises(DeliveryError, match="no account 'prod'"):
        account_ids(SETTINGS, ["prod"])
