"""A window's least is never more than the least of what was seen, and its size never grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaslave.windows import Window

steps = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50)), min_size=1, max_size=120)


def watched(length: float, seen: list[tuple[float, int]]) -> Window:
    window = Window.start(length, 0.0, seen[0][1])
    for now, value in seen[1:]:
        window = window.add(length, now, value)
    return window


@given(st.floats(30, 600), steps)
def test_the_least_of_a_whole_window(length: float, moves: list[tuple[float, int]]) -> None:
    seen: list[tuple[float, int]] = []
    now = 0.0
    for step, value in moves:
        now = now + step if seen else 0.0
        seen.append((now, value))
    window = watched(length, seen)
    assert len(window.buckets) <= 13
    if now < length:
        assert window.least() == 0
        return
    inside = min(value for at, value in seen if at >= now - length)
    longer = min(value for at, value in seen if at >= now - length * 13 / 12 - 1e-6)
    assert longer <= window.least() <= inside


def test_it_takes_a_whole_length_before_it_says_anything() -> None:
    assert watched(60, [(0, 3), (30, 5), (59, 4)]).least() == 0
    assert watched(60, [(0, 3), (30, 5), (60, 4)]).least() == 3
    assert watched(60, [(0, 0), (30, 5), (60, 4), (66, 4)]).least() == 4


def test_another_length_and_a_gap_start_it_anew() -> None:
    window = watched(60, [(0, 3), (30, 3), (60, 3)])
    assert window.add(90, 61, 3).began == 61
    assert window.add(60, 121, 3).began == 121
    assert window.add(60, 119, 3).began == 0
    assert window.add(60, 59, 3).began == 59  # a clock that was set back


def test_without_a_length_now_is_all_that_counts() -> None:
    assert Window.start(0, 5, 2).least() == 2
    assert Window.start(0, 5, 2).add(0, 6, 7).least() == 7
