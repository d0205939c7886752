"""What people see of documents with secrets: hidden on both sides of a difference, and no less a difference."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.documents.masking import HIDDEN, masked, masked_diff, masked_pair
from jobdsl.documents.tree import Node, parse, to_text


def shell(*lines: str) -> Node:
    return Node("project", "", [Node("hudson.tasks.Shell", "", [Node("command", "\n".join(lines))])])


def changes(before: Node, after: Node, **values: str) -> list[str]:
    """The changed lines of a difference, without the marks of the element around them."""
    lines = masked_diff(before, after, "job", values)[3:]
    return [line.replace("    <command>", "") for line in lines if line[:1] in "+-("]


def test_a_secret_is_hidden_on_both_sides() -> None:
    assert changes(
        shell("make", "curl -u bot:hunter2 https://a", "done"),
        shell("make", "curl -u bot:hunter2 https://b", "done"),
    ) == ["-curl -u bot:******** https://a", "+curl -u bot:******** https://b"]


def test_a_value_that_is_a_secret_on_one_side_only_is_hidden_on_the_other() -> None:
    before, after = "curl -u bot:deploy https://a", "curl -u deploy https://a"
    assert changes(shell("a", before, "b"), shell("a", after, "b")) == [
        "-curl -u bot:******** https://a",
        "+curl -u ******** https://a",
    ]
    assert changes(shell("a", after, "b"), shell("a", before, "b")) == [
        "-curl -u ******** https://a",
        "+curl -u bot:******** https://a",
    ]


def test_a_changed_secret_shows_as_a_change_and_not_as_a_value() -> None:
    lines = changes(shell("a", "export TOKEN=hunter2", "b"), shell("a", "export TOKEN=hunter3", "b"))
    assert lines == [
        "-export TOKEN=********",
        "+export TOKEN=********",
        f"(the values shown as {HIDDEN} differ)",
    ]


def test_a_value_of_the_secrets_file_makes_no_difference_of_a_line_that_has_none() -> None:
    """The value of a secret is an ordinary word elsewhere: the line is the same on both sides."""
    before, after = shell("curl -u deploy", "make", "x"), shell("curl -u deploy", "make all", "x")
    assert changes(before, after, login="deploy") == ["-make", "+make all"]


@pytest.mark.parametrize("value", ["hunter2", "abc", "x&y<z", 'a"b', "two\nlines"])
def test_the_value_of_a_placeholder_is_not_shown(value: str) -> None:
    before = shell("a", f"tool -p{value} https://a", "b")
    after = shell("a", "tool -p${jobdsl:secret:db} https://b", "b")
    shown = "\n".join(masked_diff(before, after, "job", {"db": value}))
    assert not [line for line in to_text(Node("a", value))[4:-4].split("\n") if line in shown]
    assert "${jobdsl:secret:db} https://b" in shown


def test_where_its_step_is_removed_the_value_of_the_secrets_file_is_hidden() -> None:
    assert changes(shell("a", "run hunter2", "b"), shell("a", "b"), db="hunter2") == ["-run ********"]


def test_a_telling_value_is_hidden_wherever_it_stands() -> None:
    before = shell("export TOKEN=Zq7hunter2", "a", "b", "c", "d", "e", "echo Zq7hunter2 x", "f")
    after = shell("export TOKEN=Zq7hunter2", "a", "b", "c", "d", "e", "echo Zq7hunter2 y", "f")
    assert changes(before, after) == ["-echo ******** x", "+echo ******** y"]


def test_an_ordinary_word_stays_where_it_is_no_secret() -> None:
    """Hidden paths would tell the word that is hidden."""
    before = shell("ls /home/deploy", "mysql -pdeploy a", "x")
    after = shell("ls /home/deploy", "mysql -pdeploy b", "x")
    shown = "\n".join(masked_diff(before, after, "job"))
    assert "ls /home/deploy" in shown
    assert "-mysql -p******** a\n+mysql -p******** b" in shown


def test_keys_over_many_lines_are_hidden_line_by_line() -> None:
    key = ["-----BEGIN PRIVATE KEY-----", "MIIEowIBAAKCAQEA0", "abcd1234efgh", "-----END PRIVATE KEY-----"]
    other = [*key[:2], "ijkl5678mnop", key[3]]
    shown = changes(shell("cat <<E", *key, "E"), shell("cat <<E", *other, "E"))
    assert shown == ["-********", "+********", f"(the values shown as {HIDDEN} differ)"]


def test_values_of_fields_and_attributes_are_hidden() -> None:
    before = parse("<p><x.Y><apiToken>hunter2</apiToken><pair var='A' password='s3'/></x.Y><b>1</b></p>")
    after = parse("<p><x.Y><apiToken>hunter3</apiToken><pair var='A' password='s4'/></x.Y><b>1</b></p>")
    shown = "\n".join(masked_diff(before, after, "job"))
    assert [value for value in ("hunter", "s3", "s4") if value in shown] == []
    assert "differ" in shown


def test_equal_documents_have_no_difference() -> None:
    assert masked_diff(shell("TOKEN=hunter2"), shell("TOKEN=hunter2"), "job") == []


def test_marks_in_a_document_hide_and_show_nothing() -> None:
    before = shell("export TOKEN=hun\ufdd1ter2 \ufdd0x", "y")
    shown = "\n".join(masked_diff(before, shell("export TOKEN=hunter2 x", "z"), "job"))
    assert "ter2" not in shown
    assert "-y" in shown


def test_masked_documents() -> None:
    assert (
        to_text(masked(shell("curl -u a:hunter2 x", "echo Zq7hunter2"), {"k": "Zq7hunter2"})).count(HIDDEN)
        == 2
    )
    assert masked(shell("make", "curl -u a:${jobdsl:secret:db} x")) == shell(
        "make", "curl -u a:${jobdsl:secret:db} x"
    )


def test_two_versions_of_a_text() -> None:
    assert masked_pair("a b c", "b", ([(2, 3)], [])) == ("a ******** c", "********")
    assert masked_pair("a b", "a c", ([], [])) == ("a b", "a c")


WORDS = st.sampled_from(
    ["TOKEN=Zq7hunter2", "TOKEN=$X", "curl -u a:Zq7hunter2 b", "echo Zq7hunter2", "make", "curl -u deploy",
     "curl -u bot:deploy x", "password: deploy", "-----BEGIN PRIVATE KEY-----\nMIIE1234abcd\n-----END PRIVATE KEY-----"]
)  # fmt: skip
SCRIPTS = st.lists(WORDS, max_size=8)


@given(before=SCRIPTS, after=SCRIPTS)
def test_a_difference_has_the_lines_it_has_without_hiding(before: list[str], after: list[str]) -> None:
    old, new = shell("a", *before, "z"), shell("a", *after, "z")
    lines = [to_text(tree).lstrip("\n").splitlines() for tree in (old, new)]
    plain = difflib.unified_diff(lines[0], lines[1], "job (now)", "job (planned)", lineterm="")
    shown = masked_diff(old, new, "job")
    assert [line[:1] for line in shown if not line.startswith("(")] == [line[:1] for line in plain]
    if {"TOKEN=Zq7hunter2", "curl -u a:Zq7hunter2 b"} & {*before, *after}:
        assert "hunter2" not in "".join(shown)
    assert "bot:deploy" not in "".join(shown)
