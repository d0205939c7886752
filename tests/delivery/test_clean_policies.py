"""The policies of bakes in a change root and of clean-up: enough for what is called, and only on what is ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pytest

import iam
from delivery import tags as words
from delivery.clean import bakes, images
from delivery.clean.retention import Rules
from delivery.clock import FakeClock
from delivery.settings import DeliverySettings
from delivery_world import ME, REGION, Call, World, world
from iam import actions, allowed

pytestmark = pytest.mark.slow

document = partial(iam.document, "delivery")
LATER = 1_900_000_000.0
OURS = {"aws:ResourceTag/delivery:bake": "bake-1"}
KINDS = {
    "i": "instance",
    "vol": "volume",
    "ami": "image",
    "snap": "snapshot",
    "sg": "security-group",
    "packer": "key-pair",
}
Request = tuple[str, str, Mapping[str, str]]


def arn(id: str) -> str:
    kind = KINDS[id.partition("-")[0]]
    return f"arn:aws:ec2:{REGION}:{'' if kind in ('image', 'snapshot') else ME}:{kind}/{id}"


def requests(calls: Iterable[Call]) -> Iterator[Request]:
    """What IAM is asked, as the service authorization references have it."""
    for service, operation, said in calls:
        name = f"{service}:{operation.removesuffix('V2').replace('ListObjects', 'ListBucket')}"
        if service == "s3":
            key = f"/{said['Key']}" if "Key" in said else ""
            yield name, f"arn:aws:s3:::{said['Bucket']}{key}", {}
        elif service == "ssm":
            yield name, f"arn:aws:ssm:{REGION}:{ME}:parameter{said['Name']}", {}
        elif operation.startswith("Describe"):
            yield name, "*", {}
        else:
            keys = ("ImageId", "SnapshotId", "VolumeId", "GroupId", "KeyName")
            for id in [*said.get("InstanceIds", ()), *(said[key] for key in keys if key in said)]:
                yield name, arn(id), OURS
            if operation == "DetachVolume":
                yield name, arn("i-agent"), {}


def check(name: str, calls: Iterable[Call]) -> None:
    policy, asked = document(name), list(requests(calls))
    assert sorted({one[:2] for one in asked if not allowed(policy, *one)}) == []
    assert actions(policy) == {action for action, _, _ in asked}


def old(one: World, name: str, **tags: str) -> str:
    id: str = one.raw("ec2").register_image(Name=name)["ImageId"]
    one.raw("ec2").create_tags(Resources=[id], Tags=words.written({words.BAKE: "bake-1", **tags}))
    return id


def templates(one: World, image: str) -> None:
    ec2 = one.raw("ec2")
    one.raw("ssm").put_parameter(Name="/images/base", Value=image, Type="String")
    ec2.create_launch_template(
        LaunchTemplateName="base", LaunchTemplateData={"ImageId": "resolve:ssm:/images/base"}
    )


def test_cleaning_images_may_do_what_it_does_and_nothing_else() -> None:
    with world() as one:
        gone, _ = old(one, "gone", application="a"), old(one, "kept", application="b")
        templates(one, old(one, "used"))
        images.plan(one.aws, DeliverySettings(), Rules(days=0, keep=0), LATER, lambda *_: one.aws)
        images.remove(one.aws, gone)
        check("clean-amis", one.calls)


def test_cleaning_after_bakes_may_do_what_it_does_and_nothing_else() -> None:
    with world() as one:
        ec2, s3 = one.raw("ec2"), one.raw("s3")
        image = old(one, "half", **{words.STATE: words.BAKING})
        templates(one, image="ami-00000000")
        tags = {words.BAKE: "bake-1"}
        specs = {kind: [{"ResourceType": kind, "Tags": words.written(tags)}] for kind in KINDS.values()}
        ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=specs["instance"])
        agent = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        volume = ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=specs["volume"])[
            "VolumeId"
        ]
        ec2.attach_volume(Device="/dev/sdf", InstanceId=agent, VolumeId=volume)
        ec2.create_snapshot(VolumeId=volume, TagSpecifications=specs["snapshot"])
        ec2.create_key_pair(KeyName="packer-1", TagSpecifications=specs["key-pair"])
        ec2.create_security_group(
            GroupName="packer", Description="x", VpcId=one.vpc, TagSpecifications=specs["security-group"]
        )
        bucket = "packages.example.com"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=bucket, Key="delivery/bakes/k/a.deb", Body=b"x", Tagging=f"{words.BAKE}=bake-1")
        found = bakes.plan([one.aws], bucket, 6.0, LATER)
        assert {each.kind for each in found} == {*KINDS.values(), "package"}
        for each in found:
            bakes.remove(one.aws, FakeClock(), each)
        check("clean-bakes", one.calls)


@pytest.mark.parametrize("name", ["bake-chroot", "clean-amis", "clean-bakes"])
def test_nothing_of_others_may_be_removed(name: str) -> None:
    policy, foreign = document(name), {"aws:ResourceTag/team": "shop"}
    for action in actions(policy) - {"s3:DeleteObject"}:
        if action.startswith(("ec2:Delete", "ec2:Deregister", "ec2:Terminate", "ec2:CreateTags")):
            for id in ("i-1", "vol-1", "ami-1", "snap-1", "sg-1", "packer-1"):
                assert not allowed(policy, action, arn(id), foreign), (action, id)
    assert not allowed(policy, "s3:DeleteObject", "arn:aws:s3:::packages.example.com/else.deb", {})
