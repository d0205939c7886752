"""Plans as files: what was reviewed is applied, and only that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.planning.inventory import Existing, Inventory, Key
from jobdsl.planning.plan import Action, Change, Plan
from jobdsl.planning.planfile import dumps, loads, moved_on

FREESTYLE = "hudson.model.FreeStyleProject"
NEW = Change(
    Action.CREATE,
    "item",
    "a/x",
    reason="new",
    where=Where("a.py", 3),
    root="project",
    document="<project/>",
    after="d" * 12,
)
MOVED = Change(
    Action.MOVE,
    "item",
    "new",
    reason="renamed from old",
    where=None,
    root="project",
    document="<é/>",
    source="old",
    before="b",
    after="c",
    queue=True,
)
ALONG = Change(
    Action.UPDATE,
    "view",
    "new/v",
    reason="moved along from old/v",
    where=None,
    root="hudson.model.ListView",
    document="<v/>",
)
PLAN = Plan("main", (MOVED, NEW, ALONG), 7, (Problem("note it", Where("a.py", 1), severity="note"),))
STORED = {("item", "old"): b"<project><a>1</a></project>", ("view", "old/v"): b"<v/>"}
LIVE = Inventory.of(
    [
        Existing("item", "old", FREESTYLE, description="d", disabled=False),
        Existing("item", "other", FREESTYLE),
    ]
)


def test_a_plan_comes_back_as_it_was() -> None:
    saved = loads(dumps(PLAN, LIVE, STORED, "https://j/"))
    assert (saved.plan, saved.url) == (PLAN, "https://j/")
    assert set(saved.touched) == {
        ("item", "a/x"), ("item", "new"), ("item", "old"), ("view", "new/v"), ("view", "old/v"),
    }  # fmt: skip
    assert set(saved.stored) == {("item", "old"), ("view", "old/v")}
    assert dumps(PLAN, LIVE, STORED, "https://j/") == dumps(saved.plan, LIVE, STORED, saved.url)


def test_a_plan_with_errors_is_not_saved() -> None:
    with pytest.raises(JobdslError, match="not saved"):
        dumps(replace(PLAN, problems=(Problem("bad"),)), LIVE, STORED)


def told(inventory: Inventory, documents: Mapping[Key, bytes] = STORED) -> list[str]:
    return [str(one) for one in moved_on(loads(dumps(PLAN, LIVE, STORED)), inventory, documents)]


def test_it_is_refused_once_the_controller_has_moved_on() -> None:
    old, other = LIVE
    assert told(LIVE) == []
    assert told(Inventory.of([replace(old, description="edited"), other])) == [
        'error: "old" has changed on the controller since the plan was made (plan again)'
    ]
    assert told(Inventory.of([replace(old, disabled=True), other])) != []
    assert told(Inventory.of([other])) == [
        'error: "old" was deleted from the controller since the plan was made (plan again)'
    ]
    assert told(Inventory.of([old, other, Existing("item", "a/x", FREESTYLE)])) == [
        'error: "a/x" has appeared on the controller since the plan was made (plan again)'
    ]
    assert told(Inventory.of([old])) == []  # what it does not touch may change


def test_it_is_refused_once_a_document_was_edited() -> None:
    edited = {**STORED, ("item", "old"): b"<project><a>2</a></project>", ("view", "old/v"): b"<w/>"}
    assert told(LIVE, edited) == [
        'error: "old" has changed on the controller since the plan was made (plan again)',
        'error: view "old/v" has changed on the controller since the plan was made (plan again)',
    ]
    assert len(told(LIVE, {})) == 2
    broken = {**STORED, ("item", "old"): b"<project"}
    assert loads(dumps(PLAN, LIVE, broken)).stored != loads(dumps(PLAN, LIVE, STORED)).stored


def test_what_jenkins_itself_rewrites_is_no_edit() -> None:
    again = b"<?xml version='1.1'?>\n<project plugin='x@2'>\n  <actions/>\n  <a>1</a>\n</project>"
    assert told(LIVE, {**STORED, ("item", "old"): again}) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "jobdsl plan 1"}', '{"format": "jobdsl plan 3"}']
)
def test_anything_else_is_no_plan(text: str) -> None:
    with pytest.raises(JobdslError, match="not a plan of this version"):
        loads(text)
