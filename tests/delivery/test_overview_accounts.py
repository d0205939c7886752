"""What the commands that list and show do in accounts of their own: many groups, hostile names, locks, listeners."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from overview_world import EU, TEST, estate, furnish, listener, record, rows, tagged

from delivery import cli, tags
from delivery.aws import open_aws
from delivery.clock import HostClock
from delivery.history.store import open_store
from delivery.lock import open_lock
from delivery.settings import load_settings

pytestmark = pytest.mark.slow


def test_many_groups_cost_one_call_for_a_hundred(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with estate(tmp_path) as many:
        image = many.image("shop-1.4", application="shop", version="1.4")
        subnet = many.network(TEST)
        scaling, ec2 = many.client("autoscaling", TEST), many.client("ec2", TEST)
        ec2.create_launch_template(
            LaunchTemplateName="template", LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"}
        )
        for number in range(250):
            said = [] if number % 2 else tags.written(tagged(image, "", f"a{number}"))
            scaling.create_auto_scaling_group(
                AutoScalingGroupName=f"a{number}-v000", MinSize=0, MaxSize=1, DesiredCapacity=number % 2,
                VPCZoneIdentifier=subnet, LaunchTemplate={"LaunchTemplateName": "template", "Version": "1"},
                Tags=[each | {"ResourceId": f"a{number}-v000", "ResourceType": "auto-scaling-group",
                              "PropagateAtLaunch": False} for each in said if each["Value"]],
            )  # fmt: skip
        many.calls.clear()
        assert cli.run(["list", "--json", "--account", "test"]) == 0
        groups = json.loads(capsys.readouterr().out)["groups"]
        counts = {operation: number for (_, _, operation), number in many.counts().items()}
        assert len(groups) == 250
        assert {group["version"] for group in groups} == {"1.4"}
        assert counts == {
            "GetCallerIdentity": 1,
            "DescribeAutoScalingGroups": 3,
            "DescribeInstances": 2,  # of 125 groups whose tags name no image
            "DescribeImages": 1,
        }


def test_names_from_aws_are_printed_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with estate(tmp_path) as bad:
        image = bad.image("shop-1.4", application="shop", version="1.4\x9b2J\u202e")
        bad.group(
            "shop-v000", image, said=tagged(image, "1\x9b31m\n2\u202e", **{tags.JENKINS_USER: "x\x9b1m"})
        )
        for words in (
            ["list"],
            ["images", "shop"],
            ["show", "shop-v000"],
            ["show", image],
            ["list", "--json"],
        ):
            assert cli.run(words) == 0
            out = capsys.readouterr().out
            assert "shop" in out
            assert not {"\x1b", "\x9b", "\u202e"} & {*out}


def test_a_run_that_holds_the_lock_is_under_way_and_a_killed_one_is_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with estate(tmp_path) as world:
        furnish(world)
        record(world)
        settings = load_settings(world.toml)
        aws = open_aws(settings, "test", EU)
        with open_lock(aws, settings, "shop-us", HostClock(), "deploy"):
            cli.run(["history", "shop-us", "--json"])
            assert json.loads(capsys.readouterr().out)["runs"][0]["outcome"] == "running"
        world.failing["test", EU, "PutItem"] = "AccessDeniedException"  # who may only read sees the same
        for _ in range(2):
            assert cli.run(["history", "shop-us", "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["runs"][0]["outcome"] == "interrupted"
            world.failing.clear()
        store = open_store(aws, settings, HostClock())
        assert store is not None
        assert [event.kind for event in store.of_cluster("shop-us")] == ["close", "begin"]


def test_a_listener_that_cannot_be_found_leaves_traffic_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with estate(tmp_path) as world:
        furnish(world)
        listener(world)
        assert cli.run(["list", "--cluster", "cart", "--json"]) == 0
        (group,) = json.loads(capsys.readouterr().out)["groups"]
        assert group["takes_traffic"] is None
        assert cli.run(["list", "--cluster", "cart"]) == 0
        assert rows(capsys.readouterr().out)[0][5] == "?"
