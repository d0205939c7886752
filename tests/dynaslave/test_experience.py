"""What decisions make of experience: agents launched beforehand, a few more than needed, and ended sooner."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from dynaslave.deciding.boot_times import Boot, Boots
from dynaslave.deciding.decide import decide
from dynaslave.deciding.decisions import Decision, Drain, Launch, Retire
from dynaslave.deciding.forecast import BuildArrivals
from dynaslave.deciding.launch_reliability import Trials
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.model import Instance, JenkinsNode, Offline, QueueItem, Running, Snapshot
from dynaslave.pools.limits import Limits
from dynaslave.pools.pool import AgentPool, make
from jobdsl.grammar.labels import parse

NOW = 1_000_000.0
BOOTS = (60.0, 75.0, 90.0, 100.0, 115.0, 130.0, 145.0, 160.0, 178.0)


def pool(**more: Any) -> AgentPool:
    return make({"name": "p", "max_agents": 50, **more})


def booted(*seconds: float) -> Boots:
    """Experience of agents that took so long."""
    return Boots(tuple(Boot(NOW - 9000 + at, f"p-b{at}", each) for at, each in enumerate(seconds)))


def busy(
    running: int, waiting: int = 0, came: int = 12, lasting: float = 480.0, at: float = NOW
) -> BuildArrivals:
    """Experience of so many builds in each two minutes."""
    first = int(at // DEFAULTS.slot) - 5
    slots = tuple((first + number, came, came * lasting) for number in range(6))
    return BuildArrivals(at - 5, frozenset(urls(running)), waiting, slots, 1000)


def rare(at: float = NOW) -> BuildArrivals:
    """Experience of a pool to which builds came, none of them lately."""
    return BuildArrivals(at - 5, frozenset(), 0, ((int(at // DEFAULTS.slot), 0, 0.0),), 1000)


def urls(count: int) -> list[str]:
    return [f"http://j/job/x/{at}/" for at in range(count)]


def agents(count: int, running: int, **more: Any) -> list[JenkinsNode]:
    return [
        JenkinsNode(
            f"p-{at}",
            frozenset({f"p-{at}", "p"}),
            1,
            True,
            idle=at >= running,
            running=(Running(url, NOW - 100),) if at < running else (),
            pool="p",
            **more,
        )
        for at, url in enumerate(urls(count))
    ]


def coming(*ages: float) -> list[tuple[JenkinsNode, Instance]]:
    """Agents on their way, launched so many seconds ago."""
    return [
        (
            JenkinsNode(f"p-c{at}", frozenset({f"p-c{at}", "p"}), 1, False, pool="p", created=NOW - age),
            Instance(f"i-c{at}", "p", "t", "running", NOW - age, f"p-c{at}"),
        )
        for at, age in enumerate(ages)
    ]


def items(count: int) -> list[QueueItem]:
    return [QueueItem(at, "x", parse("p"), NOW - 3) for at in range(count)]


def decided(
    queue: int,
    there: list[JenkinsNode],
    on_the_way: list[tuple[JenkinsNode, Instance]],
    memory: Memory,
    *pools: AgentPool,
) -> Outcome:
    machines = [Instance(f"i-{node.name}", "p", "t", "running", NOW - 900, node.name) for node in there]
    snapshot = Snapshot(
        NOW,
        tuple(items(queue)),
        (*there, *(node for node, _ in on_the_way)),
        (*machines, *(instance for _, instance in on_the_way)),
    )
    return decide(snapshot, pools or (pool(),), memory, Limits())


def launched(decisions: tuple[Decision, ...]) -> tuple[int, str]:
    (only,) = (one for one in decisions if isinstance(one, Launch))
    return only.count, only.reason


def test_in_a_steady_stream_executors_are_kept_free_beforehand() -> None:
    memory = Memory(traffic={"p": busy(48)})
    assert launched(decided(0, agents(50, 48), [], memory, pool(max_agents=99)).decisions) == (
        6,
        "the pool keeps 8 executors free for builds that are likely to come soon",
    )
    assert decided(0, agents(56, 48), [], memory, pool(max_agents=99)).decisions == ()
    assert decided(0, agents(50, 48), [], Memory(), pool(max_agents=99)).decisions == ()


def test_where_launches_fail_more_executors_are_kept_free_until_that_is_forgotten() -> None:
    failed = Trials().more(10, 2, NOW - 60, DEFAULTS)
    memory = Memory(traffic={"p": busy(48)}, trials={"p": failed})
    assert launched(decided(0, agents(56, 48), [], memory, pool(max_agents=99)).decisions)[0] == 9
    forgotten = memory._replace(trials={"p": Trials().more(10, 2, NOW - 100_000, DEFAULTS)})
    assert decided(0, agents(56, 48), [], forgotten, pool(max_agents=99)).decisions == ()
    outcome = decided(0, agents(65, 48), [], memory, pool(max_agents=99))
    assert outcome.decisions == ()
    assert outcome.until <= failed.unreliable_until(DEFAULTS)


def test_what_is_kept_where_launches_fail_keeps_to_the_maximum() -> None:
    memory = Memory(traffic={"p": busy(48)}, trials={"p": Trials().more(10, 2, NOW - 60, DEFAULTS)})
    outcome = decided(0, agents(56, 48), [], memory, pool(max_agents=59))
    assert launched(outcome.decisions)[0] == 3
    assert outcome.pools[0].held_back == "max_agents is 59"


def test_spares_and_experience_are_not_added_up() -> None:
    memory = Memory(traffic={"p": busy(48)})
    assert launched(decided(0, agents(50, 48), [], memory, pool(max_agents=99, spares=10)).decisions)[0] == 8
    assert decided(0, agents(58, 48), [], memory, pool(max_agents=99, spares=10)).decisions == ()


def test_experience_keeps_to_the_maximum() -> None:
    outcome = decided(0, agents(50, 48), [], Memory(traffic={"p": busy(48)}), pool(max_agents=51))
    assert launched(outcome.decisions)[0] == 1
    assert outcome.pools[0].held_back == "max_agents is 51"


def test_where_boots_differ_a_few_more_are_launched_than_needed() -> None:
    memory = Memory(boots={"p": booted(*BOOTS)}, traffic={"p": rare()})
    assert launched(decided(6, [], [], memory).decisions) == (
        8,
        "6 builds wait for p; 2 more, as some boot much slower than others",
    )
    assert launched(decided(1, [], [], memory).decisions)[0] == 2
    alike = memory._replace(boots={"p": booted(*[100.0] * 9)})
    assert launched(decided(6, [], [], alike).decisions)[0] == 6
    few = memory._replace(boots={"p": booted(*BOOTS[:8])})
    assert launched(decided(6, [], [], few).decisions)[0] == 6
    assert launched(decided(6, [], [], Memory()).decisions)[0] == 6


@pytest.mark.parametrize("traffic", [{}, {"p": rare()._replace(total=13)}])
def test_without_experience_of_builds_a_scheduled_one_is_launched_for_once(
    traffic: dict[str, BuildArrivals],
) -> None:
    """Agents are kept for the whole idle time then, so nothing pays for a second launch."""
    memory = Memory(boots={"p": booted(*BOOTS)}, traffic=traffic)
    assert launched(decided(1, [], [], memory).decisions)[0] == 1
    assert launched(decided(6, [], [], memory).decisions)[0] == 6


@pytest.mark.parametrize(
    ("minutes", "single", "six"), [(0, 1, 6), (1, 1, 7), (3, 1, 8), (4, 2, 8), (5, 2, 8), (30, 2, 8)]
)
def test_more_agents_are_launched_only_where_ending_others_sooner_pays_for_them(
    minutes: float, single: int, six: int
) -> None:
    memory = Memory(boots={"p": booted(*BOOTS)}, traffic={"p": rare()})
    one = pool(idle_minutes=minutes)
    assert launched(decided(1, [], [], memory, one).decisions)[0] == single
    assert launched(decided(6, [], [], memory, one).decisions)[0] == six


def test_where_launches_fail_more_are_launched_at_any_price() -> None:
    memory = Memory(
        boots={"p": booted(*BOOTS)},
        traffic={"p": rare()},
        trials={"p": Trials().more(10, 2, NOW - 60, DEFAULTS)},
    )
    assert launched(decided(1, [], [], memory, pool(idle_minutes=1)).decisions)[0] == 2


def test_those_that_are_on_their_way_anyway_count_as_more() -> None:
    memory = Memory(boots={"p": booted(*BOOTS)}, traffic={"p": rare()})
    assert launched(decided(4, [], coming(30, 30), memory).decisions)[0] == 3  # two needed, one more
    assert decided(2, [], coming(30, 30, 30), memory).decisions == ()


def test_builds_that_hardly_wait_for_an_agent_get_no_more() -> None:
    """Twelve builds come and twelve end while an agent boots: three that wait find an executor soon."""
    memory = Memory(boots={"p": booted(*BOOTS)}, traffic={"p": busy(48)})
    assert launched(decided(3, agents(48, 48), [], memory, pool(max_agents=99)).decisions)[0] == 3 + 8


def watched(outcome: Outcome, seconds: float) -> Memory:
    """The memory as if everything had been so for a while."""
    windows = {
        name: one._replace(began=one.began - seconds, peaks=((one.last, one.value),))
        for name, one in outcome.memory.windows.items()
    }
    return outcome.memory._replace(windows=windows)


def test_who_is_not_waited_for_any_more_goes_before_it_has_come_but_not_in_its_first_minute() -> None:
    there, late = agents(1, 1), coming(30.0, 80.0)
    memory = watched(decided(0, there, late, Memory()), 400)
    outcome = decided(0, there, late, memory)
    assert outcome.decisions == (Drain("p-c1", "surplus: no build waits for it any more"),)


def test_it_is_ended_once_it_is_offline_and_taken_back_by_nobody() -> None:
    ((node, instance),) = coming(90.0)
    drained = replace(node, offline=Offline.OURS, reason="dynaslave: surplus: no build waits for it any more")
    outcome = decided(0, [], [(drained, instance)], Memory())
    assert [type(one) for one in outcome.decisions] == [Retire]
    outcome = decided(1, [], [(drained, instance)], Memory())
    assert [type(one) for one in outcome.decisions] == [Launch, Retire]


def test_as_long_as_builds_wait_those_launched_beyond_need_stay() -> None:
    memory = watched(decided(1, [], coming(90, 90), Memory(boots={"p": booted(*BOOTS)})), 400)
    assert decided(1, [], coming(90, 90), memory).decisions == ()
    memory = watched(decided(0, agents(1, 1), coming(90), Memory(boots={"p": booted(*BOOTS)})), 400)
    assert [type(one) for one in decided(0, agents(1, 1), coming(90), memory).decisions] == [Drain]


def kept_minutes(count: int, traffic: BuildArrivals, boots: Boots, minutes: float, **more: Any) -> str:
    """Keep idle agents for so many minutes but not longer; gives why the first one goes then."""
    idle, one = agents(count, 0), pool(**more)
    first = decided(0, idle, [], Memory(traffic={"p": traffic}, boots={"p": boots}), one)
    ended = BuildArrivals(NOW - 5, frozenset(), 0, traffic.slots, traffic.total)
    sooner, later = (watched(first, 60 * minutes + by)._replace(traffic={"p": ended}) for by in (-20, 20))
    assert decided(0, idle, [], sooner, one).decisions == ()
    drain = decided(0, idle, [], later, one).decisions[0]
    assert isinstance(drain, Drain)
    return drain.reason.rpartition(" for ")[2]


ALIKE, DIFFERENT = booted(*[115.0] * 9), booted(*BOOTS)


@pytest.mark.parametrize(("lasting", "minutes"), [(3000.0, 2.0), (100.0, 2.875), (30.0, 5.0)])
def test_where_executors_are_kept_free_beforehand_others_go_sooner(lasting: float, minutes: float) -> None:
    """Of the five minutes a pool has, long builds leave two: their agents would be idle for longer."""
    traffic = busy(0, lasting=lasting)
    assert kept_minutes(20, traffic, DIFFERENT, minutes) == f"{minutes:.2g} min"


def test_agents_with_several_executors_are_kept_for_the_whole_idle_time() -> None:
    assert kept_minutes(20, busy(0, lasting=3000.0), DIFFERENT, 5, executors=4) == "5 min"


@pytest.mark.parametrize("lasting", [30.0, 100.0])
def test_the_idle_time_is_not_shortened_where_nothing_is_launched_or_kept_free_for_it(lasting: float) -> None:
    assert kept_minutes(2, busy(0, came=1, lasting=lasting), ALIKE, 5) == "5 min"
    assert kept_minutes(2, rare(), ALIKE, 5) == "5 min"


@pytest.mark.parametrize(("count", "minutes"), [(1, 2.83), (2, 3.92), (8, 4.46), (40, 4.46)])
def test_the_idle_time_is_shortened_by_what_agents_beyond_need_cost(count: int, minutes: float) -> None:
    """One agent is launched with another: both boots are paid for by the minutes it is not kept."""
    assert kept_minutes(count, rare(), DIFFERENT, minutes) == f"{minutes:.2g} min"


def test_an_agent_launched_beyond_need_goes_once_another_has_the_build_whatever_there_was_before() -> None:
    """A pool without agents is looked at often enough that its past is known when a build comes."""
    empty = decided(0, [], [], Memory(traffic={"p": rare()}, boots={"p": DIFFERENT}))
    assert empty.decisions == ()
    assert empty.until <= NOW + 100


def test_of_a_batch_not_only_the_slowest_are_remembered() -> None:
    """Whoever comes last was slow: what came last says nothing about the next launch."""
    boots = Boots()
    times = [60 + 120 * at / 49 for at in range(50)]
    names = Random(1).sample(range(50), 50)
    for name, seconds in zip(names, times, strict=True):  # in the order they come
        boots = boots.came(NOW, f"p-{name:02}", NOW + seconds, DEFAULTS)
    kept = [boot.seconds for boot in boots.last]
    assert len(kept) == 15
    assert min(kept) < 90
    assert max(kept) > 150
    assert 90 < boots.usual(DEFAULTS) < 150
    assert boots.differ(DEFAULTS)
    for at in range(15):  # those launched later count more
        boots = boots.came(NOW + 100 + at, f"p-{at}", NOW + 100 + at + 20, DEFAULTS)
    assert boots.usual(DEFAULTS) == 20
    assert not boots.differ(DEFAULTS)


def test_nobody_waits_for_an_agent_that_takes_much_longer_than_others_did() -> None:
    memory = Memory(boots={"p": booted(*[100.0] * 9)})
    assert decided(1, [], coming(149), memory).decisions == ()
    assert launched(decided(1, [], coming(151), memory).decisions) == (
        1,
        "1 build waits for p; 1 agent on the way is late",
    )
    assert decided(1, [], coming(151, 5), memory).decisions == ()  # its stand-in is on the way
    assert decided(1, [], coming(151), Memory(boots={"p": booted(*[100.0] * 8)})).decisions == ()


def test_a_late_agent_is_waited_for_by_nobody_and_ended_by_nobody() -> None:
    memory = watched(decided(0, [], coming(151), Memory(boots={"p": booted(*[100.0] * 9)})), 400)
    assert decided(0, [], coming(151), memory).decisions == ()
    assert [type(one) for one in decided(0, [], coming(601), memory).decisions] == [Drain]


def test_a_late_agent_counts_against_every_limit() -> None:
    memory = Memory(boots={"p": booted(*[100.0] * 9)})
    outcome = decided(2, [], coming(151), memory, pool(max_agents=2))
    assert launched(outcome.decisions)[0] == 1
    assert outcome.pools[0].held_back == "max_agents is 2"


def test_where_all_are_late_it_is_the_experience_that_is_wrong() -> None:
    """A slow day of the cloud starts a quarter more, not everything again and again."""
    memory = Memory(boots={"p": booted(*[100.0] * 9)})
    assert launched(decided(8, [], coming(*[200.0] * 8), memory).decisions)[0] == 2
    assert decided(8, [], coming(*[200.0] * 8, 5, 5, 5), memory).decisions == ()


def test_the_moment_an_agent_is_late_is_looked_at() -> None:
    memory = Memory(boots={"p": booted(*[100.0] * 9)})
    assert decided(1, [], coming(60), memory).until == NOW + 90


# what a pool prefers


def test_where_cost_counts_agents_come_only_for_what_waits() -> None:
    cheap = pool(prefer="cost")
    memory = Memory(traffic={"p": busy(10)}, boots={"p": booted(*BOOTS)})
    assert any(isinstance(one, Launch) for one in decided(0, agents(10, 10), [], memory).decisions)
    assert decided(0, agents(10, 10), [], memory, cheap).decisions == ()
    count, reason = launched(decided(8, [], [], Memory(boots={"p": booted(*BOOTS)}), cheap).decisions)
    assert (count, "slower" in reason) == (8, False)


def test_where_cost_counts_an_idle_agent_is_billed_for_no_longer_than_its_idle_time() -> None:
    assert kept_minutes(2, busy(0, lasting=3000.0), DIFFERENT, 4.75, prefer="cost") == "4.8 min"


def test_where_speed_counts_more_are_launched_at_any_price() -> None:
    memory = Memory(traffic={"p": rare()}, boots={"p": booted(*BOOTS)})
    quick = pool(prefer="speed", idle_minutes=1.0)
    plain = pool(idle_minutes=1.0)
    assert launched(decided(1, [], [], memory, plain).decisions)[0] == 1
    assert launched(decided(1, [], [], memory, quick).decisions)[0] == 2


@pytest.mark.parametrize(("ago", "goes"), [(290.0, False), (310.0, True)])
def test_where_speed_counts_each_agent_is_kept_after_its_last_build(ago: float, goes: bool) -> None:
    quick = pool(prefer="speed")
    first = decided(0, agents(1, 0), [], Memory(boots={"p": booted(*BOOTS)}), quick)
    memory = watched(first, 400)
    memory = memory._replace(
        seen={name: seen._replace(useful=NOW - ago) for name, seen in memory.seen.items()}
    )
    outcome = decided(0, agents(1, 0), [], memory, quick)
    assert [type(one) for one in outcome.decisions] == ([Drain] if goes else [])
    if not goes:
        assert outcome.until <= NOW + 10
