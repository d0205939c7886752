"""Restarts of the controller, lost agents and marks of monitors: what ran goes on, and nothing is stuck."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from acting_stage import Stage
from decide_case import (
    NOW,
    build,
    counts,
    decided,
    drained,
    items,
    kinds,
    look,
    machine,
    node,
    pool,
)
from manager_site import Site

from dynaslave.deciding.decisions import Abandon, Drain, Restore, Retire
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.drain_reasons import Why
from dynaslave.model import AgentState, JenkinsNode, Offline, QueueItem, Running, Snapshot
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from jobdsl.grammar.labels import parse
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.http import HttpRequest

pytestmark = [pytest.mark.slow, pytest.mark.sampled(3)]

PART = Running("http://j/job/x/1/", NOW - 100)
"""A part of a Pipeline."""
BRIEF = pool(idle_minutes=1)


def polls(
    snapshots: list[Snapshot], *pools: Any, memory: Memory | None = None
) -> tuple[Outcome, list[tuple[type, str]]]:
    """Decide one poll after the other; the last outcome, and everything that was decided on the way."""
    memory, decisions = memory or Memory(), []
    for snapshot in snapshots:
        outcome = decided(snapshot, *pools, memory=memory)
        memory = outcome.memory
        decisions += kinds(outcome)
    return outcome, decisions


def busy(**more: Any) -> JenkinsNode:
    return node("p-1", running=(PART,), **more)


def idle_polls(start: float, seconds: float, **more: Any) -> list[Snapshot]:
    return [look((), [node("p-1")], at=NOW + start + at, **more) for at in range(0, int(seconds), 10)]


# What a restart interrupts.


def blind(at: float) -> Snapshot:
    return Snapshot(NOW + at, (), (), (machine("p-1"),), blind=("the controller: no answer",))


GAPS: dict[str, list[Snapshot]] = {
    "a restart that no poll met": [],
    "polls without an answer": [blind(10), blind(20)],
    "a connection that was lost": [look((), [node("p-1", connected=False)], at=NOW + 10, session="a")],
}


@pytest.mark.parametrize("gap", GAPS)
def test_an_agent_whose_build_was_interrupted_is_held_until_it_runs_again(gap: str) -> None:
    session = "a" if gap == "a connection that was lost" else "b"
    before = look((), [busy()], session="a")
    after = idle_polls(30, 500, session=session)
    outcome, decisions = polls([before, *GAPS[gap], *after], BRIEF)
    assert decisions == []
    assert outcome.notes == ("1 agent is kept for builds that were interrupted and may go on there: p-1",)
    resumed = look((), [busy()], at=NOW + 540, session=session)
    _, decisions = polls([resumed, *idle_polls(550, 60, session=session)], BRIEF, memory=outcome.memory)
    assert decisions == []
    outcome, decisions = polls(
        [resumed, *idle_polls(550, 120, session=session)], BRIEF, memory=outcome.memory
    )
    assert (Drain, "p-1") in decisions


def test_a_build_that_does_not_go_on_is_waited_for_ten_minutes() -> None:
    snapshots = [look((), [busy()], session="a"), *idle_polls(30, 590, session="b")]
    outcome, decisions = polls(snapshots, BRIEF)
    assert decisions == []
    assert kinds(
        decided(look((), [node("p-1")], at=NOW + 631, session="b"), BRIEF, memory=outcome.memory)
    ) == [(Drain, "p-1")]


def test_what_ends_while_the_controller_answers_is_over() -> None:
    _, decisions = polls([look((), [busy()], session="a"), *idle_polls(10, 70, session="a")], BRIEF)
    assert decisions == [(Drain, "p-1")]


def test_builds_that_end_with_a_restart_hold_nothing() -> None:
    ends = replace(PART, resumes=False)
    before = look((), [node("p-1", running=(ends,))], session="a")
    _, decisions = polls([before, *idle_polls(10, 70, session="b")], BRIEF)
    assert decisions == [(Drain, "p-1")]


def test_a_manager_that_starts_with_the_controller_holds_what_it_finds() -> None:
    _, decisions = polls([blind(0), *idle_polls(10, 500, session="b")], BRIEF)
    assert decisions == []


@pytest.mark.parametrize("why", [Why.WINDING_DOWN, Why.LAST_BUILD, Why.NO_POOL, Why.OVER])
def test_an_agent_that_drained_with_its_build_is_brought_back_for_it(why: Why) -> None:
    name = "q" if why is Why.NO_POOL else "p"
    more = {"max_uses": 1} if why is Why.LAST_BUILD else {}
    mine = [pool(name, idle_minutes=1, **more)]
    before = look((), [drained("p-1", why, running=(PART,))], session="a")
    away = look((), [drained("p-1", why, connected=False)], at=NOW + 30, session="b")
    back = look((), [drained("p-1", why)], at=NOW + 60, session="b")
    outcome, decisions = polls([before, away, back], *mine)
    assert decisions == []
    item = QueueItem(7, "part of x #1", None, NOW + 60, known=False, build="job/x/1/")
    waits = look([item], [drained("p-1", why)], at=NOW + 65, session="b")
    outcome = decided(waits, *mine, memory=outcome.memory)
    assert kinds(outcome) == [(Restore, "p-1")]
    assert outcome.counted == {7: "p"}
    online = look([item], [node("p-1")], at=NOW + 70, session="b")
    outcome = decided(online, *mine, memory=outcome.memory)
    assert kinds(outcome) == []
    resumed = look((), [busy()], at=NOW + 75, session="b")
    outcome = decided(resumed, *mine, memory=outcome.memory)
    assert kinds(outcome) == ([(Drain, "p-1")] if why in (Why.LAST_BUILD, Why.NO_POOL) else [])
    assert "has taken 2" not in str(outcome.decisions)


def test_a_machine_that_is_taken_away_is_not_waited_for() -> None:
    reason = Why.INTERRUPTION
    doomed = [machine("p-1", doomed="spot interruption")]
    before = look((), [drained("p-1", reason, running=(PART,))], doomed, session="a")
    after = look((), [drained("p-1", reason)], doomed, at=NOW + 30, session="b")
    assert polls([before, after])[1] == [(Retire, "p-1")]


def test_uses_are_not_counted_twice() -> None:
    three = pool(max_uses=3)
    snapshots = [look((), [busy()], session="a"), look((), [node("p-1")], at=NOW + 30, session="b")]
    outcome, _ = polls([*snapshots, look((), [busy()], at=NOW + 60, session="b")], three)
    assert outcome.memory.seen["p-1"].uses == 1


def test_a_controller_that_shuts_down_is_no_reason_to_let_agents_go() -> None:
    """What waits in quiet-down starts when that is cancelled."""
    paused = replace(items(1)[0], ready=False, paused=True)
    snapshots = [look([paused], [node("p-1"), node("p-2")], at=NOW + at) for at in range(0, 300, 5)]
    outcome, decisions = polls(snapshots, BRIEF)
    assert len({name for _, name in decisions}) == 1
    assert counts(outcome) == {}


# Items that wait for one node.


@pytest.mark.parametrize("ready", [True, False])
def test_an_agent_an_item_names_is_no_surplus(ready: bool) -> None:
    item = QueueItem(1, "j", parse("p-1"), NOW, ready=ready)
    snapshots = [look([item], [node("p-1"), node("p-2")], at=NOW + at) for at in range(0, 300, 5)]
    decisions: set[tuple[type, str]] = set(polls(snapshots, BRIEF)[1])
    assert decisions == {(Drain, "p-2")}


def test_an_agent_jenkins_names_is_no_surplus() -> None:
    item = QueueItem(1, "j", None, NOW, ready=False, known=False, node="p-1")
    snapshots = [look([item], [node("p-1"), node("p-2")], at=NOW + at) for at in range(0, 300, 5)]
    assert set(polls(snapshots, BRIEF)[1]) == {(Drain, "p-2")}


def test_an_item_that_waits_for_one_agent_launches_no_other() -> None:
    item = QueueItem(1, "j", parse("p&&p-1"), NOW)
    outcome = decided(look([item], [node("p-1", connected=False)], [machine("p-1")]), BRIEF)
    assert counts(outcome) == {}
    assert outcome.counted == {1: "p"}
    assert outcome.notes == ()


def test_an_item_that_excludes_a_node_does_not_name_it() -> None:
    item = QueueItem(1, "j", parse("p&&!p-1"), NOW, ready=False)
    snapshots = [look([item], [node("p-1")], at=NOW + at) for at in range(0, 120, 10)]
    assert (Drain, "p-1") in polls(snapshots, BRIEF)[1]


def test_no_agent_is_drained_and_restored_again_and_again() -> None:
    """A part that waits for its node while that is idle: every five seconds the same."""
    item = QueueItem(1, "part of x #1", parse("p-1"), NOW)
    memory, marked, changes = Memory(), False, 0
    for at in range(0, 600, 5):
        here = drained("p-1") if marked else node("p-1")
        outcome = decided(look([item] if at % 10 else [], [here], at=NOW + at), BRIEF, memory=memory)
        memory = outcome.memory
        for decision in outcome.decisions:
            marked = isinstance(decision, Drain)
            changes += 1
    assert changes <= 2


# Agents that are gone.


@pytest.mark.parametrize("state", ["terminated", "vanished"])
@pytest.mark.parametrize("mark", [None, Why.WINDING_DOWN, Why.INTERRUPTION])
def test_a_build_on_a_machine_that_is_gone_is_given_up(state: str, mark: Why | None) -> None:
    left: dict[str, Any] = {"connected": False, "running": (PART,)}
    here = node("p-1", **left) if mark is None else drained("p-1", mark, **left)
    machines = [machine("p-1", state="terminated")] if state == "terminated" else []
    one = pool(max_agents=1)
    snapshots = [look((), [busy()])]
    snapshots += [look(items(1), [here], machines, at=NOW + at) for at in range(10, 311, 20)]
    outcome, decisions = polls(snapshots, one)
    assert Abandon not in [kind for kind, _ in decisions]
    outcome = decided(look(items(1), [here], machines, at=NOW + 331), one, memory=outcome.memory)
    assert (Abandon, "p-1") in kinds(outcome)
    assert "a build holds an executor there" in next(
        one.reason for one in outcome.decisions if isinstance(one, Abandon)
    )


def test_a_build_on_a_machine_whose_agent_is_gone_is_given_up_later() -> None:
    left = node("p-1", connected=False, running=(PART,))
    snapshots = [look((), [busy()]), *[look((), [left], at=NOW + at) for at in range(10, 1811, 50)]]
    outcome, decisions = polls(snapshots)
    assert decisions == []
    assert kinds(decided(look((), [left], at=NOW + 1820), memory=outcome.memory)) == [(Abandon, "p-1")]


def test_a_manager_that_has_just_started_gives_the_same_time() -> None:
    left = node("p-1", connected=False, running=(PART,))
    outcome = decided(look((), [left]))
    assert outcome.agents[0].state is AgentState.LOST
    assert outcome.decisions == ()


def test_an_agent_that_came_back_is_not_given_up() -> None:
    left = node("p-1", connected=False, running=(PART,))
    gone = [machine("p-1", state="terminated")]
    outcome, _ = polls([look((), [busy()]), look((), [left], at=NOW + 10), look((), [busy()], at=NOW + 200)])
    assert decided(look((), [left], gone, at=NOW + 330), memory=outcome.memory).decisions == ()


def test_a_node_another_user_marked_counts_only_while_something_may_be_behind_it() -> None:
    held = node("p-1", connected=False, offline=Offline.OTHERS, reason="I look at it")
    one = pool(max_agents=1)
    assert counts(decided(look(items(1), [held], []), one)) == {"p": 1}
    assert counts(decided(look(items(1), [held], [machine("p-1")]), one)) == {}


# Agents that Jenkins' monitors took offline.


def monitored(**more: Any) -> JenkinsNode:
    return node("p-1", offline=Offline.MONITOR, reason="Disk space is below threshold", **more)


def test_an_agent_a_monitor_took_offline_is_replaced_once_idle() -> None:
    one = pool(max_agents=1)
    outcome = decided(look(items(1), [monitored(running=(build(),))]), one)
    assert kinds(outcome) == [(Drain, "p-1")]
    assert "Disk space is below threshold" in outcome.decisions[0].reason
    ours = drained("p-1", Why.MONITOR, running=(build(),))
    assert kinds(decided(look(items(1), [ours]), one)) == []
    assert kinds(decided(look(items(1), [drained("p-1", Why.MONITOR)]), one)) == [(Retire, "p-1")]


# The whole manager.


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jenkins(clock: ManualClock) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=clock, build_seconds=600) as jenkins:
        yield jenkins


@pytest.fixture
def site(jenkins: SimulatedJenkins, clock: ManualClock) -> Site:
    return Site(jenkins, clock)


def brief(site: Site, **more: Any) -> None:
    """One pool whose agents go after a minute."""
    settings: dict[str, Any] = {"name": "linux", "max_agents": 8, "idle_minutes": 1}
    settings |= {"instance_types": ["c7i.large"], **more}
    site.declared = Declared((make(settings),), ManagerSettings())


def pipelines(site: Site, number: int, label: str = "linux") -> None:
    for at in range(number):
        name = f"pipe-{label}-{at}"
        site.jenkins.create_item(name, "<flow-definition/>")
        site.jenkins.build(name)
        site.jenkins.scheduler.add_part(site.jenkins.builds(name)[0], label)


def parts(site: Site) -> list[str]:
    """The nodes that run parts of Pipelines now."""
    return sorted(one.node for one in site.jenkins.scheduler.running if one.is_part)


def restart(site: Site, *, down: float, resume: float, manager_too: bool = False) -> None:
    """Restart the controller; agents dial in again twenty seconds after it answers."""
    site.jenkins.restart(resume_seconds=down + resume)
    site.jenkins.enter_phase("starting")
    if manager_too:
        site.start()
    site.run(down)
    site.jenkins.enter_phase("up")
    site.run(20)
    for name in site.agents:
        site.jenkins.connect_agent(name)


@pytest.mark.parametrize("manager_too", [False, True])
@pytest.mark.parametrize(("down", "resume"), [(60, 200), (300, 30), (0, 300)])
@pytest.mark.parametrize("more", [{}, {"max_uses": 1}])
def test_pipelines_survive_a_restart(
    site: Site, down: float, resume: float, manager_too: bool, more: dict[str, Any]
) -> None:
    if manager_too and down == 0:
        pytest.skip("a manager that starts later knows nothing of a restart it did not see")
    brief(site, **more)
    pipelines(site, 6)
    site.run(200)
    before = parts(site)
    assert len(before) == 6
    restart(site, down=down, resume=resume, manager_too=manager_too)
    site.run(resume + 20)
    assert parts(site) == before
    site.run(1500)
    assert site.results() == ["SUCCESS"] * 6
    assert site.agents == []
    assert site.cloud.alive == 0


def test_a_restart_after_quiet_down(site: Site) -> None:
    brief(site)
    pipelines(site, 3)
    site.run(200)
    before = parts(site)
    site.jenkins.scheduler.quieting = True
    site.build("linux")
    site.run(120)
    assert parts(site) == before
    restart(site, down=45, resume=240)
    site.run(1500)
    assert site.results() == ["SUCCESS"] * 4


def test_nothing_is_launched_while_jenkins_quiets_down(site: Site) -> None:
    brief(site)
    site.build("linux")
    site.run(200)
    site.jenkins.scheduler.quieting = True
    site.build("linux", 2)
    site.run(200)
    assert len(site.agents) == 1
    site.jenkins.scheduler.quieting = False
    site.run(1000)
    assert site.results() == ["SUCCESS"] * 3


def test_a_pipeline_on_a_machine_that_is_gone_frees_its_place(site: Site) -> None:
    brief(site, max_agents=1)
    pipelines(site, 1)
    site.run(200)
    (name,) = parts(site)
    site.cloud.terminate([one for one in site.cloud.list() if one.node == name])
    site.build("linux")
    site.run(200)
    assert name in site.agents
    site.run(1300)
    assert name not in site.agents
    assert sorted(map(str, site.results())) == ["FAILURE", "SUCCESS"]


def test_an_agent_without_disk_space_is_replaced_when_its_build_is_over(site: Site) -> None:
    brief(site, max_agents=1)
    site.build("linux")
    site.run(200)
    (name,) = site.agents
    site.jenkins.monitor_offline(name, "Disk space is below threshold of 1.00 GiB.")
    site.build("linux")
    site.run(300)
    assert site.agents == [name]
    assert any("Disk space" in row.note for row in site.manager.status.agents)
    assert [one.reason for one in site.manager.status.decisions if one.action == "drain"] == [
        "monitor: Jenkins took it offline, Disk space is below threshold of 1.00 GiB."
    ]
    site.run(1500)
    assert site.results() == ["SUCCESS"] * 2
    assert site.agents == []


def test_many_agents_that_end_at_once_leave_no_computer_behind(site: Site) -> None:
    brief(site)
    site.build("linux", 8)
    site.run(900)
    site.run(400)
    assert site.agents == []
    assert not site.jenkins.computers.ghosts


# Acting.


@pytest.fixture
def stage(jenkins: SimulatedJenkins, clock: ManualClock) -> Stage:
    jenkins.computers.built_in.executors = 0
    return Stage(jenkins, clock)


def held(stage: Stage) -> str:
    """An agent with a part of a Pipeline, and no connection."""
    (name,) = stage.launched()
    stage.jenkins.create_item("pipe", "<flow-definition/>")
    stage.jenkins.build("pipe")
    stage.jenkins.scheduler.add_part(stage.jenkins.builds("pipe")[0], "heavy")
    stage.jenkins.connect_agent(name, connected=False)
    assert stage.nodes.ours(name).busy
    return name


@pytest.mark.parametrize("ended", [True, False])
def test_what_is_given_up_is_removed_with_its_instance(stage: Stage, ended: bool) -> None:
    name = held(stage)
    if ended:
        stage.cloud.terminate([stage.instance(name)])
    assert stage.one(Abandon(name, "its instance has ended")).error == ""
    assert name not in stage.jenkins.computers.agents
    assert stage.cloud.alive == 0


def test_an_agent_that_is_back_is_not_given_up(stage: Stage) -> None:
    name = held(stage)
    stage.jenkins.connect_agent(name)
    assert stage.one(Abandon(name, "x")).error == "kept: its agent is connected"
    assert stage.cloud.alive == 1


def test_one_that_comes_back_in_the_last_moment_is_not_given_up(stage: Stage) -> None:
    name = held(stage)

    def dial_in(request: HttpRequest) -> None:
        if request.path.endswith("/toggleOffline"):
            stage.jenkins.before_each(None)
            stage.jenkins.connect_agent(name)

    stage.jenkins.before_each(dial_in)
    assert stage.one(Abandon(name, "x")).error == "kept: its agent has dialled in"
    assert stage.nodes.ours(name).offline is Offline.NO
    assert stage.cloud.alive == 1


def test_one_that_another_user_looks_at_is_not_given_up(stage: Stage) -> None:
    name = held(stage)
    stage.jenkins.mark_offline(name, "I look at it")
    assert "I look at it" in stage.one(Abandon(name, "x")).error
    assert name in stage.jenkins.computers.agents


def test_a_mark_of_a_monitor_becomes_ours_and_stays(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.jenkins.monitor_offline(name, "Disk space is below threshold of 1.00 GiB.")
    assert stage.nodes.ours(name).offline is Offline.MONITOR
    assert "Disk space" in stage.one(Restore(name, "x")).error
    assert stage.one(Drain(name, "monitor: no disk space")).error == ""
    assert stage.nodes.ours(name).offline is Offline.OURS
    assert not stage.jenkins.computer(name).online
    assert stage.one(Retire(name, "idle")).error == ""
    assert stage.cloud.alive == 0
