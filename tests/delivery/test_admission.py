"""What refuses a deploy and a change request overrides: freezes, alarms that ring, another deploy of the tier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from delivery import cli, tags
from delivery.deploy import operations
from delivery.errors import DeliveryError, SettingsError
from delivery.lock import LEASE, open_lock
from delivery.settings import loads
from delivery.tiers import lease_name
from deploy_case import NEW, OLD, TOML, Case, Make, active, cases, commands

pytestmark = pytest.mark.slow

FROZEN = """[[freeze]]
from = 2027-01-01
to = 2027-01-31
zone = "UTC"
reason = "stocktaking"
applications = ["shop"]
"""
LOCKED = TOML.replace('[lock]\ntable = "none"', "").replace('[history]\ntable = "none"', "")


@pytest.fixture
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def rings(one: Case, name: str, state: str = "ALARM") -> None:
    cloudwatch = one.world.raw("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0,
        MetricName="x", Namespace="x", Period=60, Statistic="Sum",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")


def with_locks(one: Case, toml: str) -> None:
    one.settings = loads(f"{LOCKED}{toml}")


def test_everything_that_refuses_is_reported_at_once(make: Make, tmp_path: Path) -> None:
    (tmp_path / "freezes.toml").write_text(FROZEN)
    one = make(
        f'freeze = "{tmp_path}/freezes.toml"\nnot_while = ["busy", "calm", "gone"]\n'
        'windows = ["mon 03:00-04:00 UTC"]\n'
    )
    rings(one, "busy")
    rings(one, "calm", "OK")
    with pytest.raises(DeliveryError) as caught:
        one.start()
    assert [problem.message for problem in caught.value.problems] == [
        "there is no alarm 'gone' in default, eu-west-1",
        "deploys are frozen until the end of 2027-01-31: stocktaking",
        "the time is in no deployment window: mon 03:00-04:00 UTC",
        "alarm 'busy' rings",
    ]
    assert [*one.strict.groups] == [OLD]


def test_a_freeze_of_another_application_refuses_nothing(make: Make, tmp_path: Path) -> None:
    (tmp_path / "freezes.toml").write_text(FROZEN.replace("shop", "cart"))
    assert make(f'freeze = "{tmp_path}/freezes.toml"\n').start().outcome == "deployed"


def test_a_wrong_file_is_an_error_whatever_the_change_request(make: Make, tmp_path: Path) -> None:
    (tmp_path / "freezes.toml").write_text("[[freeze]]\n")
    one = make(f'freeze = "{tmp_path}/freezes.toml"\n')
    site = one.site()
    site.trigger = replace(site.trigger, change_request="CHG0000001")
    with pytest.raises(SettingsError, match="needs a reason"):
        operations.deploy(site, one.image, "red-black")


def test_an_address_that_does_not_answer_refuses_and_a_rollback_never_asks(make: Make) -> None:
    one = make()
    assert one.deploy().outcome == "deployed"
    one.settings = loads(f'{TOML}freeze = "http://127.0.0.1:9/f"\nnot_while = ["busy"]\n')
    rings(one, "busy")
    assert one.rollback().outcome == "rolled back"
    active(one, OLD)
    with pytest.raises(
        DeliveryError, match=r"freezes cannot be read from http://127.0.0.1:9/f: ConnectionError"
    ):
        one.start()


def test_what_a_change_request_overrides_is_in_plan_timeline_result_and_record(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make()
    with_locks(one, 'freeze = "http://127.0.0.1:9/f"\nfreezes = ["2027-01-01..2027-01-31 UTC stocktaking"]\n')
    give = commands(one, monkeypatch)
    image = ["--image", one.image, "--change-request", "CHG0000001"]
    assert give("plan", *image) == 0
    assert "note: CHG0000001 overrides: deploys are frozen until" in capsys.readouterr().out
    assert give("deploy", *image, "--report", str(tmp_path), "--result", str(tmp_path / "r.json")) == 0
    expected = [
        "freezes cannot be read from http://127.0.0.1:9/f: ConnectionError",
        "deploys are frozen until the end of 2027-01-31: stocktaking",
    ]
    assert json.loads((tmp_path / "r.json").read_text())["overridden"] == expected
    (check,) = [
        step
        for step in json.loads((tmp_path / "timeline.json").read_text())["steps"]
        if step["name"] == "check"
    ]
    notes = [note["text"] for note in check["notes"]]
    assert [f"CHG0000001 overrides: {reason}" for reason in expected] == notes[:2]
    capsys.readouterr()

    assert cli.run(["history", "shop", "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)["runs"]
    assert record["overridden"] == expected


def test_two_services_of_a_tier_are_not_deployed_at_once(
    make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make()
    with_locks(one, 'tier = "payments"\nwindows = ["mon 03:00-04:00 UTC"]\n')
    give = commands(one, monkeypatch)
    other = open_lock(one.world.aws, one.settings, lease_name("payments"), one.world.clock, "deploy of cart")
    with other:
        one.world.clock.woken.append(lambda _: other.check())  # it is at work
        assert give("plan", "--image", one.image) == 5
        assert give("deploy", "--image", one.image) == 5
        said = capsys.readouterr().err
        assert said.count("tier payments: deploy of cart") == 2
        assert said.count("error: the time is in no deployment window") == 2
        one.world.clock.woken.clear()
    with_locks(one, 'tier = "payments"\n')
    assert give("deploy", "--image", one.image) == 0
    active(one, NEW)
    with other:
        assert give("rollback") == 0  # asks no tier
        active(one, OLD)


def test_a_run_that_was_killed_releases_the_tier_by_expiry(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    with_locks(one, 'tier = "payments"\n')
    dead = open_lock(one.world.aws, one.settings, lease_name("payments"), one.world.clock, "deploy of cart")
    dead.__enter__()
    one.world.clock.slept.clear()
    assert commands(one, monkeypatch)("deploy", "--image", one.image) == 0
    assert sum(one.world.clock.slept) >= LEASE
    active(one, NEW)
    with pytest.raises(DeliveryError, match="was lost"):
        dead.check()


def test_a_canary_that_waits_holds_no_tier_and_promote_asks_for_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make()
    with_locks(one, 'tier = "payments"\n')
    give = commands(one, monkeypatch)
    assert give("deploy", "--image", one.image, "--strategy", "canary") == 4
    other = open_lock(one.world.aws, one.settings, lease_name("payments"), one.world.clock, "deploy of cart")
    with other:
        one.world.clock.woken.append(lambda _: other.check())
        assert give("promote") == 5
        assert one.state()[NEW]["tags"][tags.STATE] == "waiting"
        one.world.clock.woken.clear()
    assert give("promote") == 0
    active(one, NEW)


def test_a_tier_needs_a_table_of_locks() -> None:
    for table in ("defaults", "apps.shop", "clusters.shop", "accounts.test.defaults"):
        with pytest.raises(SettingsError, match="has a tier, and"):
            loads(f'[lock]\ntable = "none"\n[{table}]\ntier = "payments"\n')
    with pytest.raises(SettingsError, match="must be letters"):
        loads('[defaults]\ntier = "a b"\n')
