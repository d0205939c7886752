"""The simulated world and the policies it is compared by: laws of conservation, and measured algorithms."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from dynaslave.cli import main as cli
from dynaslave.deciding.decide import decide
from dynaslave.deciding.outcome import Outcome
from dynaslave.pools.pool import AgentPool, make
from dynaslave.pools.prices import shipped
from dynaslave.pools.schedules import during
from dynaslave.simulate.bound import bound
from dynaslave.simulate.dynaslave_policy import Ours
from dynaslave.simulate.engine import Played, run
from dynaslave.simulate.faults import NEVER, Chance, FaultRates
from dynaslave.simulate.plot import _counts, to_svg
from dynaslave.simulate.policies import NAMES, policy
from dynaslave.simulate.result import Figures, quantile, result
from dynaslave.simulate.whatif import (
    EXECUTORS,
    IDLE_MINUTES,
    SPARES,
    Setting,
    advice,
    coarse_policy,
    frontier,
    knobs_of,
    same_course,
    sweep,
)
from dynaslave.simulate.world import World
from dynaslave.trace import TraceBuild

pytestmark = pytest.mark.slow


def pool(name: str = "p", **arguments: Any) -> AgentPool:
    return make({"name": name, "max_agents": 20, "instance_types": ["c7i.large"], **arguments})


def play(
    builds: Sequence[TraceBuild],
    name: str = "no-delay",
    *pools: AgentPool,
    seed: int = 1,
    faults: FaultRates | None = None,
) -> Played:
    wanted = {one.name: one for one in pools or (pool(),)}
    return run(
        sorted(builds, key=lambda one: one.submit), wanted, policy(name, shipped()), Chance(seed, faults)
    )


def launches(played: Played) -> list[float]:
    return [machine.launched for machine in played.world.machines]


# the world's laws, whatever the policy

POOLS = (
    pool("a", label="linux a", executors=2, max_agents=6, idle_minutes=1, priority=1),
    pool("b", label="linux b", max_agents=3, min_agents=1, spot=True),
    pool("c", max_agents=4, max_uses=1, spares=1),
)
BUILD = st.builds(
    TraceBuild,
    st.integers(0, 4000).map(float) | st.integers(0, 4).map(lambda number: number * 1000.0),
    st.integers(0, 900).map(float),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["", "", "linux", "linux&&!a"]),
)
FAULTS = st.sampled_from([FaultRates(), FaultRates(0.3, 0.2, 2.0), FaultRates(never_connect=0.5)])


@settings(max_examples=30, deadline=None)
@given(st.lists(BUILD, min_size=1, max_size=40), st.sampled_from(NAMES), FAULTS, st.integers(0, 5))
def test_the_laws_of_the_world(builds: list[TraceBuild], name: str, faults: FaultRates, seed: int) -> None:
    played = play(builds, name, *POOLS, seed=seed, faults=faults)
    world = played.world
    figures = result(name, played)
    started = [at for at in world.started if at < NEVER]
    assert figures.all.jobs == len(builds)
    assert figures.all.starved == len(builds) - len(started)
    assert figures.all.killed == 0
    spans: dict[str, list[tuple[float, int]]] = {}
    for build, at, machine in zip(world.builds, world.started, world.ran_on, strict=True):
        if machine is None:
            assert at == NEVER
            continue
        assert at >= build.submit
        assert at >= machine.serves_at
        end = min(at + build.duration, machine.ended)
        assert end == at + build.duration or machine.interrupted
        spans.setdefault(machine.name, []).extend([(at, 1), (end, -1)])
    for machine in world.machines:
        running = 0
        for _, change in sorted(spans.get(machine.name, []), key=lambda one: (one[0], one[1])):
            running += change
            assert running <= machine.executors
        assert machine.ended >= machine.launched
    for state in world.pools.values():
        assert max_at_once([(one.launched, one.ended) for one in world.machines if one.pool is state]) <= (
            state.pool.max_agents
        )
    assert math.isclose(
        figures.all.agent_hours, math.fsum(one.agent_hours for one in figures.pools.values()), abs_tol=1e-9
    )
    assert sum(one.jobs for one in figures.pools.values()) == len(builds)
    again = play(builds, name, *POOLS, seed=seed, faults=faults)
    assert result(name, again) == figures


def max_at_once(spans: list[tuple[float, float]]) -> int:
    changes = sorted([(start, 1) for start, _ in spans] + [(stop, -1) for _, stop in spans])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


@settings(max_examples=40, deadline=None)
@given(st.lists(BUILD, min_size=1, max_size=40), st.sampled_from(NAMES))
def test_builds_of_one_label_start_in_the_order_they_came(builds: list[TraceBuild], name: str) -> None:
    played = play([one._replace(pool="c", label="") for one in builds], name, POOLS[2])
    starts = [at for at in played.world.started if at < NEVER]
    assert starts == sorted(starts)


@settings(max_examples=30, deadline=None)
@given(st.lists(BUILD, min_size=1, max_size=30))
def test_without_faults_every_build_runs_to_its_end(builds: list[TraceBuild]) -> None:
    for name in NAMES:
        played = play(builds, name, *POOLS)
        figures = result(name, played).all
        assert (figures.starved, figures.interrupted) == (0, 0)
        busy = math.fsum(machine.busy for machine in played.world.machines)
        assert busy == pytest.approx(math.fsum(one.duration for one in builds))


# the baselines, as they were measured


@pytest.mark.parametrize(("busy", "seconds"), [(1, 110), (2, 150), (3, 180), (5, 200), (10, 210), (20, 210)])
def test_the_standard_strategy_waits_as_jenkins_does(busy: int, seconds: float) -> None:
    builds = [TraceBuild(1000, 1e5, "p") for _ in range(busy)] + [TraceBuild(5000, 10, "p")]
    found = launches(play(builds, "node-provisioner", pool(min_agents=busy, max_agents=100)))
    assert [at - 5000 for at in found if at > 0] == [seconds]


def test_the_standard_strategy_launches_155_agents_for_100_builds() -> None:
    found = launches(play([TraceBuild(1000, 300, "p")] * 100, "node-provisioner", pool(max_agents=1000)))
    assert len(found) == 155
    assert [count for _, count in sorted(Counter(found).items())][:5] == [10, 9, 17, 15, 20]


def test_the_plugin_ends_agents_after_half_an_hour_idle() -> None:
    (machine,) = play([TraceBuild(1000, 100, "p")], "node-provisioner").world.machines
    idle = machine.ended - (machine.serves_at + 100)
    assert 1800 <= idle < 1860
    assert machine.ended % 60 == 0


def test_no_delay_launches_what_is_missing_at_once_and_keeps_it_for_the_idle_time() -> None:
    played = play([TraceBuild(1001, 100, "p")] * 3 + [TraceBuild(1004, 100, "p")])
    assert launches(played) == [1005.0] * 4
    for machine in played.world.machines:
        assert 300 <= machine.ended - (machine.serves_at + 100) < 305
    again = play([TraceBuild(1001, 100, "p"), TraceBuild(1500, 10, "p")])
    assert len(launches(again)) == 1


def test_no_delay_counts_agents_that_never_come_for_ever() -> None:
    seed = next(
        seed for seed in range(99) if Chance(seed, FaultRates(never_connect=0.3)).fate("p", 0).boot == NEVER
    )
    figures = result("", play([TraceBuild(0, 10, "p")], seed=seed, faults=FaultRates(never_connect=0.3))).all
    assert (figures.starved, figures.launches) == (1, 1)
    assert figures.wait_max_s >= 86_400


def test_a_fixed_fleet_is_there_and_is_not_replaced() -> None:
    figures = result(
        "fixed", play([TraceBuild(0, 100, "p"), TraceBuild(7000, 200, "p")], "fixed", pool(max_agents=2))
    ).all
    assert (figures.wait_max_s, figures.launches) == (0, 2)
    assert figures.agent_hours == pytest.approx(2 * (7200 + 180) / 3600)
    lost = play(
        [TraceBuild(0, 1, "p"), TraceBuild(90_000, 1, "p")],
        "fixed",
        pool(spot=True),
        faults=FaultRates(interruptions=9),
    )
    assert result("fixed", lost).all.starved == 1


def test_interruptions_take_spot_agents_and_what_runs_there() -> None:
    builds = [TraceBuild(at * 10.0, 3000, "p") for at in range(15)]
    lost = result("", play(builds, "no-delay", pool(spot=True), faults=FaultRates(interruptions=1.0))).all
    kept = result("", play(builds, "no-delay", pool(), faults=FaultRates(interruptions=1.0))).all
    assert lost.interrupted > 0
    assert kept.interrupted == 0
    assert lost.cost < kept.cost


def test_the_minimum_a_machine_is_billed_for() -> None:
    played = play([TraceBuild(0, 1, "p")], "no-delay", pool(idle_minutes=0))
    figures = result("", played).all
    (machine,) = played.world.machines
    assert figures.agent_hours == pytest.approx(max(60.0, machine.ended) / 3600)
    assert figures.cost == pytest.approx(figures.agent_hours * 0.08925)


def test_two_policies_meet_the_same_fate() -> None:
    chance = Chance(7, FaultRates(0.5, 0.5, 1.0))
    assert [chance.fate("p", at) for at in range(5)] == [
        Chance(7, FaultRates(0.5, 0.5, 1.0)).fate("p", at) for at in range(5)
    ]
    boots = [Chance(3).fate("p", at).boot for at in range(2000)]
    assert 60 <= min(boots) < 62
    assert 178 < max(boots) <= 180
    assert sum(boots) / len(boots) == pytest.approx(120, abs=2)


def test_where_launches_fail_builds_wait_less_than_half_as_long_as_under_the_rules_of_others() -> None:
    """Six builds an hour of four minutes, for three days: the wait of all but one in twenty."""
    dice = Random(3)
    builds, now = [], 0.0
    while (now := now + dice.expovariate(1 / 600)) < 3 * 86_400:
        builds.append(TraceBuild(now, dice.uniform(60, 420), "p"))
    types = ["c7i.xlarge", "c6i.xlarge"]
    pools = {"p": make({"name": "p", "max_agents": 20, "instance_types": types, "spot": True})}
    faults = FaultRates(capacity_errors=0.1, never_connect=0.03, interruptions=0.05)
    ours, plugin, no_delay = (
        result(name, run(builds, pools, policy(name, shipped()), Chance(3, faults))).all
        for name in ("default", "node-provisioner", "no-delay")
    )
    assert ours.wait_p95_s < min(plugin.wait_p95_s, no_delay.wait_p95_s) / 2
    assert (ours.killed, ours.starved) == (0, 0)


def test_quantiles_by_nearest_rank() -> None:
    assert [quantile(range(1, 21), share) for share in (0.5, 0.95, 0.99, 1.0)] == [10, 19, 20, 20]
    assert quantile([], 0.5) == 0


def test_looks_that_are_left_out_would_have_changed_nothing() -> None:
    dice = Random(3)
    builds = [TraceBuild(at * 40.0, 20 + 400 * dice.random() ** 3, "abc"[at % 3]) for at in range(120)]
    builds += [TraceBuild(5000 + at * 1500.0, 100, "b") for at in range(6)]
    wanted = {one.name: one for one in POOLS}
    ordered = sorted(builds, key=lambda one: one.submit)
    for faults in (FaultRates(), FaultRates(0.2, 0.1, 0.5)):
        played = [
            run(ordered, wanted, Ours(shipped(), every_look=every), Chance(2, faults))
            for every in (False, True)
        ]
        assert result("", played[0]) == result("", played[1])
        assert launches(played[0]) == launches(played[1])


class Checked(Ours):
    """Decides every look in full, and compares."""

    same = 0

    def _unchanged(self, world: World) -> Outcome | None:
        quick = super()._unchanged(world)
        if quick is not None:
            self.same += 1
            full = decide(self._view.snapshot(world), self._pools, self._memory, self._limits, shown=False)
            assert quick == full
        return quick


SCHEDULED = replace(POOLS[0], schedule=(during("H * * * *", spares=1),))


@settings(max_examples=20, deadline=None)
@given(st.lists(BUILD, min_size=1, max_size=40), FAULTS, st.integers(0, 5), st.booleans())
def test_a_look_that_shows_the_same_is_decided_as_any_other(
    builds: list[TraceBuild], faults: FaultRates, seed: int, scheduled: bool
) -> None:
    pools = (SCHEDULED, *POOLS[1:]) if scheduled else POOLS
    ordered = sorted(builds, key=lambda one: one.submit)
    run(ordered, {one.name: one for one in pools}, Checked(shipped()), Chance(seed, faults))


def test_looks_that_show_the_same_are_not_decided_in_full() -> None:
    checked = Checked(shipped())
    run([TraceBuild(100.0 * at, 250, "p") for at in range(60)], {"p": pool()}, checked, Chance(1))
    assert checked.same > 60


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("change", "faults", "same"),
    [
        ({"max_agents": 40}, FaultRates(), True),
        ({"max_agents": 12}, FaultRates(never_connect=0.1), True),
        ({"max_agents": 2}, FaultRates(), False),
        ({"max_agents": 40}, FaultRates(capacity_errors=0.2), False),
        ({"spot": "prefer"}, FaultRates(never_connect=0.1), True),
        ({"spot": "prefer"}, FaultRates(interruptions=1.0), False),
        ({"idle_minutes": 1.0}, FaultRates(), False),
    ],
)
def test_a_setting_that_changes_no_course_is_not_played(
    name: str, change: dict[str, Any], faults: FaultRates, same: bool
) -> None:
    dice = Random(5)
    builds = [TraceBuild(600.0 * (at // 4), 60 + 300 * dice.random(), "p") for at in range(60)]
    own = pool()

    def played(one: AgentPool) -> Played:
        return run(builds, {"p": one}, policy(name, shipped()), Chance(1, faults))

    known = same_course(played(own), own, knobs_of(own)._replace(**change), Chance(1, faults))
    if name == "fixed" and "max_agents" in change:
        same = False  # it has as many agents as it may have
    assert (known is not None) is same
    if known is not None:
        assert result("", known) == result("", played(replace(own, **change)))


# what is told


def test_the_frontier_has_what_nothing_beats() -> None:
    def setting(hours: float, p95: float, executors: int = 1) -> Setting:
        return Setting(5, 0, executors, Figures(1, 0, 0, p95, 0, 0, hours, 0, 0, 0, 0, 0, 0))

    kept = [setting(1, 90), setting(2, 50), setting(3, 10), setting(5, 60, 2)]
    assert frontier([setting(2, 95), *kept[::-1], setting(3, 50), setting(6, 60, 2)]) == kept


def test_what_if_holds_the_pool_as_it_is() -> None:
    chance: Callable[[], Chance] = lambda: Chance(1)  # noqa: E731
    told: list[tuple[int, int]] = []
    most = pool().max_agents
    found = sweep(
        [TraceBuild(0, 60, "p"), TraceBuild(900, 60, "p")],
        pool(idle_minutes=7),
        lambda: policy("no-delay", {}),
        chance,
        lambda done, planned: told.append((done, planned)),
    )
    assert [done for done, _ in told] == list(range(1, len(found) + 1))
    assert all(done <= planned for done, planned in told)
    assert [(one.idle_minutes, one.spares, one.executors) for one in found if one.current] == [(7, 0, 1)]
    assert {one.idle_minutes for one in found} == {7, *IDLE_MINUTES}
    assert {one.spares for one in found} == set(SPARES)
    assert {one.executors for one in found} == set(EXECUTORS)
    assert {one.max_agents for one in found} == {most, most // 2, 2 * most}
    assert {one.spot for one in found} == {"no", "prefer"}
    assert len(found) <= 20


@pytest.mark.slow
def test_several_processes_find_the_same() -> None:
    dice = Random(1)
    builds = [TraceBuild(60.0 * number, dice.uniform(20, 900), "p") for number in range(100)]
    settings = [
        sweep(
            builds, pool(), partial(coarse_policy, "default", shipped()), partial(Chance, 1), None, processes
        )
        for processes in (1, 2)
    ]
    assert settings[0] == settings[1]


def test_the_advice_is_one_sentence() -> None:
    def setting(idle: float, hours: float, p95: float, *, current: bool = False) -> Setting:
        return Setting(idle, 0, 1, Figures(1, 0, 0, p95, 0, 0, hours, hours, 0, 0, 0, 0, 0), current, 9)

    now = setting(5, 100, 90, current=True)
    assert advice([now, setting(1, 90, 120), setting(9, 120, 80)]).startswith("Leave the pool as it is")
    cheap = replace(now, figures=setting(5, 30, 90).figures, current=False, spot="prefer")
    assert advice([now, cheap]).startswith("Leave the pool as it is")
    said = advice([now, setting(2, 80, 90), setting(3, 85, 60)])
    assert said.startswith(
        "Set idle_minutes = 2: builds wait 90 s (p95) instead of 90 s, for $80.00 instead of"
    )


def test_the_bound_waits_for_nothing_and_costs_least() -> None:
    builds = [TraceBuild(at * 400.0, 200, "p") for at in range(10)] + [
        TraceBuild(5000, 60, "p"),
        TraceBuild(5100, 60, "p"),
    ]
    lowest = bound(builds, {"p": pool()}, {}).all
    assert (lowest.wait_mean_s, lowest.jobs, lowest.launches) == (0, 12, 11)
    assert lowest.agent_hours * 3600 == pytest.approx(10 * 320 + 120 + 60 + 40 + 60)
    assert lowest.agent_hours <= result("x", play(builds)).all.agent_hours


def test_a_plot_shows_what_is_shorter_than_a_bin() -> None:
    assert _counts([(10.5, 10.6), (10.55, 10.7), (25.0, 40.0), (5.0, 5.0)], [0.0, 10.0, 20.0, 30.0]) == [
        0,
        2,
        1,
        1,
    ]
    root = etree.fromstring(
        to_svg("x", play([TraceBuild(at * 86400.0, 500, "p") for at in range(4)])).encode()
    )
    texts = {one.text for one in root.iter("{*}text")}
    assert {"day 1", "day 2", "day 3", "day 4"} <= texts


def test_a_plot_is_an_svg_of_queue_and_executors() -> None:
    root = etree.fromstring(to_svg("a < b", play([TraceBuild(10, 500, "p")] * 5)).encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    titles = [one.text for one in root.iter("{*}title")]
    assert "builds waiting: now 0, at most 5" in titles
    assert {"waiting", "busy", "idle", "starting"} <= set(titles)


TRACE = "submit_s,duration_s,pool\n" + "".join(f"{at * 40},{60 + at},linux\n" for at in range(50))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    (tmp_path / "t.csv").write_text(TRACE)
    (tmp_path / "pools.toml").write_text('[pools.linux]\nmax_agents = 9\nteam = "web"\n')
    return ["simulate", "--trace", str(tmp_path / "t.csv"), "--pool", str(tmp_path / "pools.toml")]


def test_the_command_prints_one_policy_as_json(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*files, "--policy", "no-delay", "--json", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    found = json.loads(out)
    keys = "policy jobs wait_mean_s wait_p50_s wait_p95_s wait_p99_s agent_hours utilisation launches killed starved cost"
    assert not set(keys.split()) - set(found)
    assert (found["policy"], found["jobs"], found["killed"], found["starved"]) == ("no-delay", 50, 0, 0)
    assert found["pools"]["linux"] == found["teams"]["web"]
    assert cli.run([*files, "--policy", "no-delay", "--json", "--seed", "3"]) == 0
    assert capsys.readouterr().out == out


def test_the_command_sets_policies_side_by_side(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "x.svg"
    assert cli.run([*files, "--policy", "fixed", "--policy", "no-delay", "--plot", str(plot)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["fixed", "no-delay"]
    assert "pool linux" not in "".join(lines)  # it is all there is
    assert "team web" not in "".join(lines)
    assert plot.read_text().startswith("<svg")
    assert cli.run([*files, "--policy", "all", "--json"]) == 0
    assert [one["policy"] for one in json.loads(capsys.readouterr().out)] == list(NAMES)


def test_the_command_sweeps(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*files, "--policy", "no-delay", "--what-if"]) == 0
    text = capsys.readouterr().out
    assert text.split()[0] in ("Set", "Leave")
    assert re.search(r"pool linux: 1\d settings, those worth it", text)
    assert text.splitlines()[-1].endswith("bound")
    assert cli.run([*files, "--policy", "no-delay", "--what-if", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["policy"] == "no-delay"
    settings = found["pools"]["linux"]
    assert 12 <= len(settings) <= 20
    (now,) = (one for one in settings if one["current"])
    assert (now["idle_minutes"], now["spares"], now["executors"]) == (5, 0, 1)
    worth = [one for one in settings if one["worth_it"]]
    assert {line.split()[5] for line in text.splitlines()[3:]} >= {
        f"{one['wait_p95_s']:.0f}" for one in worth
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "nodelay"], 'did you mean "no-delay"?'),
        (["--never-connect", "3"], "is not in the range 0<=x<=1"),
        (["--trace", "none.csv"], "does not exist"),
        (["--what-if", "--plot", "x.svg"], "draws nothing"),
        (["--what-if", "--policy", "all"], "under one policy"),
    ],
)
def test_wrong_arguments(
    files: list[str], arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*files, *arguments]) == 64
    assert said in capsys.readouterr().err


def test_mistakes_of_files_are_told_by_line(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(files[2]).write_text("1,2,mac\n")
    assert cli.run(files) == 1
    assert "t.csv:1: error: there is no pool 'mac'" in capsys.readouterr().err
