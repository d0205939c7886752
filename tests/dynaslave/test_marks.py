"""The marker on a node, and the reason of an offline mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.controller.marks import NodeMarker, is_manager, is_ours, reason
from jobdsl.testing.computers import OfflineCause

WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
MARKERS = st.builds(
    NodeMarker,
    manager=WORDS,
    node=WORDS,
    pool=WORDS,
    intent=st.from_regex(r"[A-Za-z0-9]{1,16}", fullmatch=True),
    created=st.integers(0, 4_000_000_000).map(float),
)
MARKER = NodeMarker("main", "heavy-1", "heavy", "abc1", 1_790_000_000.0)


@given(MARKERS, st.text(), st.sampled_from(["", "\n", " \r\n", "\nsomething below"]))
def test_a_marker_is_found_again(marker: NodeMarker, above: str, below: str) -> None:
    assert NodeMarker.find(f"{above}\n{marker}{below}", marker.node) == marker


def test_a_marker_reads_well() -> None:
    assert str(MARKER) == (
        'Managed by dynaslave "main": heavy-1 of pool heavy, launch abc1, 2026-09-21T14:13:20Z.'
        " It comes and goes by itself."
    )


def test_the_marker_of_another_node_is_none_of_ours() -> None:
    assert NodeMarker.find(str(MARKER), "copy-of-heavy-1") is None


def test_the_last_marker_counts() -> None:
    older = NodeMarker("other", "heavy-1", "heavy", "abc0", 0.0)
    assert NodeMarker.find(f"{older}\n{MARKER}", "heavy-1") == MARKER


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "made by hand",
        f"see: {MARKER}",
        str(MARKER).replace("2026-09-21", "2026-02-31"),
        str(MARKER)[:-1],
    ],
)
def test_what_is_no_marker(text: str | None) -> None:
    assert NodeMarker.find(text, "heavy-1") is None


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    NodeMarker.find(text, "x")
    NodeMarker.find(f"{text}Managed by dynaslave {text}", "x")


@given(st.text() | st.text(alphabet=" :\na'<"))
def test_our_reason_is_known_again_by_what_jenkins_shows(text: str) -> None:
    given = reason(text)
    assert "\n" not in given
    assert len(given) <= 300
    assert is_ours(OfflineCause("UserCause", given.strip(), "somebody : else", 0.0).shown_reason)


def test_reasons_read_well() -> None:
    assert reason("idle for 5 min") == "dynaslave: idle for 5 min"
    assert reason("dynaslave: idle") == "dynaslave: idle"
    assert reason("a : b : c") == "dynaslave: a: b: c"


@pytest.mark.parametrize("shown", ["", "maintenance", "see dynaslave: idle", "Connection was broken"])
def test_other_reasons_are_not_ours(shown: str) -> None:
    assert not is_ours(shown)


def test_names_of_managers() -> None:
    assert is_manager("main")
    assert is_manager("team-a.prod_2")
    for name in ("", 'a"b', "a b", "a\nb", "x" * 41):
        assert not is_manager(name)
