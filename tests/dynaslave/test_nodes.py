"""Agents as nodes, at a simulated controller: created, marked, taken back, removed; and others in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaslave.controller.nodes import KeptError, Nodes
from dynaslave.model import Offline
from dynaslave.pools.pool import AgentPool, make
from jobdsl.controller.errors import AlreadyExistsError
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.documents.tree import parse
from jobdsl.errors import ControllerError
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.http import HttpRequest

NOW = 1_790_000_000.0
HOME = "/var/lib/jenkins-agent"


def pool(**values: Any) -> AgentPool:
    return make({"name": "heavy", "max_agents": 9} | values)


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as running:
        yield running


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token, patience=1, sleep=lambda _: None)


@pytest.fixture
def nodes(controller: Controller) -> Nodes:
    return Nodes(controller, "main")


@pytest.fixture
def online(jenkins: SimulatedJenkins, nodes: Nodes) -> str:
    nodes.create(pool(), "heavy-1", "abc", NOW, HOME)
    jenkins.connect_agent("heavy-1")
    return "heavy-1"


def in_between(jenkins: SimulatedJenkins, path: str, act: Callable[[], None]) -> None:
    """Let somebody act once, right before the next request to that path."""

    def somebody(request: HttpRequest) -> None:
        if request.path.endswith(path):
            jenkins.before_each(None)
            act()

    jenkins.before_each(somebody)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_a_name_that_leads_elsewhere_is_asked_for_nothing(
    jenkins: SimulatedJenkins, nodes: Nodes, name: str
) -> None:
    """As a tag in AWS may say it: `computer/../doDelete` would be another address."""
    before = len(jenkins.requests)
    for act in (nodes.poll, nodes.ours, nodes.secret, nodes.delete):
        with pytest.raises(ControllerError, match="no name of a node"):
            act(name)
    with pytest.raises(ControllerError, match="no name of a node"):
        nodes.mark(name, "x")
    assert len(jenkins.requests) == before


@pytest.mark.parametrize(
    "name", ["../../job/x", "a/b", "a?b=c", "a#b", "a%2fb", "a\nb", "-x", "a b", "$(id)"]
)
def test_a_name_is_one_part_of_a_path(jenkins: SimulatedJenkins, nodes: Nodes, name: str) -> None:
    assert nodes.poll(name) is None
    path = list(jenkins.requests)[-1].path
    assert path.startswith("/computer/")
    assert path.endswith("/api/json")
    assert path.count("/") == 4


# creating

LABELS = 'linux "big one" gpu&1'


def stored(jenkins: SimulatedJenkins, name: str) -> dict[str, Any]:
    document = jenkins.computer(name).document
    assert document is not None
    root = parse(document.text)
    values: dict[str, Any] = {child.tag: child.text for child in root.children}
    launcher = root.find("launcher")
    retention = root.find("retentionStrategy")
    assert launcher
    assert retention
    websocket = launcher.find("webSocket")
    assert websocket
    return values | {
        "launcher": launcher.attrs["class"],
        "retentionStrategy": retention.attrs["class"],
        "webSocket": websocket.text,
    }


@pytest.mark.parametrize("version", ["2.568.2", "", "2.538"])
@pytest.mark.parametrize("websocket", [True, False])
def test_a_node_is_created_by_document_or_form(
    jenkins: SimulatedJenkins, controller: Controller, version: str, websocket: bool
) -> None:
    controller.version = version
    nodes = Nodes(controller, "main", websocket=websocket)
    nodes.create(
        pool(label=LABELS, executors=3, mode="normal", team="shop"), "heavy-1", "abc", NOW, "/home/<x>"
    )
    document = stored(jenkins, "heavy-1")
    assert document["description"] == (
        "Build agent of the pool heavy of team shop.\n"
        'Managed by dynaslave "main": heavy-1 of pool heavy, launch abc, 2026-09-21T14:13:20Z.'
        " It comes and goes by itself."
    )
    assert (document["remoteFS"], document["numExecutors"], document["mode"]) == ("/home/<x>", "3", "NORMAL")
    assert document["retentionStrategy"] == "hudson.slaves.RetentionStrategy$Always"
    assert document["launcher"] == "hudson.slaves.JNLPLauncher"
    assert document["webSocket"] == str(websocket).lower()
    assert jenkins.computer("heavy-1").labels == {"linux", "big one", "gpu&1"}
    by_form = [one for one in jenkins.requests if one.path.endswith("/doCreateItem")]
    assert len(by_form) == (version == "2.538")


def test_a_created_node_is_ours_and_not_there_yet(nodes: Nodes) -> None:
    nodes.create(pool(executors=2), "heavy-1", "abc", NOW, HOME)
    node = nodes.ours("heavy-1")
    assert (node.pool, node.intent, node.created, node.executors) == ("heavy", "abc", NOW, 2)
    assert (node.connected, node.offline, node.busy) == (False, Offline.NO, False)


@pytest.mark.parametrize("version", ["2.568.2", "2.500"])
def test_creating_again_for_the_same_launch_is_no_error(controller: Controller, version: str) -> None:
    controller.version = version
    nodes = Nodes(controller, "main")
    for _ in range(2):
        nodes.create(pool(), "heavy-1", "abc", NOW, HOME)
    with pytest.raises(AlreadyExistsError):
        nodes.create(pool(), "heavy-1", "other", NOW, HOME)


def test_a_name_somebody_else_has_is_an_error(jenkins: SimulatedJenkins, nodes: Nodes) -> None:
    jenkins.add_node("heavy-1", "<slave/>")
    with pytest.raises(AlreadyExistsError):
        nodes.create(pool(), "heavy-1", "abc", NOW, HOME)
    assert jenkins.computer("heavy-1").description is None


def test_a_lost_answer_creates_no_second_node(jenkins: SimulatedJenkins, nodes: Nodes) -> None:
    nodes.controller.version = "2.568.2"
    jenkins.fail_next("/computer/createItem", "lose")
    nodes.create(pool(), "heavy-1", "abc", NOW, HOME)
    assert list(jenkins.computers.agents) == ["heavy-1"]


def test_a_managers_name_must_fit_into_a_marker(controller: Controller) -> None:
    with pytest.raises(ValueError, match="cannot be part of a marker"):
        Nodes(controller, 'ma"in')


@pytest.mark.parametrize("name", ["a b", "\xe9\u4e2d", "a+b", "a(b)"])
def test_names_are_quoted(jenkins: SimulatedJenkins, nodes: Nodes, name: str) -> None:
    jenkins.add_node(name, "<slave/>")
    found = nodes.poll(name)
    assert found is not None
    assert found.name == name
    assert nodes.secret(name) == jenkins.computer(name).secret
    nodes.delete(name)
    assert name not in jenkins.computers.agents


# looking, removing


def test_what_is_not_there(nodes: Nodes) -> None:
    assert nodes.poll("heavy-1") is None
    with pytest.raises(KeptError, match="does not exist any more"):
        nodes.ours("heavy-1")
    nodes.delete("heavy-1")


def test_others_nodes_are_not_ours(jenkins: SimulatedJenkins, nodes: Nodes) -> None:
    Nodes(nodes.controller, "second").create(pool(), "heavy-1", "abc", NOW, HOME)
    jenkins.add_node("by-hand", "<slave/>")
    for name in ("heavy-1", "by-hand"):
        with pytest.raises(KeptError, match="is not this manager's"):
            nodes.mark(name, "x")
        assert jenkins.computer(name).mark is None


def test_a_node_without_a_secret_is_told(jenkins: SimulatedJenkins, nodes: Nodes) -> None:
    jenkins.add_node("x", "<slave/>").secret = "none"
    with pytest.raises(ControllerError, match='secret of the node "x": the controller tells none'):
        nodes.secret("x")


def test_a_gate_that_is_shut_keeps_every_change(jenkins: SimulatedJenkins, nodes: Nodes, online: str) -> None:
    def shut() -> None:
        raise KeptError("shut")

    kept = nodes.behind(shut)
    for change in (
        lambda: kept.create(pool(), "heavy-2", "abc", NOW, HOME),
        lambda: kept.mark(online, "x"),
        lambda: kept.delete(online),
    ):
        with pytest.raises(KeptError, match="shut"):
            change()
    assert list(jenkins.computers.agents) == [online]
    assert jenkins.computer(online).online


# marks


def test_a_mark_keeps_builds_away_and_is_taken_back(
    jenkins: SimulatedJenkins, nodes: Nodes, online: str
) -> None:
    node = nodes.mark(online, "idle for 5 min")
    assert (node.offline, node.connected, node.reason) == (Offline.OURS, True, "dynaslave: idle for 5 min")
    assert not jenkins.computer(online).online
    assert nodes.mark(online, "again").reason == "dynaslave: idle for 5 min"
    node = nodes.unmark(online, "needed")
    assert node.offline is Offline.NO
    assert jenkins.computer(online).online
    assert nodes.unmark(online, "needed").offline is Offline.NO


def test_a_persons_mark_is_respected(jenkins: SimulatedJenkins, nodes: Nodes, online: str) -> None:
    jenkins.mark_offline(online, "disk is full")
    for change in (nodes.mark, nodes.unmark):
        with pytest.raises(KeptError, match="another user took it offline: disk is full"):
            change(online, "x")
    mark = jenkins.computer(online).mark
    assert mark is not None
    assert mark.reason == "disk is full"


def test_a_persons_mark_in_the_same_moment_is_not_undone(
    jenkins: SimulatedJenkins, nodes: Nodes, online: str
) -> None:
    in_between(jenkins, "/toggleOffline", lambda: jenkins.mark_offline(online, "disk is full"))
    with pytest.raises(KeptError, match="at the same moment"):
        nodes.mark(online, "idle")
    assert nodes.ours(online).offline is Offline.OTHERS


def test_who_changes_our_mark_has_it(jenkins: SimulatedJenkins, nodes: Nodes, online: str) -> None:
    looks = iter(range(10))

    def somebody(request: HttpRequest) -> None:
        if request.path.endswith("/api/json") and next(looks) == 1:
            jenkins.mark_offline(online, "mine now")

    jenkins.before_each(somebody)
    with pytest.raises(KeptError, match="mine now"):
        nodes.mark(online, "idle")


def test_who_takes_it_online_before_us_is_not_undone(
    jenkins: SimulatedJenkins, nodes: Nodes, online: str
) -> None:
    nodes.mark(online, "idle")
    in_between(jenkins, "/toggleOffline", lambda: jenkins.mark_offline(online, None))
    assert nodes.unmark(online, "needed").offline is Offline.NO
    assert jenkins.computer(online).online


@pytest.mark.parametrize("trouble", ["lose", "drop"])
def test_a_click_without_an_answer_is_not_made_twice(
    jenkins: SimulatedJenkins, nodes: Nodes, online: str, trouble: Literal["lose", "drop"]
) -> None:
    jenkins.fail_next(f"/computer/{online}/toggleOffline", trouble)
    with pytest.raises(ControllerError):
        nodes.mark(online, "idle")
    assert nodes.ours(online).offline is (Offline.OURS if trouble == "lose" else Offline.NO)
    assert nodes.mark(online, "idle").offline is Offline.OURS


CLICKS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["disk is full", None])), max_size=3)


@settings(max_examples=60, deadline=None)
@given(CLICKS, st.booleans())
def test_whoever_clicks_in_between_we_never_leave_our_mark_and_say_it_is_none(
    clicks: list[tuple[int, str | None]], marking: bool
) -> None:
    """After a mark that was told done, nothing starts; after a person's mark nobody follows, it stays."""
    with SimulatedJenkins() as jenkins:
        nodes = Nodes(connect(jenkins.url, jenkins.user, jenkins.token, patience=0), "main")
        nodes.create(pool(), "a", "abc", NOW, HOME)
        jenkins.connect_agent("a")
        if not marking:
            nodes.mark("a", "idle")
        requests = iter(range(100))
        last: list[str | None] = []

        def somebody(request: HttpRequest) -> None:
            at = next(requests)
            for when, reason in clicks:
                if when == at:
                    jenkins.mark_offline("a", reason)
                    last.append(reason)

        jenkins.before_each(somebody)
        try:
            seen = (nodes.mark if marking else nodes.unmark)("a", "x")
        except KeptError:
            seen = None
        jenkins.before_each(None)
        now = nodes.ours("a").offline
        if seen is not None:
            assert now is seen.offline
            assert now is (Offline.OURS if marking else Offline.NO)
        if marking and last == ["disk is full"]:
            assert now is Offline.OTHERS
