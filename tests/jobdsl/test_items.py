from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import jobdsl
from jobdsl import (
    all_view,
    context,
    element,
    folder,
    freestyle,
    item,
    list_view,
    multibranch,
    nested_view,
    node,
    pipeline,
    publish,
    steps,
    view,
    xml,
)
from jobdsl.context import LoadContext
from jobdsl.documents.tree import Node, parse
from jobdsl.elements.base import registry
from jobdsl.elements.slots import Step
from jobdsl.errors import DslError
from jobdsl.testing import problems


def shell(command: str) -> Any:
    return element("hudson.tasks.Shell", command=command)


def commands(job: freestyle) -> list[str]:
    return [one.children[0].text for one in found(job, "builders").children]


def found(made: Any, path: str) -> Node:
    at = parse(made.xml)
    for tag in path.split("/"):
        below = at.find(tag)
        assert below is not None, path
        at = below
    return at


def service(name: str, **overrides: Any) -> freestyle:
    """A template as users write them."""
    job = freestyle(
        name,
        description="from the template",
        steps={"build": shell("build"), "test": shell("test"), "none": None, "publish": shell("publish")},
    )
    job.override(overrides)
    return job


def test_named_parts_are_written_in_order() -> None:
    assert commands(service("x")) == ["build", "test", "publish"]


def test_override_replaces_a_part_or_a_field_by_name() -> None:
    job = service("x", test=shell("better test"), description="mine")
    assert commands(job) == ["build", "better test", "publish"]
    assert job.description == "mine"


def test_override_removes_a_part() -> None:
    assert commands(service("x", test=None)) == ["build", "publish"]


def test_override_of_nothing_known_is_told() -> None:
    with pytest.raises(DslError, match="x has no part or field 'tset'") as caught:
        service("x", tset=None)
    assert caught.value.hint == 'did you mean "test"?'


def test_parts_are_changed_like_lists_and_by_name() -> None:
    job = service("x")
    job.steps.append(shell("last"))
    job.steps.insert(0, shell("first"))
    job.steps.before("test", shell("lint"))
    job.steps.after("test", shell("report"), shell("clean"))
    job.steps["publish"] = shell("ship")
    del job.steps["build"]
    assert commands(job) == ["first", "lint", "test", "report", "clean", "ship", "last"]
    with pytest.raises(DslError, match="there is no part named 'biuld'"):
        job.steps["biuld"]


def test_parts_that_are_added_later_have_names_too() -> None:
    job = service("x")
    job.steps.after("build", {"lint": shell("lint"), "none": None}, shell("plain"))
    job.steps.before("build", {"fetch": shell("fetch")})
    job.steps.append({"last": shell("last")})
    job.steps.extend({"end": shell("end")})
    job.steps += {"after": shell("after end")}  # type: ignore[operator]
    job.steps.insert(0, {"first": shell("first")})
    job.override(lint=shell("better lint"), end=None, fetch=shell("pull"))
    job.steps.after("lint", {"more": shell("more")})
    wanted = [
        "first",
        "pull",
        "build",
        "better lint",
        "more",
        "plain",
        "test",
        "publish",
        "last",
        "after end",
    ]
    assert commands(job) == wanted
    with pytest.raises(DslError, match="there is a part named 'lint' already"):
        job.steps.append({"lint": shell("another")})
    del job.steps["lint"]
    job.steps.append({"lint": shell("back")})
    assert commands(job)[-1] == "back"


def test_a_name_that_means_several_things_is_refused() -> None:
    job = freestyle(
        "x",
        steps={"build": shell("a"), "scm": shell("b")},
        triggers={"build": element("com.example.Trigger")},
    )
    with pytest.raises(DslError, match="'build' means the part in triggers and the part in steps") as caught:
        job.override(build=None)
    assert caught.value.hint == "write job.triggers['build'] = ... or job.steps['build'] = ..."
    with pytest.raises(DslError, match="'scm' means the field and the part in steps"):
        job.override(scm=None)
    del job.triggers["build"]
    job.override(build=shell("c"))
    assert commands(job) == ["c", "b"]


@pytest.mark.parametrize("kind", [freestyle, pipeline, folder, list_view])
def test_a_name_stays_what_it_is(kind: Any) -> None:
    made = kind("x")
    with pytest.raises(DslError, match="x: its name cannot be changed"):
        made.name = "y"
    with pytest.raises(DslError, match="its name cannot be changed"):
        made.override(name="y")
    assert made.full_name == "x"


def test_parts_of_two_jobs_are_apart() -> None:
    one = service("x")
    other = freestyle("y", steps=one.steps)
    other.steps.append(shell("more"))
    other.steps["build"] = shell("other")
    assert commands(one) == ["build", "test", "publish"]
    assert commands(other) == ["other", "test", "publish", "more"]
    assert freestyle("z").steps is not freestyle("z").steps


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda job: setattr(job, "descripton", "x"), "freestyle has no field 'descripton'"),
        (lambda job: setattr(job, "description", 3), "freestyle: description takes text, not 3"),
        (lambda job: setattr(job, "steps", 3), "freestyle: steps takes a list, not 3"),
        (lambda job: freestyle(3), "freestyle: name takes text, not 3"),  # type: ignore[arg-type]
        (lambda job: freestyle(""), "freestyle: name takes a name, not an empty text"),
        (lambda job: freestyle("a//b"), "the name 'a//b' cannot be used"),
        (lambda job: freestyle("../b"), "the name '../b' cannot be used"),
        (lambda job: freestyle(), "freestyle: name must be given"),  # type: ignore[call-arg]
        (lambda job: freestyle("x", "y"), "freestyle takes 1 argument without a name"),  # type: ignore[call-arg]
        (lambda job: freestyle("x", steps=[1]), "freestyle: steps takes a build step"),  # type: ignore[list-item]
        (lambda job: freestyle("x", renamed_from=3), "freestyle: renamed_from takes text, not 3"),  # type: ignore[arg-type]
        (lambda job: freestyle("x", builders=[]), "freestyle has no argument 'builders'"),  # type: ignore[call-arg]
    ],
)
def test_wrong_calls_are_told(act: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(DslError) as caught:
        act(freestyle("job"))
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: node(_text="linux", x="y"), "x: _text='linux' stands next to other content"),
        (lambda: element("X", "member", _text=" "), "x: _text=' ' stands next to other content"),
        (lambda: element("X", _text=None), "_text takes text, not None"),  # type: ignore[arg-type]
        (lambda: node(_text=b"x"), "_text takes text, not b'x'"),  # type: ignore[arg-type]
        (lambda: element("X", _attrs={"a": None}), "a takes text, not None"),  # type: ignore[dict-item]
        (lambda: element("X", _attrs=[1]), "_attrs takes a dict, not [1]"),  # type: ignore[arg-type]
    ],
)
def test_nothing_that_an_untyped_element_is_given_is_lost(act: Callable[[], Any], message: str) -> None:
    with pytest.raises(DslError) as caught:
        act()
    assert caught.value.message.startswith(message)


def test_numbers_and_truth_in_untyped_elements_are_written_as_java_writes_them() -> None:
    made: Any = element("X", _attrs={"a": True, "n": 2}, _text=1)  # type: ignore[arg-type, dict-item]
    assert made.write("") == '<X a="true" n="2">1</X>'


def test_an_item_without_a_name_that_can_be_used_goes_by_its_kind() -> None:
    context.current = LoadContext()
    try:
        freestyle("a//b", steps={"x": steps.shell("make")}).override({"nope": None})
        assert [one.message for one in context.current.problems] == [
            "the name 'a//b' cannot be used",
            "freestyle has no part or field 'nope'",
        ]
    finally:
        context.current = None


def test_a_name_that_is_no_text_is_told_once() -> None:
    context.current = LoadContext()
    try:
        freestyle(3)  # type: ignore[arg-type]
        assert [one.message for one in context.current.problems] == [
            "freestyle: name takes text, not 3 (int)"
        ]
    finally:
        context.current = None


class _only_a_step(Step, xml="test.OnlyAStep"):
    pass


del registry["test.OnlyAStep"]  # it is no part of the vocabulary


def test_what_belongs_elsewhere_is_refused_also_when_it_is_appended() -> None:
    job = freestyle("x", triggers={"only": xml("<b/>")})
    job.steps.append(xml("<a/>"))
    wrong = _only_a_step()
    adding: list[Callable[[], object]] = [
        lambda: job.triggers.append(wrong),
        lambda: job.triggers.extend([wrong]),
        lambda: job.triggers.insert(0, wrong),
        lambda: job.triggers.__iadd__([wrong]),
        lambda: job.triggers.__setitem__(0, wrong),
        lambda: job.triggers.__setitem__("only", wrong),
        lambda: job.triggers.before("only", wrong),
        lambda: job.override(only=wrong),
    ]
    for add in adding:
        with pytest.raises(DslError, match="triggers takes a trigger"):
            add()
    assert len(job.triggers) == len(job.steps) == 1
    assert job.triggers["only"] is job.triggers[0]


def test_what_is_appended_and_belongs_elsewhere_is_told_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        'from jobdsl import *\njob = freestyle("x")\njob.steps.append(publish.junit("a"))\njob.steps += ["b"]\n'
    )
    found = [(str(one.where), one.message.partition(",")[0]) for one in problems(tmp_path)]
    assert found == [
        ("jobs.py:3", "steps takes a build step (steps.*)"),
        ("jobs.py:4", "steps takes a build step (steps.*)"),
    ]


def test_the_way_out_is_shown_with_the_exception() -> None:
    with pytest.raises(DslError, match="has no argument") as caught:
        freestyle("x", step=[])  # type: ignore[call-arg]
    assert caught.value.__notes__ == ['did you mean "steps"?']


def test_patches_change_any_node() -> None:
    job = service("x")
    job.patch("builders/hudson.tasks.Shell[2]/command", "patched")
    job.patch("builders", append=shell("appended"))
    job.patch("builders/hudson.tasks.Shell[1]", before=shell("before"))
    job.patch("publishers", remove=True)
    job.patch("description", xml("<description>new &amp; whole</description>"))
    job.patch("disabled", node(_attrs={"a": "b"}, _text="true"))
    assert commands(job) == ["before", "build", "patched", "publish", "appended"]
    assert parse(job.xml).find("publishers") is None
    assert found(job, "description").text == "new & whole"
    assert found(job, "disabled").attrs == {"a": "b"}


@pytest.mark.parametrize(
    ("xpath", "message"),
    [
        ("nothing/here", "finds nothing in the document"),
        ("///", "is not a valid XPath"),
        ("count(*)", "finds nothing"),
        ("scm/@class", "All strings must be XML compatible"),
    ],
)
def test_a_patch_that_fits_nothing_is_told_at_its_line(xpath: str, message: str) -> None:
    job = service("x")
    job.patch(xpath, "\0")
    with pytest.raises(DslError, match=message) as caught:
        job.render()
    assert caught.value.where == job.patches[0].where


def test_folders_hold_what_is_made_inside() -> None:
    with folder("a") as outer, folder("b") as inner:
        job = freestyle("c")
        away = freestyle("/d/e")
    assert (outer.full_name, inner.full_name, job.full_name) == ("a", "a/b", "a/b/c")
    assert away.full_name == "d/e"
    assert freestyle("f").full_name == "f"


def test_a_folder_closes_when_its_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), folder("a"):
        freestyle(str(1 / 0))
    assert freestyle("x").full_name == "x"


def test_a_pipeline_is_a_script_or_a_file() -> None:
    assert found(pipeline("x", script="echo 1"), "definition/script").text == "echo 1"
    assert parse(pipeline("x").xml).find("definition") is None
    both = pipeline("x", script="a", scm=element("hudson.scm.NullSCM"))
    with pytest.raises(DslError, match=r"^x: definition has both script= and scm="):
        both.render()
    whole = pipeline("x", script="a", definition=element("a.Flow"))
    with pytest.raises(DslError, match="has both definition= and script="):
        whole.render()


def test_yes_and_no_are_no_texts() -> None:
    with pytest.raises(DslError, match="queue takes True or False, not 'no'"):
        freestyle("x", queue="no")  # type: ignore[arg-type]
    with pytest.raises(DslError, match="concurrent takes True or False, not 'no'"):
        pipeline("x", concurrent="no")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [{"a b": 1}, {"<": 1}, {"": 1}, {"a/><b": "x"}, {"y": {"1": 1}}, {"_attrs": {'a="1" b': "x"}}],
)
def test_a_name_xml_does_not_allow_is_an_error(given: dict[str, Any]) -> None:
    with pytest.raises(DslError, match="cannot be the name of an XML element"):
        element("a.B", **given)


def test_a_class_xml_does_not_allow_is_an_error() -> None:
    with pytest.raises(DslError, match="'a b' cannot be the name of an XML element"):
        element("a b")
    assert element("a.Outer$Inner_b").write("") == "<a.Outer_-Inner__b/>"
    for wrong in (5, None):
        with pytest.raises(DslError, match="cannot be the name of an XML element"):
            element(wrong)  # type: ignore[arg-type]
    with pytest.raises(DslError, match="takes text, not 5"):
        xml(5)  # type: ignore[arg-type]


def test_branch_sources_have_an_id_that_stays() -> None:
    from jobdsl import sources

    def identity(name: str, *urls: str) -> list[str]:
        made = multibranch(name, sources=[sources.git(url) for url in urls])
        return [node.text for node in parse(made.xml).walk() if node.tag == "id"]

    first = identity("x", "https://git.example.com/team/app.git")
    assert first == identity("renamed", "ssh://git@other.example.com:2222/team/app")
    assert first == identity("x", "git@git.example.com:team/app.git")
    assert first != identity("x", "https://git.example.com/team/other.git")
    twice = identity("x", "https://git.example.com/team/app.git", "https://git.example.com/team/app.git")
    assert twice[0] == first[0] != twice[1]


def test_views_name_themselves_and_belong_to_nested_ones() -> None:
    context.current = LoadContext()
    try:
        outer = nested_view("outer", views=[list_view("inner", jobs=["a"]), all_view("every")])
        assert [one.full_name for one in context.current.items.values()] == ["outer"]
    finally:
        context.current = None
    inner = found(outer, "views").children[0]
    name = inner.find("name")
    assert name is not None
    assert name.text == "inner"


def test_items_and_views_of_any_kind() -> None:
    assert parse(item("x", element("com.example.Kind", a=1)).xml) == parse(
        "<com.example.Kind><a>1</a></com.example.Kind>"
    )
    assert parse(view("x", xml("<some.View/>")).xml).tag == "some.View"
    with pytest.raises(DslError, match="item takes element"):
        item("x", "text").render()  # type: ignore[arg-type]


def test_none_in_a_list_of_a_job_is_left_out() -> None:
    make, archive = steps.shell("make"), publish.archive("x")
    job = freestyle("a", steps=[None, make, None], publishers={"none": None, "archive": archive})
    assert (list(job.steps), list(job.publishers)) == ([make], [archive])
    job.steps.append(None)
    job.steps.extend([None, make])
    job.steps += [None]
    job.steps.insert(0, None)
    job.publishers.after("archive", None, archive)
    assert (list(job.steps), list(job.publishers)) == ([make, make], [archive, archive])
    job.steps = [None]
    assert job.xml == freestyle("a", publishers=[archive, archive]).xml
    assert freestyle("a", publishers=[publish.trigger(["b", None, "c"])]).xml == (
        freestyle("a", publishers=[publish.trigger(["b", "c"])]).xml
    )
    raw = jobdsl.element("a.B", None, make, names=["x", None])
    assert raw.write("\n") == jobdsl.element("a.B", make, names=["x"]).write("\n")
