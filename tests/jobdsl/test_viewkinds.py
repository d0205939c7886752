"""Kinds of views: their documents, names of their parts, aliases of their roots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import jobdsl
from jobdsl import views
from jobdsl.documents.compare import compare
from jobdsl.documents.roots import is_view_root
from jobdsl.documents.tree import Node, class_name, parse
from jobdsl.dsl.viewkinds_basic import View
from jobdsl.elements import reading
from jobdsl.elements.base import registry
from jobdsl.errors import DslError
from jobdsl.importer.codegen import Writer
from jobdsl.importer.pretty import show
from jobdsl.loading.load import load

WORDS = {name: getattr(jobdsl, name) for name in jobdsl.__all__}
CALLS = """
list_view("nightly", regex=".*-nightly", recurse=True, columns=["status", "job", views.last_success()])
list_view("mine", jobs=["a", "b"], filters=[views.by_regex("a.*"), views.secured()], description="<b>")
list_view("old", root="listView")
all_view("all")
my_view("mine")
nested_view("team", views=[list_view("inner"), all_view("everything")], default_view="inner")
dashboard_view("wall", top=[views.jobs_list()], left=[views.test_trend()], left_width="40%")
categorized_view("groups", groups=[views.grouping_rule("(.*)-.*", "$1")])
radiator_view("wall", high_visibility=False)
build_monitor_view("wall", title="Builds", regex=".*")
sectioned_view("team", sections=[views.list_section("A", columns=["job"]), views.text_section("B")])
build_pipeline_view("release", grid="compile", builds=5, title="Release")
build_pipeline_view("release", selected_job="compile", layout="1.5")
delivery_pipeline_view("wall", pipelines=[("App", "app-build"), "site"], regexes=["(.*)-build"])
workflow_pipeline_view("wall", pipelines=[("App", "app")], update_seconds=5)
view("any", element("com.example.View", name="any"))
""".strip().splitlines()


def made(call: str) -> Any:
    return eval(call, dict(WORDS))


def texts(value: Any, tag: str) -> list[str]:
    return [node.text for node in parse(value.render()).walk() if node.tag == tag]


def with_root(document: Node) -> Any:
    cls = registry[class_name(document.tag)]
    return reading.read_as(cls, document, {"name": document.children[0].text})


@pytest.mark.parametrize("call", [call for call in CALLS if not call.startswith("view(")])
def test_a_view_comes_back_from_its_document_and_from_its_source(call: str) -> None:
    value = made(call)
    document = value.render()
    again = reading.read_as(type(value), parse(document), {"name": value.name})
    assert again is not None
    assert (again.layout, again.extra) == (value.layout, None)
    source = show(Writer().item(again, value.name), "", 0)
    assert made(source).render() == document


@pytest.mark.parametrize("call", CALLS)
def test_its_root_says_that_it_is_a_view(call: str) -> None:
    assert is_view_root(parse(made(call).render()).tag)


def test_every_kind_is_a_word_of_the_dsl() -> None:
    kinds = {cls for cls in registry.values() if issubclass(cls, View)}
    assert {getattr(jobdsl, cls.dsl_name()) for cls in kinds} == kinds
    assert {call.partition("(")[0] for call in CALLS} == {cls.dsl_name() for cls in kinds}


def test_a_list_view_in_full() -> None:
    assert made('list_view("a", jobs=["b"], columns=["status", "job"])').render() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<hudson.model.ListView>\n"
        "  <name>a</name>\n"
        "  <filterExecutors>false</filterExecutors>\n"
        "  <filterQueue>false</filterQueue>\n"
        '  <properties class="hudson.model.View$PropertyList"/>\n'
        "  <jobNames>\n"
        '    <comparator class="hudson.util.CaseInsensitiveComparator"/>\n'
        "    <string>b</string>\n"
        "  </jobNames>\n"
        "  <jobFilters/>\n"
        "  <columns>\n"
        "    <hudson.views.StatusColumn/>\n"
        "    <hudson.views.JobColumn/>\n"
        "  </columns>\n"
        "  <recurse>false</recurse>\n"
        "</hudson.model.ListView>\n"
    )


STATUS = "<hudson.views.StatusFilter><statusFilter>true</statusFilter></hudson.views.StatusFilter>"
LIST_VIEW = (
    "<hudson.model.ListView><name>a</name><filterExecutors>false</filterExecutors><filterQueue>false</filterQueue>"
    '<properties class="hudson.model.View$PropertyList"/>'
    '<jobNames><comparator class="hudson.util.CaseInsensitiveComparator"/><string>b</string></jobNames>'
    "<jobFilters/><columns/><recurse>false</recurse></hudson.model.ListView>"
)
COMPARATOR = '<comparator class="hudson.util.CaseInsensitiveComparator"/>'


@pytest.mark.parametrize(
    ("old", "new", "arguments"),
    [
        ("<jobFilters/>", f"<jobFilters>{STATUS}</jobFilters>", "columns=[], status_filter=True"),
        (
            "<jobFilters/>",
            f"<jobFilters><hudson.views.AllJobsFilter/>{STATUS}</jobFilters>",
            "filters=[views.all_jobs()], columns=[], status_filter=True",
        ),
        (
            "<jobFilters/>",
            f"<jobFilters>{STATUS}<hudson.views.AllJobsFilter/></jobFilters>",
            "filters=[views.by_enabled(True), views.all_jobs()], columns=[]",
        ),
        (
            "<jobFilters/>",
            f"<jobFilters>{STATUS}{STATUS}</jobFilters>",
            "filters=[views.by_enabled(True), views.by_enabled(True)], columns=[]",
        ),
        (
            "</recurse>",
            "</recurse><statusFilter>true</statusFilter>",
            'columns=[], status_filter=True, layout="+statusFilter"',
        ),
        (COMPARATOR, "", 'columns=[], layout="jobNames[*]"'),
        (COMPARATOR, "<no-comparator/>", 'columns=[], layout="jobNames[no-comparator,*]"'),
        (
            COMPARATOR,
            '<comparator class="com.example.Other"/>',
            'columns=[], layout="jobNames[com.example.Other,*]"',
        ),
    ],
)
def test_what_a_view_shows_is_read_as_plain_arguments(old: str, new: str, arguments: str) -> None:
    document = parse(LIST_VIEW.replace(old, new))
    view = with_root(document)
    source = show(Writer().item(view, "a"), "", 0)
    on_one_line = source.replace(",\n)", ")").replace("\n    ", " ").replace("( ", "(")
    assert on_one_line == f'list_view("a", jobs=["b"], {arguments})'
    assert view.extra is None
    assert parse(made(source).render()) == document
    view.jobs = ["b", "c"]
    assert texts(view, "string") == ["b", "c"]


@pytest.mark.parametrize("jobs", ["<x/>", "<string a='1'>b</string>", "<string>b</string><x/>", "b"])
def test_what_job_names_cannot_say_is_kept(jobs: str) -> None:
    document = parse(LIST_VIEW.replace("<string>b</string>", jobs))
    view = with_root(document)
    assert view is None or parse(view.render()) == document


@pytest.mark.parametrize(
    "kind", ["list_view", "dashboard_view", "categorized_view", "radiator_view", "build_monitor_view"]
)
def test_a_status_filter_is_the_last_of_the_filters(kind: str) -> None:
    view = made(f'{kind}("a", filters=[views.secured()], status_filter=False)')
    filters = parse(view.render()).find("jobFilters")
    assert filters is not None
    assert [class_name(child.tag) for child in filters.children] == [
        "hudson.views.SecuredJobsFilter",
        "hudson.views.StatusFilter",
    ]
    assert texts(view, "statusFilter") == ["false"]


def test_the_jobs_of_a_section_are_plain_without_a_comparator() -> None:
    section = views.list_section("A", jobs=["x"], columns=[])
    old = parse(section.write("\n").replace(COMPARATOR, ""))
    read = reading.read_element(old)
    assert (read.jobs, read.layout, read.extra) == (("x",), "jobNames[*]", None)


def test_the_short_root_of_old_files_is_kept() -> None:
    old = parse(made('list_view("a", root="listView")').render())
    assert old.tag == "listView"
    value = with_root(old)
    assert value.root == "listView"
    assert value.arguments()["root"] == "listView"
    assert parse(value.render()) == old
    oldest = parse(made('list_view("a", root="view")').render())
    assert with_root(oldest).root == oldest.tag == "view"
    with pytest.raises(DslError, match="root takes 'listView' or 'view'"):
        made('list_view("a", root="hudson.model.AllView")')


def test_a_view_without_properties_keeps_to_that() -> None:
    old = parse(
        "<hudson.model.AllView><name>all</name><filterExecutors>false</filterExecutors></hudson.model.AllView>"
    )
    value = with_root(old)
    assert value.layout == "-filterQueue -properties"
    assert parse(value.render()) == old


def test_jobs_and_columns_that_cannot_be() -> None:
    with pytest.raises(DslError, match="does not know the column 'stauts'") as caught:
        made('list_view("a", columns=["stauts"])')
    assert "status" in caught.value.hint
    with pytest.raises(DslError, match="takes a column"):
        made('list_view("a", columns=[views.by_status()])')
    with pytest.raises(DslError, match="takes a filter of jobs"):
        made('list_view("a", filters=[views.status()])')
    with pytest.raises(DslError, match="takes a part of a dashboard"):
        made('dashboard_view("a", top=[views.status()])')


def test_pipelines_by_name_and_first_job() -> None:
    value = made('delivery_pipeline_view("wall", pipelines=[("App", "app-build"), "site"])')
    assert value.pipelines == (
        views.pipeline_component("App", "app-build"),
        views.pipeline_component("site", "site"),
    )
    assert texts(value, "firstJob") == ["app-build", "site"]
    with pytest.raises(DslError, match="delivery_pipeline_view: pipelines"):
        made('delivery_pipeline_view("wall", pipelines=[("App", "a", "b")])')


OWNER = '<owner class="hudson.plugins.nested_view.NestedView" reference="../../.."/>'


def test_views_in_a_view_are_written_inside_and_know_their_owner() -> None:
    """Without an owner Jenkins cannot tell their address, and shows an error instead of them."""
    value = made(
        'nested_view("team", views=[nested_view("more", views=[list_view("inner", columns=["job"])]), my_view("m")])'
    )
    assert texts(value, "name") == ["team", "more", "inner", "m"]
    assert value.render().count(OWNER) == 3
    outer = parse(value.render())
    assert outer.find("owner") is None
    for one in outer.walk():
        if one.find("name") and one is not outer:
            assert one.children[0].attrs["reference"] == "../../.."


def test_an_owner_that_is_given_stays() -> None:
    value = made(
        'nested_view("team", views=[list_view("inner", owner=element("owner", _attrs={"class": "x.Y"}))])'
    )
    assert '<owner class="x.Y"/>' in value.render()
    assert OWNER not in value.render()


def test_columns_of_a_nested_view_lie_in_the_object_that_holds_them() -> None:
    value = made('nested_view("team", columns=["status", "weather"])')
    assert [node.tag for node in parse(value.render()).walk()][-4:] == [
        "columns",
        "columns",
        "hudson.views.StatusColumn",
        "hudson.views.WeatherColumn",
    ]
    assert with_root(parse(value.render())).columns == value.columns
    assert "<columns>" not in made('nested_view("team")').render()


@pytest.mark.parametrize(
    "call",
    [
        'nested_view("v", columns=["statsu"])',
        'list_view("v", columns=["statsu"])',
        'sectioned_view("v", sections=[views.list_section("a", columns=["statsu"])])',
        'dashboard_view("v", columns=["statsu"])',
    ],
)
def test_a_column_that_does_not_exist_is_told_with_the_one_that_is_meant(call: str) -> None:
    with pytest.raises(DslError, match="does not know the column 'statsu'") as caught:
        made(call)
    assert caught.value.hint == 'did you mean "status"?'


def test_a_nested_view_is_what_a_controller_stored() -> None:
    recorded = json.loads((Path(__file__).parents[1] / "recordings" / "view.json").read_text("utf-8"))
    (stored,) = (one for one in recorded if one["name"] == "view/nested_config_get")
    value = made('nested_view("rec-nest", views=[list_view("inner", regex="rec.*")])')
    found = compare(parse(value.render()), parse(stored["response"]["body"]))
    assert [str(one) for one in found.differences if one.severity == "error"] == []
    inner = next(one for one in found.root.walk() if one.tag == "hudson.model.ListView")
    assert inner.children[0] == parse(OWNER)


FOLDER_OWNER = '<owner class="com.cloudbees.hudson.plugins.folder.Folder" reference="../../../.."/>'


def test_views_of_a_folder_are_part_of_its_document_and_read_back() -> None:
    value = made(
        'folder("team", folder_views=misc.folder_views([all_view("All"), list_view("Mine", jobs=["a"])], primary="Mine"))'
    )
    assert value.render().count(FOLDER_OWNER) == 2
    again = reading.read_as(type(value), parse(value.render()), {"name": "team"})
    assert [type(view).__name__ for view in again.folder_views.views] == ["all_view", "list_view"]
    assert again.render() == value.render()
    source = show(Writer().item(again, "team"), "", 0)
    assert "owner" not in source
    assert eval(source, dict(WORDS)).render() == value.render()


def test_views_of_a_nested_view_read_back_as_views() -> None:
    value = made(
        'nested_view("team", views=[nested_view("more", views=[list_view("inner")]), all_view("all")])'
    )
    again = reading.read_as(type(value), parse(value.render()), {"name": "team"})
    assert [type(view).__name__ for view in again.views] == ["nested_view", "all_view"]
    assert "owner" not in show(Writer().item(again, "team"), "", 0)
    assert again.render() == value.render()


def test_a_view_of_another_owner_stays_an_element() -> None:
    value = made('nested_view("team", views=[list_view("inner")])')
    document = value.render().replace('reference="../../.."', 'reference="../.."')
    again = reading.read_as(type(value), parse(document), {"name": "team"})
    assert again.render() == document


def test_views_given_to_a_folder_are_no_definitions_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "from jobdsl import folder, list_view, misc\n\n"
        'for name in ("a", "b"):\n'
        '    folder(name, folder_views=misc.folder_views([list_view("Mine")]))\n'
    )
    assert [one.full_name for one in load(tmp_path, isolation="process").definitions] == ["a", "b"]


@pytest.mark.parametrize("views", ["[freestyle('x')]", "['Mine']", "[steps.shell('x')]", "list_view"])
def test_what_is_no_view_is_told(views: str) -> None:
    with pytest.raises(DslError, match=r"misc\.folder_views: views "):
        made(f"misc.folder_views({views})")
