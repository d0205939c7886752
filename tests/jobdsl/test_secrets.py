"""The secrets file: filled in last, escaped, never shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.documents.secrets import Secrets, save, secrets_of
from jobdsl.documents.tree import parse
from jobdsl.elements.untyped import element, secret
from jobdsl.errors import DslError, JobdslError
from jobdsl.secrets.placeholders import fits, restored
from jobdsl.settings.config import Settings

XML_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"))


def document(*names: str) -> str:
    body = "".join(element("a", token=secret(name)).write("\n  ") for name in names)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<x>{body}\n</x>\n'


@given(value=XML_TEXT)
def test_whatever_a_value_holds_it_is_what_the_document_says(value: str) -> None:
    filled = Secrets({"team/job/token": value}).fill(document("team/job/token"))
    assert [node.text for node in parse(filled.encode()).walk() if node.tag == "token"] == [value]


@given(name=st.text(st.characters(exclude_characters='{}<>&"', exclude_categories=["Cc", "Cs"]), min_size=1))
def test_names_survive_the_document(name: str) -> None:
    assert "found" in Secrets({name: "found"}).fill(document(name))


@given(value=XML_TEXT)
def test_in_the_middle_of_texts_and_attributes_too(value: str) -> None:
    token = secret("a")
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<x b="1 {token} 2 {token}">3 {token} 4</x>\n'
    root = parse(Secrets({"a": value}).fill(text).encode())
    assert (root.attrs["b"], root.text) == (f"1 {value} 2 {value}", f"3 {value} 4")


PIECES = st.lists(st.sampled_from(["a", "b", "ab", "\n", secret("x"), secret("y")]), max_size=8).map("".join)


@given(wanted=PIECES, x=st.text("ab\n", min_size=1), y=st.text("ab", min_size=1))
def test_a_text_fits_itself_with_any_values(wanted: str, x: str, y: str) -> None:
    stored = wanted.replace(secret("x"), x).replace(secret("y"), y)
    assert fits(wanted, stored)
    if "\n" not in x:
        assert fits(restored(wanted, stored), stored)


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [("a", "b"), ("", "a"), ("${jobdsl:secret:x}", ""), ("a${jobdsl:secret:x}b", "ab"), ("a${jobdsl:secret:x}b", "a1c"),
     ("${jobdsl:secret:x}b${jobdsl:secret:y}c", "1bc"), ("aba${jobdsl:secret:x}aba", "ababa"), ("${jobdsl:secret:x}ab${jobdsl:secret:y}", "1b1")],
)  # fmt: skip
def test_other_texts_do_not_fit(wanted: str, stored: str) -> None:
    assert not fits(wanted, stored)


def test_a_document_without_secrets_is_left_alone() -> None:
    text = "<x>${jobdsl} $SECRET</x>"
    assert Secrets().fill(text) is text


def test_every_missing_name_is_told() -> None:
    with pytest.raises(JobdslError) as caught:
        Secrets({"b": "1"}, "s.json").fill(document("a", "b", "c", "a"))
    assert caught.value.message == "no value for the secrets a, c in s.json"
    assert caught.value.hint == "add them to s.json"
    with pytest.raises(JobdslError, match="no value for the secret a given"):
        Secrets().fill(document("a"))


@pytest.mark.parametrize("name", ["", "a}b", "a<b", "a&b", "a\nb", '"'])
def test_names_that_cannot_stand_in_a_document_are_refused(name: str) -> None:
    with pytest.raises(DslError, match="cannot be a name"):
        secret(name)


def test_saved_for_the_owner_alone_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "estate.secrets.json"
    path.write_text("old")
    path.chmod(0o644)
    save(path, {"b": "two\nlines", "a": "ä"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(json.loads(path.read_text("utf-8"))) == ["a", "b"]
    assert Secrets.load(path).fill(document("b")) == document("b").replace(secret("b"), "two\nlines")
    assert [one.name for one in tmp_path.iterdir()] == ["estate.secrets.json"]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', "hunter2", "[" * 100_000])
def test_a_bad_file_is_told_without_its_content(tmp_path: Path, text: str) -> None:
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(JobdslError) as caught:
        Secrets.load(path)
    assert str(path) in caught.value.message
    assert "hunter2" not in caught.value.message + caught.value.hint


def test_the_file_of_an_estate(tmp_path: Path) -> None:
    estate = tmp_path / "estate"
    estate.mkdir()
    assert len(secrets_of(estate, Settings())) == 0
    settings = Settings(secrets="../s.json")
    with pytest.raises(JobdslError, match=r"s\.json"):
        secrets_of(estate, settings).fill(document("a"))
    save(tmp_path / "s.json", {"a": "1"})
    assert len(secrets_of(estate, settings)) == 1
