"""How the console's snapshot follows AWS: throttling, refusals, deletions, deploys under way, hostile tags."""

from __future__ import annotations

import re
import socket
import time
from html import unescape
from pathlib import Path

import pytest
from console_site import Site, crawled, site
from overview_world import EU, TEST, listener, tagged

import iam
from delivery import cli, tags
from delivery.clock import HostClock
from delivery.settings import load_settings
from deploy_requests import arn
from jobdsl.console.collector import Collector, places_of

pytestmark = pytest.mark.slow


def _text(console: Site, path: str) -> str:
    answer = console.get(path)
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub("<[^>]+>", " ", answer.text)).split())


def test_an_image_no_account_owns_any_more_is_shown_with_its_groups(tmp_path: Path) -> None:
    with site(tmp_path, read=False) as console:
        assert console.estate is not None
        console.estate.group(
            "old-v001",
            console.estate.images["shop-1.3", TEST],
            said=tagged("ami-0123456789abcdef0", "0.1", "old"),
        )
        console.collector.read_once()
        text = _text(console, "/images/ami-0123456789abcdef0")
    assert "old-v001" in text
    assert "it was removed" in text


def test_what_aws_tags_say_is_escaped_and_never_a_link(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script>'
    with site(tmp_path, read=False) as console:
        assert console.estate is not None
        image = console.estate.images["shop-1.4", TEST]
        said = tagged(image, hostile, "evil", **{
            tags.CHANGE_REQUEST: hostile, tags.BUILD_URL: "javascript:alert(1)", tags.JENKINS_USER: "<b>x</b>",
        })  # fmt: skip
        console.estate.group("evil-v001", image, said=said)
        console.estate.group("not & a <name>", image)
        console.collector.read_once()
        for path in (
            "/",
            f"/clusters/test/{EU}/evil",
            f"/groups/test/{EU}/evil-v001",
            "/search?q=script",
            "/applications/-",
        ):
            answer = console.get(path)
            assert answer.status_code == 200, path
            assert "<script>alert" not in answer.text, path
            assert "<b>x" not in answer.text, path
            assert '="javascript:' not in answer.text, path
        assert all(
            answer.status_code in (200, 303) for answer in crawled(console, "/applications/-").values()
        )


def test_a_build_of_another_controller_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    more = '[console.jenkins]\nurl = "https://ci.example.com/"\nuser = "console"\ntoken_file = "token"\n'
    with site(tmp_path, more) as console:
        assert "jenkins.example.com" not in console.get("/history/shop/r-1").text


def test_throttling_slows_the_snapshot_and_never_a_page(tmp_path: Path) -> None:
    with site(tmp_path) as console:
        assert console.estate is not None
        before = console.json("/applications")["applications"]
        console.estate.failing["test", EU, "DescribeAutoScalingGroups"] = "Throttling"
        for reader in console.collector.readers.values():
            reader._next_groups = 0.0
        console.collector.read_once()
        after = console.json("/applications")
        assert after["applications"] == before
        assert after["stale"] is True
        text = _text(console, "/")
    assert f"test, {EU} could not be read" in text
    assert "Throttling" in text
    assert "stale" in text


def test_an_account_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    with site(tmp_path, read=False) as console:
        assert console.estate is not None
        assert "Not read yet" in _text(console, "/")
        console.estate.failing["production", EU, "DescribeAutoScalingGroups"] = "AccessDenied"
        console.collector.read_once()
        text = _text(console, "/snapshots")
        assert "shop" in _text(console, "/")
    assert f"production, {EU} could not be read" in text
    assert "AccessDenied" in text


def test_a_deploy_under_way_shows_its_steps(tmp_path: Path) -> None:
    with site(tmp_path, read=False) as console:
        assert console.estate is not None
        image = console.estate.images["shop-1.4", TEST]
        said = tagged(image, "1.5", **{
            tags.STATE: "deploying", tags.STEP: "grow", tags.STRATEGY: "red-black", tags.PREVIOUS: "shop-eu-v002",
            tags.BEGUN: "2026-01-05T10:00:00Z", tags.SIZE: "1/3/3",
        })  # fmt: skip
        console.estate.group("shop-eu-v003", image, size=3, said=said)
        console.collector.read_once()
        group = console.json(f"/groups/test/{EU}/shop-eu-v003")["group"]
        states = {step["name"]: step["state"] for step in group["steps"]}
        assert states["copy"] == states["pin"] == states["grow"] == "done"
        assert states["healthy"] == "running"
        assert states["done"] == "queued"
        text = _text(console, "/")
        assert text.index("Under way") < text.index("Applications 3")
        assert 'aria-current="step"' in console.get(f"/clusters/test/{EU}/shop-eu").text
        client = console.estate.client("autoscaling", TEST)
        client.create_or_update_tags(Tags=[
            {"ResourceId": "shop-eu-v003", "ResourceType": "auto-scaling-group", "Key": tags.STEP, "Value": "healthy", "PropagateAtLaunch": False},
        ])  # fmt: skip
        for reader in console.collector.readers.values():
            reader.read_hot()
        group = console.json(f"/groups/test/{EU}/shop-eu-v003")["group"]
        assert {step["name"]: step["state"] for step in group["steps"]}["traffic"] == "running"


def test_a_group_that_was_deleted_is_gone_after_the_next_look(tmp_path: Path) -> None:
    with site(tmp_path) as console:
        assert console.estate is not None
        path = f"/clusters/test/{EU}/shop-eu"
        assert len(console.json(path)["groups"]) == 2
        client = console.estate.client("autoscaling", TEST)
        client.delete_auto_scaling_group(AutoScalingGroupName="shop-eu-v001", ForceDelete=True)
        for reader in console.collector.readers.values():
            reader.read_hot()
        assert [group["name"] for group in console.json(path)["groups"]] == ["shop-eu-v002"]


def test_the_console_asks_for_what_its_policy_allows_and_nothing_else(tmp_path: Path) -> None:
    with site(tmp_path, read=False) as console:
        assert console.estate is not None
        bare = "shop-eu-v000"  # what it contains is said by its image alone
        console.estate.group(bare, console.estate.images["shop-1.3", TEST])
        toml = console.estate.toml
        toml.write_text(
            toml.read_text().replace("[apps.idle]", '[defaults]\nalarms = ["errors"]\n[apps.idle]')
        )
        listener(console.estate)
        console.estate.calls.clear()
        settings = load_settings(toml)
        collector = Collector(settings, places_of(settings), HostClock())
        collector.read_once()
        key = next(key for key in collector.store.snapshot.clusters if key.cluster == "shop-eu")
        collector.store.watch(key, HostClock().now())
        for reader in collector.readers.values():
            reader.read_hot()
            reader.read_runs("shop")
        assert collector.store.details[key].error == ""
        calls = [each for each in console.estate.calls if each[2].service != "sts"]
    policy, asked = iam.document("delivery", "console"), set()
    for _, region, (service, operation, said) in calls:
        resource = "*"
        if service == "dynamodb":
            index = f"/index/{said['IndexName']}" if "IndexName" in said else ""
            resource = arn(service, f"table/{said['TableName']}{index}", region=region)
        asked.add((f"{service}:{operation}", resource))
    assert {each for each in asked if not iam.allowed(policy, *each, {})} == set()
    assert iam.actions(policy) == {action for action, _ in asked}


def test_a_defect_of_a_pass_is_shown_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site(tmp_path) as console:
        with monkeypatch.context() as broken:
            broken.setattr("jobdsl.console.collector.read_location", lambda *_: 1 // 0)
            for reader in console.collector.readers.values():
                reader._next_groups = 0.0
            console.collector.read_once()
        assert "ZeroDivisionError" in _text(console, "/")
        assert "shop" in _text(console, "/")
        for reader in console.collector.readers.values():
            reader._next_groups = 0.0
        console.collector.read_once()
        assert "ZeroDivisionError" not in _text(console, "/")


def test_the_threads_read_until_they_are_stopped(tmp_path: Path) -> None:
    with site(tmp_path, read=False) as console:
        console.collector.start()
        deadline = time.monotonic() + 60
        while any(state.read_at is None for state in console.collector.store.snapshot.locations.values()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        console.collector.close()
        for thread in console.collector._threads:
            thread.join(20)
            assert not thread.is_alive()
        assert "shop" in _text(console, "/")


def test_the_command_refuses_an_address_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        used = f"127.0.0.1:{taken.getsockname()[1]}"
        for address, code in (("nonsense", 64), ("127.0.0.1:99999", 64), (used, 1), ("203.0.113.1:80", 1)):
            assert cli.run(["web", "--listen", address]) == code, address
            assert "error" in capsys.readouterr().err
