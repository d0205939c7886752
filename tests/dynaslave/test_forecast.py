"""What experience says: nothing without it, more the more comes, and never more than has come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.forecast import PATIENT, BuildArrivals, Forecast
from dynaslave.deciding.tuning import DEFAULTS


def stream(every: float, lasting: float, until: float = 3600.0, boot: float = 120.0) -> Forecast:
    """Experience of builds that come one after the other, each of which takes as long, looked at each 5 s."""
    traffic = BuildArrivals.start(0.0, frozenset(), 0, DEFAULTS)
    now = 0.0
    while now < until:
        now += 5
        first, last = int(max(now - lasting, 0) // every), int(now // every)
        traffic = traffic.poll(now, frozenset(str(at) for at in range(first + 1, last + 1)), 0, DEFAULTS)
    return traffic.forecast(boot, DEFAULTS)


def test_without_experience_nothing_is_expected() -> None:
    assert BuildArrivals.start(0, frozenset("abc"), 9, DEFAULTS).forecast(120, DEFAULTS) == PATIENT
    assert stream(30, 60, until=500) == PATIENT


def test_a_steady_stream_is_prepared_for_by_the_square_root_of_it() -> None:
    ahead = [stream(480 / load, 480).ahead for load in (1, 3, 6, 12, 24, 48)]
    assert ahead == [0, 1, 1, 3, 5, 8]
    assert stream(10, 480).typical == 12


def test_builds_much_shorter_than_a_boot_need_less_beforehand() -> None:
    assert stream(6, 60).ahead < stream(6, 80).ahead < stream(6, 120).ahead


def test_agents_that_boot_in_a_moment_need_no_preparing() -> None:
    assert stream(10, 480, boot=3).ahead == 0


def test_a_burst_is_no_stream() -> None:
    traffic = BuildArrivals.start(0, frozenset(), 0, DEFAULTS).poll(5, frozenset(), 200, DEFAULTS)
    for now in range(10, 1200, 10):
        traffic = traffic.poll(now, frozenset(), 200, DEFAULTS)
        assert traffic.forecast(120, DEFAULTS).ahead == 0


def test_short_builds_keep_their_agents_longer() -> None:
    assert stream(20, 30).hold == 1
    assert 0.4 < stream(20, 120).hold < 0.6
    assert stream(60, 3000).hold == 0.4


def test_when_nothing_comes_any_more_nothing_is_prepared() -> None:
    traffic = BuildArrivals.start(0, frozenset(), 0, DEFAULTS)
    for now in range(5, 1300, 5):
        traffic = traffic.poll(now, frozenset(map(str, range(now // 10 - 40, now // 10))), 0, DEFAULTS)
    assert traffic.forecast(120, DEFAULTS).ahead > 3
    assert traffic.poll(2600, frozenset(), 0, DEFAULTS).forecast(120, DEFAULTS) == Forecast(0, 0.4, 0.0)
    assert traffic.poll(1000, frozenset(), 0, DEFAULTS).total == 0  # a clock that was set back


def sure(every: float, lasting: float, until: float = 7200.0) -> int:
    """What is kept free of such a stream where launches fail."""
    traffic, now = BuildArrivals.start(0.0, frozenset(), 0, DEFAULTS), 0.0
    while now < until:
        now += 5
        first, last = int(max(now - lasting, 0) // every), int(now // every)
        traffic = traffic.poll(now, frozenset(str(at) for at in range(first + 1, last + 1)), 0, DEFAULTS)
    return traffic.forecast(120, DEFAULTS, sure=True).ahead


def test_where_launches_fail_more_is_kept_free() -> None:
    assert [sure(480 / load, 480) for load in (1, 3, 6, 12, 24, 48)] == [0, 3, 3, 5, 7, 11]
    assert sure(300, 60) == 1, "also for builds that come now and then"
    traffic = BuildArrivals.start(0, frozenset(), 0, DEFAULTS).poll(
        5, frozenset(map(str, range(200))), 0, DEFAULTS
    )
    assert traffic.poll(1500, frozenset(), 0, DEFAULTS).forecast(120, DEFAULTS, sure=True).ahead <= 1, (
        "not for a burst"
    )
    assert traffic.poll(9000, frozenset(), 0, DEFAULTS).forecast(120, DEFAULTS, sure=True).ahead == 0, (
        "not when nothing comes"
    )


LOOK = st.tuples(st.floats(0, 400), st.sets(st.sampled_from("abcdefghij")), st.integers(0, 20))


@given(st.lists(LOOK, max_size=40), st.floats(1, 600))
def test_it_counts_what_comes_and_stays_small(looks: list[tuple[float, set[str], int]], boot: float) -> None:
    now, there, known = 0.0, 0, BuildArrivals.start(0.0, frozenset(), 0, DEFAULTS)
    for step, running, waiting in looks:
        now += step
        before = known
        known = known.poll(now, frozenset(running), waiting, DEFAULTS)
        there = len(running) + waiting
        assert known.total >= before.total
        assert known.total >= there  # what is there has come
        assert len(known.slots) <= 31
        assert sum(builds for _, builds, _ in known.slots) <= known.total
        assert all(0 <= seconds <= 10 * DEFAULTS.slot + 1e-6 for _, _, seconds in known.slots)
        assert known.next(DEFAULTS) > now
    forecast = known.forecast(boot, DEFAULTS)
    assert 0 <= forecast.ahead <= 60
    assert 0.4 <= forecast.hold <= 1
    surely = known.forecast(boot, DEFAULTS, sure=True)
    assert forecast.ahead <= surely.ahead <= 90
    assert forecast.hold <= surely.hold


@given(st.lists(LOOK, min_size=1, max_size=20), st.floats(0, 0.999), st.floats(1, 600))
def test_before_the_time_it_names_it_says_the_same(
    looks: list[tuple[float, set[str], int]], part: float, boot: float
) -> None:
    now, known = 0.0, BuildArrivals.start(0.0, frozenset(), 0, DEFAULTS)
    for step, running, waiting in looks:
        now += step
        known = known.poll(now, frozenset(running), waiting, DEFAULTS)
    later = min(known.next(DEFAULTS), now + 10_000)
    again = known.poll(now + part * (later - now) * 0.999, known.running, known.waiting, DEFAULTS)
    assert again.forecast(boot, DEFAULTS) == known.forecast(boot, DEFAULTS)
