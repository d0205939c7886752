"""Deploys in waves: in order, watched in between, stopped or rolled back, and resumed from tags alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from delivery import cli, names, tags
from delivery.cli_options import CommonOptions
from delivery.deploy import cli_common
from delivery.deploy.context import Site
from delivery.deploy.operations import CommandOutcome
from delivery.errors import DeliveryError
from delivery.lock import FreeLock
from delivery.rollout.places import places_of
from delivery.rollout.progress import is_open
from delivery.rollout.record import WavesRecorder
from delivery.rollout.runner import WavesRun
from delivery.settings import loads
from delivery.timeline import Timeline
from deploy_case import SIZE, TOML, Case, Make, cases
from deploy_strict import READING
from ec2_strict import Fault, KillError

pytestmark = pytest.mark.slow

A, B, C = "shop-a-v000", "shop-b-v000", "shop-c-v000"
TWO = 'waves = [["shop-a"], ["shop-b"]]\nwave_soak_minutes = 5\n'
THREE = 'waves = [["shop-a"], ["shop-b", "shop-c"]]\nwave_soak_minutes = 5\n'


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def several(make: Make, toml: str, fault: Fault | None = None) -> Case:
    """Clusters shop-a, shop-b and shop-c, each with a group in traffic."""
    one = make(extras=False)
    one.settings = loads(TOML + toml)
    for group in (A, B, C)[: toml.partition("]]")[0].count("shop-")]:
        one.places[group[:6]] = one.world.target_group(group[:6])
        one.world.group(group, SIZE, TargetGroupARNs=[one.places[group[:6]]], HealthCheckType="ELB")
    one.strict.adopt()
    one.strict.calls.clear()
    one.strict.faults = [fault] if fault else []
    return one


def run_of(one: Case) -> WavesRun:
    """A process that has just been started."""
    one.strict.revive()
    cluster = names.cluster("shop")
    world, settings = one.world, one.settings
    timeline = Timeline(world.clock, one.lines.append)

    def opened(cluster: names.ClusterName, timeline: Timeline) -> Site:
        deploy = settings.deploy(world.aws.account, "shop", str(cluster))
        return Site(world.aws, world.clock, FreeLock(world.clock), settings, deploy, timeline, cluster)

    waves = places_of(settings, world.aws, cluster)
    return WavesRun(
        opened(cluster, timeline), waves, lambda place: opened(place.cluster, timeline.within(place.name))
    )


def deploy(one: Case, act: Callable[[WavesRun], CommandOutcome] | None = None) -> CommandOutcome:
    run = run_of(one)
    if act is not None:
        return act(run)
    return run.run(run.begin(one.image), WavesRecorder(run.site, "waves"))


def rollback(one: Case) -> CommandOutcome:
    run = run_of(one)
    rollout = run.current()
    assert rollout is not None
    return run.back(rollout, "a test")


def taking(one: Case) -> dict[str, list[str]]:
    """Images of the groups that serve, by cluster."""
    found: dict[str, list[str]] = {}
    for name, state in one.state().items():
        if name.startswith("shop-") and not name.startswith("shop-v") and state["serving"]:
            found.setdefault(name[:6], []).extend(state["images"])
    return found


def done_at(one: Case, group: str) -> str:
    return next(tag["Value"] for tag in one.strict.groups[group].tags if tag["Key"] == tags.WAVE_DONE)


def test_each_wave_follows_the_one_before_once_that_has_soaked(make: Make) -> None:
    one = several(make, THREE)
    ending = deploy(one)
    assert (ending.outcome, ending.exit_code) == ("deployed", 0)
    assert taking(one) == {"shop-a": ["new"], "shop-b": ["new"], "shop-c": ["new"]}
    position = {text: next(index for index, line in enumerate(one.lines) if text in line) for text in (
        "shop-a done", "soak-1: wave 1 of 2 must stay healthy for 5 min", "shop-b template", "shop-c template",
    )}  # fmt: skip
    assert [*position.values()] == sorted(position.values())
    assert [place["state"] for place in ending.places] == ["done"] * 3
    begun = {
        name: next(tag["Value"] for tag in one.strict.groups[name].tags if tag["Key"] == tags.BEGUN)
        for name in ("shop-b-v001", "shop-c-v001")
    }
    assert begun["shop-b-v001"] < done_at(one, "shop-b-v001") <= begun["shop-c-v001"]


def test_a_failure_stops_and_leaves_the_wave_before(make: Make) -> None:
    one = several(make, THREE)
    run = run_of(one)
    original = run.open_site

    def broken(place: Any) -> Site:
        site = original(place)
        return site if place.name == "shop-a" else _failing(site)

    run.open_site = broken
    ending = run.run(run.begin(one.image), WavesRecorder(run.site, "waves"))
    assert (ending.outcome, ending.exit_code) == ("stopped", 1)
    assert "stopped in wave 2 of 2: shop-b failed" in ending.summary
    assert "shop-a keep it: delivery waves rollback" in ending.summary
    assert taking(one) == {"shop-a": ["new"], "shop-b": ["old"], "shop-c": ["old"]}
    assert not any("shop-c template" in line for line in one.lines)
    assert deploy(one).outcome == "deployed"  # a new rollout; what has the image is left as it is
    assert taking(one) == {"shop-a": ["new"], "shop-b": ["new"], "shop-c": ["new"]}


def _failing(site: Site) -> Site:
    site.deploy = replace(site.deploy, gate_command="exit 1")
    return site


def test_a_failure_rolls_everything_back_where_the_settings_say_so(make: Make) -> None:
    one = several(make, THREE + 'wave_failure = "rollback"\n[clusters.shop-c]\ngate_command = "exit 1"\n')
    ending = deploy(one)
    assert (ending.outcome, ending.exit_code) == ("rolled back", 3)
    assert taking(one) == {"shop-a": ["old"], "shop-b": ["old"], "shop-c": ["old"]}
    assert [place["state"] for place in ending.places] == ["failed"] * 3


def test_what_becomes_ill_while_it_soaks_is_rolled_back_and_no_wave_follows(make: Make) -> None:
    one = several(make, TWO)

    def spoil(_: str) -> None:
        if any("soak-1" in line for line in one.lines):
            one.strict.bad.add(one.image)

    one.strict.watching.append(spoil)
    ending = deploy(one)
    assert ending.outcome == "stopped"
    assert taking(one) == {"shop-a": ["old"], "shop-b": ["old"]}
    assert "shop-b-v001" not in one.strict.groups


def test_what_refuses_any_place_refuses_all_before_anything_is_made(make: Make) -> None:
    one = several(
        make,
        THREE
        + '[clusters.shop-b]\nwindows = ["mon 03:00-04:00 UTC"]\n[clusters.shop-c]\nalarms = ["gone"]\n',
    )
    with pytest.raises(DeliveryError) as caught:
        deploy(one)
    assert caught.value.exit_code == 5
    assert [problem.message for problem in caught.value.problems] == [
        "shop-b: the time is in no deployment window: mon 03:00-04:00 UTC",
        "shop-c: there is no alarm 'gone' in default, eu-west-1",
    ]
    assert not [name for name in one.strict.operations() if not name.startswith(READING)]


def test_a_canary_that_waits_ends_the_run_and_resume_goes_on(make: Make) -> None:
    one = several(make, TWO + 'strategy = "canary"\n')
    ending = deploy(one)
    assert (ending.outcome, ending.exit_code) == ("waiting", 4)
    assert "delivery promote --cluster shop-a" in ending.summary
    from delivery.deploy import operations

    run = run_of(one)
    assert operations.promote(run.open_site(run.places[0])).outcome == "deployed"
    assert deploy(one).outcome == "waiting"
    run = run_of(one)
    assert operations.promote(run.open_site(run.places[1])).outcome == "deployed"
    assert deploy(one).outcome == "deployed"
    assert taking(one) == {"shop-a": ["new"], "shop-b": ["new"]}


def test_a_rollback_of_waves_goes_back_everywhere_from_anywhere(make: Make) -> None:
    one = several(make, THREE)
    one.strict.faults = [Fault(KillError(), "after", operation="AttachLoadBalancerTargetGroups")]
    with pytest.raises(KillError):
        deploy(one)
    one.strict.faults = []
    assert rollback(one).outcome == "rolled back"
    assert taking(one) == {"shop-a": ["old"], "shop-b": ["old"], "shop-c": ["old"]}
    assert deploy(one).outcome == "deployed"
    assert rollback(one).outcome == "rolled back"
    assert taking(one) == {"shop-a": ["old"], "shop-b": ["old"], "shop-c": ["old"]}


def end_of(one: Case) -> dict[str, Any]:
    state = one.state()
    for group in state.values():
        group["tags"].pop(tags.ROLLOUT, None)
    return state


@pytest.mark.parametrize(
    "failure", ["", 'wave_failure = "rollback"\n[clusters.shop-b]\ngate_command = "exit 1"\n']
)
def test_killed_anywhere_and_resumed_it_reaches_the_same_end(make: Make, failure: str) -> None:
    one = several(make, TWO + failure)
    outcome = deploy(one).outcome
    end, operations = end_of(one), one.strict.operations()
    changing = [number for number, name in enumerate(operations) if not name.startswith(READING)]
    for number in changing[len(failure) % 3 :: 4]:
        one = several(make, TWO + failure, Fault(KillError(), "after", number=number))
        with pytest.raises(KillError):
            deploy(one)
        one.strict.faults = []
        where = f"killed after call {number}, {operations[number]}"
        run = run_of(one)
        rollout = run.current()
        if rollout is not None and not is_open(run.states(rollout), rolls_back=run.rolls_back):
            assert end_of(one) == end, where  # it was over: another deploy would be a rollout of its own
            continue
        ending = deploy(one)
        assert ending.outcome == outcome, where
        assert end_of(one) == end, where
        run = run_of(one)
        if rollout is not None and outcome == "deployed":
            assert run.current() == rollout, where


def test_the_commands_plan_deploy_and_roll_back(
    make: Make, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = several(make, TWO)
    monkeypatch.setattr(CommonOptions, "settings", property(lambda _: one.settings))
    monkeypatch.setattr(CommonOptions, "aws", property(lambda _: one.world.aws))
    monkeypatch.setattr(cli_common, "HostClock", lambda: one.world.clock)

    def give(command: str, *more: str) -> tuple[int, str]:
        one.strict.revive()
        code = cli.run(["waves", command, "--cluster", "shop", "--region", "eu-west-1", *more])
        output = capsys.readouterr()
        return code, output.out + output.err

    code, text = give("plan", "--image", one.image)
    assert code == 0, text
    assert "wave 2 of 2" in text
    assert "shop-b in default, eu-west-1: red-black deploy as shop-b-v001" in text
    assert not [name for name in one.strict.operations() if not name.startswith(READING)]
    code, text = give("deploy", "--image", one.image, "--yes")
    assert code == 0, text
    assert taking(one) == {"shop-a": ["new"], "shop-b": ["new"]}
    code, text = give("status")
    assert code == 0
    assert "shop-b-v001" in text
    code, text = give("resume")
    assert (code, "no rollout of shop is under way" in text) == (2, True)
    code, text = give("rollback", "--reason", "a test")
    assert code == 0, text
    assert taking(one) == {"shop-a": ["old"], "shop-b": ["old"]}
