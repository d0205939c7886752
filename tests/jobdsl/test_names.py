from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.errors import DslError
from jobdsl.grammar import names

# Names posted to a controller and its answer (recordings createItem/name_*, duplicate*).
REFUSED = {
    "a/b": "/  is an unsafe character",
    "a?b": "?  is an unsafe character",
    "..": "..  is not an allowed name",
    "": "No name is specified",
    "rec*x": "*  is an unsafe character",
    "rec<x": "<  is an unsafe character",
    "rec.": "A name cannot end with  . ",
    "rec:x": ":  is an unsafe character",
    "a" * 260: "500",
    "rec%41": "%  is an unsafe character",
    "rec;x": ";  is an unsafe character",
    "rec#x": "#  is an unsafe character",
    "rec@x": "@  is an unsafe character",
    "rec\\x": "\\  is an unsafe character",
    "rec|x": "|  is an unsafe character",
    "rec\nx": "No control code is allowed",
}
ACCEPTED = ["recé中", "rec sp ace", "rec+", "rec-free", "a..b", "1", "'quoted'", 'say "hi"', "a,b=c~(d){e}"]


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_a_controller_refused(name: str) -> None:
    why = names.refusal(name)
    assert why
    if "unsafe" in (answer := REFUSED[name]):
        assert f'"{answer[0]}"' in why
    with pytest.raises(DslError) as caught:
        names.check(name, kind="folder")
    assert caught.value.message == f"folder {name!r}: {why}"


@pytest.mark.parametrize("name", ACCEPTED)
def test_takes_what_a_controller_took(name: str) -> None:
    assert names.refusal(name) == ""
    names.check(name)


@pytest.mark.parametrize("name", [" a", "a ", "a\t", ".", "a\x7f", "a\x85b", "\ud800", "é" * 128])
def test_refuses_what_would_be_changed_or_cannot_be_stored(name: str) -> None:
    assert names.refusal(name)


@pytest.mark.parametrize(
    ("name", "hint"), [("feature/x", '"feature-x" would do'), (" api. ", '"api" would do'), ("..", "")]
)
def test_offers_a_near_name(name: str, hint: str) -> None:
    with pytest.raises(DslError) as caught:
        names.check(name)
    assert caught.value.hint == hint


def test_a_full_name_is_good_if_all_its_parts_are() -> None:
    names.check_full("payments/api/main")
    with pytest.raises(DslError, match=r"item 'a/b:c': Jenkins allows no \":\"") as colon:
        names.check_full("a/b:c")
    assert colon.value.hint == '"b-c" would do'
    for bad in ("/a", "a/", "a//b", ""):
        with pytest.raises(DslError) as empty:
            names.check_full(bad)
        assert "no / at its ends" in empty.value.hint


def test_parts_of_full_names() -> None:
    assert names.join("", "a", "b/c") == "a/b/c"
    assert (names.parent("a/b/c"), names.leaf("a/b/c")) == ("a/b", "c")
    assert (names.parent("a"), names.leaf("a")) == ("", "a")
    assert names.ancestors("a/b/c") == ["a", "a/b"]
    assert names.ancestors("a") == []


@pytest.mark.parametrize(
    ("reference", "folder", "full_name"),
    [
        ("b", "a", "a/b"),
        ("b", "", "b"),
        ("../b", "a/x", "a/b"),
        ("../../b", "a/x", "b"),
        ("../b", "", None),
        ("/b", "a", "b"),
        ("./b/c", "a", "a/b/c"),
        ("..", "a/b", "a"),
    ],
)
def test_references_are_read_from_their_folder(reference: str, folder: str, full_name: str | None) -> None:
    assert names.resolve(reference, folder) == full_name


def test_paths_are_quoted() -> None:
    assert names.url_path("a b/ü/c+d") == "job/a%20b/job/%C3%BC/job/c%2Bd"
    assert names.url_path("") == ""
    assert names.view_path("a", "All jobs") == "job/a/view/All%20jobs"
    assert names.view_path("", "outer", "inner") == "view/outer/view/inner"


def test_another_letter_case_is_the_same_item() -> None:
    assert names.key("Team/API") == names.key("team/api")
    assert names.key("ÄÖ") == names.key("äö")
    assert names.key("straße") != names.key("strasse")
    assert names.key("\u0130stanbul") == names.key("istanbul")
    assert names.collisions(["a", "b", "A", "a/x", "B", "b"]) == [("a", "A"), ("b", "B"), ("b", "b")]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("**/*.py", "jobs.py", True),
        ("**/*.py", "a/b/jobs.py", True),
        ("*.py", "a/jobs.py", False),
        ("payments/**", "payments/a/b", True),
        ("payments/**", "payments", False),
        ("payments*", "payments-eu", True),
        ("payments*", "payments/a", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("job-?", "job-1", True),
        ("job-?", "job-/", False),
        ("a.b", "axb", False),
        ("**/.*/**", "x/.git/config", True),
        ("**/.*/**", ".git/config", True),
        ("[a]", "[a]", True),
    ],
)
def test_globs(pattern: str, path: str, fits: bool) -> None:
    assert names.matches(pattern, path) is fits


@given(st.text(alphabet="ab/.*?", max_size=8))
def test_a_glob_without_wildcards_fits_only_itself(text: str) -> None:
    assert names.matches(text, text) or "*" in text or "?" in text
    assert names.matches("**", text)


@given(st.text(max_size=12))
def test_a_name_offered_is_a_good_name(name: str) -> None:
    if names.refusal(name):
        with pytest.raises(DslError) as caught:
            names.check(name)
        if caught.value.hint:
            assert names.refusal(caught.value.hint.removesuffix('" would do')[1:]) == ""


@given(st.lists(st.text(alphabet="aAbBéÉß", min_size=1, max_size=2)))
def test_names_without_collisions_have_different_keys(some: list[str]) -> None:
    assert len(some) - len(names.collisions(some)) == len({names.key(name) for name in some})


def test_the_name_in_between() -> None:
    assert names.between("a/b", "c/d") == "b~d"
    assert names.between("x/b~d", "c/d") == "b~d"  # half way already
    assert names.between("a/x", "a/X") == "x~X"
