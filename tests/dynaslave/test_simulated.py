"""The cloud in memory: the contract, its faults, and that chance comes from the seed alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaslave.controller.nodes import Nodes
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import Hand, LaunchRequest, NoCapacity, Offer, ProviderError, Throttled
from dynaslave.simulated.provider import ProviderFaults, SimulatedCloud
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins

BIG, SMALL = Offer("c7i.large"), Offer("c6i.large")


def pool(**values: object) -> AgentPool:
    return make({"name": "heavy", "max_agents": 99, "instance_types": ["c7i.large", "c6i.large"]} | values)


def request(count: int = 1, intent: str = "abc", **values: object) -> LaunchRequest:
    avoid = values.pop("avoid", frozenset())
    nodes = tuple(f"heavy-{number}" for number in range(count))
    return LaunchRequest(pool(**values), count, intent, nodes, avoid)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def cloud(clock: ManualClock) -> SimulatedCloud:
    return SimulatedCloud(clock=clock.now, boot=(60, 60))


def test_the_same_intent_is_the_same_launch(cloud: SimulatedCloud) -> None:
    first = cloud.launch(request(2)).instances
    assert cloud.launch(request(2)).instances == first
    assert len(cloud.list()) == 2
    cloud.launch(request(2, "other"))
    assert len(cloud.list()) == 4


def test_what_becomes_of_an_instance(cloud: SimulatedCloud, clock: ManualClock) -> None:
    def shown() -> tuple[str, str]:
        (found,) = cloud.list()
        return found.state, found.node

    (instance,) = cloud.launch(request()).instances
    assert shown() == ("pending", "")
    cloud.hand_over(instance, Hand("heavy-0", "s", "u"))
    cloud.hand_over(instance, Hand("heavy-0", "s", "u"))
    clock.advance(15)
    assert shown() == ("running", "heavy-0")
    with pytest.raises(ProviderError, match="has the node heavy-0"):
        cloud.hand_over(instance, Hand("heavy-1", "s", "u"))
    cloud.terminate([instance])
    cloud.terminate([instance])
    assert shown() == ("terminated", "heavy-0")
    with pytest.raises(ProviderError, match="is gone"):
        cloud.hand_over(instance, Hand("heavy-0", "s", "u"))
    clock.advance(3601)
    assert cloud.list() == []


def test_offers_are_tried_in_order(cloud: SimulatedCloud) -> None:
    cloud.faults.room = {BIG: 2}
    launched = cloud.launch(request(3))
    assert [one.type for one in launched.instances] == ["c7i.large", "c7i.large", "c6i.large"]
    assert list(launched.refused) == [BIG]
    launched = cloud.launch(request(1, "b", avoid=frozenset({BIG})))
    assert ([one.type for one in launched.instances], launched.refused) == (["c6i.large"], {})
    with pytest.raises(NoCapacity, match="cooling down"):
        cloud.launch(request(1, "c", avoid=frozenset({BIG, SMALL})))


def test_spot_falls_back_to_on_demand(clock: ManualClock) -> None:
    room = {Offer(kind, "", "spot"): 0 for kind in ("c7i.large", "c6i.large")}
    cloud = SimulatedCloud(
        clock=clock.now, faults=ProviderFaults(room=room), price=lambda offer: len(offer.market)
    )
    launched = cloud.launch(request(spot=True))
    assert [(one.market, one.price) for one in launched.instances] == [("on-demand", 9)]
    launched = cloud.launch(request(1, "b", spot="only"))
    assert (launched.instances, set(launched.refused)) == ((), set(room))


def test_a_listing_is_late(clock: ManualClock) -> None:
    cloud = SimulatedCloud(clock=clock.now, faults=ProviderFaults(lag=30))
    (instance,) = cloud.launch(request()).instances
    assert cloud.list() == []
    clock.advance(30)
    cloud.hand_over(instance, Hand("heavy-0", "s", "u"))
    cloud.note([instance], {"suspect": "5"})
    assert [(one.node, one.suspect) for one in cloud.list()] == [("", 0.0)]
    clock.advance(30)
    cloud.terminate([instance])
    assert [(one.node, one.suspect, one.state) for one in cloud.list()] == [("heavy-0", 5.0, "running")]
    clock.advance(30)
    assert [one.state for one in cloud.list()] == ["terminated"]


def test_trouble_comes_before_anything_is_done(cloud: SimulatedCloud) -> None:
    cloud.faults.raises += [Throttled("a"), Throttled("b")]
    for _ in range(2):
        with pytest.raises(Throttled):
            cloud.launch(request())
    assert cloud.list() == []


def test_spot_instances_are_taken_away_after_a_notice(clock: ManualClock) -> None:
    cloud = SimulatedCloud(clock=clock.now, faults=ProviderFaults(interruptions=6.0))
    cloud.launch(request(20, spot=True))
    cloud.launch(request(5, "b"))
    doomed: dict[str, float] = {}
    for _ in range(360):
        clock.advance(60)
        for one in cloud.list():
            if one.doomed and one.id not in doomed:
                assert one.state != "terminated"
                doomed[one.id] = clock.now()
            if one.state == "terminated":
                assert doomed[one.id] < clock.now()
    assert len(doomed) == 20
    assert cloud.alive == 5


def test_secrets_are_forgotten(cloud: SimulatedCloud) -> None:
    first, second = cloud.launch(request(2)).instances
    cloud.hand_over(first, Hand("heavy-0", "s", "u"))
    cloud.hand_over(second, Hand("heavy-1", "s", "u"))
    cloud.sweep(frozenset({"heavy-1"}), frozenset())
    secrets = {machine.hand.node: machine.hand.secret for machine in cloud._machines.values() if machine.hand}
    assert secrets == {"heavy-0": "", "heavy-1": "s"}


def lives(seed: int, faults: Callable[[], ProviderFaults]) -> list[list[Instance]]:
    clock = ManualClock()
    cloud = SimulatedCloud(clock=clock.now, seed=seed, faults=faults())
    seen = []
    for number in range(10):
        cloud.launch(request(3, f"i{number}", spot=True))
        clock.advance(120)
        seen.append(list(cloud.list()))
    return seen


@settings(max_examples=20)
@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 30))
def test_the_same_seed_is_the_same_fate(seed: int, no_capacity: float, interruptions: float) -> None:
    def faults() -> ProviderFaults:
        return ProviderFaults(no_capacity=no_capacity, interruptions=interruptions)

    assert lives(seed, faults) == lives(seed, faults)


def test_instances_connect_their_nodes(clock: ManualClock) -> None:
    with SimulatedJenkins(clock=clock) as jenkins:
        cloud = SimulatedCloud(clock=clock.now, jenkins=jenkins, boot=(60, 60), seed=1)
        nodes = Nodes(connect(jenkins.url, jenkins.user, jenkins.token), "main")
        right, wrong, nowhere = cloud.launch(request(3)).instances
        for name in ("heavy-0", "heavy-1"):
            nodes.create(pool(), name, "abc", clock.now(), "/x")
        cloud.hand_over(right, Hand("heavy-0", nodes.secret("heavy-0"), jenkins.url))
        cloud.hand_over(wrong, Hand("heavy-1", "wrong", jenkins.url))
        cloud.hand_over(nowhere, Hand("heavy-2", "s", jenkins.url))
        clock.advance(59)
        cloud.tick()
        assert not jenkins.computer("heavy-0").connected
        clock.advance(1)
        cloud.tick()
        assert jenkins.computer("heavy-0").connected
        assert not jenkins.computer("heavy-1").connected
        cloud.terminate([right])
        assert not jenkins.computer("heavy-0").connected
        jenkins.delete_node("heavy-0")
        cloud.terminate([right, nowhere])


def test_some_never_connect(clock: ManualClock) -> None:
    with SimulatedJenkins(clock=clock) as jenkins:
        cloud = SimulatedCloud(clock=clock.now, jenkins=jenkins, faults=ProviderFaults(never_connects=0.5))
        nodes = Nodes(connect(jenkins.url, jenkins.user, jenkins.token), "main")
        for number, instance in enumerate(cloud.launch(request(20)).instances):
            nodes.create(pool(), f"heavy-{number}", "abc", clock.now(), "/x")
            cloud.hand_over(instance, Hand(f"heavy-{number}", nodes.secret(f"heavy-{number}"), jenkins.url))
        clock.advance(1000)
        cloud.tick()
        assert 3 < sum(one.connected for one in jenkins.computers.agents.values()) < 17
