"""One look at a simulated controller and a simulated cloud: what is seen, with how many requests, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dynaslave.controller.nodes import Nodes
from dynaslave.deciding.decide import decide
from dynaslave.deciding.memory import Memory
from dynaslave.manager.observe import Observer
from dynaslave.model import Offline
from dynaslave.pools.limits import Limits
from dynaslave.pools.pool import make
from dynaslave.provider import LaunchRequest, Throttled
from dynaslave.simulated.provider import SimulatedCloud
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.users import READER

POOL = make({"name": "heavy", "max_agents": 9, "executors": 2})
JOB = "<project><assignedNode>{}</assignedNode><canRoam>false</canRoam></project>"
PIPELINE = "<flow-definition/>"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jenkins(clock: ManualClock) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=clock, build_seconds=60) as running:
        yield running


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token, patience=0)


@pytest.fixture
def cloud(jenkins: SimulatedJenkins, clock: ManualClock) -> SimulatedCloud:
    return SimulatedCloud(clock=clock.now, jenkins=jenkins)


@pytest.fixture
def observer(controller: Controller, cloud: SimulatedCloud, clock: ManualClock) -> Observer:
    return Observer(controller, cloud, "main", clock=clock.now)


def waits_in_a_pipeline(jenkins: SimulatedJenkins, label: str) -> None:
    jenkins.create_item("pipe", PIPELINE)
    jenkins.build("pipe")
    jenkins.scheduler.add_part(jenkins.builds("pipe")[0], label)


def asked(jenkins: SimulatedJenkins) -> list[str]:
    return [one.path for one in jenkins.requests]


def test_a_look_shows_all_there_is(
    jenkins: SimulatedJenkins, controller: Controller, cloud: SimulatedCloud, observer: Observer
) -> None:
    Nodes(controller, "main").create(POOL, "heavy-1", "abc", 1_790_000_000.0, "/x")
    Nodes(controller, "second").create(POOL, "heavy-2", "def", 1_790_000_000.0, "/x")
    jenkins.connect_agent("heavy-1")
    for name, label in (("runs", "heavy-1"), ("waits", "linux && !mac")):
        jenkins.create_item(name, JOB.format(label.replace("&", "&amp;")))
        jenkins.build(name)
    cloud.launch(LaunchRequest(POOL, 1, "abc", ("heavy-1",)))
    jenkins.requests.clear()

    seen = observer.poll()

    assert seen.blind == ()
    assert asked(jenkins) == ["/computer/api/json", "/queue/api/json", "/api/json"]
    nodes = {node.name: node for node in seen.nodes}
    assert sorted(nodes) == ["Built-In Node", "heavy-1", "heavy-2"]
    assert (nodes["heavy-1"].pool, nodes["heavy-2"].pool, nodes["heavy-2"].manager) == ("heavy", "", "second")
    assert [run.url for run in nodes["heavy-1"].running] == [f"{jenkins.url}/job/runs/1/"]
    assert (nodes["heavy-1"].connected, nodes["heavy-1"].idle, nodes["heavy-1"].offline) == (
        True,
        False,
        Offline.NO,
    )
    assert [(item.name, str(item.label), item.ready) for item in seen.queue] == [
        ("waits", "linux&&!mac", True)
    ]
    assert [instance.pool for instance in seen.instances] == ["heavy"]


def test_only_labels_nobody_tells_cost_a_third_request(
    jenkins: SimulatedJenkins, controller: Controller, observer: Observer
) -> None:
    waits_in_a_pipeline(jenkins, "linux")
    jenkins.add_node("one", "<slave/>")
    seen = observer.poll()
    assert [(str(item.label), item.known) for item in seen.queue] == [("linux", True)]
    assert asked(jenkins).count("/scriptText") == 0
    jenkins.scheduler.quieting = True  # the reason tells no label then, but the item needs none either
    seen = observer.poll()
    assert [(item.known, item.ready) for item in seen.queue] == [(False, False)]
    assert asked(jenkins).count("/scriptText") == 0


@pytest.fixture
def hidden(jenkins: SimulatedJenkins, monkeypatch: pytest.MonkeyPatch) -> SimulatedJenkins:
    """A controller that gives reasons in a language nobody knows here."""
    waits_in_a_pipeline(jenkins, "linux")
    monkeypatch.setattr(
        "jobdsl.testing.reasons._no_executor", lambda _, entry: f"attend {entry.name}", raising=True
    )
    return jenkins


def test_a_script_tells_what_no_text_does(hidden: SimulatedJenkins, observer: Observer) -> None:
    hidden.requests.clear()
    seen = observer.poll()
    assert [(str(item.label), item.known) for item in seen.queue] == [("linux", True)]
    assert asked(hidden) == ["/computer/api/json", "/queue/api/json", "/scriptText", "/api/json"]


def test_who_may_run_no_script_is_not_asked_again_for_an_hour(
    hidden: SimulatedJenkins, cloud: SimulatedCloud, clock: ManualClock
) -> None:
    reader = hidden.add_user("reader", permissions=READER)
    observer = Observer(
        connect(hidden.url, "reader", reader.token, patience=0), cloud, "main", clock=clock.now
    )
    for _ in range(3):
        seen = observer.poll()
        assert [item.known for item in seen.queue] == [False]
        assert seen.blind == ()
        clock.advance(600)
    assert asked(hidden).count("/scriptText") == 1
    clock.advance(3600)
    observer.poll()
    assert asked(hidden).count("/scriptText") == 2


@pytest.mark.parametrize("status", [500, "drop"])
def test_a_script_that_fails_is_tried_again_a_minute_later(
    hidden: SimulatedJenkins, observer: Observer, clock: ManualClock, status: int
) -> None:
    hidden.fail_next("/scriptText", status)
    assert [item.known for item in observer.poll().queue] == [False]
    assert [item.known for item in observer.poll().queue] == [False]
    clock.advance(61)
    assert [item.known for item in observer.poll().queue] == [True]


# what cannot be seen


@pytest.mark.parametrize("path", ["/computer", "/queue"])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "503"),
        (500, "500"),
        (302, "redirected"),
        (401, "does not accept"),
        (403, "forbids"),
        (404, "nothing of that name"),
        ("drop", "no answer"),
    ],
)
def test_a_controller_that_does_not_tell_is_said_so(
    jenkins: SimulatedJenkins, observer: Observer, path: str, status: int, words: str
) -> None:
    jenkins.add_node("one", "<slave/>")
    jenkins.fail_next(path, status)
    seen = observer.poll()
    assert (seen.nodes, seen.queue) == ((), ())
    assert len(seen.blind) == 1
    assert seen.blind[0].startswith("the controller: could not ")
    assert words in seen.blind[0]
    assert observer.poll().blind == ()


def test_a_controller_that_is_not_there_is_said_so(cloud: SimulatedCloud) -> None:
    with SimulatedJenkins() as gone:
        controller = connect(gone.url, gone.user, gone.token, patience=0)
    seen = Observer(controller, cloud, "main").poll()
    assert seen.nodes == ()
    assert "connection refused" in seen.blind[0]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>please log in</html>",
        b'{"_class":"hudson.model.ComputerSet","computer":[{"displayNa',
        b"[]",
        b'{"_class":"hudson.model.ComputerSet"}',
        b'{"_class":"hudson.model.Queue","items":null,"computer":null}',
    ],
)
@pytest.mark.parametrize("path", ["/computer/api/json", "/queue/api/json"])
def test_an_answer_that_is_none_is_never_an_empty_list(
    jenkins: SimulatedJenkins, observer: Observer, monkeypatch: pytest.MonkeyPatch, body: bytes, path: str
) -> None:
    from jobdsl.testing.http import HttpRequest, HttpResponse

    answer = jenkins._respond

    def respond(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, body, []) if request.path == path else answer(request)

    monkeypatch.setattr(jenkins, "_respond", respond)
    seen = observer.poll()
    assert (seen.nodes, seen.queue) == ((), ())
    assert len(seen.blind) == 1
    assert seen.blind[0].startswith("the controller: ")


def test_a_cloud_that_does_not_tell_is_said_so(
    jenkins: SimulatedJenkins, cloud: SimulatedCloud, observer: Observer
) -> None:
    cloud.launch(LaunchRequest(POOL, 1, "abc", ("heavy-1",)))
    cloud.faults.raises.append(Throttled("too many requests"))
    seen = observer.poll()
    assert seen.instances == ()
    assert seen.blind == ("the cloud: too many requests",)
    assert len(seen.nodes) == 1
    assert len(observer.poll().instances) == 1


def test_quieting_down_is_seen_and_named(
    jenkins: SimulatedJenkins, observer: Observer, controller: Controller
) -> None:
    assert observer.poll().quiet == ""
    jenkins.create_item("a", JOB.format("heavy"))
    jenkins.build("a")
    controller.post("quietDown", "quiet down", b"", {})
    snapshot = observer.poll()
    assert snapshot.quiet == "no reason given"
    outcome = decide(snapshot, [POOL], Memory(), Limits())
    assert outcome.notes[0].startswith("Jenkins quiets down (no reason given): no build starts until")
    assert outcome.decisions == ()
    controller.post("cancelQuietDown", "go on", b"", {})
    assert observer.poll().quiet == ""
