from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobdsl import context, freestyle, list_view, nested_view, xml
from jobdsl.context import LoadContext
from jobdsl.errors import DslError, Where


@pytest.fixture
def loading() -> Iterator[LoadContext]:
    context.current = LoadContext("/estate", ["a.py"])
    yield context.current
    context.current = None


def run(text: str, file: str = "a.py") -> None:
    """Run text as the DSL file `file`."""
    assert context.current is not None
    context.current.running.append(file)
    try:
        exec(compile(text, file, "exec"), {"__name__": "a"})
    finally:
        context.current.running.pop()


def test_outside_a_load_items_are_only_made() -> None:
    made = freestyle("x")
    assert made.full_name == "x"
    assert Path(made.where.file) == Path(__file__)
    assert made.where.line == sys._getframe().f_lineno - 3


def test_outside_a_load_errors_are_raised() -> None:
    with pytest.raises(DslError, match="freestyle has no argument 'nam'"):
        freestyle("x", nam=1)  # type: ignore[call-arg]
    with pytest.raises(DslError, match="not well-formed"):
        xml("<a>")


def test_in_a_load_items_are_gathered_with_their_line(loading: LoadContext) -> None:
    run("from jobdsl import freestyle\n\nfreestyle('x')\n")
    assert [(one.full_name, one.where) for one in loading.items.values()] == [("x", Where("a.py", 3))]


def test_in_a_load_errors_are_remembered_and_the_file_goes_on(loading: LoadContext) -> None:
    run(
        "from jobdsl import freestyle\nfreestyle('x', nam=1)\nfreestyle('y', description=3)\nfreestyle('z')\n"
    )
    assert [str(one.where) for one in loading.problems] == ["a.py:2", "a.py:3"]
    assert len(loading.items) == 3


def test_an_item_and_a_view_may_share_a_name(loading: LoadContext) -> None:
    freestyle("x")
    list_view("x")
    assert [one.key for one in loading.distinct()] == [("item", "x"), ("view", "x")]
    assert loading.problems == {}


def test_a_view_in_a_nested_one_leaves_its_name_to_others(loading: LoadContext) -> None:
    list_view("x")
    nested_view("outer", views=[list_view("x")])
    assert [one.full_name for one in loading.distinct()] == ["outer", "x"]
    assert loading.problems == {}


def test_when_no_file_runs_the_place_is_the_one_set(loading: LoadContext) -> None:
    loading.place = Where("b.py", 7)
    assert context.here() == Where("b.py", 7)


def test_inside_names_a_folder_without_defining_it(loading: LoadContext) -> None:
    with context.inside("a/b"):
        assert freestyle("x").full_name == "a/b/x"
        with context.inside("other"):
            assert freestyle("x").full_name == "other/x"
        with context.apart():
            assert freestyle("x").full_name == "x"
        assert freestyle("/top").full_name == "top"
    assert context.path() == ""


def test_definitions_of_other_kinds(loading: LoadContext) -> None:
    loading.files.add("a.py")
    run("from jobdsl import context\ncontext.define('pools', {'name': ('a',), 'nan': 1})\n")
    assert loading.extra == {"pools": [{"name": ["a"], "nan": 1, "file": "a.py", "line": 2}]}
    context.define("pools", {"bad": float("nan")})
    assert len(loading.problems) == 1


def test_outside_a_load_definitions_of_other_kinds_go_nowhere() -> None:
    context.define("pools", {"name": object()})


def test_two_of_a_name_blame_the_later_line() -> None:
    early, late = Where("a.py", 2), Where("a.py", 10)
    one = context.twice(("item", "x"), late, early)
    assert one == context.twice(("item", "x"), early, late)
    assert str(one).startswith("a.py:10: error: item 'x' is defined twice: here and at a.py:2")
