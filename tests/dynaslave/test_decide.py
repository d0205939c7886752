"""The rules of the decision, one by one: a look in, decisions with their reasons out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from decide_case import (
    LIMITS,
    NOW,
    OFFERS,
    booted,
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

from dynaslave.deciding.boot_times import Boot, Boots
from dynaslave.deciding.decide import learn
from dynaslave.deciding.decisions import (
    Adopt,
    Decision,
    Drain,
    EndInstance,
    Launch,
    Note,
    RemoveNode,
    Report,
    Restore,
    Retire,
    Suspect,
)
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.drain_reasons import Why
from dynaslave.model import AgentState, JenkinsNode, Offline, QueueItem, Running
from dynaslave.pools.limits import Cap, Limits
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import NoCapacity, Offer

# Scaling up.


def test_nothing_to_do_is_no_decision() -> None:
    assert decided(look()).decisions == ()


def test_the_first_look_launches_for_all_that_wait_at_once() -> None:
    outcome = decided(look(items(7)))
    assert outcome.decisions == (Launch("p", 7, "7 builds wait for p"),)
    assert set(outcome.counted.values()) == {"p"}


def test_executors_of_an_agent_count() -> None:
    assert counts(decided(look(items(7)), pool(executors=3))) == {"p": 3}


def test_free_executors_of_ours_and_others_take_items_first() -> None:
    there = [node("p-1"), node("ag1", "", ["p"], executors=2)]
    assert counts(decided(look(items(3), there))) == {}
    assert counts(decided(look(items(5), there))) == {"p": 2}


@pytest.mark.parametrize(
    "gone",
    [
        node("p-1", offline=Offline.OTHERS),
        node("ag1", "", ["p"], connected=False),
        node("ag1", "", ["p"], offline=Offline.OTHERS),
        node("p-1", running=(build(),)),
        node("ag1", "", ["other"]),
    ],
)
def test_what_cannot_take_a_build_covers_nothing(gone: JenkinsNode) -> None:
    assert counts(decided(look(items(1), [gone]))) == {"p": 1}


@pytest.mark.parametrize("state", ["requested", "pending", "booting"])
def test_executors_on_their_way_count_once_until_their_deadline(state: str) -> None:
    coming = node("p-1", connected=False, created=NOW - 30)
    instance = machine("p-1", state="pending" if state == "pending" else "running", launched=NOW - 30)
    machines = [] if state == "requested" else [instance]
    outcome = decided(look(items(3), [coming], machines))
    assert [agent.state for agent in outcome.agents] == [AgentState(state)]
    assert outcome.decisions[0] == Launch("p", 2, "3 builds wait for p; 1 executor is on the way")


def test_past_its_deadline_it_counts_no_more() -> None:
    late = node("p-1", connected=False)
    booting = look(items(1), [late], [machine("p-1", launched=NOW - 600)])
    before = decided(booting)
    assert counts(before) == {}
    assert counts(decided(replace(booting, at=NOW + 1), memory=before.memory)) == {"p": 1}


def test_nobody_launches_for_what_ends_sooner_than_an_agent_boots() -> None:
    busy = [node("p-1", running=(build(60),)), node("p-2", running=(build(300, 2),))]
    outcome = decided(look(items(2), busy))
    assert counts(outcome) == {"p": 1}
    assert "1 executor is about to end" in outcome.decisions[0].reason


@pytest.mark.parametrize("left", [None, -1.0])
def test_a_late_build_or_one_nobody_can_judge_frees_no_executor(left: float | None) -> None:
    assert counts(decided(look(items(1), [node("p-1", running=(build(left),))]))) == {"p": 1}


def test_the_boot_time_is_learnt() -> None:
    busy = look(items(1), [node("p-1", running=(build(60),))])
    assert counts(decided(busy, memory=Memory(boots={"p": booted(40, 45, 400)}))) == {"p": 1}
    assert counts(decided(busy, memory=Memory(boots={"p": booted(70)}))) == {}


def test_a_build_that_should_have_ended_by_now_is_waited_for_no_longer() -> None:
    """Others' builds may end soon for ever, and never make room for ours."""
    memory, found = Memory(), {}
    for second in range(0, 300, 10):
        ends = Running("http://j/job/o/1/", NOW + second - 10, 70)
        snapshot = look(items(1), [node("ag1", "", ["p"], running=(ends,))], at=NOW + second)
        outcome = decided(snapshot, memory=memory)
        memory, found = outcome.memory, counts(outcome)
        if found:
            break
    assert found == {"p": 1}
    assert second == 160


def test_others_free_executors_that_take_nothing_are_counted_no_more() -> None:
    """An exclusive node of somebody else: the API does not tell, but it takes no item without a label."""
    memory, launched = Memory(), {}
    release = node("release", "", ["release"])
    for second in (0, 5, 20, 29, 31):
        outcome = decided(
            look(items(1, None), [release], at=NOW + second), pool(mode="normal"), memory=memory
        )
        memory, launched[second] = outcome.memory, counts(outcome)
    assert launched == {0: {}, 5: {}, 20: {}, 29: {}, 31: {"p": 1}}
    assert "1 build waits, though executors that fit have been free for a while" in outcome.notes


def test_items_without_a_label_go_to_normal_pools_only() -> None:
    assert counts(decided(look(items(2, None)), pool("a"), pool("b", mode="normal"))) == {"b": 2}
    outcome = decided(look(items(2, None)), pool("a"))
    assert outcome.decisions == ()
    assert outcome.notes == ("2 builds wait, and no pool and no node can serve them",)


def test_an_exclusive_node_takes_no_item_without_a_label() -> None:
    there = [node("ag1", "", ["x"], exclusive=True)]
    assert counts(decided(look(items(1, None), there), pool(mode="normal"))) == {"p": 1}


def test_each_item_counts_for_one_pool_by_priority_price_and_name() -> None:
    cheap = pool("z", label="linux", instance_types=["c7i.large"])
    dear = pool("a", label="linux", instance_types=["c7i.xlarge"])
    wide = pool("m", label="linux", instance_types=["c7i.xlarge"], executors=4)
    first = pool("x", label="linux", priority=1, instance_types=["c7i.xlarge"])
    queue = look(items(3, "linux"))
    assert counts(decided(queue, dear, cheap)) == {"z": 3}
    assert counts(decided(queue, dear, cheap, wide)) == {"m": 1}
    assert counts(decided(queue, dear, cheap, first)) == {"x": 3}
    assert counts(decided(queue, replace(cheap, name="b"), cheap)) == {"b": 3}


def test_what_the_first_pool_has_no_room_for_goes_to_the_next() -> None:
    outcome = decided(
        look(items(5, "linux")), pool("a", label="linux", max_agents=2), pool("b", label="linux")
    )
    assert counts(outcome) == {"a": 2, "b": 3}
    assert [view.waiting for view in outcome.pools] == [2, 3]


def test_expressions_are_matched_as_jenkins_does() -> None:
    mac = pool("mac", label="mac")
    big = pool("big", label="linux big")
    for label, expected in {
        "!mac": "big",
        "linux&&big": "big",
        "gpu->big": "big",
        "mac<->big": None,
        "mac||big": "big",
        "big-1": None,
    }.items():
        assert counts(decided(look(items(1, label)), mac, big)) == ({expected: 1} if expected else {})


def test_an_item_may_name_a_node() -> None:
    there = [node("p-1"), node("p-2")]
    assert decided(look(items(1, "p-1"), there)).counted == {1: "p"}
    assert decided(look(items(1, "p&&!p-1"), [node("p-1")])).decisions[0] == Launch(
        "p", 1, "1 build waits for p"
    )


def test_an_item_nobody_knows_the_label_of_calls_for_nothing_and_is_told() -> None:
    outcome = decided(look(items(2, None, known=False, why="Finished waiting")), pool(mode="normal"))
    assert (outcome.decisions, outcome.counted) == ((), {})
    assert outcome.notes == (
        "2 builds wait, and the controller does not report for which label: job1 (Finished waiting)",
    )


def test_what_is_not_ready_counts_for_nothing() -> None:
    assert decided(look(items(2, ready=False))).counted == {}


def test_minimum_and_spares_are_kept() -> None:
    assert decided(look(), pool(min_agents=2)).decisions == (
        Launch("p", 2, "the pool keeps 2 agents at least"),
    )
    assert decided(look(), pool(spares=1)).decisions == (Launch("p", 1, "the pool keeps 1 spare"),)
    busy = [node("p-1", running=(build(),))]
    assert counts(decided(look((), busy), pool(min_agents=1, spares=1))) == {"p": 1}
    assert counts(decided(look(items(2), [node("p-1")]), pool(spares=2))) == {"p": 3}
    assert counts(decided(look((), [node("p-1"), node("p-2")]), pool(min_agents=2, spares=2))) == {}


def test_the_schedule_says_what_is_kept_now() -> None:
    night = pool(schedule=[{"when": "* * * * *", "min_agents": 3}])
    assert counts(decided(look(), night)) == {"p": 3}
    day = pool(min_agents=2, schedule=[{"when": "0 0 1 1 *", "min_agents": 3}])
    assert counts(decided(look(), day)) == {"p": 2}


def test_agents_take_no_more_builds_than_they_may() -> None:
    assert counts(decided(look(items(4)), pool(executors=4, max_uses=1))) == {"p": 4}
    coming = [node("p-1", connected=False, executors=4, created=NOW)]
    assert counts(decided(look(items(4), coming, []), pool(executors=4, max_uses=3))) == {"p": 1}


def test_one_shot_agents_free_no_executor() -> None:
    busy = [node("p-1", running=(build(5),))]
    outcome = decided(look(items(1), busy), pool(max_uses=1))
    assert counts(outcome) == {"p": 1}
    assert (Drain, "p-1") in kinds(outcome)


# Limits.


@pytest.mark.parametrize(
    ("limits", "launched", "why"),
    [
        (Limits(account=Cap(agents=3)), 2, "the account may have 3 agents"),
        (Limits(teams={"t": Cap(agents=1)}), 0, "team t may have 1 agent"),
        (replace(LIMITS, account=Cap(vcpus=12)), 2, "the account may have 12 vCPUs"),
        (replace(LIMITS, account=Cap(dollars_month=100, spent=99.5)), 2, "the account has spent $99.50 of $100.00 this month"),
        (replace(LIMITS, account=Cap(dollars_month=100, spent=100)), 0, "the account has spent $100.00 of $100.00 this month"),
        (Limits(account=Cap(vcpus=12)), 0, "vCPUs and price of c7i.large are unknown, and a limit counts them"),
        (replace(LIMITS, teams={"t": Cap(instance_types=("m7i.*",))}), 0, "none of its instance types may be launched"),
    ],
)  # fmt: skip
def test_a_limit_holds_launches_back_and_is_named(limits: Limits, launched: int, why: str) -> None:
    busy = [node("p-1", running=(build(),))]
    outcome = decided(look(items(5), busy), pool(team="t"), limits=limits)
    assert counts(outcome) == ({"p": launched} if launched else {})
    assert outcome.pools[0].held_back.startswith(why)
    assert outcome.pools[0].uncovered == 5
    assert all(why in one.reason for one in outcome.decisions if isinstance(one, Launch))


@pytest.mark.parametrize(("profile", "launched"), [("agent", 5), ("", 5), ("admin", 0)])
def test_agents_with_a_profile_that_is_not_allowed_are_not_launched(profile: str, launched: int) -> None:
    limits = Limits(teams={"t": Cap(instance_profiles=("agent",))})
    outcome = decided(look(items(5)), pool(team="t", instance_profile=profile), limits=limits)
    assert counts(outcome) == ({"p": launched} if launched else {})
    assert outcome.pools[0].held_back == (
        "" if launched else "its agents may not have the instance profile 'admin'"
    )


def test_max_agents_counts_everything_that_exists() -> None:
    there = [
        node("p-1", running=(build(),)),
        drained("p-2", running=(build(None, 2),)),
        node("p-3", offline=Offline.OTHERS),
        node("p-4", connected=False),
    ]
    machines = [machine(one.name) for one in there] + [machine("away"), machine("p-1", state="running")]
    machines[-1] = replace(machines[-1], id="i-twin")
    outcome = decided(look(items(9), there, machines), pool(max_agents=7))
    assert counts(outcome) == {"p": 1}
    assert outcome.pools[0].held_back == "max_agents is 7"


def test_a_team_may_use_some_of_the_pools_types() -> None:
    limits = replace(LIMITS, account=Cap(instance_types=("*.large",)))
    launch = decided(look(items(1)), limits=limits).decisions[0]
    assert isinstance(launch, Launch)
    assert {offer.type for offer in launch.avoid} == {"c7i.xlarge"}


def test_the_longest_waiting_gets_the_last_room() -> None:
    limits = Limits(account=Cap(agents=1))
    young, old = items(1, "a"), [replace(items(1, "b")[0], id=9, since=0.0)]
    assert counts(decided(look(young + old), pool("a"), pool("b"), limits=limits)) == {"b": 1}
    assert counts(decided(look(young + old), pool("a", priority=1), pool("b"), limits=limits)) == {"a": 1}


# Failures.


def test_refused_offers_rest_longer_each_time_and_are_forgotten() -> None:
    no = {OFFERS[0]: NoCapacity("none")}
    launch = Launch("p", 2, "x")
    memory = learn(Memory(), [Report(launch, launched=1, refused=no)], NOW)

    def avoided(memory: Memory, at: float) -> frozenset[Offer]:
        first = decided(look(items(1), at=at), memory=memory).decisions[0]
        assert isinstance(first, Launch)
        return first.avoid

    assert avoided(memory, NOW + 179) == {OFFERS[0]}
    assert avoided(memory, NOW + 181) == frozenset()
    memory = learn(memory, [Report(launch, launched=1, refused=no)], NOW + 200)
    assert avoided(memory, NOW + 200 + 359) == {OFFERS[0]}
    assert decided(look(at=NOW + 5000), memory=memory).memory.cooling == {}


def test_launches_that_fail_again_and_again_wait_longer_and_try_one() -> None:
    refuse = Report(Launch("p", 4, "x"), refused={OFFERS[0]: NoCapacity("no c7i.large in a")})
    queue = look(items(4))
    memory = learn(Memory(), [refuse], NOW)
    assert counts(decided(queue, memory=memory)) == {"p": 4}
    memory = learn(memory, [refuse], NOW)
    outcome = decided(queue, memory=memory)
    assert counts(outcome) == {}
    assert outcome.pools[0].held_back == (
        "2 launches failed in a row, the last: no c7i.large in a; the next try is in 15 s"
    )
    assert counts(decided(replace(queue, at=NOW + 16), memory=memory)) == {"p": 1}
    memory = learn(memory, [refuse], NOW + 16)
    assert counts(decided(replace(queue, at=NOW + 16 + 29), memory=memory)) == {}
    assert counts(decided(replace(queue, at=NOW + 16 + 31), memory=memory)) == {"p": 1}


def test_an_agent_that_came_ends_the_waiting() -> None:
    memory = learn(
        learn(Memory(), [Report(Launch("p", 1, "x"), error="denied")], NOW),
        [Report(Launch("p", 1, "x"), error="denied")],
        NOW,
    )
    booting = look((), [node("p-1", connected=False)], [machine("p-1", launched=NOW - 70)])
    memory = decided(booting, memory=memory).memory
    assert memory.strikes["p"].reason == "denied"
    came = look(items(5), [node("p-1")], [machine("p-1", launched=NOW - 70)], at=NOW + 5)
    outcome = decided(came, memory=memory)
    assert outcome.memory.strikes == {}
    assert outcome.memory.boots == {"p": Boots((Boot(NOW - 70, "p-1", 75),))}
    assert counts(outcome) == {"p": 4}


def test_agents_that_never_come_are_replaced_then_the_pool_backs_off() -> None:
    memory, history = Memory(), []
    for batch in range(3):
        name, start = f"p-{batch}", NOW + batch * 700
        booting = node(name, connected=False, created=start)
        for at in (start + 10, start + 610):
            snapshot = look(items(3), [booting], [machine(name, launched=start)], at=at)
            outcome = decided(snapshot, memory=memory)
            memory = outcome.memory
        assert (Drain, name) in kinds(outcome)
        history.append(counts(outcome))
        again = decided(replace(snapshot, at=at + 5), memory=memory)
        assert again.memory.strikes == memory.strikes  # one failure counts once
    assert history == [{"p": 3}, {}, {}]
    assert "did not dial in within 10 min; the next try is in 120 s" in outcome.pools[0].held_back


def test_instances_that_end_before_an_agent_came_count_as_failures_too() -> None:
    memory = Memory()
    for batch in range(3):
        name, start = f"p-{batch}", NOW + batch * 700
        booting = node(name, connected=False, created=start)
        for at, state in ((start + 10, "running"), (start + 60, "terminated"), (start + 65, "terminated")):
            ended = machine(
                name, launched=start, state=state, notes={"ended": "Client.InstanceInitiatedShutdown"}
            )
            snapshot = look(items(3), [booting], [ended], at=at)
            outcome = decided(snapshot, memory=memory)
            memory = outcome.memory
    assert memory.strikes["p"].count == 3
    reason = memory.strikes["p"].reason
    assert reason == "p-2's instance ended before its agent dialled in (Client.InstanceInitiatedShutdown)"


@pytest.mark.parametrize(
    "more",
    [
        {"node": {"connected": False, "offline": Offline.OURS, "reason": "surplus"}},
        {"machine": {"doomed": "spot interruption"}},
    ],
)
def test_an_end_that_was_wanted_or_announced_is_no_failure(more: dict[str, Any]) -> None:
    booting = look((), [node("p-1", connected=False)], [machine("p-1", launched=NOW)], at=NOW + 5)
    memory = decided(booting).memory
    gone = look(
        (),
        [node("p-1", **{"connected": False, **more.get("node", {})})],
        [machine("p-1", launched=NOW, state="terminated", **more.get("machine", {}))],
        at=NOW + 60,
    )
    assert decided(gone, memory=memory).memory.strikes == {}


# Scaling down.


def idle_for(
    minutes: float,
    nodes: list[JenkinsNode],
    *pools: AgentPool,
    step: float = 20,
    queue: Iterable[QueueItem] = (),
) -> Outcome:
    memory, at = Memory(), NOW
    while True:
        outcome = decided(look(queue, nodes, at=at), *pools, memory=memory)
        if at >= NOW + minutes * 60 or outcome.decisions:
            return outcome
        memory, at = outcome.memory, at + step


def test_an_idle_agent_goes_after_its_idle_time_and_never_sooner() -> None:
    assert idle_for(4.6, [node("p-1")]).decisions == ()
    outcome = idle_for(6, [node("p-1")])
    assert outcome.decisions == (Drain("p-1", "surplus: p has not needed 1 agent for 5 min"),)
    assert outcome.pools[0].desired == 0


def test_without_idle_minutes_it_goes_at_once() -> None:
    memory = decided(look((), [node("p-1", running=(build(),))]), pool(idle_minutes=0)).memory
    outcome = decided(look((), [node("p-1")], at=NOW + 5), pool(idle_minutes=0), memory=memory)
    assert kinds(outcome) == [(Drain, "p-1")]


def test_agents_that_take_turns_are_seen_through() -> None:
    """Each of three agents is busy now and then, but never more than one at once."""
    memory = Memory()
    for step in range(40):
        nodes = [node(f"p-{at}", running=(build(),) if step % 3 == at else ()) for at in range(3)]
        outcome = decided(look((), nodes, at=NOW + step * 10), memory=memory)
        memory = outcome.memory
        if outcome.decisions:
            break
    assert step == 30
    assert kinds(outcome) == [(Drain, "p-1"), (Drain, "p-2")]  # the least recently useful first


def test_minimum_spares_and_the_queue_are_no_surplus() -> None:
    three = [node(f"p-{at}") for at in range(3)]
    assert kinds(idle_for(6, three, pool(min_agents=2))) == [(Drain, "p-0")]
    assert kinds(idle_for(6, three, pool(spares=1))) == [(Drain, "p-0"), (Drain, "p-1")]
    assert kinds(idle_for(6, three, queue=items(2))) == [(Drain, "p-0")]


def test_agents_with_several_executors_wind_down() -> None:
    """Two agents run one build each of four: one of them takes no more, and goes when its build is over."""
    nodes = [
        node("p-1", executors=4, running=(build(),)),
        node("p-2", executors=4, running=(build(None, 2),)),
    ]
    outcome = idle_for(6, nodes, pool(executors=4))
    assert outcome.decisions == (
        Drain("p-1", "winding down: p has not needed 1 agent for 5 min; what runs here runs on"),
    )


def test_those_that_are_not_as_the_pool_says_go_first() -> None:
    old = node("p-9", labels=["p", "jdk17"])
    assert kinds(idle_for(6, [node("p-1"), old], pool(min_agents=1))) == [(Drain, "p-9")]


def test_a_pool_that_may_have_fewer_lets_idle_ones_go_at_once() -> None:
    nodes = [node("p-1", running=(build(),)), node("p-2"), node("p-3")]
    outcome = decided(look((), nodes), pool(max_agents=1))
    assert outcome.decisions == tuple(
        Drain(f"p-{at}", "over the maximum: p may have 1 agent") for at in (2, 3)
    )


def test_a_pool_that_grows_does_not_shrink() -> None:
    nodes = [node("p-1", labels=["p", "old"])]
    memory = Memory()
    for at in range(0, 400, 20):
        outcome = decided(look((), nodes, at=NOW + at), memory=memory)
        memory = outcome.memory if not outcome.decisions else memory
    outcome = decided(look(items(1, "p&&!old"), nodes, at=NOW + 380), memory=memory)
    assert kinds(outcome) == [(Launch, "")]


def test_nobody_looking_for_a_while_starts_the_watch_anew() -> None:
    memory = decided(look((), [node("p-1")])).memory
    outcome = decided(look((), [node("p-1")], at=NOW + 600), memory=memory)
    assert outcome.decisions == ()


# Draining and what comes after.


def test_a_drained_and_idle_agent_is_retired() -> None:
    outcome = decided(look((), [drained("p-1")]))
    assert outcome.decisions == (Retire("p-1", "drained and idle (dynaslave: surplus: x)"),)


@pytest.mark.parametrize("how", [{"running": (build(),)}, {"one_off": (build(),)}, {"idle": False}])
def test_a_build_that_slipped_in_brings_the_agent_back(how: dict[str, Any]) -> None:
    outcome = decided(look((), [drained("p-1", **how)]))
    assert outcome.decisions == (Restore("p-1", "a build started there before it was offline"),)


@pytest.mark.parametrize("why", [Why.WINDING_DOWN, Why.OVER, Why.LAST_BUILD, Why.INTERRUPTION])
def test_what_drains_with_its_builds_goes_on_draining(why: Why) -> None:
    assert decided(look((), [drained("p-1", why, running=(build(),))])).decisions == ()


def test_demand_takes_draining_agents_back_before_it_launches() -> None:
    outcome = decided(look(items(2), [drained("p-1")]))
    assert outcome.decisions == (
        Restore("p-1", "builds wait that it can take"),
        Launch("p", 1, "2 builds wait for p; 1 executor is taken back"),
    )
    assert counts(decided(look((), [drained("p-1")]), pool(min_agents=1))) == {}


@pytest.mark.parametrize(
    "other",
    [
        drained("p-1", Why.INTERRUPTION),
        drained("p-1", Why.LAST_BUILD),
        drained("p-1", connected=False),
        node("p-1", offline=Offline.OURS, reason="drained by hand"),
    ],
)
def test_others_are_not_taken_back(other: JenkinsNode) -> None:
    assert kinds(decided(look(items(1), [other]))) == [(Launch, ""), (Retire, "p-1")]


def test_a_persons_mark_is_respected() -> None:
    held = node("p-1", offline=Offline.OTHERS, reason="I look at it")
    doomed = machine("p-1", doomed="spot")
    outcome = decided(look((), [held], [doomed]), pool("other"))
    assert outcome.decisions == ()
    assert outcome.agents[0].state is AgentState.HELD


def test_a_doomed_agent_drains_at_once_and_is_replaced() -> None:
    outcome = decided(look(items(1), [node("p-1")], [machine("p-1", doomed="spot interruption")]))
    assert outcome.decisions == (
        Drain("p-1", "interruption: spot interruption"),
        Launch("p", 1, "1 build waits for p"),
    )
    busy = drained("p-1", Why.INTERRUPTION, running=(build(),))
    assert decided(look((), [busy], [machine("p-1", doomed="spot interruption")])).decisions == ()


def test_the_last_permitted_build_drains() -> None:
    running = node("p-1", running=(build(),))
    outcome = decided(look((), [running]), pool(max_uses=1))
    assert outcome.decisions == (Drain("p-1", "last build: it has taken 1 build, max_uses is 1"),)
    after = drained("p-1", Why.LAST_BUILD)
    assert kinds(decided(look((), [after], at=NOW + 60), pool(max_uses=1), memory=outcome.memory)) == [
        (Retire, "p-1")
    ]


def test_uses_are_written_on_the_instance_and_read_after_a_restart() -> None:
    three = pool(max_uses=3)
    outcome = decided(look((), [node("p-1", running=(build(None, 1),))]), three)
    note = outcome.decisions[0]
    assert isinstance(note, Note)
    assert (note.instance, note.reason) == ("i-p-1", "p-1 has taken 1 build")
    written = machine("p-1", notes=dict(note.notes))
    same = look((), [node("p-1", running=(build(None, 1),))], [written], at=NOW + 5)
    assert decided(same, three).decisions == ()  # the same build, seen by the next manager
    second = look((), [node("p-1", running=(build(None, 2),))], [written], at=NOW + 9)
    assert decided(second, three).decisions[0].reason == "p-1 has taken 2 builds"


# Putting things right.


def test_a_node_nothing_came_for_is_removed_after_its_deadline() -> None:
    def outcome(age: float) -> Outcome:
        return decided(look((), [node("p-1", connected=False, created=NOW - age)], []))

    assert outcome(119).decisions == ()
    assert outcome(121).decisions == (RemoveNode("p-1", "no instance came for it in 2 min"),)


def test_an_old_node_whose_instance_has_just_vanished_gets_time() -> None:
    there = decided(look((), [node("p-1")]))
    gone = look((), [node("p-1", connected=False)], [], at=NOW + 5)
    outcome = decided(gone, memory=there.memory)
    assert outcome.decisions == ()
    assert kinds(decided(replace(gone, at=NOW + 130), memory=outcome.memory)) == [(RemoveNode, "p-1")]


def test_a_connected_node_without_a_visible_instance_is_an_agent() -> None:
    outcome = decided(look(items(1), [node("p-1")], []))
    assert outcome.decisions == ()
    assert outcome.agents[0].state is AgentState.IDLE


@pytest.mark.parametrize("state", ["stopping", "terminated"])
def test_a_node_whose_instance_has_ended_is_removed(state: str) -> None:
    gone = [machine("p-1", state=state)]
    assert kinds(decided(look((), [node("p-1", connected=False)], gone))) == [(RemoveNode, "p-1")]
    assert decided(look((), [node("p-1", running=(build(),))], gone)).decisions == ()


def test_an_instance_of_an_interrupted_launch_gets_a_node_of_it() -> None:
    nodes = [node(f"p-{at}", connected=False, created=NOW - 9) for at in (1, 2)]
    lonely = [machine("", launched=NOW - 9, state="pending"), machine("p-2", launched=NOW - 9)]
    outcome = decided(look(items(2), nodes, lonely))
    assert outcome.decisions == (Adopt("i-", "p-1", "its launch t1 was interrupted"),)
    assert decided(look((), nodes, [machine("", intent="t2")])).decisions[0] == Suspect(
        "i-", "no node is its own"
    )
    leaving = [drained("p-1", Why.NO_POOL, connected=False)]
    assert [kind for kind, _ in kinds(decided(look((), leaving, [machine("")])))] == [Retire, Suspect]


def test_an_instance_without_a_node_is_ended_on_a_later_look() -> None:
    def stray(suspect: float) -> list[Decision]:
        return list(decided(look((), (), [machine("p-7", suspect=suspect)])).decisions)

    assert stray(0) == [Suspect("i-p-7", "its node p-7 does not exist")]
    assert stray(NOW - 119) == []
    assert stray(NOW - 121) == [EndInstance("i-p-7", "its node p-7 does not exist, for 2 min")]


def test_a_suspicion_is_taken_back() -> None:
    outcome = decided(look(items(1), [node("p-1")], [machine("p-1", suspect=NOW - 500)]))
    assert outcome.decisions == (Note("i-p-1", {"suspect": ""}, "it belongs to p-1 after all"),)


def test_an_instance_that_claims_somebody_elses_node_is_left_alone() -> None:
    assert decided(look((), [node("p-1", "")], [machine("p-1")])).decisions == ()


def test_an_agent_that_does_not_come_back_goes() -> None:
    memory = decided(look((), [node("p-1")])).memory
    lost = look((), [node("p-1", connected=False)], at=NOW + 10)
    outcome = decided(lost, memory=memory)
    assert (outcome.decisions, outcome.agents[0].state) == ((), AgentState.LOST)
    later = decided(replace(lost, at=NOW + 311), memory=outcome.memory)
    assert later.decisions == (Drain("p-1", "lost: its agent has been gone for 5 min"),)
    busy = look((), [node("p-1", connected=False, running=(build(),))], at=NOW + 311)
    left = decided(busy, memory=outcome.memory)
    assert left.decisions == ()
    assert left.notes == (
        "p-1: its agent does not exist any more, and a build holds an executor there; it is given up in 25 min",
    )


def test_agents_come_back_after_a_controllers_restart() -> None:
    """All are gone at once; nobody replaces them unless they stay away."""
    memory = decided(look((), [node("p-1"), node("p-2")])).memory
    away = [node("p-1", connected=False), node("p-2", connected=False)]
    outcome = decided(look(items(2), away, at=NOW + 10), memory=memory)
    assert outcome.decisions == ()
    outcome = decided(look(items(2), away, at=NOW + 80), memory=outcome.memory)
    assert counts(outcome) == {"p": 2}


def test_who_has_just_begun_to_look_gives_an_old_agent_time_to_come_back() -> None:
    outcome = decided(look((), [node("p-1", connected=False)]))
    assert (outcome.agents[0].state, outcome.agents[0].deadline) == (AgentState.LOST, NOW + 300)
    assert outcome.decisions == ()


def test_two_instances_of_one_node_are_both_replaced() -> None:
    twins = [machine("p-1"), replace(machine("p-1"), id="i-twin")]
    outcome = decided(look(items(1), [node("p-1")], twins))
    assert outcome.decisions == (
        Drain("p-1", "claimed twice: two instances claim this node; both are replaced"),
        Launch("p", 1, "1 build waits for p"),
    )
    assert kinds(decided(look((), [drained("p-1", Why.CLAIMED_TWICE)], twins))) == [(Retire, "p-1")]


def test_agents_of_a_pool_that_is_gone_leave_after_their_builds() -> None:
    nodes = [node("q-1", "q"), node("q-2", "q", running=(build(),)), node("q-3", "q", connected=False)]
    first = decided(look(items(1, "q"), nodes))
    assert first.decisions == ()  # it may be the estate that is incomplete for a moment
    assert first.until == NOW + 30
    outcome = decided(look(items(1, "q"), nodes, at=NOW + 30), memory=first.memory)
    assert {one.node: one.reason for one in outcome.decisions if isinstance(one, Drain)} == dict.fromkeys(
        ["q-1", "q-2", "q-3"], "no pool: q is not in the estate any more"
    )
    assert outcome.counted == {}


def test_agents_of_a_pool_that_comes_back_stay() -> None:
    nodes = [node("q-1", "q"), drained("q-2", Why.NO_POOL, of="q"), node("q-3", "q", running=(build(),))]
    gone = decided(look((), nodes))
    assert gone.decisions == ()
    back = decided(look((), nodes, at=NOW + 25), pool("q"), memory=gone.memory)
    assert back.decisions == (Restore("q-2", "q is declared again"),)
    assert back.memory.missing == {}
    again = decided(look((), nodes, at=NOW + 50), memory=back.memory)
    assert again.decisions == ()  # missing since now, not since then


def test_where_the_look_is_blind_nothing_is_launched_or_ended() -> None:
    nodes = [drained("p-1"), node("p-2"), node("p-3", connected=False, created=0)]
    machines = [machine("p-1"), machine("p-2", doomed="spot"), machine("away", suspect=1)]
    memory = Memory(boots={"p": booted(1)})
    outcome = decided(look(items(9), nodes, machines, blind=("the queue",)), memory=memory)
    assert outcome.decisions == (Drain("p-2", "interruption: spot"),)
    assert outcome.memory is memory
    assert outcome.notes == ("nothing is launched or ended, as these could not be seen: the queue",)


def test_what_people_are_shown_of_a_pool() -> None:
    nodes = [node("p-1", running=(build(),)), node("p-2"), node("q-1", "q", connected=False, created=NOW)]
    outcome = decided(look(items(3), nodes, [machine("p-1"), machine("p-2")]), pool(max_agents=2), pool("q"))
    first, second = outcome.pools
    assert (first.waiting, first.uncovered, first.oldest, first.launching) == (3, 2, NOW - 59, 0)
    assert (first.agents, first.desired) == ({AgentState.BUSY: 1, AgentState.IDLE: 1}, 2)
    assert first.held_back == "max_agents is 2"
    assert (second.agents, second.desired, second.held_back) == ({AgentState.REQUESTED: 1}, 1, "")
