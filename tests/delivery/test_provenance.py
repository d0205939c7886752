"""Who deployed which version, why and from where: on groups and instances, in status, results and the names of builds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bake_world import world as bake_world

from delivery import tags
from delivery.errors import REFUSED, ROLLED_BACK, DeliveryError
from delivery.provenance import Release, recorded_release, recorded_trigger, release_of, trigger_of
from delivery.settings import loads
from deploy_case import NEW, OLD, TOML, Case, cases, commands

pytestmark = pytest.mark.slow

BUILD = {
    "BUILD_USER_ID": "alice",
    "JOB_NAME": "shop/deploy",
    "BUILD_NUMBER": "12",
    "BUILD_URL": "https://jenkins.example.com/job/shop/job/deploy/12/",
}
IMAGE_TAGS = {
    "application": "shop",
    "version": "1.4",
    "release": "2",
    "commit": "0a1b2c3d",
    "appversion": "shop-1.4-2-h77.0a1b2c3d/shop-main/77",
}
Run = Callable[..., int]


@pytest.fixture
def one() -> Iterator[Case]:
    """A cluster, and an image whose tags say what is in it."""
    with cases() as make:
        case = make()
        written = tags.written(IMAGE_TAGS)
        case.world.raw("ec2").create_tags(Resources=[case.image], Tags=written)
        yield case


@pytest.fixture
def run(one: Case, monkeypatch: pytest.MonkeyPatch) -> Run:
    return commands(one, monkeypatch, BUILD)


def group_tags(one: Case, name: str) -> dict[str, tuple[str, bool]]:
    """Values of the tags of a group, and whether its instances get them."""
    found = one.strict.groups[name].tags
    return {each["Key"]: (each["Value"], each["PropagateAtLaunch"] in (True, "true")) for each in found}


def test_status_says_that_nothing_serves_by_its_exit_code(
    one: Case, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("deploy", "--image", one.image) == 0
    assert run("status") == 0
    one.world.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=NEW, ForceDelete=True)
    one.world.clock.sleep(600)
    capsys.readouterr()
    assert run("status") == 1
    said = f"no group of shop takes traffic: delivery rollback --cluster shop --to {OLD} gives it to {OLD}"
    assert said in capsys.readouterr().out
    assert run("rollback", "--to", OLD) == 0
    assert run("status") == 0


def test_groups_and_instances_say_what_they_are_and_who_deployed_them(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image, "--change-request", "CHG12") == 0
    caller = one.world.aws.caller
    expected = {
        tags.NAME: NEW,
        tags.APPLICATION: "shop",
        tags.VERSION: "1.4-2",
        tags.COMMIT: "0a1b2c3d",
        tags.DEPLOYER: caller,
        tags.JENKINS_USER: "alice",
        tags.JOB: "shop/deploy",
        tags.BUILD_URL: BUILD["BUILD_URL"],
        tags.CHANGE_REQUEST: "CHG12",
        tags.IMAGE: one.image,
    }
    on_group = group_tags(one, NEW)
    assert {key: on_group[key] for key in expected} == {key: (value, True) for key, value in expected.items()}
    (instance, *_) = one.world.instances(NEW)
    (described,) = one.world.raw("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    on_instance = tags.read(described["Instances"][0]["Tags"])
    assert {key: on_instance.get(key) for key in expected} == expected
    assert tags.STATE not in on_instance


def test_each_group_has_a_name_of_its_own_unless_a_user_gave_one(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image) == 0
    assert run("deploy", "--image", one.old_image) == 0
    assert group_tags(one, "shop-v002")[tags.NAME] == ("shop-v002", True)
    assert tags.VERSION not in group_tags(one, "shop-v002")  # nothing is known of that image
    own = [{"ResourceId": "shop-v002", "ResourceType": "auto-scaling-group", "Key": "Name", "Value": "till",
            "PropagateAtLaunch": True}]  # fmt: skip
    one.world.raw("autoscaling").create_or_update_tags(Tags=own)
    one.world.clock.sleep(600)
    assert run("deploy", "--image", one.image) == 0
    assert group_tags(one, "shop-v003")[tags.NAME] == ("till", True)


def test_a_name_in_the_launch_template_stays(one: Case, run: Run) -> None:
    data = {
        "ImageId": one.old_image,
        "InstanceType": "m5.large",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "till"}]}],
    }
    one.world.raw("ec2").create_launch_template(LaunchTemplateName="named", LaunchTemplateData=data)
    one.world.raw("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OLD, LaunchTemplate={"LaunchTemplateName": "named", "Version": "1"}
    )
    assert run("deploy", "--image", one.image) == 0
    assert tags.NAME not in group_tags(one, NEW)


def test_plan_status_timeline_and_result_show_versions_not_ids(
    one: Case, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("plan", "--image", one.image) == 0
    planned = capsys.readouterr().out
    assert "red-black deploy of shop 1.4-2 as shop-v001" in planned
    assert run("deploy", "--image", one.image, "--result", str(tmp_path / "r.json"),
               "--report", str(tmp_path / "report"), "--change-request", "CHG12") == 0  # fmt: skip
    lines = capsys.readouterr().err
    result = json.loads((tmp_path / "r.json").read_text())
    timeline = json.loads((tmp_path / "report" / "timeline.json").read_text())
    for said in (result, timeline):
        assert said["version"] == "1.4-2"
        assert said["application"] == "shop"
        assert said["commit"] == "0a1b2c3d"
        assert said["jenkins_user"] == "alice"
        assert said["job"] == "shop/deploy"
        assert said["build_url"] == BUILD["BUILD_URL"]
        assert said["change_request"] == "CHG12"
        assert said["image"] == one.image
    assert timeline["title"].startswith("deploy of shop 1.4-2 to shop in ")
    assert timeline["outcome"] == "shop-v001 (shop 1.4-2) is active"
    assert one.image not in lines
    assert run("status") == 0
    table = capsys.readouterr().out
    assert "VERSION" in table
    assert "shop 1.4-2" in table
    assert "alice" in table
    assert one.image not in table
    assert one.old_image not in table  # no tag of the old group says what it has: the image's name does


def test_the_build_gets_a_name_and_a_description(one: Case, run: Run, tmp_path: Path) -> None:
    assert run("deploy", "--image", one.image, "--report", str(tmp_path), "--change-request", "CHG12") == 0
    assert (tmp_path / "build-name.txt").read_text() == "#12 shop 1.4-2"
    expected = "shop-v001 (shop 1.4-2) is active; default, eu-west-1; by alice; CHG12"
    assert (tmp_path / "build-description.txt").read_text() == expected
    assert run("rollback", "--report", str(tmp_path), "--reason", "too\nslow") == 0
    text = (tmp_path / "build-description.txt").read_text()
    assert text.startswith("shop-v001 (shop 1.4-2) is rolled back; shop-v000 is active: too slow (by alice)")
    assert text.endswith("CHG12")


def test_a_refused_or_failed_deploy_leaves_name_description_and_result(
    one: Case, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one.strict.broken.add(one.image)
    options = ("--result", str(tmp_path / "r.json"), "--report", str(tmp_path))
    assert run("deploy", "--image", one.image, *options) == ROLLED_BACK
    assert json.loads((tmp_path / "r.json").read_text())["outcome"] == "rolled back"
    assert (tmp_path / "build-name.txt").read_text() == "#12 shop 1.4-2"
    assert run("deploy", "--image", "ami-00000000000000000", *options) == 2
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["outcome"] == "failed"
    assert result["exit_code"] == 2
    assert "there is no image" in result["reason"]
    assert "there is no image" in (tmp_path / "build-description.txt").read_text()
    assert "Traceback" not in capsys.readouterr().err


def test_deployers_may_be_jenkins_users(one: Case, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    one.settings = loads(TOML + '[accounts.default]\ndeployers = ["jenkins:al*"]\n')
    assert run("plan", "--image", one.image) == 0
    monkeypatch.setenv("BUILD_USER_ID", "mallory")
    assert run("plan", "--image", one.image) == REFUSED
    monkeypatch.delenv("BUILD_USER_ID")
    assert run("plan", "--image", one.image) == REFUSED
    one.settings = replace(
        one.settings, accounts={"default": replace(one.settings.accounts["default"], deployers=("*",))}
    )
    assert run("plan", "--image", one.image) == 0


@pytest.mark.parametrize("text", ["CHG1\n2", "CHG\x1b[31m1", "x" * 257, "\ud800"])
def test_a_change_request_no_tag_can_hold_is_refused_before_anything_is_made(
    one: Case, run: Run, text: str
) -> None:
    one.strict.calls.clear()
    assert run("deploy", "--image", one.image, "--change-request", text) == REFUSED
    changing = [name for name in one.strict.operations() if not name.startswith(("Describe", "Get"))]
    assert changing == []
    assert run("plan", "--image", one.image, "--change-request", text) == REFUSED


@pytest.mark.parametrize("text", ["CHG-1 #2/é", "x" * 256])
def test_a_change_request_a_tag_can_hold_is_kept_whole(one: Case, run: Run, text: str) -> None:
    assert run("deploy", "--image", one.image, "--change-request", text) == 0
    assert group_tags(one, NEW)[tags.CHANGE_REQUEST] == (text, True)


def test_reasons_that_no_tag_can_hold_do_not_stop_a_rollback(one: Case, run: Run) -> None:
    assert run("deploy", "--image", one.image) == 0
    assert run("rollback", "--reason", "\x1b[31mred\x1b[0m " + "x" * 400) == 0
    reason, _ = group_tags(one, NEW)[tags.REASON]
    assert "red" in reason
    assert len(reason) <= 256


def test_long_names_of_jobs_and_users_do_not_stop_a_deploy(
    one: Case, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOB_NAME", "folder/" * 60 + "job")
    monkeypatch.setenv("BUILD_URL", "https://jenkins.example.com/" + "job/folder/" * 60)
    monkeypatch.setenv("BUILD_USER_ID", "al\x1bice")
    assert run("deploy", "--image", one.image) == 0
    assert group_tags(one, NEW)[tags.JENKINS_USER] == ("al ice", True)


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ({"Tags": tags.written(IMAGE_TAGS)}, "shop 1.4-2"),
        ({"Tags": tags.written({"application": "shop", "version": "1.4", "release": "0"})}, "shop 1.4"),
        ({"Tags": tags.written({"appversion": "shop-1.4-h77.0a1b2c3d/shop-main/77"})}, "shop 1.4"),
        ({"Tags": tags.written({"appversion": "shop-1.4-2", "application": "shop"})}, "shop 1.4-2"),
        ({"Name": "shop-2.0", "Tags": []}, "shop-2.0"),
        ({}, "ami-1"),
    ],
)
def test_an_image_says_what_it_contains(image: dict[str, Any], text: str) -> None:
    assert str(release_of({"ImageId": "ami-1", **image})) == text


def test_what_is_written_in_tags_is_read_back() -> None:
    trigger = trigger_of(BUILD, "arn:aws:iam::1:user/x", "CHG12")
    assert recorded_trigger(trigger.tags) == replace(trigger, build="")
    release = Release(image="ami-1", application="shop", version="1", commit="c", name="n")
    assert recorded_release(release.tags) == release
    assert trigger_of({}, "").values == dict.fromkeys(trigger.values)


def test_images_say_who_baked_them_and_under_which_change_request(tmp_path: Path) -> None:
    with bake_world(tmp_path) as there:
        plain = there.order()
        origin = replace(plain.origin, jenkins_user="alice", change_request="CHG12")
        found = there.tags(there.bake(replace(plain, origin=origin)).image)
    assert found["jenkins_user"] == "alice"
    assert found["change_request"] == "CHG12"
    assert found["creator"] == found["build_url"] == "https://ci.test/15/"
    assert (found["application"], found["commit"]) == ("hello", "abc1234")


@pytest.mark.parametrize("text", ["CHG1\n2", "x" * 257])
def test_a_bake_refuses_values_that_no_tag_can_hold(tmp_path: Path, text: str) -> None:
    with bake_world(tmp_path) as there:
        plain = there.order()
        origin = replace(plain.origin, change_request=text)
        with pytest.raises(DeliveryError, match="--change-request has"):
            there.bake(replace(plain, origin=origin))
        with pytest.raises(DeliveryError, match="its value has"):
            there.bake(replace(plain, tags={"team": text}))
        assert "RunInstances" not in [name for name, said in there.calls if not said.get("DryRun")]
