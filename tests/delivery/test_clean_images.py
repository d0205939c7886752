"""`delivery clean amis` and `bakes` on AWS: what is in use is found, what goes goes, and a fault loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from bake_world import Fault, KillError
from bake_world import World as BakeWorld
from bake_world import world as bake_world
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from delivery import cli
from delivery import tags as words
from delivery.aws import Aws, AwsError
from delivery.clean import bakes, images, local, usage
from delivery.clean.retention import Rules
from delivery.clean.verdict import CleanVerdict, carry_out
from delivery.clock import FakeClock
from delivery.errors import DeliveryError
from delivery.settings import DeliverySettings, loads
from delivery_world import ME, REGION, World, world

pytestmark = pytest.mark.slow

NOW = 1_800_000_000.0
LATER = NOW + 365 * 86_400
OTHER = "222222222222"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def account() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = cli.run(["clean", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def bake(one: World, name: str, application: str = "shop", **tags: str) -> str:
    """An image as a bake leaves it, a day younger than the one before."""
    id: str = one.raw("ec2").register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]
    made = ec2_backends[ME][REGION].amis[id]
    made.creation_date = datetime.now(UTC) - timedelta(days=100 - len(ec2_backends[ME][REGION].amis))
    snapshot = made.ebs_snapshot.id
    said = {words.BAKE: f"bake-{name}", words.STATE: words.READY, "application": application, **tags}
    one.raw("ec2").create_tags(Resources=[id, snapshot], Tags=words.written(said))
    return id


def snapshots() -> set[str]:
    return set(ec2_backends[ME][REGION].snapshots)


def never(account: str, region: str) -> Aws:
    raise AssertionError(f"nobody asks {account} in {region}")


def plan(
    one: World, rules: Rules | None = None, settings: DeliverySettings | None = None, elsewhere: Any = never
) -> dict[str, str]:
    rules = rules or Rules(days=1, keep=1)
    found = images.plan(one.aws, settings or DeliverySettings(), rules, LATER, elsewhere)
    return {each.id: "" if each.action == "remove" else each.reason for each in found}


def template(one: World, name: str, *versions: str) -> str:
    ec2 = one.raw("ec2")
    id: str = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": versions[0]}
    )["LaunchTemplate"]["LaunchTemplateId"]
    for image in versions[1:]:
        ec2.create_launch_template_version(LaunchTemplateId=id, LaunchTemplateData={"ImageId": image})
    return id


def versions_of_deploys(one: World, name: str, *images: str) -> str:
    """A launch template as deploys leave it: each version says which deploy has made it."""
    ec2 = one.raw("ec2")
    marks = [f"delivery {image} from 1 {number:016x}" for number, image in enumerate(images)]
    id: str = ec2.create_launch_template(
        LaunchTemplateName=name, VersionDescription=marks[0], LaunchTemplateData={"ImageId": images[0]}
    )["LaunchTemplate"]["LaunchTemplateId"]
    for image, mark in zip(images[1:], marks[1:], strict=True):
        ec2.create_launch_template_version(
            LaunchTemplateId=id, VersionDescription=mark, LaunchTemplateData={"ImageId": image}
        )
    return id


@pytest.mark.parametrize(
    ("version", "keeps"), [("", []), ("2", ["second"]), ("$Default", ["first"]), ("$Latest", ["third"])]
)
def test_versions_that_deploys_made_count_only_where_a_group_names_them(
    account: World, version: str, keeps: list[str]
) -> None:
    made = {name: bake(account, name) for name in ("first", "second", "third")}
    bake(account, "newest")
    id = versions_of_deploys(account, "delivery-shop", *made.values())
    if version:
        account.raw("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="shop-v001", MinSize=0, MaxSize=1, VPCZoneIdentifier=account.subnet,
            LaunchTemplate={"LaunchTemplateId": id, "Version": version},
        )  # fmt: skip
    reasons = plan(account)
    assert [name for name, image in made.items() if reasons[image]] == keeps


def test_a_template_that_only_looks_like_one_of_deploys_counts_as_any_other(account: World) -> None:
    old = bake(account, "old")
    bake(account, "newest")
    template(account, "delivery-shop", old)
    assert "launch template delivery-shop, version 1" in plan(account)[old]


def test_whoever_uses_an_image_is_found(account: World) -> None:
    names = (
        "running",
        "stopped",
        "configured",
        "default",
        "latest",
        "grouped",
        "mixed",
        "parameter",
        "between",
        "gone",
        "filler",
    )
    made = {name: bake(account, name) for name in names}
    ec2, scaling = account.raw("ec2"), account.raw("autoscaling")

    def launch(name: str) -> str:
        launched = ec2.run_instances(ImageId=made[name], MinCount=1, MaxCount=1)
        return str(launched["Instances"][0]["InstanceId"])

    launch("running")
    ec2.stop_instances(InstanceIds=[launch("stopped")])
    ec2.terminate_instances(InstanceIds=[launch("gone")])
    scaling.create_launch_configuration(
        LaunchConfigurationName="old", ImageId=made["configured"], InstanceType="m5.large"
    )
    template(account, "tmpl-a", made["default"], made["grouped"], made["between"], made["latest"])
    size = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 0, "VPCZoneIdentifier": account.subnet}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="g", LaunchTemplate={"LaunchTemplateName": "tmpl-a", "Version": "2"}, **size
    )
    other = template(account, "tmpl-b", made["filler"], made["mixed"], made["filler"])
    spec = {"LaunchTemplateSpecification": {"LaunchTemplateId": other, "Version": "2"}}
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="h",
        MixedInstancesPolicy={"LaunchTemplate": {**spec, "Overrides": [{"InstanceType": "m5.large"}]}},
        **size,
    )
    account.raw("ssm").put_parameter(Name="/base", Value=made["parameter"], Type="String")
    template(account, "tmpl-c", "resolve:ssm:/base")
    template(account, "tmpl-d", "resolve:ssm:/nobody")
    bake(account, "newest")
    free = {id for id, reason in plan(account).items() if not reason}
    assert free == {made["between"], made["gone"]}
    found = usage.used(account.aws)
    assert found[made["grouped"]] == "launch template tmpl-a, version 2"
    assert found[made["running"]].startswith("instance i-")
    assert found[made["configured"]] == "launch configuration old"


def test_an_image_of_another_account_that_uses_it_stays(account: World) -> None:
    used, unused, unknown, public = (bake(account, name) for name in ("used", "unused", "unknown", "public"))
    bake(account, "newest")
    ec2 = account.raw("ec2")
    for image, users in ((used, [OTHER]), (unused, [OTHER]), (unknown, ["333333333333"])):
        ec2.modify_image_attribute(
            ImageId=image, LaunchPermission={"Add": [{"UserId": one} for one in users]}
        )
    ec2.modify_image_attribute(ImageId=public, LaunchPermission={"Add": [{"Group": "all"}]})
    settings = loads(f'[accounts.live]\nid = "{OTHER}"\nproduction = true\ntested_in = "none"\n')
    role = boto3.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/x", RoleSessionName="test")[
        "Credentials"
    ]
    session = boto3.Session(
        role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"], region_name=REGION
    )
    session.client("ec2").create_launch_template(
        LaunchTemplateName="tmpl-s", LaunchTemplateData={"ImageId": used}
    )
    asked: list[str] = []

    def elsewhere(name: str, region: str) -> Aws:
        asked.append(name)
        return Aws(name, region, session)

    found = plan(account, settings=settings, elsewhere=elsewhere)
    assert found[used] == "in use by launch template tmpl-s, version 1 of account live"
    assert found[unused] == ""
    assert "333333333333" in found[unknown]
    assert "all that it is shared with" in found[public]
    assert asked == ["live"]

    def closed(name: str, region: str) -> Aws:
        raise DeliveryError(f"{name} cannot be reached")

    with pytest.raises(DeliveryError, match="live cannot be reached"):
        plan(account, settings=settings, elsewhere=closed)


def test_a_dry_run_says_what_it_would_do_and_why(account: World, run: Run) -> None:
    old, new = bake(account, "old"), bake(account, "new")
    before = snapshots()
    code, out, err = run("amis", "--days", "0", "--keep", "1")
    assert code == 0
    lines = {line.split()[3]: line.split() for line in out.splitlines()}
    assert (lines[old][0], lines[new][0]) == ("remove", "keep")
    assert err == "1 to remove; nothing was removed without --apply\n"
    assert snapshots() == before
    code, out, _ = run("amis", "--days", "0", "--keep", "1", "--apply", "--json")
    told = {one["id"]: one for one in json.loads(out)}
    assert (code, told[old]["done"], told[new]["action"], told[new]["application"]) == (
        0,
        True,
        "keep",
        "shop",
    )
    assert {one.id for one in images.look(account.aws)} >= {new}
    assert old not in {one.id for one in images.look(account.aws)}
    assert len(before - snapshots()) == 1
    assert run("amis", "--days", "0", "--keep", "1")[2] == "nothing to remove\n"


def test_all_regions_of_an_account_are_looked_at(account: World, run: Run, tmp_path: Path) -> None:
    there = boto3.client("ec2", region_name="us-east-1")
    for name, year in (("old", 2020), ("new", 2021)):
        id = there.register_image(Name=name)["ImageId"]
        ec2_backends[ME]["us-east-1"].amis[id].creation_date = datetime(year, 1, 1, tzinfo=UTC)
        there.create_tags(Resources=[id], Tags=words.written({words.BAKE: "b", words.STATE: words.READY}))
    settings = tmp_path / "delivery.toml"
    settings.write_text(f'[accounts.test]\nregions = ["{REGION}", "us-east-1"]\n')
    code, out, _ = run("amis", "--settings", str(settings), "--days", "0", "--keep", "1", "--json")
    assert code == 0
    assert [(one["place"], one["name"]) for one in json.loads(out) if one["action"] == "remove"] == [
        ("us-east-1", "old")
    ]
    assert json.loads(run("amis", "--settings", str(settings), "--region", REGION, "--json")[1]) == []


def test_nothing_goes_if_one_comes_into_use_meanwhile(
    account: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, older = bake(account, "older"), bake(account, "old")
    bake(account, "new")
    plain = images.plan

    def meanwhile(*arguments: Any) -> Any:
        found = plain(*arguments)
        account.raw("ec2").run_instances(ImageId=old, MinCount=1, MaxCount=1)
        return found

    monkeypatch.setattr(images, "plan", meanwhile)
    code, _, err = run("amis", "--days", "0", "--keep", "1", "--apply")
    assert code == 1
    assert f"images that were to be removed are in use now: {old} by instance i-" in err
    assert {old, older} <= {one.id for one in images.look(account.aws)}


def test_a_snapshot_that_another_image_needs_stays(account: World) -> None:
    old = bake(account, "old")

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidSnapshot.InUse", "Message": "used"}}, "DeleteSnapshot")

    account.aws.ec2.meta.events.register("before-call.ec2.DeleteSnapshot", refuse)
    assert "is kept: another image uses it" in images.remove(account.aws, old)
    assert images.remove(account.aws, old) == ""  # gone is as good


def test_whoever_cannot_be_asked_stops_everything(account: World) -> None:
    """At every single call of the look."""
    template(account, "tmpl-t", bake(account, "old"))
    bake(account, "free")
    bake(account, "new")
    account.calls.clear()
    plan(account)
    names = [(call.service, call.operation) for call in account.calls]
    assert {
        "DescribeImages",
        "DescribeInstances",
        "DescribeLaunchTemplateVersions",
        "DescribeImageAttribute",
    } <= {operation for _, operation in names}
    for service, operation in dict.fromkeys(names):

        def fail(operation: str = operation, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, operation)

        events = getattr(account.aws, service).meta.events
        name = {"ec2": "ec2", "autoscaling": "auto-scaling"}[service]
        events.register(f"before-call.{name}.{operation}", fail)
        with pytest.raises(AwsError, match="UnauthorizedOperation"):
            plan(account)
        events.unregister(f"before-call.{name}.{operation}", fail)
    assert plan(account)


@pytest.mark.parametrize("operation", ["DescribeImages", "DeregisterImage", "DeleteSnapshot"])
def test_a_removal_that_fails_is_told_and_the_others_go_on(account: World, operation: str) -> None:
    first, second = bake(account, "first"), bake(account, "second")
    failed: list[str] = []

    def fail(**_: Any) -> None:
        if not failed:
            failed.append(operation)
            raise ClientError({"Error": {"Code": "OperationNotPermitted", "Message": "protected"}}, operation)

    account.aws.ec2.meta.events.register(f"before-call.ec2.{operation}", fail)
    verdicts = [CleanVerdict("image", id, REGION, "remove", "") for id in (first, second)]
    results = carry_out(verdicts, lambda one: images.remove(account.aws, one.id))
    assert [results[id].done for id in (first, second)] == [False, True]
    assert "OperationNotPermitted" in results[first].message
    assert second not in {one.id for one in images.look(account.aws)}
    again = carry_out(verdicts[:1], lambda one: images.remove(account.aws, one.id))
    assert again[first].done


# What bakes left behind.


@pytest.fixture
def baking(tmp_path: Path) -> Iterator[BakeWorld]:
    with bake_world(tmp_path) as made:
        yield made


def cleaned(one: BakeWorld, hours: float = 6.0) -> dict[str, str]:
    aws = one.aws()
    found = bakes.plan(
        [aws], "packages.example.com" if one.operations() == ["-"] else None, hours, one.clock.now()
    )
    results = carry_out(found, partial(bakes.remove, aws, one.clock))
    assert all(each.done for each in results.values()), results
    return {each.id: each.reason for each in found if each.action == "keep"}


def changes_of_a_bake(folder: Path) -> list[int]:
    """Numbers of the calls that change something: a kill after a look leaves what one before it leaves."""
    with bake_world(folder) as one:
        one.bake(one.order())
        return [
            number
            for number, name in enumerate(one.operations())
            if not name.startswith(("Describe", "Get", "Head"))
        ]


def test_a_kill_at_any_call_of_a_bake_leaves_what_is_cleaned_later(tmp_path: Path) -> None:
    for number in changes_of_a_bake(tmp_path):
        with bake_world(tmp_path) as one:
            one.fault = Fault(number, KillError(), "after")
            with pytest.raises(KillError):
                one.bake(one.order())
            kept = cleaned(one)
            ready = {id for id, tags in one.leftovers().items() if words.BAKE in tags}
            assert kept.keys() <= ready  # it may be running: nothing was touched
            one.clock.sleep(7 * 3600)
            cleaned(one)
            assert {id for id, tags in one.leftovers().items() if words.BAKE in tags} == set(), number


def test_a_bake_at_work_loses_nothing(baking: BakeWorld) -> None:
    """The reaper comes by every time the bake waits."""
    reaped: list[dict[str, str]] = []
    baking.clock.woken.append(lambda _: reaped.append(cleaned(baking)))
    result = baking.bake(baking.order())
    assert baking.tags(result.image)[words.STATE] == words.READY
    assert any(reaped)


def test_packages_in_a_bucket_and_what_packer_made_are_found(account: World) -> None:
    ec2, s3 = account.raw("ec2"), account.raw("s3")
    tags = {words.BAKE: "bake-1", words.CREATED: "2026-01-01T00:00:00Z"}
    specs = [{"ResourceType": kind, "Tags": words.written(tags)} for kind in ("key-pair", "security-group")]
    ec2.create_key_pair(KeyName="packer_1", TagSpecifications=specs[:1])
    ec2.create_security_group(
        GroupName="packer_1", Description="x", VpcId=account.vpc, TagSpecifications=specs[1:]
    )
    s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("delivery/bakes/k/a.deb", "delivery/bakes/k/b.deb", "else/c.deb"):
        said = {} if key.endswith("b.deb") else {"Tagging": f"{words.BAKE}=bake-1"}
        s3.put_object(Bucket="packages", Key=key, Body=b"x", **said)
    found = bakes.plan([account.aws], "packages", 6.0, LATER)
    assert {(one.kind, one.action) for one in found} == {
        ("key-pair", "remove"),
        ("security-group", "remove"),
        ("package", "remove"),
        ("package", "keep"),  # nobody says whose it is
    }
    results = carry_out(found, partial(bakes.remove, account.aws, FakeClock()))
    assert all(one.done for one in results.values()), results
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="packages")["Contents"]] == [
        "delivery/bakes/k/b.deb",
        "else/c.deb",
    ]
    assert [one.id for one in bakes.plan([account.aws], None, 6.0, LATER)] == []


def test_what_is_left_on_this_host_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    from delivery.chroot.workdir import work_directory

    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    assert local.plan() == []
    left = tmp_path / "work" / "bake-left"
    with work_directory() as at_work:
        left.mkdir()
        (left / "disk.img").write_bytes(b"x")
        code, out, _ = run("bakes", "--here", "--apply", "--json")
        told = json.loads(out)
        assert (code, [one["id"] for one in told]) == (0, [str(left)])
        assert at_work.is_dir()
        assert not left.exists()
    assert run("bakes", "--here")[:2] == (0, "")


def test_the_command_cleans_aws_and_the_host(
    account: World, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DELIVERY_CHROOT_DIR", str(tmp_path / "work"))
    said = [{"ResourceType": "volume", "Tags": words.written({words.BAKE: "bake-1"})}]
    account.raw("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=8, TagSpecifications=said)
    code, out, _ = run("bakes")
    assert (code, out.split()[:3]) == (0, ["keep", "volume", REGION])
    code, out, _ = run("bakes", "--hours", "0", "--apply")
    assert (code, out.split()[0]) == (0, "removed")
    assert (
        account.raw("ec2").describe_volumes(Filters=[{"Name": "tag-key", "Values": [words.BAKE]}])["Volumes"]
        == []
    )
