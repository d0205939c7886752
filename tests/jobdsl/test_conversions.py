"""Fields that Jenkins reads and keeps in another form are no loss; what it really loses still is one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest
from settling import definition, settle

import jobdsl
from jobdsl.checks.lint import lint
from jobdsl.documents.compare import compare
from jobdsl.documents.conversions import additions_of, conversions_of
from jobdsl.documents.tree import Node, parse, tag_name
from jobdsl.errors import Where
from jobdsl.model import Definition
from jobdsl.testing import SimulatedJenkins

TABLE = [
    line.split("\t")
    for line in files("jobdsl.documents").joinpath("conversions.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
GIT = "hudson.plugins.git.GitSCM"
EXTENSIONS = "hudson.plugins.git.extensions.impl"
GITHUB = "org.jenkinsci.plugins.github_branch_source"
MATRIX = "hudson.security.AuthorizationMatrixProperty"
NOT_INHERITING = "org.jenkinsci.plugins.matrixauth.inheritance.NonInheritingStrategy"
INHERITING = "org.jenkinsci.plugins.matrixauth.inheritance.InheritParentStrategy"


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as made:
        yield made


def test_each_line_of_the_table_is_whole() -> None:
    assert len(TABLE) > 200
    keys = [(java, field, into if how == "added" else "") for how, java, field, into, *_ in TABLE]
    assert len(set(keys)) == len(keys)
    for how, java, field, into, _, plugin, source in TABLE:
        assert how in ("converted", "copied", "kept", "ignored", "lost", "added"), java
        assert bool(field) == (how != "added"), java
        assert bool(into) == (how != "ignored"), (java, field)
        assert plugin, java
        assert source, java
        for one in java.split("|"):
            assert (
                (tuple(into.split("/")) in additions_of(one))
                if how == "added"
                else (field in conversions_of(one))
            )


def inside(java: str, field: str, content: list[Node]) -> Node:
    """A document with an object of a class that has a field, or as the root where it is a kind of item."""
    *around, tag = field.split("/")
    made = Node(tag, "7") if not content else Node(tag, "", content)
    holder = Node(around[-1], "", [made]) if around else made
    return Node(tag_name(java), "", [holder])


def stored_with(java: str, conversion: list[str]) -> Node:
    """What is stored of that: the field is gone, and what it becomes is there."""
    _, _, field, into, *_ = conversion
    path, _, implementation = into.partition("=")
    made = Node("made", "7")
    for name in reversed(path.split("/")):
        made = Node(tag_name(name), "", [made] if made.tag != "made" else [], {})
    leaf = made
    while leaf.children:
        leaf = leaf.children[0]
    leaf.attrs = {"class": implementation or "com.example.Implementation"}
    *around, _ = field.split("/")
    return Node(tag_name(java), "", [Node(around[-1], "", [made]) if around else made])


@pytest.mark.parametrize(
    ("java", "line"),
    [
        (java.replace("*", "FailureTrigger"), line)
        for line in TABLE
        if line[0] in ("converted", "copied", "kept")
        for java in line[1].split("|")
    ],
    ids=lambda value: value if isinstance(value, str) else value[2],
)
def test_a_converted_field_is_no_loss_and_what_it_becomes_no_drift(java: str, line: list[str]) -> None:
    desired = Node("list", "", [inside(java, line[2], [])])
    stored = Node("list", "", [stored_with(java, line)])
    found = compare(Node("project", "", [desired]), Node("project", "", [stored]))
    assert found.lost == []
    assert found.drift == []
    assert [one.kind for one in found.differences] == ["converted"]
    assert found.root == Node("project", "", [desired]), "a diff of the texts shows it as missing"
    nothing = compare(
        Node("project", "", [desired]), parse(f"<project><list><{tag_name(java)}/></list></project>")
    )
    assert [one.kind for one in nothing.lost] == ["dropped"]
    assert nothing.lost[0].severity == "error"


@pytest.mark.parametrize(
    "line", [line for line in TABLE if line[0] == "ignored" and "*" not in line[1]], ids=lambda line: line[2]
)
def test_an_ignored_field_is_at_most_a_note(line: list[str]) -> None:
    java = line[1].split("|")[0]
    desired = Node("project", "", [Node("list", "", [inside(java, line[2], [])])])
    stored = parse(f"<project><list><{tag_name(java)}/></list></project>")
    found = compare(desired, stored)
    assert [one.severity for one in found.differences] == ["note"]
    assert found.root == desired


@pytest.mark.parametrize("line", [line for line in TABLE if line[0] == "lost"], ids=lambda line: line[2])
def test_a_lost_field_says_what_to_write_instead(line: list[str]) -> None:
    java, field, into = line[1:4]
    desired = Node("project", "", [Node("list", "", [inside(java, field, [])])])
    stored = parse(f"<project><list><{tag_name(java)}/></list></project>")
    (lost,) = compare(desired, stored).lost
    assert lost.severity == "error"
    assert lost.problem("x", None).hint.endswith(f"has another field for it: write {into}")


@pytest.mark.parametrize(("value", "shown"), [("true", False), ("false", True)])
def test_a_converted_field_shows_a_difference_only_where_the_value_differs(value: str, shown: bool) -> None:
    desired = parse("<hudson.model.ListView><statusFilter>true</statusFilter></hudson.model.ListView>")
    kept = f"<hudson.views.StatusFilter><statusFilter>{value}</statusFilter></hudson.views.StatusFilter>"
    stored = parse(f"<hudson.model.ListView><jobFilters>{kept}</jobFilters></hudson.model.ListView>")
    assert (compare(desired, stored).root != desired) == shown


def differences(desired: str, stored: str, root: str = "project") -> list[str]:
    found = compare(parse(f"<{root}>{desired}</{root}>"), parse(f"<{root}>{stored}</{root}>")).differences
    return [f"{one.severity}: {one}" for one in found]


def test_a_value_that_makes_nothing_is_no_loss() -> None:
    scm = f'<scm class="{GIT}">{{}}</scm>'
    assert differences(scm.format("<skipTag>true</skipTag>"), scm.format("<extensions/>")) == [
        f'note: {GIT} skipTag = "true" was dropped'
    ]
    gone = differences(scm.format("<wipeOutWorkspace>true</wipeOutWorkspace>"), scm.format("<extensions/>"))
    assert gone == [f'error: {GIT} wipeOutWorkspace = "true" was dropped']


def test_what_somebody_adds_beside_old_fields_is_drift() -> None:
    scm = f'<scm class="{GIT}">{{}}</scm>'
    desired = scm.format("<clean>true</clean><wipeOutWorkspace>false</wipeOutWorkspace>")
    clean = f"<{EXTENSIONS}.CleanCheckout/>"
    assert differences(desired, scm.format(f"<extensions>{clean}</extensions>"))[0].startswith("note: ")
    wiped = scm.format(f"<extensions>{clean}<{EXTENSIONS}.WipeWorkspace/></extensions>")
    assert any(one.startswith("error: ") for one in differences(desired, wiped))


def test_a_field_that_is_emptied_when_it_is_read_is_no_change() -> None:
    step = "<publishers><hudson.plugins.ws__cleanup.WsCleanup>{}</hudson.plugins.ws__cleanup.WsCleanup></publishers>"
    desired = step.format("<skipWhenFailed>true</skipWhenFailed>")
    reset = "<skipWhenFailed>false</skipWhenFailed>"
    (note,) = differences(desired, step.format(f"{reset}<cleanWhenSuccess>true</cleanWhenSuccess>"))
    assert note.endswith("WsCleanup skipWhenFailed is kept as cleanWhenSuccess")
    (error,) = differences(desired, step.format(reset))
    assert error.startswith("error: ")


def test_old_permissions_say_what_they_mean() -> None:
    matrix = f"<properties><{MATRIX}>{{}}<permission>a:b</permission></{MATRIX}></properties>"
    blocks = matrix.format("<blocksInheritance>true</blocksInheritance>")
    strategy = '<inheritanceStrategy class="{}"/>'
    (note,) = differences(blocks, matrix.format(strategy.format(NOT_INHERITING)))
    assert note == f"note: {MATRIX} blocksInheritance is kept as inheritanceStrategy"
    changed = differences(blocks, matrix.format(strategy.format(INHERITING)))
    assert changed == [f'error: {MATRIX} blocksInheritance = "true" was dropped']
    inherits = matrix.format("<blocksInheritance>false</blocksInheritance>")
    assert differences(inherits, matrix.format(strategy.format(INHERITING))) == [
        f'note: {MATRIX} blocksInheritance = "false" was dropped'
    ]
    assert any(
        "error" in one for one in differences(inherits, matrix.format(strategy.format(NOT_INHERITING)))
    )


@pytest.mark.parametrize("root", ["project", "flow-definition", "matrix-project"])
def test_a_log_rotator_is_a_build_discarder(root: str) -> None:
    rotator = "<numToKeep>{}</numToKeep>"
    desired = f'<logRotator class="hudson.tasks.LogRotator">{rotator.format(5)}</logRotator><properties/>'
    strategy = f'<strategy class="hudson.tasks.LogRotator">{rotator}<removeLastBuild>false</removeLastBuild></strategy>'
    discarder = "<jenkins.model.BuildDiscarderProperty>{}</jenkins.model.BuildDiscarderProperty>"
    stored = f"<properties>{discarder.format(strategy.format(5))}</properties>"
    assert differences(desired, stored, root) == []
    edited = f"<properties>{discarder.format(strategy.format(9))}</properties>"
    (changed,) = differences(desired, edited, root)
    assert changed.endswith('numToKeep: "5" became "9"')
    other = '<strategy class="x.Discarder"/>'
    assert differences(desired, f"<properties>{discarder.format(other)}</properties>", root) != []


# applied, and checked


old = jobdsl.element


def test_estates_with_old_fields_settle(jenkins: SimulatedJenkins) -> None:
    navigator = old(
        f"{GITHUB}.GitHubSCMNavigator",
        repoOwner="acme", scanCredentialsId="bot", checkoutCredentialsId="key", pattern="api-.*", includes="main",
        excludes="", buildOriginBranch=True, buildOriginPRMerge=True, buildForkPRHead=False,
    )  # fmt: skip
    source = old(f"{GITHUB}.GitHubSCMSource", id="1", scanCredentialsId="bot", checkoutCredentialsId="SAME",
                 repoOwner="a", repository="b", includes="*", excludes="wip/*")  # fmt: skip
    permissions = old(MATRIX, blocksInheritance=True, permission="hudson.model.Item.Read:dev")
    git = old(GIT, configVersion=2, branches=[old("hudson.plugins.git.BranchSpec", name="main")], clean=True,
              excludedUsers="bot", skipTag=False, remotePoll=True)  # fmt: skip
    timeout = old(
        "hudson.plugins.build_timeout.BuildTimeoutWrapper",
        timeoutMinutes=5,
        timeoutType="absolute",
        failBuild=True,
    )
    made = [
        jobdsl.pipeline("rotated", script="echo 1", log_rotator=jobdsl.misc.keep(builds=5)),
        jobdsl.freestyle("job", log_rotator=jobdsl.misc.keep(days=3), scm=git, properties=[permissions], wrappers=[timeout]),
        jobdsl.organization_folder("org", navigators=[navigator]),
        jobdsl.multibranch("branches", sources=[jobdsl.element("jenkins.branch.BranchSource", source=source)]),
        jobdsl.list_view("filtered", status_filter=True),
    ]  # fmt: skip
    settled = settle([definition(one) for one in made], jenkins)
    assert [one for one in settled.problems if one.severity != "note"] == []
    assert settled.changes == []
    assert settled.drift == []
    assert "<logRotator" in settled.stored["rotated"]
    assert f"<{EXTENSIONS}.CleanCheckout" in settled.stored["job"]
    assert NOT_INHERITING in settled.stored["job"]
    assert "blocksInheritance" not in settled.stored["job"]
    assert "scanCredentialsId" not in settled.stored["org"]


def test_lint_does_not_warn_of_fields_that_jenkins_reads() -> None:
    def findings(document: str) -> list[tuple[str, str]]:
        one = Definition("a", parse(document).tag, document, Where("a.py", 1))
        return [(problem.message, problem.hint) for problem in lint([one]) if problem.rule == "unknown-field"]

    assert (
        findings("<flow-definition><logRotator/><concurrentBuild>false</concurrentBuild></flow-definition>")
        == []
    )
    scm = f'<scm class="{GIT}"><remotePoll>true</remotePoll><wipeOutWorkspace>true</wipeOutWorkspace></scm>'
    assert findings(f"<project>{scm}</project>") == []
    copy = "hudson.plugins.copyartifact.CopyArtifact"
    lost = findings(f"<project><builders><{copy}><projectName>x</projectName></{copy}></builders></project>")
    assert all("silently" not in hint for _, hint in lost)
