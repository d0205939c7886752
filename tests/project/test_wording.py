"""What a change does to a document, in words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jobdsl import freestyle, params, pipeline, publish, scm, steps, triggers
from jobdsl.documents.tree import parse
from jobdsl.documents.wording import changes_in_words, summary_in_words

BASE = {"steps": [steps.shell("a"), steps.shell("b"), steps.shell("c")]}


def words(before: Mapping[str, object], after: Mapping[str, object], kind: object = freestyle) -> list[str]:
    old, new = (kind("x", **given).render() for given in (before, after))  # type: ignore[operator]
    return list(changes_in_words(parse(old), parse(new)))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (BASE, BASE, []),
        (BASE, {"steps": [steps.shell("a"), steps.shell("x"), steps.shell("c")]}, ["step 2 of 3: command"]),
        (BASE, {"steps": [steps.shell("a"), steps.shell("c")]}, ["step 2 of 3 removed: shell"]),
        (
            BASE,
            {"steps": [steps.batch("z"), steps.shell("a"), steps.shell("b"), steps.shell("c")]},
            ["step 1 of 4 added: batch"],
        ),
        (BASE, {"steps": [steps.shell("c"), steps.shell("a"), steps.shell("b")]}, ["order of steps"]),
        ({}, {"description": "d"}, ["description"]),
        ({}, {"agent": "linux"}, ["agent"]),
        ({}, {"disabled": True}, ["disabled"]),
        ({"disabled": True}, {}, ["enabled"]),
        ({}, {"parameters": [params.string("A", "1")]}, ["parameter A added"]),
        (
            {"parameters": [params.string("A", "1"), params.string("B", "1")]},
            {"parameters": [params.string("A", "2"), params.string("C", "1")]},
            ["parameter A: default", "parameter C added", "parameter B removed"],
        ),
        ({"parameters": [params.string("A")]}, {"parameters": [params.boolean("A")]}, None),
        (
            {"triggers": [triggers.cron("@daily")]},
            {"triggers": [triggers.cron("@weekly")]},
            ["trigger cron: spec"],
        ),
        ({"triggers": [triggers.cron("@daily")]}, {}, ["trigger cron removed"]),
        ({}, {"publishers": [publish.junit("*.xml")]}, ["publisher 1 of 1 added: junit"]),
        ({}, {"keep": 30}, ["property build_discarder added"]),
        ({}, {"scm": scm.git("u")}, ["scm: git instead of none"]),
        ({"scm": scm.git("u", branch="a")}, {"scm": scm.git("u", branch="b")}, ["scm: branches"]),
    ],
)
def test_words(before: Mapping[str, object], after: Mapping[str, object], told: list[str] | None) -> None:
    found = words(before, after)
    assert found == told if told is not None else len(found) == 1


def test_a_pipeline() -> None:
    assert words({"script": "a"}, {"script": "b"}, pipeline) == ["definition: script"]
    assert words({"script": "a", "triggers": [triggers.cron("@daily")]}, {"script": "a"}, pipeline) == [
        "trigger cron removed"
    ]


def test_a_summary_tells_the_first_and_how_many_more() -> None:
    before = freestyle("x").render()
    after = freestyle(
        "x", description="d", agent="l", keep=3, steps=[steps.shell("a")], quiet_period=3
    ).render()
    told = summary_in_words(parse(before), parse(after))
    assert told.count(";") == 3
    assert told.endswith("; 2 more")


def test_no_value_is_told() -> None:
    before, after = ({"steps": [steps.shell(f"curl -u a:{secret} x")]} for secret in ("hunter2", "hunter3"))
    assert words(before, after) == ["step 1 of 1: command"]
