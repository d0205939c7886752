"""What documents refer to, where many of them share parts: each is as it would be alone."""

from __future__ import annotations

import random

import pytest

from jobdsl.documents import references as module
from jobdsl.documents.parts import PartMemory, Pieces, split
from jobdsl.documents.references import References, references
from jobdsl.errors import XmlError

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


HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def document(root: str, parts: list[str]) -> str:
    return f"{HEAD}<{root}>\n  " + "\n  ".join(parts) + f"\n</{root.split()[0]}>\n"


def plain(found: References) -> str:
    """Everything in it, without the identities of nodes."""
    shown = repr([getattr(found, name) for name in References.__slots__ if name != "secrets"])
    secrets = [(one.owner, one.field, one.label, one.kind, one.value, one.line) for one in found.secrets]
    return f"{shown} {secrets}"


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PARTS", PartMemory(16_000_000, 100_000))


def test_what_was_seen_before_changes_nothing(monkeypatch: pytest.MonkeyPatch, empty: None) -> None:
    drawn = random.Random(7)
    documents = [document(drawn.choice(ROOTS), drawn.sample(PARTS, drawn.randint(1, 8))) for _ in range(400)]
    shared = [plain(references(one)) for one in documents]
    for one, found in zip(documents, shared, strict=True):
        monkeypatch.setattr(module, "_PARTS", PartMemory(16_000_000, 100_000))
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


MISLEADING = [
    ["<builders>", "<disabled/></builders><builders/>"],
    ["<builders>", "<builders/></builders>", "<builders/><builders/>"],
    ["<a><a></a>", "<a/></a>", "<a/><a/>"],
    ["<a>", "<b/></a><between.two.parts/>", "<c/>"],
    ["<description>text", "<!-- ", " --></description>"],
    ["<description><![CDATA[", "<authToken>abcdef0123456789</authToken>", "]]></description>"],
    ["<a>&#x24;{jobdsl:secret:hidden}</a>"],
    ["<a>${jobdsl:<?x?>secret:hidden}</a>", "<?y?>"],
    ["<authToken>abcdef0123456789</authToken>text"],
    ["<authToken>abcdef0123456789</authToken><name>DB_PASSWORD</name><value>x1y2z3</value>"],
    ["<a xmlns='urn:x'/>"],
    ["<a>", "</a>"],
]


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("parts", MISLEADING)
def test_lines_that_look_like_the_start_of_a_part_change_nothing(parts: list[str]) -> None:
    for others in (PARTS[:2], PARTS[8:10], PARTS[4:7], PARTS[4:7]):
        for one in (parts, [*others, *parts], [*parts, *others], [parts[0], *others, *parts[1:]]):
            text = document("project", one)
            assert outcome(text) == outcome(text.encode()), one


def outcome(text: str | bytes) -> str:
    """What a document refers to; bytes are read as a whole."""
    try:
        return plain(references(text))
    except XmlError as error:
        return f"{error.message} {error.line}"


def test_a_document_of_known_parts_is_not_read_again(monkeypatch: pytest.MonkeyPatch, empty: None) -> None:
    text = document("project", [PARTS[0], PARTS[1], PARTS[8]])
    first, second = plain(references(text)), plain(references(text))
    monkeypatch.setattr(module, "as_lxml", lambda _: pytest.fail("it was read"))
    assert plain(references(text)) == first == second


def test_the_memory_of_parts_is_bounded() -> None:
    parts: PartMemory[int] = PartMemory(10_000, 1_000)
    pieces = [split(document(root, ["<a/>"])) for root in ("project", "flow-definition", "matrix-project")]
    assert all(pieces)
    kinds = [one for one in pieces if one is not None]
    parts.keep(kinds[0], "x" * 1_001, 1)
    assert held(parts, kinds[0], ["x" * 1_001]) == {}
    texts = [f"{number}" for number in range(1000)]
    for number, text in enumerate(texts):
        parts.keep(kinds[number % 3], text, number)
        assert held(parts, kinds[number % 3], [text]) == {text: number}
        kept = [known for one in kinds for known in held(parts, one, texts)]
        assert sum(map(len, kept)) + 500 * len(kept) <= 10_000


def held(parts: PartMemory[int], pieces: Pieces, texts: list[str]) -> dict[str, int]:
    known = [parts.known(Pieces(pieces.tag, pieces.head, [text])) for text in texts]
    return {text: one[0][text] for text, one in zip(texts, known, strict=True) if one and text in one[0]}
