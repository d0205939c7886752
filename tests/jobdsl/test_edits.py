"""Differences of sequences: right, and found in bounded time."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.documents import edits
from jobdsl.documents.edits import BoundedMatcher

LINES = st.lists(st.sampled_from("abcd"), max_size=30)


def replayed(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Apply the opcodes: what is equal is taken from before, all else from after."""
    made: list[str] = []
    old = new = 0
    for kind, low, high, start, end in BoundedMatcher(before, after).get_opcodes():
        assert (low, start) == (old, new)
        made += before[low:high] if kind == "equal" else after[start:end]
        old, new = high, end
    assert (old, new) == (len(before), len(after))
    return made


@given(LINES, LINES)
def test_short_sequences_are_compared_as_difflib_does(before: list[str], after: list[str]) -> None:
    assert BoundedMatcher(before, after).get_opcodes() == SequenceMatcher(None, before, after).get_opcodes()


@given(LINES, LINES, st.sampled_from([0, 2, 1000]), st.sampled_from([0, 20]))
def test_opcodes_turn_one_into_the_other(before: list[str], after: list[str], most: int, short: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edits, "_SHORT", short)
        patch.setattr(edits, "_MOST_EDITS", most)
        assert replayed(before, after) == after


def test_two_edits_far_apart_in_a_long_text_are_two_edits() -> None:
    before = [f"line {number % 150}" for number in range(100_000)]
    after = ["first", *before[1:50_000], "middle", *before[50_000:]]
    codes = [code for code in BoundedMatcher(before, after).get_opcodes() if code[0] != "equal"]
    assert codes == [("replace", 0, 1, 0, 1), ("insert", 50_000, 50_000, 50_000, 50_001)]


@pytest.mark.parametrize("distinct", [2, 150, 10_000_000])
def test_long_sequences_take_bounded_time(distinct: int) -> None:
    chance = random.Random(4)
    before, after = ([str(chance.randrange(distinct)) for _ in range(150_000)] for _ in range(2))
    started = time.process_time()
    assert replayed(before, after) == after
    assert time.process_time() - started < 15
