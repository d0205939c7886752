"""A window's most is never less than the most of what was seen, and its size never grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.deciding.windows import SlidingMaximum

steps = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50)), min_size=1, max_size=120)


def watched(length: float, seen: list[tuple[float, int]]) -> SlidingMaximum:
    window = SlidingMaximum.start(length, 0.0, seen[0][1])
    for now, value in seen[1:]:
        window = window.add(length, now, value, DEFAULTS)
    return window


def moved(moves: list[tuple[float, int]]) -> list[tuple[float, int]]:
    seen: list[tuple[float, int]] = []
    now = 0.0
    for step, value in moves:
        now = now + step if seen else 0.0
        seen.append((now, value))
    return seen


@given(st.floats(30, 600), st.sampled_from([1.0, 0.5, 0.3]), steps)
def test_the_most_over_a_share_of_the_window(
    length: float, share: float, moves: list[tuple[float, int]]
) -> None:
    seen = moved(moves)
    now, over = seen[-1][0], share * length
    window = watched(length, seen)
    assert len(window.peaks) <= 16
    if now < over:
        assert window.most(share) is None
        return
    # What was seen holds until the next is seen.
    spans = [(value, until) for (_, value), (until, _) in zip(seen, [*seen[1:], seen[-1]], strict=True)]
    inside = max(value for value, until in spans if until > now - over + 1e-6 or until == now)
    longer = max(value for value, until in spans if until >= now - over - length / 12 - 1e-6)
    most = window.most(share)
    assert most is not None
    assert inside <= most <= longer


def test_few_numbers_are_remembered_to_the_second() -> None:
    """One executor that was needed until 101 is not needed any more at 401, and was at 400."""
    seen = [(float(at), int(at < 101)) for at in range(402)]
    assert watched(300, seen[:-1]).most() == 1
    assert watched(300, seen).most() == 0
    assert watched(300, seen[:350]).next(1.0, DEFAULTS) == 401


@given(st.floats(30, 600), st.sampled_from([1.0, 0.5, 0.3]), steps, st.floats(0, 1))
def test_before_the_time_it_names_the_most_stays(
    length: float, share: float, moves: list[tuple[float, int]], part: float
) -> None:
    """So nobody has to look before: the same number seen at any earlier moment changes nothing."""
    window = watched(length, moved(moves))
    until = window.next(share, DEFAULTS)
    assert until > window.last
    again = window.add(length, window.last + part * (until - window.last) * 0.999, window.value, DEFAULTS)
    if part < 1:
        assert again.most(share) == window.most(share)


def test_it_takes_a_whole_length_before_it_says_anything() -> None:
    assert watched(60, [(0, 3), (30, 5), (59, 4)]).most() is None
    assert watched(60, [(0, 3), (30, 5), (60, 4)]).most() == 5
    assert watched(60, [(0, 9), (31, 5), (60, 4)]).most(0.5) == 9  # it was nine until 31
    assert watched(60, [(0, 9), (20, 5), (60, 4)]).most(0.5) == 5


def test_another_length_and_a_gap_start_it_anew() -> None:
    window = watched(60, [(0, 3), (30, 3), (60, 3)])
    assert window.add(90, 61, 3, DEFAULTS).began == 61
    assert window.add(60, 121, 3, DEFAULTS).began == 121
    assert window.add(60, 119, 3, DEFAULTS).began == 0
    assert window.add(60, 59, 3, DEFAULTS).began == 59  # a clock that was set back
    assert window.next(None, DEFAULTS) == 120


def test_without_a_length_now_is_all_that_counts() -> None:
    assert SlidingMaximum.start(0, 5, 2).most() == 2
    assert SlidingMaximum.start(0, 5, 7).add(0, 6, 2, DEFAULTS).most() == 2
