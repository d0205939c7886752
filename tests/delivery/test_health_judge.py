from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.health import HealthReport, HealthRule, Look, judge, watch
from delivery.health.judge import required

IDS = st.sampled_from([f"i-{number}" for number in range(4)])
WRONG = st.sampled_from(["", "", "", "Pending"])
ANSWERS = st.builds(
    HealthReport,
    st.sampled_from(["group", "ec2", "alarms"]),
    st.none() | st.dictionaries(IDS, WRONG),
    st.sampled_from(["", "", "", "down"]),
)
LOOKS = st.lists(
    st.builds(
        Look,
        st.integers(0, 100).map(float),
        st.lists(ANSWERS, max_size=3).map(tuple),
        st.sampled_from(["", "", "throttled"]),
    ),
    max_size=6,
).map(lambda looks: [replace(one, at=float(number)) for number, one in enumerate(looks)])
RULES = st.builds(HealthRule, st.integers(1, 3), st.integers(1, 3), st.sampled_from([3.0, 99.0]))


def look(*wrong: str, at: float = 0.0, whole: str = "", source: str = "group") -> Look:
    return Look(at, (HealthReport(source, {f"i-{n}": one for n, one in enumerate(wrong)}, whole),))


def at_times(*looks: Look) -> list[Look]:
    return [replace(one, at=float(number)) for number, one in enumerate(looks)]


@given(LOOKS, RULES)
def test_healthy_means_enough_instances_in_each_of_the_last_looks(
    looks: list[Look], rule: HealthRule
) -> None:
    verdict = judge(looks, rule)
    last = looks[-rule.looks :]
    well = [one for one in last if not one.unknown and len(one.healthy) >= rule.required]
    assert (verdict.state == "healthy") == (
        len(well) == rule.looks and not any(answer.wrong for one in last for answer in one.answers)
    )
    assert verdict.state != "healthy" or verdict.healthy > 0
    ill = verdict.streak == 0 or verdict.state == "failed"
    assert bool(verdict.reasons) == (bool(looks) and ill)


@given(LOOKS.filter(bool), ANSWERS)
def test_one_more_source_never_makes_an_instance_healthier(looks: list[Look], more: HealthReport) -> None:
    before = looks[0]
    after = replace(before, answers=(*before.answers, more))
    assert {*after.healthy} & {*before.instances} <= {*before.healthy}
    assert not more.wrong or not after.good(1)


@given(LOOKS, RULES)
def test_without_instances_nothing_is_ever_healthy(looks: list[Look], rule: HealthRule) -> None:
    empty = [replace(one, answers=tuple(replace(a, instances=None) for a in one.answers)) for one in looks]
    assert judge(empty, rule).state != "healthy"
    assert watch(empty, rule, 0.0).state != "healthy"


def test_it_takes_good_looks_in_a_row() -> None:
    rule = HealthRule(2, 2)
    good, bad = look("", ""), look("", "Pending")
    assert judge([], rule).state == "waiting"
    assert judge([good], rule).streak == 1
    assert judge([good, bad, good], rule).state == "waiting"
    assert judge([good, bad, good, good], rule).state == "healthy"
    assert judge([good, Look(0.0, unknown="throttled"), good], rule).state == "waiting"


def test_the_deadline_ends_a_wait_that_is_not_over() -> None:
    rule = HealthRule(1, 2, deadline=1.0)
    assert judge(at_times(look(""), look("")), rule).state == "healthy"  # in time at the last moment
    verdict = judge(at_times(look("Pending"), look("")), rule)
    assert (verdict.state, verdict.streak) == ("failed", 1)
    assert str(verdict) == "1 of 1 healthy: 1 of 2 looks in a row"
    assert str(judge(at_times(look(), look()), rule)) == "0 of 1 healthy: the group has no instances"


def test_good_looks_begun_before_the_deadline_are_finished() -> None:
    rule = HealthRule(1, 3, deadline=1.5)
    assert judge(at_times(look("Pending"), look(""), look("")), rule).state == "waiting"
    assert judge(at_times(look("Pending"), look(""), look(""), look("")), rule).state == "healthy"
    assert judge(at_times(look("Pending"), look(""), look("Pending")), rule).state == "failed"


def test_an_instance_is_healthy_if_every_source_that_speaks_of_instances_says_so() -> None:
    group = HealthReport("group", {"i-1": "", "i-2": "", "i-3": "Terminating"})
    web = HealthReport("target group web", {"i-1": "", "i-2": "initial"})
    seen = Look(0.0, (group, web, HealthReport("alarms")))
    assert seen.healthy == ("i-1",)
    assert list(seen.reasons(2)) == [
        "1 of 2 healthy",
        "i-2: target group web: initial",
        "i-3: group: Terminating",
    ]
    assert list(seen.reasons(1)) == []
    assert not replace(seen, answers=(*seen.answers, HealthReport("alarms", wrong="5xx is in alarm"))).good(1)


def test_of_many_reasons_the_first_are_told() -> None:
    (_, *reasons) = look(*["Pending"] * 9).reasons(9)
    assert (len(reasons), reasons[-1]) == (6, "and 4 more")


def test_a_soak_ends_well_once_its_time_is_over() -> None:
    rule = HealthRule(1, 2)
    good, bad = look(""), look("Unhealthy")
    assert watch(at_times(good, good), rule, 2.0).state == "waiting"
    assert watch(at_times(good, good, good), rule, 2.0).state == "healthy"
    assert watch(at_times(good, bad, good, bad, good), rule, 3.0).state == "healthy"
    assert (
        watch(at_times(good, good, bad), rule, 2.0).state == "waiting"
    )  # once more, whether it is good again
    failed = watch(at_times(good, bad, bad), rule, 9.0)
    assert (failed.state, failed.reasons) == ("failed", ("0 of 1 healthy", "i-0: group: Unhealthy"))


def test_an_alarm_ends_a_soak_at_once_and_trouble_in_looking_does_not() -> None:
    rule = HealthRule(1, 3)
    alarm = Look(0.0, (*look("").answers, HealthReport("alarms", wrong="5xx is in alarm")))
    assert watch(at_times(look(""), alarm), rule, 9.0).state == "failed"
    blind = Look(0.0, unknown="health could not be read")
    assert watch(at_times(look(""), blind, blind, blind, blind), rule, 2.0).state == "waiting"
    assert watch(at_times(look(""), blind, blind, look("")), rule, 2.0).state == "healthy"
    lost = watch(at_times(look(""), blind, blind), replace(rule, deadline=2.0), 1.0)
    assert (lost.state, lost.reasons) == ("failed", ("health could not be read",))


@pytest.mark.parametrize(("wished", "percent", "expected"), [(0, 100, 1), (1, 1, 1), (4, 75, 3), (3, 50, 2)])
def test_the_required_number_is_rounded_up_and_at_least_one(
    wished: int, percent: float, expected: int
) -> None:
    assert required(wished, percent) == expected


def test_nothing_can_be_required_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one"):
        HealthRule(0)
