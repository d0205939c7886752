"""Nodes and instances joined: each agent in one state, each living instance in one place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.ledger import AgentHistory, Ledger, join
from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.model import AgentState, Instance, InstanceState, JenkinsNode, Offline
from dynaslave.pools.pool import make

POOLS = {"p": make({"name": "p", "max_agents": 5, "boot_minutes": 5})}
NOW = 1000.0
nodes = st.builds(
    JenkinsNode,
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
    st.builds(AgentHistory, st.sampled_from(AgentState), st.just(990.0), st.just(0.0), st.booleans()),
)


def joined(
    there: list[JenkinsNode], machines: list[Instance], seen: dict[str, AgentHistory] | None = None
) -> Ledger:
    return join(there, machines, POOLS, NOW, seen or {}, DEFAULTS)


@given(
    st.lists(nodes, unique_by=lambda node: node.name),
    st.lists(instances, unique_by=lambda instance: instance.id),
    seens,
)
def test_everything_is_in_exactly_one_place(
    there: list[JenkinsNode], machines: list[Instance], seen: dict[str, AgentHistory]
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


def one(connected: bool = True, offline: Offline = Offline.NO, idle: bool = True) -> JenkinsNode:
    return JenkinsNode("p-1", frozenset({"p"}), 1, connected, offline, idle=idle, pool="p", created=550.0)


def machine(state: InstanceState = "running", launched: float = 900.0) -> Instance:
    return Instance("i-1", "p", "t", state, launched, "p-1")


SERVED = AgentHistory(AgentState.BUSY, 940.0, 940.0, served=True)
WAITED = AgentHistory(AgentState.BOOTING, 940.0, 940.0, served=False)


@pytest.mark.parametrize(
    ("node", "instance", "seen", "state", "deadline"),
    [
        (one(False), None, None, AgentState.REQUESTED, 670),
        (one(False), machine("pending"), None, AgentState.PENDING, 1200),
        (one(False), machine(), None, AgentState.BOOTING, 1200),
        (one(False), machine(launched=600), WAITED, AgentState.BOOTING, 900),
        (one(False), machine(launched=600), None, AgentState.LOST, 1300),
        (one(False), machine(), SERVED, AgentState.LOST, 1300),
        (one(False), None, SERVED, AgentState.REQUESTED, 1120),
        (one(), machine(), None, AgentState.IDLE, None),
        (one(), None, None, AgentState.IDLE, None),
        (one(idle=False), machine(), None, AgentState.BUSY, None),
        (one(offline=Offline.OURS, idle=False), machine(), None, AgentState.DRAINING, None),
        (one(False, Offline.OURS), machine(), None, AgentState.DRAINING, None),
        (one(offline=Offline.OTHERS), machine(), None, AgentState.HELD, None),
        (one(offline=Offline.OTHERS), machine("terminated"), None, AgentState.GONE, 1300),
        (one(idle=False), machine("stopping"), None, AgentState.GONE, 1300),
    ],
)
def test_a_state_and_its_deadline(
    node: JenkinsNode,
    instance: Instance | None,
    seen: AgentHistory | None,
    state: AgentState,
    deadline: float | None,
) -> None:
    machines = [] if instance is None else [instance]
    (agent,) = joined([node], machines, {} if seen is None else {"p-1": seen}).agents
    assert (agent.state, agent.deadline) == (state, deadline)


def test_since_lasts_as_long_as_the_state() -> None:
    idle = AgentHistory(AgentState.IDLE, 700.0, 700.0, served=True)
    assert joined([one()], [machine()], {"p-1": idle}).agents[0].since == 700
    assert joined([one(idle=False)], [machine()], {"p-1": idle}).agents[0].since == NOW


def test_of_two_that_claim_a_node_the_living_and_older_has_it() -> None:
    young = Instance("i-2", "p", "t", "running", 950.0, "p-1")
    ledger = joined([one()], [young, machine(), Instance("i-0", "p", "t", "terminated", 1.0, "p-1")])
    assert ledger.agents[0].instance == machine()
    assert ledger.doubles == (young,)
    assert ledger.claimed_twice == {"p-1"}
