"""Launches are relied on until enough of them have failed lately, and again once that is long ago."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.decide import decide
from dynaslave.deciding.decisions import Launch, Report
from dynaslave.deciding.launch_reliability import Trials
from dynaslave.deciding.learning import learn
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.model import Instance, JenkinsNode, Snapshot
from dynaslave.pools.limits import Limits
from dynaslave.pools.pool import make
from dynaslave.provider import NoCapacity, Offer

pytestmark = pytest.mark.slow

HOUR = 3600.0
OFFER = Offer("m5.large", "a", "spot")


def test_a_failure_or_two_among_many_are_chance() -> None:
    assert Trials().more(1, 1, 0, DEFAULTS).unreliable_until(DEFAULTS) == -math.inf
    assert Trials().more(100, 2, 0, DEFAULTS).unreliable_until(DEFAULTS) == -math.inf
    assert Trials().more(10, 2, 0, DEFAULTS).unreliable_until(DEFAULTS) > 0


def test_what_failed_is_forgotten_in_time() -> None:
    found = Trials().more(10, 3, 0, DEFAULTS)
    assert 3 * HOUR < found.unreliable_until(DEFAULTS) < 5 * HOUR
    later = found.more(1, 0, found.unreliable_until(DEFAULTS) + 1, DEFAULTS)
    assert later.unreliable_until(DEFAULTS) == -math.inf


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20), st.floats(0, 9 * HOUR)), max_size=20))
def test_weights_never_grow_by_themselves(steps: list[tuple[int, int, float]]) -> None:
    found, now = Trials(), 0.0
    for tried, failed, pause in steps:
        now += pause
        after = found.more(tried, failed, now, DEFAULTS)
        assert 0 <= after.failed <= found.failed + failed
        assert 0 <= after.tried <= found.tried + tried
        assert after.unreliable_until(DEFAULTS) == -math.inf or after.unreliable_until(DEFAULTS) >= now
        found = after


def test_refused_offers_count_as_failures() -> None:
    error = NoCapacity("no room")
    memory = learn(Memory(), [Report(Launch("p", 4, ""), launched=3, refused={OFFER: error})], 10.0)
    assert (memory.trials["p"].tried, memory.trials["p"].failed) == (4, 1)
    assert memory.unreliable_until("p", DEFAULTS) == -math.inf
    memory = learn(memory, [Report(Launch("p", 4, ""), launched=3, refused={OFFER: error})], 20.0)
    assert memory.unreliable_until("p", DEFAULTS) > 20.0
    assert memory.unreliable_until("other", DEFAULTS) == -math.inf


def looked(memory: Memory, at: float, *, connected: bool = False, doomed: str = "") -> Memory:
    """After a look at an agent that was launched at 0."""
    node = JenkinsNode("p-1", frozenset({"p-1", "p"}), 1, connected, pool="p", created=0.0)
    machine = Instance("i-1", "p", "t", "running", 0.0, "p-1", doomed=doomed)
    snapshot = Snapshot(at, (), (node,), (machine,))
    return decide(snapshot, [make({"name": "p", "max_agents": 5})], memory, Limits()).memory


def test_agents_that_never_come_count_once() -> None:
    memory = looked(Memory(), 30.0)
    assert not memory.trials
    for at in (2000.0, 2005.0, 2010.0):
        memory = looked(memory, at)
    assert round(memory.trials["p"].failed, 1) == 1.0


def test_machines_the_cloud_takes_away_count_once() -> None:
    memory = looked(Memory(), 30.0, connected=True)
    for at in (35.0, 40.0):
        memory = looked(memory, at, connected=True, doomed="spot interruption")
    assert round(memory.trials["p"].failed, 1) == 1.0


def test_pools_that_are_gone_are_forgotten() -> None:
    memory = Memory(trials={"gone": Trials(9, 9, 0)})
    assert not looked(memory, 30.0).trials
