"""Plans as files: what was reviewed is applied, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobdsl.errors import JobdslError, Problem, Where
from jobdsl.inventory import Existing, Inventory
from jobdsl.plan import Action, Change, Plan
from jobdsl.planfile import dumps, loads, moved_on

FREESTYLE = "hudson.model.FreeStyleProject"
NEW = Change(Action.CREATE, "item", "a/x", "new", Where("a.py", 3), "project", "<project/>", after="d" * 12)
MOVED = Change(Action.MOVE, "item", "new", "renamed from old", None, "project", "<é/>", "old", "b", "c", True)
PLAN = Plan("main", (MOVED, NEW), 7, (Problem("note it", Where("a.py", 1), severity="note"),))
LIVE = Inventory.of([Existing("item", "old", FREESTYLE, "d", False), Existing("item", "other", FREESTYLE)])


def test_a_plan_comes_back_as_it_was() -> None:
    saved = loads(dumps(PLAN, LIVE, "https://j/"))
    assert (saved.plan, saved.url) == (PLAN, "https://j/")
    assert set(saved.touched) == {("item", "a/x"), ("item", "new"), ("item", "old")}
    assert dumps(PLAN, LIVE, "https://j/") == dumps(saved.plan, LIVE, saved.url)


def test_a_plan_with_errors_is_not_saved() -> None:
    with pytest.raises(JobdslError, match="not saved"):
        dumps(replace(PLAN, problems=(Problem("bad"),)), LIVE)


def test_it_is_refused_once_the_controller_has_moved_on() -> None:
    saved = loads(dumps(PLAN, LIVE))
    assert moved_on(saved, LIVE) == []
    old, other = LIVE
    for changed in (
        Inventory.of([replace(old, description="edited"), other]),
        Inventory.of([replace(old, disabled=True), other]),
        Inventory.of([other]),
        Inventory.of([old, other, Existing("item", "a/x", FREESTYLE)]),
    ):
        assert len(moved_on(saved, changed)) == 1
    assert moved_on(saved, Inventory.of([old])) == []  # what it does not touch may change


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "jobdsl plan 0"}', '{"format": "jobdsl plan 1"}']
)
def test_anything_else_is_no_plan(text: str) -> None:
    with pytest.raises(JobdslError, match="no plan of this version"):
        loads(text)
