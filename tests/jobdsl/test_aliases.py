"""Several names of one class are one class, wherever documents are compared, planned, checked or stored."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from settling import definition, settle

import jobdsl
from jobdsl.checks.lint import Known, Linter
from jobdsl.checks.plugins import PluginList, plugin_of, plugins_of
from jobdsl.checks.policy import kind_of
from jobdsl.documents.aliases import canonical, equivalent, plugin_of_name, stored_name, tag_class
from jobdsl.documents.compare import compare
from jobdsl.documents.references import references
from jobdsl.documents.roots import is_folder_root, is_view_root
from jobdsl.documents.tree import parse, tag_name
from jobdsl.errors import Where
from jobdsl.model import Definition
from jobdsl.planning.inventory import class_of, existing
from jobdsl.testing import SimulatedJenkins

TABLE = [
    line.split("\t")
    for line in files("jobdsl.documents").joinpath("classes.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
OLD_FOLDER_CONFIG = "org.jenkinsci.plugins.pipeline.modeldefinition.config.FolderConfig"
FOLDER_CONFIG = "org.jenkinsci.plugins.docker.workflow.declarative.FolderConfig"


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as made:
        yield made


def test_each_line_of_the_table_is_whole() -> None:
    assert len(TABLE) > 150
    assert len({name for _, name, *_ in TABLE}) == len(TABLE)
    for how, name, java, plugin, source in TABLE:
        assert how in ("old", "written", "replaced"), name
        assert name != java
        assert name.endswith("*") == java.endswith("*"), name
        assert plugin, name
        assert source, name
        if how == "written" and not name.endswith("*"):
            assert stored_name(java) == name
        if how == "old" and not name.endswith("*"):
            assert canonical(name) == java


@pytest.mark.parametrize(
    ("name", "java"),
    [
        ("listView", "hudson.model.ListView"),
        ("view", "hudson.model.ListView"),
        ("project", "hudson.model.FreeStyleProject"),
        ("EnvInjectBuilder", "org.jenkinsci.plugins.envinject.EnvInjectBuilder"),
        ("xunit", "org.jenkinsci.plugins.xunit.XUnitPublisher"),
        (OLD_FOLDER_CONFIG, FOLDER_CONFIG),
        ("com.hp.application.automation.tools.run.RunFromFileBuilder", "com.microfocus.application.automation.tools.run.RunFromFileBuilder"),
        ("hudson.model.View-PropertyList", "hudson.model.View$PropertyList"),
        ("hudson.tasks.Shell", "hudson.tasks.Shell"),
        ("com.example.Own", "com.example.Own"),
        ("java.lang.String", "java.lang.String"),
        ("numToKeep", "numToKeep"),
        ("hudson.model.Run-array", "hudson.model.Run-array"),
    ],
)  # fmt: skip
def test_the_class_of_a_name(name: str, java: str) -> None:
    assert canonical(name) == java
    assert equivalent(name, java)
    assert equivalent(java, name)


def test_the_name_that_is_stored() -> None:
    assert stored_name("hudson.model.FreeStyleProject") == "project"
    assert stored_name("listView") == "hudson.model.ListView"
    assert stored_name("org.jenkinsci.plugins.envinject.EnvInjectBuilder") == "EnvInjectBuilder"
    moved = "com.sonymobile.tools.gerrit.gerritevents.dto.attr.Change"
    assert stored_name(moved) == "com.sonyericsson.hudson.plugins.gerrit.gerritevents.dto.attr.Change"
    assert stored_name("string") == stored_name("java.lang.String") == "string"


def test_what_replaces_a_class() -> None:
    assert equivalent("hudson.matrix.Axis", "hudson.matrix.LabelAxis")
    assert equivalent("axis", "hudson.matrix.TextAxis")
    assert not equivalent("hudson.matrix.Axis", "hudson.matrix.LabelExpAxis")
    assert not equivalent("hudson.matrix.TextAxis", "hudson.matrix.LabelAxis")


# compared


@pytest.mark.parametrize(("how", "name", "java"), [row[:3] for row in TABLE if "*" not in row[1]])
def test_each_name_is_one_class_in_a_comparison(how: str, name: str, java: str) -> None:
    for today in java.split("|"):
        old, new = tag_name(name), tag_name(today)
        pairs = [
            (f"<l><{old}><a>1</a></{old}></l>", f"<l><{new} plugin='p@1'><a>1</a></{new}></l>"),
            (f"<scm class='{name}'><a>1</a></scm>", f"<scm class='{today}'><a>1</a></scm>"),
        ]
        for desired, stored in pairs:
            for one, other in [(desired, stored), *([] if how == "replaced" else [(stored, desired)])]:
                found = compare(parse(f"<project>{one}</project>"), parse(f"<project>{other}</project>"))
                assert found.differences == []
                assert found.root == parse(f"<project>{one}</project>")


def test_a_value_in_a_class_that_moved_is_compared() -> None:
    desired = (
        f"<properties><{OLD_FOLDER_CONFIG}><dockerLabel>a</dockerLabel></{OLD_FOLDER_CONFIG}></properties>"
    )
    stored = f"<properties><{FOLDER_CONFIG}><dockerLabel>b</dockerLabel></{FOLDER_CONFIG}></properties>"
    found = compare(parse(f"<project>{desired}</project>"), parse(f"<project>{stored}</project>"), plugin_of)
    assert [str(one) for one in found.differences] == [f'{OLD_FOLDER_CONFIG} dockerLabel: "a" became "b"']
    (lost,) = compare(parse(f"<project>{desired}</project>"), parse("<project/>"), plugin_of).lost
    assert lost.problem("x", None).hint == "install the plugin docker-workflow"


def test_members_of_a_list_under_short_names() -> None:
    views = "<views>" + "".join(f"<{{0}}><name>{name}</name></{{0}}>" for name in "abc") + "</views>"
    desired, stored = views.format("listView"), views.format("hudson.model.ListView")
    assert compare(parse(desired), parse(stored)).differences == []
    (lost,) = compare(parse("<p><l><xunit/></l></p>"), parse("<p><l/></p>"), plugin_of).lost
    assert lost.problem("x", None).hint == "install the plugin xunit"


def test_of_a_field_that_stands_twice_the_last_one_counts() -> None:
    desired = '<p><scm class="hudson.scm.NullSCM"/><a>1</a><a>2</a><scm class="x.SCM"><u>1</u></scm></p>'
    stored = '<p><a>2</a><scm class="x.SCM"><u>1</u></scm></p>'
    assert [one.severity for one in compare(parse(desired), parse(stored)).lost] == ["note", "error"]
    assert compare(parse("<p><a>1</a><a>2</a></p>"), parse("<p><a>1</a><a>2</a></p>")).differences == []


def test_the_order_of_steps_under_other_names_matters() -> None:
    one, other = "<EnvInjectBuilder/>", "<hudson.tasks.Shell/>"
    full = "<org.jenkinsci.plugins.envinject.EnvInjectBuilder/>"
    swapped = compare(parse(f"<p>{one}{other}</p>"), parse(f"<p>{other}{full}</p>"))
    assert len(swapped.differences) == 1
    assert compare(parse(f"<p>{one}{other}</p>"), parse(f"<p>{full}{other}</p>")).differences == []


# planned


@pytest.mark.parametrize("root", ["listView", "view", "hudson.model.ListView"])
def test_roots_of_views(root: str) -> None:
    assert is_view_root(root)
    assert class_of(root) == tag_class(root) == "hudson.model.ListView"


def test_roots_of_items() -> None:
    assert (
        class_of("matrix-project") == class_of("hudson.matrix.MatrixProject") == "hudson.matrix.MatrixProject"
    )
    assert class_of("ivy-multi-branch-project").endswith(".IvyMultiBranchProject")
    assert class_of("some-alias") == ""
    assert not is_view_root("project")
    assert not is_folder_root("hudson.model.FreeStyleProject")


def test_a_controller_may_name_a_class_by_its_old_name() -> None:
    answer = {"name": "a", "_class": "org.jenkinsci.plugins.workflow.job.properties.BuildDiscarderProperty"}
    assert existing("item", "", answer).class_name == "jenkins.model.BuildDiscarderProperty"


# checked


def test_any_plugin_that_reads_a_name_is_enough() -> None:
    assert plugins_of(OLD_FOLDER_CONFIG) == ("docker-workflow", "pipeline-model-definition")
    assert plugin_of("org.jenkinsci.plugins.envinject.EnvInjectBuilder") == "envinject"
    assert plugin_of("xunit") == plugin_of_name("xunit") == "xunit"
    assert plugin_of("org.jenkinsci.plugins.workflow.job.properties.BuildDiscarderProperty") == ""
    assert plugins_of("com.example.Own") == ()
    assert plugin_of("io.qameta.allure.jenkins.AllureReportPublisher") == "allure-jenkins-plugin"


@pytest.mark.parametrize(
    ("plugins", "findings"),
    [
        (("cloudbees-folder", "docker-workflow"), []),
        (("cloudbees-folder", "pipeline-model-definition"), []),
        (("cloudbees-folder",), [f"{OLD_FOLDER_CONFIG} needs the plugin docker-workflow"]),
    ],
)
def test_lint_knows_who_reads_an_old_name(plugins: tuple[str, ...], findings: list[str]) -> None:
    one = definition(jobdsl.folder("f", properties=[jobdsl.properties.declarative_folder(label="docker")]))
    linter = Linter([one], Known(plugins=PluginList(dict.fromkeys(plugins, "1"))), ())
    found = [
        problem.message.partition(", which")[0].removeprefix("f: ")
        for problem in linter.check(one, references(one.document))
    ]
    assert found == findings


def test_policy_sees_through_other_names() -> None:
    def of(document: str) -> Definition:
        return Definition("a", parse(document).tag, document, Where("a.py", 1))

    assert kind_of(of("<hudson.model.FreeStyleProject/>")) == "freestyle"
    assert kind_of(of("<view/>")) == kind_of(of("<listView/>")) == "list_view"
    for name in ("axis", "hudson.matrix.Axis", "hudson.matrix.LabelAxis"):
        axis = f"<{name}><name>label</name><values><string>gpu</string></values></{name}>"
        assert references(f"<matrix-project><axes>{axis}</axes></matrix-project>").labels == ["gpu"], name
    agent = "com.cloudbees.jenkins.plugins.sshagent.SSHAgentBuildWrapper"
    assert references(f"<project><{agent}><user>key</user></{agent}></project>").credentials == ["key"]


# stored, and applied


def test_estates_with_other_names_settle(jenkins: SimulatedJenkins) -> None:
    jenkins.install_plugins({"envinject": "2", "docker-workflow": "6"})
    old_discarder = jobdsl.element(
        "org.jenkinsci.plugins.workflow.job.properties.BuildDiscarderProperty",
        strategy=jobdsl.misc.keep(builds=5),
    )
    inject = jobdsl.element(
        "org.jenkinsci.plugins.envinject.EnvInjectBuilder", info=jobdsl.node(propertiesContent="A=1")
    )
    axis = jobdsl.element("hudson.matrix.Axis", name="label", values=["linux", "mac"])
    made = [
        jobdsl.list_view("short", root="listView", columns=["status", "job"]),
        jobdsl.list_view("oldest", root="view"),
        jobdsl.view("raw", jobdsl.element("listView", name="raw")),
        jobdsl.folder("f", properties=[jobdsl.properties.declarative_folder(label="docker")]),
        jobdsl.list_view("f/v", root="listView", regex=".*"),
        jobdsl.item("long", jobdsl.element("hudson.model.FreeStyleProject", keepDependencies=False)),
        jobdsl.item("pipe", jobdsl.element("org.jenkinsci.plugins.workflow.job.WorkflowJob", keepDependencies=False)),
        jobdsl.pipeline("p", script="echo 1", properties=[old_discarder]),
        jobdsl.freestyle("e", steps=[inject, jobdsl.steps.shell("true")]),
        jobdsl.matrix("m", axes=[axis, jobdsl.axes.text("A", ["1"])]),
    ]  # fmt: skip
    settled = settle([definition(one) for one in made], jenkins)
    assert settled.problems == []
    assert settled.changes == []
    assert settled.drift == []
    stored = settled.stored
    assert all("<hudson.model.ListView" in stored[name] for name in ("short", "oldest", "raw", "f/v"))
    assert f"<{FOLDER_CONFIG}" in stored["f"]
    assert stored["long"].splitlines()[1] == "<project>"
    assert stored["pipe"].splitlines()[1].startswith("<flow-definition")
    assert "<jenkins.model.BuildDiscarderProperty>" in stored["p"]
    assert "<EnvInjectBuilder" in stored["e"]
    assert "<hudson.matrix.LabelAxis>" in stored["m"]


def test_back_references_go_by_the_names_of_today(jenkins: SimulatedJenkins) -> None:
    jenkins.install_plugins({"nested-view": "1"})
    comparator = '<comparator class="hudson.util.CaseInsensitiveComparator"{}/>'
    same = comparator.format(' reference="../../../listView/jobNames/comparator"')
    names = [("a", comparator.format("")), ("b", same)]
    inner = "".join(
        f"<listView><name>{n}</name><jobNames>{c}<string>{n}</string></jobNames></listView>" for n, c in names
    )
    java = "hudson.plugins.nested__view.NestedView"
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<{java}>\n  <name>v</name>\n  <views>{inner}</views>\n</{java}>\n'
    settled = settle([Definition("v", java, document, Where("a.py", 1))], jenkins)
    assert settled.is_settled
    assert 'reference="../../../hudson.model.ListView/jobNames/comparator"' in settled.stored["v"]
    assert "<string>b</string>" in settled.stored["v"]


def test_a_name_nobody_reads_is_still_dropped(jenkins: SimulatedJenkins) -> None:
    jenkins.remove_plugins("docker-workflow")
    made = jobdsl.folder("f", properties=[jobdsl.properties.declarative_folder(label="docker")])
    (problem,) = settle([definition(made)], jenkins).problems
    assert problem.severity == "error"
    assert problem.hint == "install the plugin docker-workflow"
