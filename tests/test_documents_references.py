"""What documents refer to, where many of them share parts: each is as it would be alone."""

from __future__ import annotations

import random

import pytest

from jobdsl.documents import references as module
from jobdsl.documents.parts import Parts
from jobdsl.documents.references import References, references

GIT = (
    "<scm class='hudson.plugins.git.GitSCM'><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>"
    "<url>{}</url><credentialsId>{}</credentialsId></hudson.plugins.git.UserRemoteConfig>"
    "</userRemoteConfigs></scm>"
)
SHELL = "<builders><hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell></builders>"
LIBRARY = (
    "<properties><org.jenkinsci.plugins.workflow.libs.FolderLibraries><libraries/>"
    "</org.jenkinsci.plugins.workflow.libs.FolderLibraries></properties>"
)
PARTS = [
    "<disabled>false</disabled>",
    "<assignedNode>linux &amp;&amp; docker</assignedNode>",
    "<name>DB_PASSWORD</name>",
    "<value>hunter2hunter2</value>",
    "<authToken>abcdef0123456789</authToken>",
    "<credentialsId>deploy</credentialsId>",
    "<triggers><hudson.triggers.TimerTrigger><spec>H 2 * * *</spec></hudson.triggers.TimerTrigger></triggers>",
    "<comand>x</comand>",
    GIT.format("https://git.example.com/a.git", "git"),
    GIT.format("", "git"),
    SHELL.format("make"),
    SHELL.format("export API_TOKEN=0123456789abcdef"),
    SHELL.format(""),
    SHELL.format("${jobdsl:secret:team/token}"),
    LIBRARY,
    "text between <disabled>false</disabled>",
]
ROOTS = [
    "project",
    "project plugin='x@1'",
    "hudson.tasks.Shell",
    "com.cloudbees.hudson.plugins.folder.Folder",
    "flow-definition",
    "a class='hudson.model.PasswordParameterDefinition'",
    "listView",
]


def document(root: str, parts: list[str]) -> str:
    return f"<{root}>\n  " + "\n  ".join(parts) + f"\n</{root.split()[0]}>"


def plain(found: References) -> str:
    """Everything in it, without the identities of nodes."""
    shown = repr([getattr(found, name) for name in References.__slots__ if name != "secrets"])
    secrets = [(one.owner, one.field, one.label, one.kind, one.value, one.line) for one in found.secrets]
    return f"{shown} {secrets}"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PARTS", Parts(16_000_000, 100_000))


def test_what_was_seen_before_changes_nothing(monkeypatch: pytest.MonkeyPatch, empty: None) -> None:
    drawn = random.Random(7)
    documents = [document(drawn.choice(ROOTS), drawn.sample(PARTS, drawn.randint(1, 8))) for _ in range(400)]
    shared = [plain(references(one)) for one in documents]
    for one, found in zip(documents, shared, strict=True):
        monkeypatch.setattr(module, "_PARTS", Parts(16_000_000, 100_000))
        assert plain(references(one)) == found
    assert len(set(shared)) > 100


@pytest.mark.usefixtures("empty")
def test_what_one_document_is_given_is_not_that_of_the_next() -> None:
    text = document("project", [PARTS[1], PARTS[8]])
    first = references(text)
    first.labels.append("mine")
    first.classes["mine"] = None
    assert references(text).labels == ["linux && docker"]
    assert "mine" not in references(text).classes


@pytest.mark.usefixtures("empty")
def test_a_part_means_what_it_does_under_its_own_root() -> None:
    job, folder = (references(document(root, [LIBRARY])) for root in (ROOTS[0], ROOTS[3]))
    library = "org.jenkinsci.plugins.workflow.libs.FolderLibraries"
    assert ("folder-settings", library) in folder.groups
    token = document("project", ["<projects>other</projects>"])
    caller = document(
        "hudson.plugins.parameterizedtrigger.BuildTriggerConfig", ["<projects>other</projects>"]
    )
    assert references(token).jobs == []
    assert references(caller).jobs == [("downstream", "other")]
    assert job.kinds != folder.kinds


@pytest.mark.usefixtures("empty")
def test_text_between_parts_is_looked_at_wherever_it_stands() -> None:
    clean = "<project><disabled>false</disabled><b>x</b></project>"
    mixed = "<project><disabled>false</disabled>TOKEN=abcDEF0123456789<b>x</b></project>"
    assert [len(references(one).secrets) for one in (clean, mixed, clean, mixed)] == [0, 1, 0, 1]


def test_the_memory_of_parts_is_bounded() -> None:
    parts: Parts[int] = Parts(10_000, 1_000)
    parts.keep("long", b"x" * 1_001, 1)
    assert parts.at("long") == {}
    for number in range(1000):
        parts.keep(("place", number % 3), b"%d" % number, number)
        assert parts.at(("place", number % 3))[b"%d" % number] == number
        held = [text for place in range(3) for text in parts.at(("place", place))]
        assert sum(map(len, held)) + 500 * len(held) <= 10_000
