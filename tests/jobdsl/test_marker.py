"""Markers: written, found again, and never in the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobdsl.documents.marker import Marker, managed, mark, strip, stripped
from jobdsl.documents.tree import parse
from jobdsl.errors import Where

MARKER = Marker(seed="main", name="payments/api", where=Where("payments/jobs.py", 14), digest="3f2a9c1b7d4e")
LINE = (
    'Managed by jobdsl seed "main" from payments/jobs.py:14 (3f2a9c1b7d4e).'
    " Edits made here to payments/api are overwritten."
)
HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufffe\uffff"), max_size=40)
names = st.text("abc d(é)'.\"", min_size=1, max_size=8).map(str.strip).filter(bool)
markers = st.builds(
    Marker,
    seed=st.text("ab-c", min_size=1, max_size=5),
    name=names,
    where=st.builds(Where, st.text("ab/. (1)", min_size=1, max_size=8), st.integers(1, 999)),
    digest=st.text("0123456789abcdef", min_size=12, max_size=12),
    removed=st.booleans(),
)


def test_it_reads_as_a_sentence() -> None:
    assert str(MARKER) == LINE
    assert Marker.find(f"An API.\n\n{LINE}") == MARKER


def test_a_removed_one_says_so() -> None:
    removed = Marker(
        seed="main",
        name="payments/api",
        where=Where("payments/jobs.py", 14),
        digest="3f2a9c1b7d4e",
        removed=True,
    )
    assert str(removed) == (
        'Disabled by jobdsl seed "main" from payments/jobs.py:14 (3f2a9c1b7d4e).'
        " payments/api is no longer defined there."
    )
    assert Marker.find(str(removed)) == removed


def test_it_is_found_where_somebody_wrote_below_it() -> None:
    assert Marker.find(f"{LINE}\r\nCall Ann before you touch this.") == MARKER
    assert strip(f"Text.\n\n{LINE}\r\nCall Ann.") == "Text.\n\nCall Ann."


def test_the_last_one_counts() -> None:
    other = LINE.replace("main", "other")
    found = Marker.find(f"{other}\n{LINE}")
    assert found is not None
    assert found.seed == "main"


def test_ordinary_descriptions_have_none() -> None:
    for text in (None, "", "Managed by Ann.", 'Managed by jobdsl seed "main".', "by jobdsl seed "):
        assert Marker.find(text) is None
        assert strip(text) == (text or "")


@given(markers, texts)
def test_what_is_marked_is_found_and_stripped_again(marker: Marker, text: str) -> None:
    marked = mark(text, marker)
    assert Marker.find(marked) == marker
    assert strip(marked) == strip(text).rstrip("\r\n") or not strip(text).strip("\r\n")


def test_it_becomes_the_last_paragraph_of_the_description() -> None:
    document = HEADER + "<project>\n  <description>An &amp; API</description>\n  <builders/>\n</project>\n"
    assert managed(document, MARKER) == document.replace("API<", f"API\n\n{LINE}<")


def test_an_empty_description_is_filled() -> None:
    document = HEADER + "<project>\n  <description/>\n</project>\n"
    assert managed(document, MARKER) == document.replace(
        "<description/>", f"<description>{LINE}</description>"
    )


def test_a_missing_description_comes_first_or_after_the_actions() -> None:
    for before in ("", "\n  <actions/>"):
        document = HEADER + f"<project>{before}\n  <builders/>\n</project>\n"
        expected = (
            HEADER + f"<project>{before}\n  <description>{LINE}</description>\n  <builders/>\n</project>\n"
        )
        assert managed(document, MARKER) == expected


def test_documents_of_another_form_are_written_anew() -> None:
    for document in (
        HEADER + "<project/>\n",
        "<project><description>x</description></project>",
        "<project><a><description>not mine</description></a></project>",
    ):
        own = parse(managed(document, MARKER)).find("description")
        assert own is not None
        assert Marker.find(own.text) == MARKER
        assert "not mine" not in own.text


def test_a_nested_description_is_left_alone() -> None:
    inner = "  <views>\n    <v>\n      <description>inner</description>\n    </v>\n  </views>\n"
    root = parse(managed(f"{HEADER}<n>\n{inner}</n>\n", MARKER))
    assert [node.text for node in root.walk() if node.tag == "description"] == [LINE, "inner"]


@given(texts.filter(lambda text: "\r" not in text), st.booleans())
def test_the_tree_without_its_marker_is_the_tree_before(text: str, indented: bool) -> None:
    from jobdsl.documents.tree import escape, header

    space = "\n  " if indented else ""
    body = f"<project>{space}<description>{escape(text)}</description>{space}<keep>1</keep></project>"
    document = header(body) + body + "\n"
    before, after = parse(document), stripped(parse(managed(document, MARKER)))
    own = before.find("description")
    assert own is not None
    if not own.text.strip("\r\n"):
        before.children.remove(own)  # nothing but line ends: nothing at all
        rest = after.find("description")
        after.children = [child for child in after.children if child is not rest or child.text.strip("\r\n")]
    elif (rest := after.find("description")) is not None:
        own.text, rest.text = own.text.rstrip("\r\n"), rest.text.rstrip("\r\n")
    assert after == before
