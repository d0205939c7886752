"""A deploy that failed: why, in the result; its group, kept as long as asked; and each change reported once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery import tags
from delivery.clean.groups_policy import decide, seen
from delivery.clock import FakeClock, iso
from delivery.deploy.plan import canary_size
from delivery.errors import ROLLED_BACK
from delivery.health import probes
from delivery.settings import Deploy, loads
from delivery.timeline import Timeline
from deploy_case import NEW, OLD, TOML, Case, Make, cases, commands
from ec2_strict import Fault, KillError

pytestmark = pytest.mark.slow

Run = Callable[..., int]
GATE = 'gate_command = "echo checking; echo configuration is wrong; exit 3"\n'


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give a command in a case."""

    def run(one: Case, command: str, *more: str) -> int:
        return commands(one, monkeypatch)(command, *more)

    return run


def test_the_result_has_the_whole_output_of_the_gate_and_the_consoles(
    make: Make, give: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = make(GATE)
    file = tmp_path / "result.json"
    assert give(one, "deploy", "--image", one.image, "--result", str(file)) == ROLLED_BACK
    result = json.loads(file.read_text())
    assert result["gate_output"] == "checking\nconfiguration is wrong\n"
    assert len(result["console_output"]) == 2
    for id, text in result["console_output"].items():
        assert text == f"booting {id}\nshop[1]: cannot read its configuration\n"
    said = capsys.readouterr().err
    assert "| configuration is wrong" in said
    assert "| shop[1]: cannot read its configuration" in said


@pytest.mark.parametrize("fault", ["UnauthorizedOperation", "InternalError"])
def test_a_console_that_cannot_be_read_stops_no_rollback(make: Make, give: Run, fault: str) -> None:
    one = make(GATE)
    one.strict.faults = [Fault(fault, "before", operation="GetConsoleOutput", times=99)]
    assert give(one, "deploy", "--image", one.image) == ROLLED_BACK
    assert one.taking() == [OLD]
    assert one.state()[NEW]["size"][3] == 0


@pytest.mark.parametrize("way", ["attach", "weighted"])
def test_a_failed_group_is_kept_as_long_as_asked(make: Make, give: Run, way: str) -> None:
    one = make(f'{GATE}traffic = "{way}"\n')
    assert give(one, "deploy", "--image", one.image, "--keep-failed", "3") == ROLLED_BACK
    group = one.state()[NEW]
    assert group["size"][3] == 2
    assert group["tags"][tags.STATE] == "failed"
    assert {"Launch", "Terminate", "ReplaceUnhealthy"} <= set(group["suspended"])
    assert one.taking() == [OLD]
    now = one.world.clock.now()
    assert one.world.tags(NEW)[tags.DELETE_AFTER] == iso(now + 3 * 3600 - (now - _kept_since(one)))
    groups = one.world.raw("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    found = [seen(raw, "attached" if raw["AutoScalingGroupName"] == OLD else "") for raw in groups]
    for hours, action in ((2, "keep"), (4, "delete")):
        (decision,) = [each for each in decide(found, now + hours * 3600, 24) if each.group == NEW]
        assert decision.action == action, decision.reason
    # and it is in no other deploy's way
    one.settings = loads(TOML + "max_groups = 2\nkeep = 1\n" + _more(one))
    assert give(one, "deploy", "--image", one.image, "--strategy", "red-black") == 0
    assert one.taking() == ["shop-v002"]
    assert one.state()[NEW]["size"][3] == 2


def _kept_since(one: Case) -> float:
    """When the time began for which the failed group is kept."""
    from datetime import datetime

    return datetime.fromisoformat(one.world.tags(NEW)[tags.DELETE_AFTER]).timestamp() - 3 * 3600


def _more(one: Case) -> str:
    deploy = one.settings.deploy("default", "shop", "shop")
    listener = f'listener = "{deploy.listener}"\n' if deploy.listener else ""
    return f'traffic = "{deploy.traffic}"\n{listener}'


def test_without_being_asked_a_failed_group_keeps_no_instances(make: Make, give: Run) -> None:
    one = make(GATE)
    assert give(one, "deploy", "--image", one.image) == ROLLED_BACK
    assert one.state()[NEW]["size"][3] == 0
    one = make(GATE + "keep_failed_hours = 2\n")
    assert give(one, "deploy", "--image", one.image, "--keep-failed", "0") == ROLLED_BACK
    assert one.state()[NEW]["size"][3] == 0


def test_a_canary_remembers_that_it_is_to_be_kept(make: Make, give: Run) -> None:
    one = make()
    assert give(one, "deploy", "--image", one.image, "--strategy", "canary", "--keep-failed", "3") == 4
    assert give(one, "rollback") == 0
    assert one.state()[NEW]["size"][3] == 1
    assert one.state()[NEW]["tags"][tags.STATE] == "failed"


def test_killed_anywhere_on_its_way_back_a_group_is_kept(make: Make, give: Run) -> None:
    """Every changing call of the rollback, and the state it ends in."""

    def failing() -> Case:
        one = make(GATE)
        one.strict.floor = 2
        return one

    one = failing()
    assert give(one, "deploy", "--image", one.image, "--keep-failed", "3") == ROLLED_BACK
    expected, calls = one.state(), one.strict.operations()
    start = calls.index("DescribeScalingActivities")
    numbers = [n for n, name in enumerate(calls) if n > start and not name.startswith(("Describe", "Get"))]
    assert len(numbers) > 5
    for number in numbers[::2]:
        one = failing()
        one.strict.faults = [Fault(KillError(), "after", number=number)]
        with pytest.raises(KillError):
            give(one, "deploy", "--image", one.image, "--keep-failed", "3")
        assert give(one, "resume") == ROLLED_BACK
        assert one.state()[NEW]["size"] == expected[NEW]["size"], calls[number]
        assert one.state()[NEW]["tags"][tags.STATE] == "failed"


def test_why_a_deploy_failed_is_said_once(
    make: Make, give: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = make(GATE)
    assert give(one, "deploy", "--image", one.image, "--report", str(tmp_path)) == ROLLED_BACK
    said = capsys.readouterr().err
    (line,) = [line for line in said.splitlines() if "is not healthy after 5 minutes" in line]
    assert "configuration is wrong" in line
    report = json.loads((tmp_path / "timeline.json").read_text())
    assert "is not healthy after 5 minutes" in report["outcome"]
    assert "is not healthy after 5 minutes" in (tmp_path / "build-description.txt").read_text()


def test_a_reason_that_no_line_has_said_is_said_at_the_end() -> None:
    lines: list[str] = []
    timeline = Timeline(FakeClock(), lines.append)
    timeline.finish("failed", "no credentials")
    assert "failed: no credentials" in lines[-1]
    timeline.finish("failed", "no credentials")
    assert lines[-1].endswith("failed")
    assert timeline.outcome == "failed: no credentials"


# The gate command, and what it gets.


def test_the_gate_command_knows_both_groups_and_the_step(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "gate.log"
    names = [
        "CLUSTER",
        "GROUP",
        "OLD_GROUP",
        "IMAGE",
        "VERSION",
        "STEP",
        "SECONDS_IN_TRAFFIC",
        "INSTANCES",
        "ADDRESSES",
        "OLD_INSTANCES",
        "OLD_ADDRESSES",
    ]
    line = "|".join(f"${{DELIVERY_{name}}}" for name in names)
    one = make(f"gate_command = 'echo \"{line}\" >> {log}'\nsoak_minutes = 2\n")
    one.world.raw("ec2").create_tags(
        Resources=[one.image], Tags=tags.written({"version": "1.4", "application": "shop"})
    )
    old = one.world.instances(OLD)
    assert one.start().outcome == "deployed"
    looks = [dict(zip(names, text.split("|"), strict=True)) for text in log.read_text().splitlines()]
    of_new = [look for look in looks if look["GROUP"] == NEW]
    assert {look["CLUSTER"] for look in looks} == {"shop"}
    assert {look["OLD_GROUP"] for look in of_new} == {OLD}
    assert {look["IMAGE"] for look in of_new} == {one.image}
    assert {look["VERSION"] for look in of_new} == {"1.4"}
    assert {look["STEP"] for look in of_new} >= {"healthy", "serving", "soak", "off"}
    assert all(sorted(look["OLD_INSTANCES"].split()) == sorted(old) for look in of_new)
    assert all(len(look["OLD_ADDRESSES"].split()) == 2 for look in of_new)
    assert all(len(look["ADDRESSES"].split()) == 2 for look in of_new)
    before = [int(look["SECONDS_IN_TRAFFIC"]) for look in of_new if look["STEP"] == "healthy"]
    during = [int(look["SECONDS_IN_TRAFFIC"]) for look in of_new if look["STEP"] == "soak"]
    assert set(before) == {0}
    assert during == sorted(during)
    assert during[-1] - during[0] == 120


def test_the_gate_command_of_a_first_group_has_no_other(make: Make) -> None:
    one = make('gate_command = "test -z \\"$DELIVERY_OLD_GROUP$DELIVERY_OLD_ADDRESSES\\""\n')
    site = one.site()
    assert site.gate.look(OLD).good(2)


def test_a_group_that_gets_its_traffic_back_counts_anew(make: Make) -> None:
    one = make()
    one.deploy()
    one.world.clock.sleep(3600)
    one.rollback()
    first = one.world.tags(OLD)[tags.TRAFFIC_SINCE]
    assert first > one.world.tags(NEW)[tags.TRAFFIC_SINCE]


def test_output_of_a_command_that_takes_too_long_or_never_stops_printing_is_kept() -> None:
    late = probes.command("echo begun; sleep 20", {}, timeout=1.0)
    assert "longer than" in late.wrong
    assert late.output == "begun\n"
    much = probes.command("yes | head -c 3000000; echo end; exit 1", {})
    assert len(much.output) == 1_000_000
    assert much.output.endswith("end\n")


@pytest.mark.parametrize(
    ("percent", "full", "size"),
    [(None, 10, 3), (10.0, 10, 1), (10.0, 11, 2), (25.0, 8, 2), (1.0, 3, 1), (100.0, 4, 4), (0.1, 1, 1)],
)
def test_a_canary_may_be_a_share_of_the_full_size(percent: float | None, full: int, size: int) -> None:
    settings = replace(Deploy(canary_instances=3), canary_percent=percent)
    assert canary_size(settings, full) == size


def test_canary_percent_is_what_grows(make: Make) -> None:
    one = make("canary_percent = 50\ncanary_instances = 1\n", size=4)
    assert one.start("canary").outcome == "waiting"
    assert one.state()[NEW]["size"][3] == 2
    ending: Any = one.promote()
    assert ending.outcome == "deployed"
