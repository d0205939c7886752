"""Doing what was decided, at a simulated controller and a simulated cloud."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Literal

import pytest
from acting_stage import BIG, POOL, SMALL, Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaslave.deciding.decisions import (
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.model import Instance, Offline
from dynaslave.provider import Denied, Hand, LaunchRequest, NoCapacity, Throttled, Unavailable
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.http import HttpRequest

pytestmark = pytest.mark.slow


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def stage(clock: ManualClock) -> Iterator[Stage]:
    with SimulatedJenkins(clock=clock, build_seconds=600, executors=0) as jenkins:
        yield Stage(jenkins, clock)


# launching


def test_a_launch_makes_nodes_and_then_their_agents(stage: Stage) -> None:
    report = stage.one(Launch("heavy", 3, "3 builds wait"))
    assert (report.error, report.launched, dict(report.refused)) == ("", 3, {})
    names = ["heavy-unch0001-1", "heavy-unch0001-2", "heavy-unch0001-3"]
    assert sorted(stage.jenkins.computers.agents) == names
    assert sorted(one.node for one in stage.cloud.list()) == names
    assert {one.intent for one in stage.cloud.list()} == {"launch0001"}
    for name in names:
        node = stage.nodes.ours(name)
        assert (node.pool, node.intent, node.created) == ("heavy", "launch0001", stage.clock.now())
    stage.clock.advance(61)
    stage.cloud.tick()
    assert all(stage.jenkins.computer(name).online for name in names)


def test_nodes_that_got_no_instance_are_removed(stage: Stage) -> None:
    stage.cloud.faults.room = {BIG: 1, SMALL: 1}
    report = stage.one(Launch("heavy", 5, "5 builds wait"))
    assert (report.error, report.launched) == ("", 2)
    assert sorted(report.refused, key=str) == [SMALL, BIG]
    assert sorted(stage.jenkins.computers.agents) == ["heavy-unch0001-1", "heavy-unch0001-2"]


def test_offers_that_cool_down_are_left_out(stage: Stage) -> None:
    report = stage.one(Launch("heavy", 1, "1 build waits", frozenset({BIG})))
    assert report.launched == 1
    assert [one.type for one in stage.cloud.list()] == ["c6i.large"]


@pytest.mark.parametrize(
    "error", [NoCapacity("none left"), Throttled("too many requests"), Denied("not allowed")]
)
def test_a_cloud_that_refuses_leaves_no_node(stage: Stage, error: Exception) -> None:
    stage.cloud.faults.raises.append(error)  # type: ignore[arg-type]
    report = stage.one(Launch("heavy", 2, "2 builds wait"))
    assert (report.error, report.launched) == (str(error), 0)
    assert stage.jenkins.computers.agents == {}
    assert stage.cloud.list() == []


def test_a_cloud_that_does_not_answer_may_have_started_some(stage: Stage) -> None:
    """Their nodes wait for them: the next look gives them to each other, or removes both."""
    stage.cloud.faults.raises.append(Unavailable("no answer"))
    assert stage.one(Launch("heavy", 2, "2 builds wait")).error == "no answer"
    assert len(stage.jenkins.computers.agents) == 2


def test_nodes_that_cannot_be_created_are_not_launched(stage: Stage) -> None:
    stage.jenkins.fail_next("/computer/createItem", 500)
    report = stage.one(Launch("heavy", 3, "3 builds wait"))
    assert report.launched == 2
    assert "answered 500" in report.error
    assert len(stage.jenkins.computers.agents) == len(stage.cloud.list()) == 2
    stage.jenkins.fail_next("/computer/createItem", 403, times=3)
    report = stage.one(Launch("heavy", 3, "3 builds wait"))
    assert (report.launched, len(stage.cloud.list())) == (0, 2)


def test_an_agent_that_could_not_be_told_its_node_waits_for_the_next_look(stage: Stage) -> None:
    stage.jenkins.fail_next(lambda request: request.path.endswith("1/jenkins-agent.jnlp"), 500)
    report = stage.one(Launch("heavy", 2, "2 builds wait"))
    assert report.launched == 2
    assert "could not get the secret" in report.error
    (left,) = (one for one in stage.cloud.list() if not one.node)
    report = stage.one(Adopt(left.id, "heavy-unch0001-1", "of the same launch"))
    assert report.error == ""
    assert stage.instance("heavy-unch0001-1").id == left.id


def test_a_pool_that_is_gone_launches_nothing(stage: Stage) -> None:
    assert stage.one(Launch("other", 1, "1 build waits")).error == "the pool does not exist any more"


def test_launches_of_pools_go_side_by_side_and_are_told_in_order(stage: Stage) -> None:
    decisions = [Launch("heavy", number, f"{number} builds wait") for number in (1, 2, 3, 4, 5, 6)]
    reports = stage.do(*decisions)
    assert [report.decision for report in reports] == decisions
    assert [report.launched for report in reports] == [1, 2, 3, 4, 5, 6]
    assert len(stage.jenkins.computers.agents) == len({one.node for one in stage.cloud.list()}) == 21


# draining


def test_drain_and_restore(stage: Stage) -> None:
    (name,) = stage.launched()
    assert stage.one(Drain(name, "idle for 5 min")).error == ""
    assert stage.nodes.ours(name).reason == "dynaslave: idle for 5 min"
    stage.start_build()
    assert not stage.busy(name)
    assert stage.one(Restore(name, "a build waits")).error == ""
    assert stage.busy(name)


def test_a_busy_agent_is_drained_and_goes_on(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.start_build()
    assert stage.one(Drain(name, "spot interruption")).error == ""
    assert stage.busy(name)


@pytest.mark.parametrize("decision", [Drain("{}", "x"), Restore("{}", "x"), Retire("{}", "x")])
def test_a_persons_mark_is_left_alone(stage: Stage, decision: Any) -> None:
    (name,) = stage.launched()
    stage.jenkins.mark_offline(name, "debugging")
    report = stage.one(type(decision)(name, "x"))
    assert report.error == "kept: another user took it offline: debugging".removesuffix(
        ": debugging" if isinstance(decision, Retire) else ""
    )
    assert stage.instance(name).state == "running"


# retiring


def test_a_drained_idle_agent_is_ended_for_good(stage: Stage) -> None:
    names = stage.launched(25)
    stage.do(*[Drain(name, "idle") for name in names])
    reports = stage.do(*[Retire(name, "idle") for name in names])
    assert [report.error for report in reports] == [""] * 25
    assert stage.jenkins.computers.agents == {}
    assert stage.cloud.alive == 0


def refusal(stage: Stage, name: str) -> str:
    error = stage.one(Retire(name, "idle")).error
    assert error.startswith("kept: ")
    assert name in stage.jenkins.computers.agents
    assert stage.instance(name).state in ("pending", "running")
    return error.removeprefix("kept: ")


def test_an_agent_that_is_not_drained_is_kept(stage: Stage) -> None:
    (name,) = stage.launched()
    assert refusal(stage, name) == "it is online"
    assert stage.jenkins.computer(name).online


def test_an_agent_with_a_build_is_kept(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.start_build()
    stage.one(Drain(name, "idle"))
    assert refusal(stage, name) == "something runs there"
    assert stage.busy(name)


def test_an_agent_whose_node_cannot_be_seen_is_kept(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.one(Drain(name, "idle"))
    stage.jenkins.fail_next(f"/computer/{name}/api/json", 503)
    assert "answered 503" in stage.one(Retire(name, "idle")).error
    assert stage.instance(name).state == "running"
    stage.cloud.faults.raises.append(Throttled("too many requests"))
    assert stage.one(Retire(name, "idle")).error == "too many requests"
    assert name in stage.jenkins.computers.agents


def test_an_agent_whose_node_vanished_is_kept_for_the_next_look(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.one(Drain(name, "idle"))
    stage.jenkins.delete_node(name)
    assert stage.one(Retire(name, "idle")).error == "kept: the node does not exist any more"
    assert stage.cloud.alive == 1


def test_an_instance_that_cannot_be_ended_keeps_its_node(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = stage.launched()
    stage.one(Drain(name, "idle"))

    def denied(_: object) -> None:
        raise Denied("not allowed")

    with monkeypatch.context() as patched:
        patched.setattr(stage.cloud, "terminate", denied)
        assert stage.one(Retire(name, "idle")).error == "not allowed"
    assert stage.nodes.ours(name).offline is Offline.OURS
    assert stage.one(Retire(name, "idle")).error == ""


def test_a_connected_agent_without_a_known_instance_is_kept(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.one(Drain(name, "idle"))
    stage.cloud._machines.clear()
    error = stage.one(Retire(name, "idle")).error
    assert error == "kept: its agent is connected, and no instance is known for it"
    assert name in stage.jenkins.computers.agents


def test_one_that_never_came_is_ended(stage: Stage) -> None:
    stage.cloud.faults.never_connects = 1.0
    (name,) = stage.launched()
    assert stage.one(Retire(name, "did not connect in 10 min")).error == ""
    assert stage.cloud.alive == 0
    assert stage.jenkins.computers.agents == {}


def test_one_that_comes_in_the_last_moment_is_kept_and_serves(stage: Stage) -> None:
    stage.cloud.faults.never_connects = 1.0
    (name,) = stage.launched()
    looks = count()

    def dial_in(request: Any) -> None:
        if request.path.endswith("/api/json") and next(looks) == 1:
            stage.jenkins.connect_agent(name)

    stage.jenkins.before_each(dial_in)
    stage.start_build()
    assert refusal(stage, name) == "its agent has dialled in"
    assert stage.jenkins.computer(name).online
    assert stage.busy(name)


def test_one_that_was_lost_is_ended_and_one_that_is_back_is_not(stage: Stage) -> None:
    lost, back = stage.launched(2)
    for name in (lost, back):
        stage.jenkins.connect_agent(name, connected=False)
    stage.jenkins.connect_agent(back)
    assert stage.one(Retire(lost, "lost for 5 min")).error == ""
    assert refusal(stage, back) == "it is online"


def test_nodes_without_instance_are_removed(stage: Stage) -> None:
    stage.cloud.faults.raises.append(Unavailable("no answer"))
    stage.one(Launch("heavy", 1, "1 build waits"))
    assert stage.one(RemoveNode("heavy-unch0001-1", "its launch failed")).error == ""
    assert stage.jenkins.computers.agents == {}
    (name,) = stage.launched()
    assert stage.one(RemoveNode(name, "x")).error == "kept: it has an instance"


def test_a_node_whose_instance_has_ended_is_removed(stage: Stage) -> None:
    (name,) = stage.launched()
    stage.cloud.terminate([stage.instance(name)])
    assert stage.one(Retire(name, "its instance has ended")).error == ""
    assert stage.jenkins.computers.agents == {}


# instances


def orphan(stage: Stage) -> Instance:
    (instance,) = stage.cloud.launch(LaunchRequest(POOL, 1, "launch0000", ("heavy-x",))).instances
    return instance


def test_suspicion_and_notes_are_written_on_the_instance(stage: Stage) -> None:
    instance = orphan(stage)
    reports = stage.do(Suspect(instance.id, "no node"), Note(instance.id, {"uses": "3"}, "took builds"))
    assert [report.error for report in reports] == ["", ""]
    (seen,) = stage.cloud.list()
    assert (seen.suspect, seen.notes) == (stage.clock.now(), {"uses": "3"})
    stage.one(Note(instance.id, {"suspect": "", "uses": ""}, "it has its node again"))
    (seen,) = stage.cloud.list()
    assert (seen.suspect, seen.notes) == (0.0, {})
    assert stage.one(Suspect("sim-x", "no node")).error == "kept: the instance does not exist any more"


def test_an_instance_without_node_is_ended(stage: Stage) -> None:
    instance = orphan(stage)
    assert [report.error for report in stage.do(EndInstance(instance.id, "no node"))] == [""]
    assert stage.cloud.alive == 0
    assert stage.one(EndInstance("sim-gone", "no node")).error == ""


def test_an_instance_whose_node_is_there_is_kept(stage: Stage) -> None:
    (name,) = stage.launched()
    instance = stage.instance(name)
    assert stage.one(EndInstance(instance.id, "no node")).error == f"kept: its node {name} is there"
    assert stage.cloud.alive == 1
    stage.jenkins.fail_next(f"/computer/{name}/api/json", 503)
    assert "answered 503" in stage.one(EndInstance(instance.id, "no node")).error
    assert stage.cloud.alive == 1


def test_only_what_belongs_together_is_adopted(stage: Stage) -> None:
    stage.cloud.faults.raises.append(Unavailable("no answer"))
    stage.one(Launch("heavy", 1, "1 build waits"))
    waiting = "heavy-unch0001-1"
    (online,) = stage.launched()
    stranger = orphan(stage)
    errors = [
        stage.one(Adopt(instance, node, "x")).error
        for instance, node in [
            ("sim-gone", waiting),
            (stranger.id, waiting),
            (stranger.id, "heavy-x"),
            (stranger.id, online),
            (stage.instance(online).id, waiting),
        ]
    ]
    assert errors == [
        "kept: the instance does not exist any more",
        "kept: the node is of another launch",
        "kept: the node does not exist any more",
        "kept: the node has another instance",
        f"kept: the instance has the node {online}",
    ]


def test_adopting_a_started_launch(stage: Stage) -> None:
    stage.cloud.faults.raises.append(Unavailable("no answer"))
    stage.one(Launch("heavy", 1, "1 build waits"))
    (late,) = stage.cloud.launch(LaunchRequest(POOL, 1, "launch0001", ("heavy-unch0001-1",))).instances
    assert stage.one(Adopt(late.id, "heavy-unch0001-1", "of the same launch")).error == ""
    stage.clock.advance(61)
    stage.cloud.tick()
    assert stage.jenkins.computer("heavy-unch0001-1").online
    assert stage.one(Adopt(late.id, "heavy-unch0001-1", "x")).error == "kept: the node has an agent already"


# the right to act

EVERYTHING: list[Callable[[Stage], Decision]] = [
    lambda stage: Launch("heavy", 2, "2 builds wait"),
    lambda stage: Drain(stage.launched()[0], "idle"),
    lambda stage: Suspect(orphan(stage).id, "no node"),
    lambda stage: EndInstance(orphan(stage).id, "no node"),
]


@pytest.mark.parametrize("making", EVERYTHING)
def test_who_may_not_act_changes_nothing(stage: Stage, making: Callable[[Stage], Decision]) -> None:
    decision = making(stage)
    stage.jenkins.requests.clear()
    before = stage.cloud.list()
    stage.may_act = lambda: False
    assert stage.one(decision).error == "stopped: this manager may not act any more"
    assert stage.jenkins.requests.of("POST") == []
    assert stage.cloud.list() == before


@pytest.mark.parametrize("allowed", range(12))
def test_it_is_asked_before_every_change_and_one_no_is_the_end(stage: Stage, allowed: int) -> None:
    first, second = stage.launched(2)
    stage.do(Drain(first, "idle"))
    stage.jenkins.requests.clear()
    calls: list[str] = []
    launch, terminate, hand_over = stage.cloud.launch, stage.cloud.terminate, stage.cloud.hand_over

    def counted(call: Any) -> Any:
        def counting(*arguments: Any) -> Any:
            calls.append(call.__name__)
            return call(*arguments)

        return counting

    stage.cloud.launch = counted(launch)  # type: ignore[method-assign]
    stage.cloud.terminate = counted(terminate)  # type: ignore[method-assign]
    stage.cloud.hand_over = counted(hand_over)  # type: ignore[method-assign]
    answers = iter([True] * allowed)
    stage.may_act = lambda: next(answers, False)
    reports = stage.do(Launch("heavy", 2, "2 builds wait"), Retire(first, "idle"), Drain(second, "idle"))
    changes = len(stage.jenkins.requests.of("POST")) + len(calls)
    needed = 2 + 1 + 2 + 1 + 1 + 1  # nodes, launch, two handed over; drain; terminate and remove
    assert changes == min(allowed, needed)
    assert all(not report.error for report in reports) == (allowed >= needed)


# killed anywhere, and started again


class KilledError(BaseException):
    """The process is gone, as far as anybody can tell."""


Kill = Literal["before", "after"]


def changes(stage: Stage, act: Callable[[], object], at: int, when: Kill) -> bool:
    """Run `act` and kill it before or after its change number `at`; whether that came to pass."""
    ask, made = stage.nodes.controller.ask, count()
    lost = False

    def gate(kind: str, do: Callable[[], Any]) -> Any:
        nonlocal lost
        if lost:
            raise KilledError
        if kind == "GET":
            return do()
        mine = next(made) == at
        lost = lost or mine
        if mine and when == "before":
            raise KilledError
        answer = do()
        if mine:
            raise KilledError
        return answer

    def asking(method: str, *arguments: Any, **more: Any) -> Any:
        return gate(method, lambda: ask(method, *arguments, **more))

    stage.nodes.controller.ask = asking  # type: ignore[method-assign]
    provider = {name: getattr(stage.cloud, name) for name in ("launch", "hand_over", "terminate", "note")}
    for name, call in provider.items():
        setattr(stage.cloud, name, lambda *given, call=call: gate("", lambda: call(*given)))
    try:
        act()
    except KilledError:
        return True
    finally:
        stage.nodes.controller.ask = ask  # type: ignore[method-assign]
        for name, call in provider.items():
            setattr(stage.cloud, name, call)
    return lost


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(3))
def test_retiring_is_killed_anywhere_and_done_by_the_next(stage: Stage, at: int, when: Kill) -> None:
    lost, drained = stage.launched(2)
    stage.jenkins.connect_agent(lost, connected=False)
    stage.one(Drain(drained, "idle"))
    for name in (lost, drained):
        changes(stage, lambda name=name: stage.one(Retire(name, "x")), at, when)  # type: ignore[misc]
        assert stage.one(Retire(name, "x")).error in ("", "kept: the node does not exist any more")
        assert name not in stage.jenkins.computers.agents
    assert stage.cloud.alive == 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(5))
def test_a_launch_is_killed_anywhere_and_the_rest_is_explained(stage: Stage, at: int, when: Kill) -> None:
    """Whatever is left is a pair, a node of that launch, or an instance of that launch."""
    assert changes(stage, lambda: stage.one(Launch("heavy", 2, "2 builds wait")), at, when)
    nodes = [stage.nodes.ours(name) for name in stage.jenkins.computers.agents]
    instances = list(stage.cloud.list())
    assert {node.intent for node in nodes} | {one.intent for one in instances} <= {"launch0001"}
    assert len(instances) <= len(nodes) <= 2
    given = {one.node for one in instances}
    free = [node.name for node in nodes if node.name not in given]
    for instance, name in zip((one for one in instances if not one.node), free, strict=False):
        assert stage.one(Adopt(instance.id, name, "of the same launch")).error == ""
    for name in free[sum(not one.node for one in instances) :]:
        assert stage.one(RemoveNode(name, "no instance")).error == ""
    stage.clock.advance(61)
    stage.cloud.tick()
    assert sorted(stage.jenkins.computers.agents) == sorted(one.node for one in stage.cloud.list())
    assert all(computer.online for computer in stage.jenkins.computers.agents.values())


# secrets


def test_secrets_stand_in_no_address_and_in_no_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    names = stage.launched(3)
    secrets = [stage.jenkins.computer(name).secret for name in names]
    stage.jenkins.fail_next(lambda request: "jnlp" in request.path, 500)
    report = stage.one(Launch("heavy", 1, "1 build waits"))
    shown = repr(report) + caplog.text + "".join(one.target for one in stage.jenkins.requests)
    shown += repr(Hand("n", secrets[0], "u")) + repr(stage.cloud.list())
    assert not any(secret in shown for secret in secrets)


# whatever is interleaved

DEEDS = ("build", "mark", "take back", "delete", "lose", "reconnect", "finish")
MEDDLING = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(DEEDS), st.integers(0, 2)), max_size=8)
KINDS = (Drain, Restore, Retire, RemoveNode)
PLANS = st.lists(
    st.lists(st.tuples(st.sampled_from([*KINDS, EndInstance]), st.integers(0, 2)), min_size=1, max_size=3),
    min_size=1,
    max_size=5,
)


class Meddler:
    """People, agents and the queue, between any two requests; it never ends a build itself."""

    def __init__(self, stage: Stage, deeds: list[tuple[int, str, int]], *, ours: bool) -> None:
        self.stage = stage
        self.deeds = deeds
        self.ours = ours
        """Whether it takes our marks back as well."""
        self.names = stage.launched(3)
        stage.jenkins.connect_agent(self.names[1], connected=False)
        stage.do(Drain(self.names[2], "idle"))
        self.requests = count()
        self.lock = threading.Lock()
        self.killed: list[str] = []

    def __call__(self, request: HttpRequest) -> None:
        """A request comes in at the controller."""
        gone = request.segments[1] if request.path.endswith("/doDelete") else ""
        self.next(gone, ours=self.ours)

    def next(self, *ending: str, ours: bool = False) -> None:
        """A request to the controller or the cloud is about to be done; `ending` nodes end with it."""
        with self.lock:
            at = next(self.requests)
            for when, deed, which in self.deeds:
                if when == at:
                    self.do(deed, self.names[which], ours=ours)
            known = self.stage.jenkins.computers.agents
            self.killed += [name for name in ending if name in known and self.stage.busy(name)]

    def do(self, deed: str, name: str, *, ours: bool) -> None:
        jenkins = self.stage.jenkins
        computer = jenkins.computers.agents.get(name)
        if deed == "finish":
            self.stage.clock.advance(700)
        elif computer is None:
            return
        elif deed == "mark":
            jenkins.mark_offline(name, "debugging")
        elif deed == "take back":
            if ours or (computer.mark and computer.mark.reason == "debugging"):
                jenkins.mark_offline(name, None)
        elif deed == "delete" and not self.stage.busy(name):
            jenkins.delete_node(name)
        elif deed == "lose" and not self.stage.busy(name):
            jenkins.connect_agent(name, connected=False)
        elif deed == "reconnect" and any(
            machine.now.node == name and machine.ended is None
            for machine in self.stage.cloud._machines.values()
        ):
            jenkins.connect_agent(name)
        if deed in ("build", "take back", "reconnect"):
            self.occupy(name)

    def occupy(self, name: str) -> None:
        """Start builds until one runs there, if any can."""
        for _ in range(3):
            computer = self.stage.jenkins.computers.agents.get(name)
            if computer is not None and computer.online and not self.stage.busy(name):
                self.stage.start_build()


@settings(max_examples=150, deadline=None)
@given(PLANS, MEDDLING, st.booleans(), st.booleans())
def test_no_agent_that_runs_a_build_is_ever_ended(
    plans: list[list[tuple[type[Any], int]]],
    deeds: list[tuple[int, str, int]],
    ours: bool,
    late: bool,
) -> None:
    """However foolish the decisions, and whoever does what between any two requests.

    One thing cannot be seen and is left out: a user who takes our mark back between our last poll and
    the end itself (with a listing that is late, between that poll and the removal of a node).
    """
    assert meddled(plans, deeds, ours=ours, late=late) == []


@pytest.mark.parametrize("which", range(3), ids=["online", "lost", "drained"])
@pytest.mark.parametrize("kind", [Retire, RemoveNode, EndInstance])
def test_no_single_deed_at_any_moment_ends_a_build(kind: type[Any], which: int) -> None:
    for at in range(5):
        for deed in ("take back", "lose", "reconnect", "build"):
            assert meddled([[(kind, which)]], [(at, deed, which)], ours=True, late=False) == [], (at, deed)


@pytest.mark.parametrize("which", [0, 2])
def test_agents_that_are_ended_together_are_polled_once_more(which: int) -> None:
    """A mark that a user takes back while the others are polled keeps the agent, and its build."""
    plan: list[list[tuple[type[Any], int]]] = [[(Drain, 0)], [(Retire, 0), (Retire, 2)]]
    for at in range(12):
        assert meddled(plan, [(at, "take back", which)], ours=True, late=False) == [], at


def meddled(
    plans: list[list[tuple[type[Any], int]]], deeds: list[tuple[int, str, int]], *, ours: bool, late: bool
) -> list[str]:
    """Names of the nodes that were ended while a build ran there."""
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=600, executors=0) as jenkins:
        stage = Stage(jenkins, clock)
        meddler = Meddler(stage, deeds, ours=ours and not late)
        stage.cloud.faults.lag = 500.0 if late else 0.0
        terminate = stage.cloud.terminate

        def watched(instances: Any) -> None:
            meddler.next(*[instance.node for instance in instances])
            terminate(instances)

        stage.cloud.terminate = watched  # type: ignore[method-assign]
        jenkins.before_each(meddler)
        for plan in plans:
            stage.do(*[_decision(kind, which, meddler.names) for kind, which in plan])
            stage.start_build()
        jenkins.before_each(None)
        clock.advance(700)
        jenkins.scheduler.tick()
        results = {build.result for name in jenkins.items for build in jenkins.builds(name)}
        return meddler.killed if results <= {"SUCCESS", None} else ["somebody"]


def _decision(kind: type[Any], which: int, names: list[str]) -> Decision:
    decision: Decision = kind(f"sim-{which + 1:06}" if kind is EndInstance else names[which], "x")
    return decision
