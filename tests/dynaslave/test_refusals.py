"""What is refused, taken away or in the way: it reaches what it is about, and builds get past it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from decide_case import NOW, build, counts, decided, items, kinds, look, machine, node, pool
from manager_site import Site

from dynaslave.deciding.decide import learn
from dynaslave.deciding.decisions import Drain, Launch, Report
from dynaslave.deciding.memory import Memory
from dynaslave.ec2.errors import explain
from dynaslave.manager.metrics import Metrics
from dynaslave.manager.overview import queue_rows
from dynaslave.manager.status_text import lines
from dynaslave.model import Offline, Snapshot
from dynaslave.pools.limits import Cap, Limits
from dynaslave.pools.pool import AgentPool, make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from dynaslave.provider import NoCapacity, Offer, ProviderError
from dynaslave.simulated.machines import SimulatedInstance
from dynaslave.web.routes import routes
from jobdsl.testing import ManualClock, SimulatedJenkins

LARGE = Offer("c7i.large", "a", "spot")


def launches(outcome: Any) -> dict[str, Launch]:
    return {one.pool: one for one in outcome.decisions if isinstance(one, Launch)}


# Spot instances that are taken away before they serve.


def taken_away(number: int, at: float, *, connected: bool = False, how: str = "announced") -> Snapshot:
    """A poll that shows a young spot agent which the cloud takes away."""
    name = f"p-{number}"
    values: dict[str, Any] = {"launched": at - 60, "market": "spot", "zone": "a"}
    if how == "announced":
        values["doomed"] = "spot interruption"
    else:
        values |= {"state": "terminated", "notes": {"ended": "Server.SpotInstanceTermination"}}
    return look(items(1), [node(name, connected=connected)], [machine(name, **values)], at=at)


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("how", ["announced", "ended"])
def test_a_spot_offer_whose_instance_never_served_rests_and_then_all_of_spot(
    connected: bool, how: str
) -> None:
    spot = pool(spot=True)
    first = decided(taken_away(1, NOW, connected=connected, how=how), spot)
    assert launches(first)["p"].avoid == {LARGE}
    second = decided(taken_away(2, NOW + 70, connected=connected, how=how), spot, memory=first.memory)
    assert {Offer(kind, "", "spot") for kind in spot.instance_types} <= launches(second)["p"].avoid
    other = decided(look(items(1, "q"), at=NOW + 80), pool("q", spot=True), memory=second.memory)
    assert launches(other)["q"].avoid == {LARGE}
    later = decided(look(items(1), at=NOW + 2000), spot, memory=second.memory)
    assert launches(later)["p"].avoid == frozenset()


def test_the_same_notice_counts_once() -> None:
    spot, memory = pool(spot=True), Memory()
    for at in range(0, 60, 5):
        outcome = decided(taken_away(1, NOW + at), spot, memory=memory)
        memory = outcome.memory
    assert memory.cooling["", LARGE].times == 1


def test_a_pool_of_spot_only_waits() -> None:
    spot = pool(spot="only")
    first = decided(taken_away(1, NOW), spot)
    second = decided(taken_away(2, NOW + 70), spot, memory=first.memory)
    assert counts(second) == {}
    assert second.pools[0].held_back == (
        "spot instances were interrupted before they served; the next try is in 180 s"
    )


@pytest.mark.parametrize(
    ("agent", "instance"),
    [
        ({"running": (build(),)}, {"launched": NOW - 60}),
        ({}, {"launched": NOW - 3000}),
        ({}, {"launched": NOW - 60, "market": "on-demand"}),
    ],
)
def test_an_interruption_of_what_served_is_no_sign(agent: dict[str, Any], instance: dict[str, Any]) -> None:
    values = {"market": "spot", "zone": "a", "doomed": "spot interruption", **instance}
    outcome = decided(look((), [node("p-1", **agent)], [machine("p-1", **values)]), pool(spot=True))
    assert outcome.memory.cooling == {}


@pytest.fixture
def site() -> Iterator[Site]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        yield Site(jenkins, clock)


@pytest.mark.parametrize("spot", [True, "only"])
def test_spot_instances_that_are_taken_away_at_once_are_no_launch_storm(
    site: Site, monkeypatch: pytest.MonkeyPatch, spot: Any
) -> None:
    """Every spot instance is announced for interruption ten seconds after its launch, for an hour."""
    settings: dict[str, Any] = {"name": "linux", "max_agents": 8, "spot": spot}
    settings["instance_types"] = ["c7i.large", "c6i.large", "m7i.large"]
    site.declared = Declared((make(settings),), ManagerSettings())
    advance = SimulatedInstance.advance

    def doomed(self: SimulatedInstance, now: float) -> None:
        if self.now.market == "spot":
            self.interrupted = self.now.launched + 130
        advance(self, now)

    monkeypatch.setattr(SimulatedInstance, "advance", doomed)
    site.build("linux", 8)
    site.run(3600)
    launched = site.metrics.registry.get_sample_value("dynaslave_launched_total", {"pool": "linux"})
    assert launched is not None
    assert launched <= 60
    if spot is True:
        assert site.results() == ["SUCCESS"] * 8


# How far a refusal reaches.


def refused(error: ProviderError, offer: Offer, one: str = "p") -> Memory:
    return learn(Memory(), [Report(Launch(one, 1, "x"), launched=1, refused={offer: error})], NOW)


@pytest.mark.parametrize(
    ("code", "others_too"),
    [
        ("InsufficientInstanceCapacity", True),
        ("InsufficientVolumeCapacity", True),
        ("MaxSpotInstanceCountExceeded", True),
        ("InsufficientFreeAddressesInSubnet", False),
        ("InvalidSubnetID.NotFound", False),
        ("UnauthorizedOperation", False),
        ("InvalidGroup.NotFound", False),
    ],
)
def test_what_is_refused_to_one_pool_rests_for_others_only_if_it_is_about_them(
    code: str, others_too: bool
) -> None:
    memory = refused(explain(code, "", "launching"), Offer("c7i.large", "a"))
    for one, rests in (("p", True), ("q", others_too)):
        launch = launches(decided(look(items(1, one)), pool(one), memory=memory))[one]
        assert launch.avoid == ({Offer("c7i.large", "a")} if rests else frozenset())


def test_a_plain_refusal_of_capacity_reaches_all_pools() -> None:
    memory = refused(NoCapacity("none"), Offer("c7i.large", "a"))
    assert launches(decided(look(items(1, "q")), pool("q"), memory=memory))["q"].avoid


# Agents that are in the way of others.


def relabelled(**more: Any) -> AgentPool:
    return pool(label="new", max_agents=1, **more)


def test_an_idle_agent_with_labels_of_before_makes_room() -> None:
    old = node("p-1", labels=["p"])
    outcome = decided(look(items(1, "new"), [old]), relabelled())
    assert outcome.decisions == (
        Drain(
            "p-1",
            "does not fit: p has other labels or another mode now, for which builds wait, and max_agents is 1",
        ),
    )
    gone = decided(look(items(1, "new")), relabelled(), memory=outcome.memory)
    assert counts(gone) == {"p": 1}


def test_so_does_one_that_is_on_its_way_and_one_behind_a_quota() -> None:
    coming = node("p-1", labels=["p"], connected=False)
    starts = [machine("p-1", launched=NOW - 30)]
    assert (Drain, "p-1") in kinds(decided(look(items(1, "new"), [coming], starts), relabelled()))
    quota = Limits(account=Cap(agents=1))
    old = node("p-1", labels=["p"])
    assert kinds(decided(look(items(1, "new"), [old]), pool(label="new"), limits=quota)) == [(Drain, "p-1")]


@pytest.mark.parametrize(
    ("queue", "here", "most"),
    [
        (items(1, "new"), node("p-1", labels=["p"], running=(build(),)), 1),
        (items(1, "new"), node("p-1", labels=["p"], offline=Offline.OTHERS), 1),
        (items(2, "new"), node("p-1", labels=["new"]), 1),
        ([*items(1, "new"), *items(1, "p")], node("p-1", labels=["p"]), 1),
    ],
)
def test_an_agent_that_works_or_serves_what_waits_stays(queue: list[Any], here: Any, most: int) -> None:
    outcome = decided(look(queue, [here]), pool(label="new", max_agents=most))
    assert not any(isinstance(one, Drain) for one in outcome.decisions)


@pytest.mark.parametrize(("mode", "drained"), [("exclusive", True), ("", False)])
def test_so_does_one_of_a_mode_that_takes_no_builds_without_a_label(mode: str, drained: bool) -> None:
    one = pool(mode="normal", max_agents=1)
    outcome = decided(look(items(1, None), [node("p-1", mode=mode)]), one)
    assert kinds(outcome) == ([(Drain, "p-1")] if drained else [])


def test_a_mode_that_changes_while_its_agent_is_idle_is_no_deadlock(site: Site) -> None:
    settings: dict[str, Any] = {"name": "linux", "max_agents": 1, "instance_types": ["c7i.large"]}
    site.declared = Declared((make(settings),), ManagerSettings())
    site.jenkins.computers.built_in.executors = 0
    site.build("linux")
    site.run(230)
    (old,) = site.agents
    site.declared = Declared((make({**settings, "mode": "normal"}),), ManagerSettings())
    site.jenkins.create_item("any", "<project><canRoam>true</canRoam></project>")
    site.jenkins.build("any")
    site.run(400)
    assert old not in site.agents
    assert site.results() == ["SUCCESS"] * 2


def test_with_room_for_another_it_stays_until_nobody_needs_it() -> None:
    outcome = decided(look(items(1, "new"), [node("p-1", labels=["p"])]), pool(label="new", max_agents=2))
    assert kinds(outcome) == [(Launch, "")]


def test_a_label_that_changes_while_its_agent_is_idle_is_no_deadlock(site: Site) -> None:
    settings: dict[str, Any] = {"name": "linux", "max_agents": 1, "instance_types": ["c7i.large"]}
    site.declared = Declared((make(settings),), ManagerSettings())
    site.build("linux")
    site.run(230)
    (old,) = site.agents
    site.declared = Declared((make({**settings, "label": "linux-2"}),), ManagerSettings())
    site.build("linux-2")
    site.run(400)
    assert old not in site.agents
    assert site.results() == ["SUCCESS"] * 2


# Items that wait for nodes of others.


def test_an_item_that_waits_for_a_busy_node_of_others_is_served() -> None:
    static = node("ag1", "", ["mac"], running=(build(),))
    outcome = decided(look(items(2, "mac"), [static]))
    assert outcome.notes == ()
    assert outcome.elsewhere == {1, 2}
    assert outcome.counted == {}


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (
            node("ag1", "", ["mac"], connected=False),
            "no pool can serve it, and the nodes that can are offline: ag1",
        ),
        (node("ag1", "", ["mac"], offline=Offline.OTHERS), "offline: ag1"),
        (node("ag1", "", ["mac"], executors=0), "no pool and no node can serve it"),
        (node("ag1", "", ["windows"]), "no pool and no node can serve it"),
    ],
)
def test_an_item_nothing_serves_is_told(here: Any, said: str) -> None:
    outcome = decided(look(items(1, "mac"), [here]))
    assert len(outcome.notes) == 1
    assert said in outcome.notes[0]
    assert outcome.elsewhere == frozenset()


def test_the_metric_counts_what_nothing_serves(site: Site) -> None:
    metrics = Metrics()
    rows = queue_rows(items(3, "mac"), {1: "p"}, {2})
    assert [(row.pool, row.elsewhere) for row in rows] == [("p", False), ("", True), ("", False)]
    site.jenkins.add_node("static", "<slave><numExecutors>1</numExecutors><label>mac</label></slave>")
    site.jenkins.connect_agent("static")
    site.build("mac", 3)
    site.build("nowhere")
    site.run(5)
    assert site.metrics.registry.get_sample_value("dynaslave_unserved_items") == 1
    assert [note for note in site.manager.status.notes if "mac" in note] == []
    assert "other nodes" in "\n".join(lines(site.manager.status))
    assert b"other nodes" in routes(site.manager, site.metrics)["/"]().body
    assert metrics.registry.get_sample_value("dynaslave_unserved_items") == 0
