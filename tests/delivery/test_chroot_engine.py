"""The engine `chroot` from an order to an image: volumes, devices, snapshots, and what is left when it is cut short."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bake_world import Fault, KillError, World, world
from images_strict import REGION
from roots import disk_image, needs_rooms, read_file, tiny_root
from volumes_strict import Volumes, metadata_service

from delivery import tags as words
from delivery.bake import engine as engines
from delivery.bake.interrupts import Interrupted
from delivery.chroot import engine, pid_namespace, registering
from delivery.chroot.baker import baker
from delivery.chroot.devices import Devices
from delivery.chroot.engine import ChrootEngine
from delivery.chroot.provision import Provisioning
from delivery.clean import bakes
from delivery.clean.verdict import carry_out
from delivery.errors import DeliveryError, SeveralError
from iam import actions, allowed

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]

ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
KEY = "alias/shop"
LISTED = "bash 5.2.15-2 amd64\n"
Installer = Callable[..., str]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    with world(tmp_path, partial(Volumes, host=tmp_path / "host")) as made:
        volumes = disks(made)
        launched = made.raw().run_instances(
            ImageId=made.base, MinCount=1, MaxCount=1, SubnetId=made.subnets[0], ClientToken="agent"
        )
        agent = launched["Instances"][0]["InstanceId"]
        monkeypatch.setattr(volumes, "agent", agent, raising=False)
        monkeypatch.setattr(engine, "Devices", volumes.devices)
        with metadata_service(agent, ARCH) as address:
            monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
            made.clock.sleep(60)
            volumes.calls.clear()
            yield made


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> list[Provisioning]:
    """Without a room: the rest is tried where nobody is root, too. Gives the jobs that were asked for."""
    jobs: list[Provisioning] = []

    def install(job: Provisioning, *_: Any) -> str:
        assert job.disk.exists()
        jobs.append(job)
        return LISTED

    monkeypatch.setattr(engine, "provision", install)
    monkeypatch.setattr(pid_namespace, "problems", list)
    return jobs


def disks(one: World) -> Volumes:
    assert isinstance(one.images, Volumes)
    return one.images


def left(one: World) -> list[str]:
    """Volumes and snapshots of bakes that are no part of an image that is ready."""
    return [id for id, tags in one.leftovers().items() if words.BAKE in tags]


def test_a_package_is_really_installed_in_a_volume(account: World, tmp_path: Path) -> None:
    needs_rooms()
    snapshot = registering.root_snapshot(account.image(account.base))
    disks(account).files[snapshot] = disk_image(tiny_root(tmp_path / "root"), tmp_path / "tiny.img")
    order = account.order(engine="chroot", content=b"#!/bin/sh\nls /etc/os-release >/root/made\n")
    result = account.bake(order)
    image = account.image(result.image)
    baked = disks(account).files[registering.root_snapshot(image)]
    assert read_file(baked, "/root/made") == "/etc/os-release\n"
    assert f"key={result.bake_key}" in (read_file(baked, "/etc/delivery/image") or "")
    assert (image["State"], image["ImdsSupport"]) == ("available", "v2.0")
    assert read_file(disks(account).files[snapshot], "/root/made") is None
    assert left(account) == []


def test_the_image_is_what_the_base_is_but_for_its_root(account: World, light: list[Provisioning]) -> None:
    result = account.bake(account.order(engine="chroot", root_gb=20, tags={"team": "shop"}))
    (said,) = disks(account).registered
    snapshot = registering.root_snapshot(account.image(result.image))
    assert said["BlockDeviceMappings"] == [
        {
            "DeviceName": "/dev/sda1",
            "Ebs": {
                "SnapshotId": snapshot,
                "VolumeSize": 20,
                "VolumeType": "gp3",
                "DeleteOnTermination": True,
            },
        }
    ]
    assert (said["RootDeviceName"], said["EnaSupport"], said["ImdsSupport"]) == ("/dev/sda1", True, "v2.0")
    assert result.manifest == LISTED
    for resource in (result.image, snapshot):
        tags = account.tags(resource)
        assert (tags["team"], tags["Name"], tags[words.STATE]) == ("shop", result.image_name, words.READY)
    (job,) = light
    assert (job.grow, job.facts["appversion"]) == (True, "hello-1.2.0-h15.abc1234/hello/15")
    assert left(account) == []
    assert disks(account).devices().seen() == set()


def test_the_volume_is_encrypted_and_goes_with_its_instance(
    account: World, light: list[Provisioning]
) -> None:
    key = account.raw("kms").create_key()["KeyMetadata"]["KeyId"]
    account.raw("kms").create_alias(AliasName=KEY, TargetKeyId=key)
    account.bake(account.order(engine="chroot", kms_key=KEY))
    asked = {name: said for name, said in account.calls if not said.get("DryRun")}
    assert (asked["CreateVolume"]["Encrypted"], asked["CreateVolume"]["KmsKeyId"]) == (True, KEY)
    mapping = asked["ModifyInstanceAttribute"]["BlockDeviceMappings"]
    assert mapping == [{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}]


def test_a_name_that_another_bake_has_taken_is_not_taken(account: World, light: list[Provisioning]) -> None:
    """Also one that is taken between the look and the call."""
    instance = account.raw().describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "x", "Value": "y"}]}]
    snapshot = registering.root_snapshot(account.image(account.base))

    def take(name: str) -> None:
        made = account.raw().create_volume(
            AvailabilityZone=f"{REGION}a", SnapshotId=snapshot, Size=8, TagSpecifications=tags
        )
        account.clock.sleep(30)
        account.raw().attach_volume(Device=name, InstanceId=instance, VolumeId=made["VolumeId"])

    disks(account).xen = True
    take("/dev/sdf")
    aws = account.aws()

    def race(**_: Any) -> None:
        if "/dev/sdg" not in [one.get("Device") for _, one in account.calls[:-1]]:
            take("/dev/sdg")

    aws.ec2.meta.events.register("before-call.ec2.AttachVolume", race)
    account.aws = lambda: aws  # type: ignore[method-assign]
    account.bake(account.order(engine="chroot"))
    tried = [said["Device"] for name, said in account.calls if name == "AttachVolume"]
    assert tried == ["/dev/sdg", "/dev/sdh"]
    assert light[0].disk.name == "xvdh"


def test_another_volumes_device_is_never_taken(tmp_path: Path) -> None:
    devices = Devices(tmp_path / "dev", tmp_path / "sys")
    (tmp_path / "dev").mkdir()

    def plug(disk: str, serial: str = "") -> None:
        (tmp_path / "sys/block" / disk / "device").mkdir(parents=True)
        (tmp_path / "sys/block" / disk / "device/serial").write_text(f"{serial}\n")
        (tmp_path / "dev" / disk).touch()

    plug("nvme0n1", "vol0aaa")
    plug("xvdf")
    before = devices.seen()
    assert devices.find("vol-0bbb", "/dev/sdf", before) is None  # xvdf was there before
    plug("nvme1n1", "vol0ccc")
    assert devices.find("vol-0bbb", "/dev/sdf", before) is None
    plug("nvme2n1", "vol0bbb")
    assert devices.find("vol-0bbb", "/dev/sdf", before) == tmp_path / "dev/nvme2n1"
    plug("xvdg")
    assert devices.find("vol-0ddd", "/dev/sdg", before) == tmp_path / "dev/xvdg"


def test_what_would_fail_is_told_before_anything_is_made(
    account: World, light: list[Provisioning], monkeypatch: pytest.MonkeyPatch
) -> None:
    disks(account).denied.add("create_volume")
    with pytest.raises(SeveralError, match="You are not authorized") as caught:
        account.bake(account.order(engine="chroot"))
    assert caught.value.exit_code == 2
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with metadata_service("i-1", "riscv64", "us-east-1") as address:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        with pytest.raises(SeveralError) as caught:
            account.bake(account.order(engine="chroot"))
    told = [one.message for one in caught.value.problems]
    assert any("this host is riscv64" in one for one in told)
    assert any("this agent is in us-east-1" in one for one in told)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(SeveralError, match="this host is not an EC2 instance"):
        account.bake(account.order(engine="chroot"))
    assert light == []


def test_a_base_that_is_billed_by_its_image_is_refused() -> None:
    plain = {"ImageId": "ami-1", "UsageOperation": "RunInstances", "PlatformDetails": "Linux/UNIX"}
    assert list(registering.problems(plain)) == []
    billed = {
        "ImageId": "ami-1",
        "UsageOperation": "RunInstances:0010",
        "PlatformDetails": "Red Hat Enterprise Linux",
    }
    (told,) = registering.problems(billed)
    assert told.message == "base ami-1 is billed as Red Hat Enterprise Linux, which would be lost"
    (told,) = registering.problems(plain | {"ProductCodes": [{"ProductCodeId": "x"}]})
    assert "Marketplace" in told.message


def test_other_volumes_of_the_base_stay_as_they_are() -> None:
    base: dict[str, Any] = {
        "ImageId": "ami-1",
        "Architecture": "arm64",
        "BootMode": "uefi",
        "RootDeviceName": "/dev/xvda",
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8, "Encrypted": True}},
            {
                "DeviceName": "/dev/sdb",
                "Ebs": {"SnapshotId": "snap-2", "VolumeType": "st1", "Encrypted": False},
            },
            {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"},
        ],
    }
    said = registering.parameters(base, "snap-9", 8)
    assert [one.get("Ebs", {}).get("SnapshotId") for one in said["BlockDeviceMappings"]] == [
        "snap-9",
        "snap-2",
        None,
    ]
    assert said["BlockDeviceMappings"][1]["Ebs"] == {"SnapshotId": "snap-2", "VolumeType": "st1"}
    assert (said["BootMode"], said["Architecture"], said["EnaSupport"]) == ("uefi", "arm64", True)


def test_an_installation_that_fails_leaves_nothing(
    account: World, light: list[Provisioning], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> str:
        raise DeliveryError("the package could not be installed")

    monkeypatch.setattr(engine, "provision", fail)
    with pytest.raises(DeliveryError, match="could not be installed"):
        account.bake(account.order(engine="chroot"))
    assert left(account) == []
    assert disks(account).devices().seen() == set()


CALLS = 38
"""As many as a bake makes."""
CHANGES = (5, 8, 13, 17, 18, 22, 26, 36, 37)
"""Numbers of those that change something: a kill after a look leaves what one before it leaves."""


def test_a_bake_makes_so_many_calls(account: World, light: list[Provisioning]) -> None:
    account.bake(account.order(engine="chroot"))
    assert len(account.calls) == CALLS
    looks = ("Describe", "Get", "Head")
    changes = [number for number, name in enumerate(account.operations()) if not name.startswith(looks)]
    assert tuple(changes) == CHANGES


@pytest.mark.parametrize("number", range(CALLS))
def test_a_fault_at_any_call_leaves_nothing_unknown(
    account: World, light: list[Provisioning], number: int
) -> None:
    account.fault = Fault(number, "UnknownFault", "after" if number % 2 else "before")
    try:
        account.bake(account.order(engine="chroot"))
    except DeliveryError:
        account.clock.sleep(600)
        assert [id for id in left(account) if words.CREATED not in account.tags(id)] == []


@pytest.mark.parametrize("number", CHANGES)
def test_a_kill_after_any_call_leaves_what_tags_tell_and_is_repeated(
    account: World, light: list[Provisioning], number: int
) -> None:
    account.fault = Fault(number, KillError(), "after")
    with pytest.raises(KillError):
        account.bake(account.order(engine="chroot"))
    for id in left(account):
        assert account.tags(id)[words.BAKE] == "bake-1"
        assert words.CREATED in account.tags(id)
    result = account.bake(account.order(engine="chroot"), "bake-2")
    assert account.tags(result.image)[words.STATE] == words.READY
    account.clock.sleep(7 * 3600)
    aws = account.aws()
    found = bakes.plan([aws], None, 6.0, account.clock.now())
    results = carry_out(found, partial(bakes.remove, aws, account.clock))
    assert all(one.done for one in results.values()), results
    assert left(account) == []
    assert account.image(result.image)["State"] == "available"


def test_a_signal_asks_for_the_removal_of_the_volume(
    account: World, light: list[Provisioning], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> str:
        raise Interrupted(15)

    monkeypatch.setattr(engine, "provision", stopped)
    with pytest.raises(Interrupted):
        account.bake(account.order(engine="chroot"))
    assert {"DetachVolume", "DeleteVolume"} <= set(account.operations())
    assert left(account) == []


def test_the_engine_is_found_by_its_name() -> None:
    assert isinstance(engines.engine("chroot"), ChrootEngine)


def test_a_host_that_is_no_instance_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with metadata_service("i-0abc", "arm64") as address:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert baker() == ("i-0abc", f"{REGION}a", REGION, "123456789012", "arm64")


OURS = {"aws:ResourceTag/delivery:bake": "bake-1"}
ANYWHERE = "arn:aws:ec2:eu-west-1:"  # images and snapshots are of no account
ME = "arn:aws:ec2:eu-west-1:123456789012:"


def asked(operation: str, said: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """What IAM is asked for a call, as the service authorization reference has it."""
    name = f"ec2:{operation}"
    for one in said.get("TagSpecifications", ()):
        place = f"{ME if one['ResourceType'] == 'volume' else ANYWHERE + ':'}{one['ResourceType']}/new"
        yield name, place, {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in one["Tags"]}
        yield "ec2:CreateTags", place, {"ec2:CreateAction": operation}
    if operation.startswith("Describe"):
        yield name, "*", {}
    if operation in ("AttachVolume", "DetachVolume", "ModifyInstanceAttribute"):
        yield name, f"{ME}instance/{said['InstanceId']}", {"aws:ResourceTag/role": "baker"}
    if operation in ("AttachVolume", "DetachVolume", "CreateSnapshot", "DeleteVolume"):
        yield name, f"{ME}volume/{said['VolumeId']}", OURS
    if operation in ("CreateVolume", "RegisterImage"):
        yield name, f"{ANYWHERE}:snapshot/snap-1", {}
    for id in said.get("Resources", ()):
        yield name, f"{ANYWHERE}:{'image' if id.startswith('ami-') else 'snapshot'}/{id}", OURS


def test_its_policy_allows_what_it_does_and_nothing_else(account: World, light: list[Provisioning]) -> None:
    account.bake(account.order(engine="chroot"))
    policy = json.loads((Path(__file__).parents[2] / "docs/delivery/bake-chroot.json").read_text())
    requests = [one for call in account.calls if call[0] != "GetCallerIdentity" for one in asked(*call)]
    assert [one[:2] for one in requests if not allowed(policy, *one)] == []
    where_it_fails = {"ec2:DeleteSnapshot", "ec2:DeregisterImage"}
    assert actions(policy) - {action for action, _, _ in requests} == where_it_fails
