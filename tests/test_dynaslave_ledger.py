"""Nodes and instances joined: each agent in one state, each living instance in one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.ledger import Ledger, Seen, join
from dynaslave.model import Instance, InstanceState, Node, Offline, State
from dynaslave.pools.pool import make

POOLS = {"p": make({"name": "p", "max_agents": 5, "boot_minutes": 5})}
NOW = 1000.0
nodes = st.builds(
    Node,
    name=st.sampled_from(["p-1", "p-2", "p-3", "x"]),
    labels=st.just(frozenset({"p"})),
    executors=st.integers(0, 3),
    connected=st.booleans(),
    offline=st.sampled_from(Offline),
    idle=st.booleans(),
    pool=st.sampled_from(["p", "", "gone"]),
    intent=st.sampled_from(["", "t1", "t2"]),
    created=st.sampled_from([0.0, 900.0, 999.0]),
)
instances = st.builds(
    Instance,
    id=st.sampled_from([f"i-{number}" for number in range(6)]),
    pool=st.sampled_from(["p", "gone"]),
    intent=st.sampled_from(["", "t1", "t2"]),
    state=st.sampled_from(["pending", "running", "stopping", "terminated"]),
    launched=st.sampled_from([100.0, 900.0]),
    node=st.sampled_from(["", "p-1", "p-2", "x", "away"]),
)
seens = st.dictionaries(
    st.sampled_from(["p-1", "p-2"]),
    st.builds(Seen, st.sampled_from(State), st.just(990.0), st.just(0.0), st.booleans()),
)


def joined(there: list[Node], machines: list[Instance], seen: dict[str, Seen] | None = None) -> Ledger:
    return join(there, machines, POOLS, NOW, seen)


@given(
    st.lists(nodes, unique_by=lambda node: node.name),
    st.lists(instances, unique_by=lambda instance: instance.id),
    seens,
)
def test_everything_is_in_exactly_one_place(
    there: list[Node], machines: list[Instance], seen: dict[str, Seen]
) -> None:
    ledger = joined(there, machines, seen)
    assert sorted(agent.name for agent in ledger.agents) == sorted(node.name for node in there if node.pool)
    owned = [agent.instance for agent in ledger.agents if agent.instance is not None]
    placed = [*owned, *ledger.strays, *ledger.doubles]
    assert len({one.id for one in placed}) == len(placed)
    alive = {one.id for one in machines if one.state in ("pending", "running")}
    assert alive <= {one.id for one in placed}
    assert {one.id for one, _ in ledger.adoptions} <= {one.id for one in owned}
    assert ledger == joined(there, list(reversed(machines)), seen)


def one(connected: bool = True, offline: Offline = Offline.NO, idle: bool = True) -> Node:
    return Node("p-1", frozenset({"p"}), 1, connected, offline, idle=idle, pool="p", created=550.0)


def machine(state: InstanceState = "running", launched: float = 900.0) -> Instance:
    return Instance("i-1", "p", "t", state, launched, "p-1")


SERVED = Seen(State.BUSY, 940.0, 940.0, served=True)
WAITED = Seen(State.BOOTING, 940.0, 940.0, served=False)


@pytest.mark.parametrize(
    ("node", "instance", "seen", "state", "deadline"),
    [
        (one(False), None, None, State.REQUESTED, 670),
        (one(False), machine("pending"), None, State.PENDING, 1200),
        (one(False), machine(), None, State.BOOTING, 1200),
        (one(False), machine(launched=600), WAITED, State.BOOTING, 900),
        (one(False), machine(launched=600), None, State.LOST, 1300),
        (one(False), machine(), SERVED, State.LOST, 1300),
        (one(False), None, SERVED, State.REQUESTED, 1120),
        (one(), machine(), None, State.IDLE, None),
        (one(), None, None, State.IDLE, None),
        (one(idle=False), machine(), None, State.BUSY, None),
        (one(offline=Offline.OURS, idle=False), machine(), None, State.DRAINING, None),
        (one(False, Offline.OURS), machine(), None, State.DRAINING, None),
        (one(offline=Offline.OTHERS), machine(), None, State.HELD, None),
        (one(offline=Offline.OTHERS), machine("terminated"), None, State.GONE, 1300),
        (one(idle=False), machine("stopping"), None, State.GONE, 1300),
    ],
)
def test_a_state_and_its_deadline(
    node: Node, instance: Instance | None, seen: Seen | None, state: State, deadline: float | None
) -> None:
    machines = [] if instance is None else [instance]
    (agent,) = joined([node], machines, {} if seen is None else {"p-1": seen}).agents
    assert (agent.state, agent.deadline) == (state, deadline)


def test_since_lasts_as_long_as_the_state() -> None:
    idle = Seen(State.IDLE, 700.0, 700.0, served=True)
    assert joined([one()], [machine()], {"p-1": idle}).agents[0].since == 700
    assert joined([one(idle=False)], [machine()], {"p-1": idle}).agents[0].since == NOW


def test_of_two_that_claim_a_node_the_living_and_older_has_it() -> None:
    young = Instance("i-2", "p", "t", "running", 950.0, "p-1")
    ledger = joined([one()], [young, machine(), Instance("i-0", "p", "t", "terminated", 1.0, "p-1")])
    assert ledger.agents[0].instance == machine()
    assert ledger.doubles == (young,)
    assert ledger.claimed_twice == {"p-1"}
