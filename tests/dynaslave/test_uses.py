"""Builds are counted once, whoever counts on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynaslave.deciding import build_counts

urls = st.frozensets(st.sampled_from([f"http://j/job/x/{number}/" for number in range(8)]), max_size=4)


@given(st.lists(urls, max_size=10), st.lists(st.booleans(), min_size=10, max_size=10))
def test_a_build_counts_when_it_is_first_seen(looks: list[frozenset[str]], restarts: list[bool]) -> None:
    taken, marks, expected = 0, frozenset[str](), 0
    before: frozenset[str] = frozenset()
    for running, restart in zip(looks, restarts, strict=False):
        if restart:
            taken, marks = build_counts.read(build_counts.write(taken, marks))
        taken, marks = build_counts.count(taken, marks, running)
        expected += len(running - before)
        before = running
        assert taken == expected


@given(st.text(max_size=20))
def test_anything_else_on_the_instance_is_no_use(text: str) -> None:
    taken, _ = build_counts.read(text)
    assert taken >= 0


def test_a_tags_256_characters_are_enough() -> None:
    _, marks = build_counts.count(0, frozenset(), (str(number) for number in range(100)))
    assert len(build_counts.write(10**6, marks)) <= 256
