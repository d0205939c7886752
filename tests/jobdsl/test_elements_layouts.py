"""Layouts: other orders, what older plugins leave out, and the forms of other tools by name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl import freestyle, matrix, misc, multijob, pipeline, scm, steps, triggers
from jobdsl.documents.tree import parse
from jobdsl.elements import reading
from jobdsl.elements.base import Form, registry
from jobdsl.elements.fields import flag, text
from jobdsl.elements.layouts import unknown_word
from jobdsl.elements.slots import Misc
from jobdsl.errors import DslError

KEEP = ("daysToKeep", "numToKeep", "artifactDaysToKeep", "artifactNumToKeep", "removeLastBuild")


class formed(Misc, xml="com.example.Formed"):
    """A class another tool writes with tags of its own, in another order."""

    forms = {"tool": Form("second mark first?", {"mark": "x"}), "bare": Form("first")}

    first: str = text(default="1")
    second: bool = flag(default=False)


del registry[formed.java]  # other tests look at every class there is


def written(value: Any) -> list[str]:
    return [f"{node.tag}={node.text}" for node in parse(value.write("")).children]


def read(cls: Any, xml: str) -> Any:
    found = reading.read_as(cls, parse(xml))
    assert parse(found.write("") if hasattr(found, "write") else found.xml) == parse(xml)
    return found


def test_a_form_has_its_order_and_what_it_always_says() -> None:
    assert written(formed()) == ["first=1", "second=false"]
    assert written(formed(layout="tool")) == ["second=false", "mark=x"]
    assert written(formed(first="2", layout="tool")) == ["second=false", "mark=x", "first=2"]
    assert written(formed(extra={"mark": "y"}, layout="tool")) == ["second=false", "mark=y"]


def test_a_value_no_form_expects_is_written_all_the_same() -> None:
    assert written(formed(second=True, layout="bare")) == ["first=1", "second=true"]


@pytest.mark.parametrize(
    ("body", "layout", "extra"),
    [
        ("<first>1</first><second>true</second>", None, None),
        ("<second>true</second><mark>x</mark>", "tool", None),
        ("<second>true</second><mark>y</mark><first>2</first>", "tool", {"mark": "y"}),
        ("<second>true</second>", "-first", None),
        ('<first a="1">1</first><second>true</second>', "+first@a=1", None),
        ('<second a="1">true</second>', "-first +second@a=1", None),
        ("<second>true</second><first>2</first>", "second first", None),
        ("", "-first -second", None),
    ],
)
def test_reading_finds_the_layout_that_says_least(body: str, layout: str | None, extra: Any) -> None:
    found = read(formed, f"<com.example.Formed>{body}</com.example.Formed>")
    assert (found.layout, found.extra) == (layout, extra)


@given(st.sets(st.sampled_from(KEEP)), st.integers(-1, 99))
def test_what_an_older_plugin_leaves_out_is_left_out(missing: set[str], builds: int) -> None:
    node = parse(misc.keep(builds).write(""))
    node.children = [child for child in node.children if child.tag not in missing]
    found = reading.read_as(misc.keep, node)
    assert found is not None
    assert found.layout == (" ".join(f"-{tag}" for tag in KEEP if tag in missing) or None)
    assert parse(found.write("")) == node


@pytest.mark.parametrize("layout", ["jjb", "jjb-disabled"])
@pytest.mark.parametrize(
    "kind",
    [
        lambda **more: freestyle("x", steps=[steps.shell("make")], agent="linux", **more),
        lambda **more: freestyle("x", triggers=[triggers.poll_scm("@hourly")], quiet_period=5, **more),
        lambda **more: matrix("x", combination_filter="A == '1'", **more),
        lambda **more: multijob("x", display_name="X", **more),
        lambda **more: pipeline("x", script="echo 1", display_name="X", **more),
        lambda **more: pipeline("x", scm=scm.git("https://git.example.com/app.git"), **more),
    ],
)
def test_jobs_of_jenkins_job_builder_are_typed_by_name(kind: Any, layout: str) -> None:
    made = kind(layout=layout)
    found = read(type(made), made.xml)
    assert (found.layout, found.extra) == (layout, None)
    assert found.xml == made.xml
    assert ("<disabled>" in made.xml) == (layout == "jjb-disabled")


@pytest.mark.parametrize(
    ("arguments", "extra", "what"),
    [
        ({"disabled": True}, {"disabled": "false"}, "disabled="),
        ({"steps": [steps.shell("make")]}, {"builders": []}, "steps="),
        ({"keep": 5}, {"properties": []}, "its arguments"),
    ],
)
def test_an_argument_that_extra_would_silence_is_refused(
    arguments: dict[str, Any], extra: dict[str, Any], what: str
) -> None:
    with pytest.raises(DslError, match=f"freestyle: {what} and extra both set") as caught:
        freestyle("a", **arguments, extra=extra).render()
    assert "take" in str(caught.value.hint)
    freestyle("b", extra=extra).render()
    freestyle("c", **arguments).render()


def test_an_argument_counts_more_than_what_a_form_always_says() -> None:
    class always(Misc, xml="com.example.Always"):
        """A class of which another tool always writes one field the same."""

        forms = {"tool": Form("first second", {"second": "False"})}

        first: str = text(default="1")
        second: bool = flag(default=False)

    del registry[always.java]
    assert "<second>False</second>" in always(first="x", layout="tool").write("\n")
    assert "<second>true</second>" in always(first="x", second=True, layout="tool").write("\n")


@pytest.mark.parametrize(
    ("layout", "extra", "unknown"),
    [
        ("tool", None, ""),
        ("bare", None, ""),
        ("first", None, ""),
        ("second first", None, ""),
        ("-second", None, ""),
        ("+first@class=x -second", None, ""),
        ("old first", None, ""),  # an order that most documents of an estate have
        ("old", {"old": "1"}, ""),
        ("first?", None, ""),
        ("tol", None, "'tol' .did you mean \"tool\""),
        ("firs", None, "'firs' .did you mean \"first\""),
        ("firs secon", None, "'firs' .did you mean \"first\""),
        ("-secon", None, "'-secon' .did you mean \"-second\""),
        ("-second +actoin", None, '\'.actoin\' .it has "tool", "bare"; leave layout= out'),
        ("-second first", None, "'first'"),
        ("old", None, "'old' .it has"),
        ("first[a,*]", None, "'first'"),
        ("", None, "takes text"),
        (3, None, "takes text, not 3"),
    ],
)
def test_a_layout_that_no_document_has_is_refused(layout: Any, extra: Any, unknown: str) -> None:
    if not unknown:
        formed(layout=layout, extra=extra)
        return
    with pytest.raises(DslError) as refused:
        formed(layout=layout, extra=extra)
    assert re.search(unknown, f"{refused.value.message} ({refused.value.hint})")


@pytest.mark.parametrize("cls", {cls.java: cls for cls in registry.values() if cls.forms}.values())
def test_every_form_is_a_layout_of_its_class(cls: Any) -> None:
    assert [name for name in cls.forms if unknown_word(cls, name)] == []
