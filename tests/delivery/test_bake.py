"""Bakes as a whole, on a strict account: what they make, find, refuse, and leave behind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bake_world import FRIEND, OTHER, World, own_key, world
from images_strict import PACKAGES, Played, bake_of, console_of

from delivery import tags as words
from delivery.bake import base
from delivery.bake.context import LateError
from delivery.bake.request import Smoke
from delivery.bake.smoke_test import SmokeError
from delivery.errors import DeliveryError, SeveralError

pytestmark = pytest.mark.slow


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def test_an_image_is_made_proven_tagged_and_alone(aws: World) -> None:
    made = aws.bake(aws.order(tags={"team": "shop"}))
    image = aws.image(made.image)
    assert (image["State"], image["Name"]) == ("available", "hello-1.2.0-0-x86_64-202701150800")
    assert image["ImdsSupport"] == "v2.0"
    tags = aws.tags(made.image)
    assert tags[words.STATE] == words.READY
    assert (tags[words.BAKE], tags[words.KEY]) == (made.bake_id, made.bake_key)
    assert (tags["team"], tags["appversion"]) == ("shop", "hello-1.2.0-h15.abc1234/hello/15")
    (volume,) = image["BlockDeviceMappings"]
    assert volume["Ebs"]["Encrypted"] is True
    assert aws.tags(volume["Ebs"]["SnapshotId"]) == tags, "the snapshot says the same"
    assert made.manifest == PACKAGES
    assert not aws.alive()
    assert not aws.leftovers()


def test_the_launch_is_safe_and_tagged_in_the_same_call(aws: World) -> None:
    aws.bake(aws.order(instance_type="m5.large"))
    (launch,) = [said for name, said in aws.calls if name == "RunInstances" and "DryRun" not in said]
    assert launch["MetadataOptions"]["HttpTokens"] == "required"
    assert launch["InstanceInitiatedShutdownBehavior"] == "stop"
    assert launch["ClientToken"]
    for kind in launch["TagSpecifications"]:
        tags = words.read(kind["Tags"])
        assert {words.BAKE, words.KEY, words.CREATED, words.OWNER, words.IMAGE_NAME} <= tags.keys()
    assert "shutdown -h +60" in aws.images.user_data[0]
    assert "KeyName" not in launch


def test_the_calls_of_a_bake_are_bounded(aws: World) -> None:
    """Beside the looks of its waits, one every 15 s. What a region or a try adds is told in docs/figures.md."""
    aws.bake(aws.order())
    waits = {"DescribeInstances", "DescribeImages", "GetConsoleOutput"}
    acts = [name for name in aws.operations() if name not in waits]
    assert acts == ["DescribeSubnets", "RunInstances", "RunInstances", "CreateImage",
                    "ModifyImageAttribute", "TerminateInstances", "CreateTags"]  # fmt: skip
    slept = sum(aws.clock.slept)
    assert len(aws.calls) <= len(acts) + 10 + slept / 15


def test_the_same_inputs_give_the_image_there_is(aws: World) -> None:
    first = aws.bake(aws.order())
    aws.calls.clear()
    second = aws.bake(aws.order(), "bake-2")
    assert (second.image, second.bake_id) == (first.image, "bake-1")
    assert "RunInstances" not in aws.operations()
    assert len(aws.operations()) <= 4
    other = aws.bake(aws.order(content=b"#!/bin/sh\nfalse ||:\n"), "bake-3")
    assert other.image != first.image
    again = aws.bake(aws.order(again=True), "bake-4")
    assert again.image not in (first.image, other.image)
    assert len({aws.image(one.image)["Name"] for one in (first, other, again)}) == 3


def test_a_name_that_is_taken_meanwhile_gets_a_number(aws: World) -> None:
    def player(id: str, user_data: str) -> Played:
        aws.raw().register_image(Name="hello-1.2.0-0-x86_64-202701150800")
        return Played(console_of(bake_of(user_data)))

    aws.images.player = player
    made = aws.bake(aws.order())
    assert made.image_name == "hello-1.2.0-0-x86_64-202701150800-1"
    assert aws.tags(made.image)["Name"] == made.image_name


@pytest.mark.parametrize("way", ["ssm", "tag", "name"])
def test_bases_are_found_the_newest_first(aws: World, way: str) -> None:
    ec2 = aws.raw()
    ec2.create_tags(Resources=[aws.base], Tags=[{"Key": "role", "Value": "base"}])
    aws.raw("ssm").put_parameter(Name="/images/base", Value=aws.base, Type="String")
    said = {"ssm": "ssm:/images/base", "tag": "tag:role=base", "name": "owner=self,name=debian-*"}[way]
    assert aws.bake(aws.order(base=base.parse(said))).base == aws.base


@pytest.mark.parametrize("said", ["ami-00000000000000000", "tag:role=none", "ssm:/nothing"])
def test_a_base_that_is_not_there_is_told(aws: World, said: str) -> None:
    with pytest.raises(DeliveryError, match="there is no base image"):
        aws.bake(aws.order(base=base.parse(said)))


# It must be proven.


@pytest.mark.parametrize("profile", ["", "baker"])
def test_a_failed_installation_is_told_with_the_console(aws: World, profile: str) -> None:
    if profile:
        aws.raw("iam").create_instance_profile(InstanceProfileName=profile)

    def player(id: str, user_data: str) -> Played:
        bake = bake_of(user_data)
        why = f"failed {bake} at install (line 60, exit code 100)"
        return Played(console_of(bake, "failed") + f"BAKE-RESULT: {why}\r\n", why if profile else "")

    aws.images.player = player
    with pytest.raises(DeliveryError, match=r"could not be installed: at install \(line 60, exit code 100\)"):
        aws.bake(aws.order(instance_profile=profile))
    assert any("Setting up hello" in line for line in aws.lines)
    assert not aws.alive()
    assert not aws.leftovers()


def test_an_instance_that_only_stopped_proves_nothing(aws: World) -> None:
    aws.images.player = lambda _, user_data: Played("Kernel panic - not syncing\r\n")
    with pytest.raises(DeliveryError, match="without reporting that it installed anything"):
        aws.bake(aws.order())
    assert any("Kernel panic" in line for line in aws.lines)
    assert "CreateImage" not in aws.operations()
    assert not aws.alive()


def test_what_failed_is_kept_if_somebody_wants_to_look_at_it(aws: World) -> None:
    aws.images.player = lambda _, user_data: Played("oops\r\n")
    with pytest.raises(DeliveryError):
        aws.bake(aws.order(keep_failed=True))
    assert len(aws.alive()) == 1
    assert all(words.BAKE in tags for tags in aws.leftovers().values())


def test_an_instance_that_never_stops_is_waited_for_no_longer_than_its_own_deadline(aws: World) -> None:
    aws.images.player = lambda *_: Played(stops=False)
    with pytest.raises(LateError) as told:
        aws.bake(aws.order(timeout=600.0))
    assert "--resume bake-1" in told.value.hint
    assert "shutdown -h +10" in aws.images.user_data[0]
    assert all(words.BAKE in tags for tags in aws.leftovers().values())


# Everything that would fail later is told before anything is made.


def test_all_problems_are_told_at_once_and_nothing_is_made(aws: World) -> None:
    order = aws.order(
        subnets=("subnet-1", *aws.subnets),
        root_gb=2,
        regions=("mars", "eu-west-1"),
        share=("friend",),
        tags={"delivery:key": "x"},
    )
    order = replace(order, package=replace(order.package, arch="arm64"))
    with pytest.raises(SeveralError) as told:
        aws.bake(order)
    said = "\n".join(one.message for one in told.value.problems)
    for part in ("subnet-1", "for arm64", "do not shrink", "'mars' is no region", "no copy goes there",
                 "'friend'", "kept for delivery", ", cannot be shared"):  # fmt: skip
        assert part in said
    assert told.value.exit_code == 2
    assert not aws.alive()
    assert not aws.leftovers()


@pytest.mark.parametrize("action", ["run_instances", "describe_subnets", "describe_images"])
def test_a_missing_permission_is_told_before_anything_is_made(aws: World, action: str) -> None:
    aws.images.denied = {action}
    with pytest.raises(DeliveryError, match="UnauthorizedOperation"):
        aws.bake(aws.order())
    assert not aws.images.launched


def test_a_profile_that_is_not_there_is_told_before_anything_is_made(aws: World) -> None:
    with pytest.raises(DeliveryError, match="Instance profile nobody not found"):
        aws.bake(aws.order(instance_profile="nobody"))
    assert not aws.images.launched


def test_a_key_of_awss_own_and_a_share_do_not_go_together(aws: World) -> None:
    for more in ({}, {"kms_key": "alias/aws/ebs"}):
        with pytest.raises(DeliveryError, match=", cannot be shared"):
            aws.bake(aws.order(share=(FRIEND,), **more))
    with pytest.raises(DeliveryError, match="there is no key alias/typo"):
        aws.bake(aws.order(kms_key="alias/typo"))
    own_key(aws)
    with pytest.raises(DeliveryError, match="there is no key alias/images in us-east-1"):
        aws.bake(aws.order(share=(FRIEND,), kms_key="alias/images", regions=(OTHER,)))
    assert not aws.images.launched


# Capacity, regions, shares, tries.


def test_a_subnet_without_room_is_passed_over(aws: World) -> None:
    for number, subnet in enumerate(aws.subnets):
        aws.images.full = {subnet}
        aws.bake(aws.order(content=b"#!/bin/sh\n" + b":\n" * number), f"bake-{number}")
    used = [one["subnet"] for one in aws.images.launched.values()]
    assert used == [*reversed(aws.subnets)]
    aws.images.full = set(aws.subnets)
    with pytest.raises(DeliveryError, match="InsufficientInstanceCapacity"):
        aws.bake(aws.order(again=True), "bake-9")


def test_a_type_that_a_zone_does_not_have_is_launched_in_another(aws: World) -> None:
    for number, subnet in enumerate(aws.subnets):
        aws.images.unsold = {subnet}
        order = aws.order(content=b"#!/bin/sh\n" + b":\n" * number, smoke=Smoke())
        aws.bake(order, f"bake-{number}")
    used = [one["subnet"] for one in aws.images.launched.values()]
    assert used == [subnet for one in reversed(aws.subnets) for subnet in (one, one)]
    aws.images.unsold = set(aws.subnets)
    with pytest.raises(
        DeliveryError, match="is not supported in your requested Availability Zone"
    ) as refused:
        aws.bake(aws.order(again=True), "bake-9")
    assert refused.value.exit_code == 2
    assert len(aws.images.launched) == len(used)


def test_copies_are_encrypted_tagged_and_shared(aws: World) -> None:
    key = own_key(aws)
    own_key(aws, region=OTHER)
    made = aws.bake(aws.order(kms_key=key, regions=(OTHER,), share=(FRIEND,)))
    assert set(made.images) == {"eu-west-1", OTHER}
    assert made.properties().splitlines()[-1] == f"IMAGE_us_east_1={made.images[OTHER]}"
    for region, id in made.images.items():
        image = aws.image(id, region)
        (volume,) = image["BlockDeviceMappings"]
        assert volume["Ebs"]["Encrypted"] is True
        assert aws.tags(id, region) == aws.tags(volume["Ebs"]["SnapshotId"], region)
        assert aws.tags(id, region)[words.STATE] == words.READY
        ec2 = aws.raw(region=region)
        allowed = ec2.describe_image_attribute(ImageId=id, Attribute="launchPermission")["LaunchPermissions"]
        assert allowed == [{"UserId": FRIEND}]
        shared = ec2.describe_snapshot_attribute(
            SnapshotId=volume["Ebs"]["SnapshotId"], Attribute="createVolumePermission"
        )["CreateVolumePermissions"]
        assert shared == [{"UserId": FRIEND}]
    assert not aws.leftovers()


def test_an_image_there_is_gets_the_copies_it_lacks(aws: World) -> None:
    first = aws.bake(aws.order())
    second = aws.bake(aws.order(regions=(OTHER,)), "bake-2")
    assert second.image == first.image
    third = aws.bake(aws.order(regions=(OTHER,)), "bake-3")
    assert third.images == second.images
    assert aws.operations().count("CopyImage") == 1


def test_a_try_starts_an_instance_and_asks_it(aws: World) -> None:
    seen = aws.folder / "seen"
    smoke = Smoke(command=f'echo "$IMAGE $INSTANCE_ID $PRIVATE_IP" > {seen}')
    made = aws.bake(aws.order(smoke=smoke))
    image, instance, ip = seen.read_text().split()
    assert image == made.image
    assert instance in aws.images.launched
    assert ip.count(".") == 3
    assert words.SMOKED in aws.tags(made.image)
    assert not aws.alive()
    launches = len(aws.images.launched)
    aws.bake(aws.order(smoke=smoke), "bake-2")
    assert len(aws.images.launched) == launches, "once is enough"


@pytest.mark.parametrize("command", ["exit 3", ""])
def test_an_image_that_is_not_well_does_not_stay(aws: World, command: str) -> None:
    if not command:
        aws.images.boot = 15.0
        stop = aws.images.tick

        def tick() -> None:
            stop()
            for backend in aws.images.backends():
                for one in backend.all_instances():
                    text = aws.images.launched.get(one.id, {}).get("user_data")
                    if text == "" and one._state.name == "running":
                        one.stop()

        aws.images.tick = tick  # type: ignore[method-assign]
    with pytest.raises(SmokeError, match="ended with 3" if command else "did not stay"):
        aws.bake(aws.order(smoke=Smoke(command=command), regions=(OTHER,)))
    assert not aws.leftovers()
    assert "CopyImage" not in aws.operations()


# Waits that take long, and bakes beside each other.


def test_a_wait_that_took_too_long_is_gone_on_with(aws: World) -> None:
    aws.images.pending = 7200.0
    with pytest.raises(LateError, match="not after 60 minutes"):
        aws.bake(aws.order())
    assert aws.alive(), "the instance of an image that is not done must stay"
    aws.clock.sleep(7200)
    made = aws.bake(aws.order(resume="bake-1"), "bake-2")
    assert made.bake_id == "bake-1"
    assert aws.operations().count("CreateImage") == 1
    assert not aws.leftovers()
    with pytest.raises(DeliveryError, match="nothing exists of bake bake-9"):
        aws.bake(aws.order(resume="bake-9"), "bake-3")


def test_an_image_that_was_given_up_half_made_is_begun_anew(aws: World) -> None:
    aws.images.pending = 7200.0
    with pytest.raises(LateError):
        aws.bake(aws.order())
    (source,) = aws.alive()
    aws.raw().terminate_instances(InstanceIds=[source])
    aws.images.pending = 4000.0
    made = aws.bake(aws.order(timeout=9000.0), "bake-2")
    assert made.bake_id == "bake-2"
    assert not aws.leftovers()


def test_an_image_aws_fails_to_make_is_told_and_removed(aws: World) -> None:
    aws.images.fails = {"hello-1.2.0-0-x86_64-202701150800"}
    with pytest.raises(DeliveryError, match="is failed"):
        aws.bake(aws.order())
    assert not aws.leftovers()


@pytest.mark.parametrize("lag", [0.0, 40.0])
def test_two_bakes_of_a_key_make_one_image(aws: World, lag: float) -> None:
    """The second begins while the first waits: it finds its instance, or is told so by the token."""
    aws.images.lag = lag
    begun: list[bool] = []
    others = []

    def beside(_: float) -> None:
        if len(aws.images.launched) == 1 and not begun:
            begun.append(True)
            others.append(aws.bake(aws.order(), "bake-2"))

    aws.clock.woken.append(beside)
    first = aws.bake(aws.order())
    (second,) = others
    assert first.image == second.image
    assert len(aws.images.launched) == 1
    assert not aws.leftovers()


def test_a_joined_bake_that_is_given_up_is_begun_anew(aws: World) -> None:
    state: list[str] = []

    def beside(_: float) -> None:
        if aws.images.launched and not state:
            (id,) = aws.images.launched
            state.append(id)
            aws.raw().terminate_instances(InstanceIds=[id])

    aws.images.player = lambda *_: Played(stops=False)
    with pytest.raises(LateError):
        aws.bake(aws.order(timeout=60.0))
    aws.images.player = lambda _, user_data: Played(console_of(bake_of(user_data)))
    aws.clock.woken.append(beside)
    made = aws.bake(aws.order(), "bake-2")
    assert made.bake_id == "bake-2"
    assert not aws.leftovers()


# Packages from elsewhere.


def large(aws: World) -> bytes:
    return b"#!/bin/sh\n:\n# " + random.Random(1).randbytes(20_000).hex().encode()


def test_a_large_package_of_this_host_goes_through_a_bucket(aws: World) -> None:
    aws.raw("s3").create_bucket(
        Bucket="hand-over", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    aws.raw("iam").create_instance_profile(InstanceProfileName="baker")
    with pytest.raises(DeliveryError, match="no instance can read"):
        aws.bake(aws.order(content=large(aws)))
    with pytest.raises(DeliveryError, match="without a profile cannot read"):
        aws.bake(aws.order(content=large(aws), bucket="hand-over"))
    assert not aws.images.launched
    seen: list[str] = []

    def player(id: str, user_data: str) -> Played:
        objects = aws.raw("s3").list_objects_v2(Bucket="hand-over").get("Contents", [])
        seen.extend(f"s3://hand-over/{one['Key']}" for one in objects)
        assert seen[0] in user_data
        return Played(console_of(bake_of(user_data)))

    aws.images.player = player
    aws.bake(aws.order(content=large(aws), bucket="hand-over", instance_profile="baker"))
    assert len(seen) == 1
    assert "KeyCount" in (left := aws.raw("s3").list_objects_v2(Bucket="hand-over"))
    assert left["KeyCount"] == 0, "it goes with the bake"
