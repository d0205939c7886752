"""Back references of XStream: followed, replaced by copies at import, an error of lint where they lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobdsl.checks.lint import lint
from jobdsl.controller.jenkins import connect
from jobdsl.documents.backreferences import dangling, resolved
from jobdsl.documents.tree import parse, to_text
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.testing import SimulatedJenkins


def flat(text: str) -> str:
    """A document without the white space between its elements."""
    return "".join(line.strip() for line in to_text(resolved(parse(text))).splitlines())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<p><a><b>x</b></a><a><b reference='../../a/b'/></a></p>", "<p><a><b>x</b></a><a><b>x</b></a></p>"),
        ("<p><x>1</x><x>2</x><y reference='../x[2]'/></p>", "<p><x>1</x><x>2</x><y>2</y></p>"),
        ("<p><x>1</x><y reference='/p/x'/></p>", "<p><x>1</x><y>1</y></p>"),
        ("<p><x>1</x><q><y reference='/p/x[1]'/></q></p>", "<p><x>1</x><q><y>1</y></q></p>"),
        ("<p><x id='7'>1</x><y reference='7'/></p>", "<p><x id=\"7\">1</x><y>1</y></p>"),
        ("<p><x>1</x><y reference='../x'/><z reference='../y'/></p>", "<p><x>1</x><y>1</y><z>1</z></p>"),
        ("<p><a.B><v>1</v></a.B><f reference='../a.B'/></p>", '<p><a.B><v>1</v></a.B><f class="a.B"><v>1</v></f></p>'),
        ("<p><f class='a.B'><v/></f><a.B reference='../f'/></p>", '<p><f class="a.B"><v/></f><a.B><v/></a.B></p>'),
        ("<p><a.B_-C/><f class='x.Y' reference='../a.B$C'/></p>", '<p><a.B_-C/><f class="x.Y"/></p>'),
    ],
)  # fmt: skip
def test_a_copy_takes_the_place_of_a_reference(document: str, expected: str) -> None:
    assert flat(document) == expected
    assert dangling(parse(expected)) == []


def test_references_to_what_they_lie_in_stay() -> None:
    document = '<p><a><owner reference="../.."/></a><b><c><delegate reference="../.."/></c></b></p>'
    assert flat(document) == document
    assert dangling(parse(document)) == []


def test_a_copy_refers_to_what_the_original_refers_to() -> None:
    inside = "<p><x><v>1</v><w reference='../..'/><u reference='..'/></x><q><r><y reference='../../../x'/></r></q></p>"
    assert flat(inside) == (
        '<p><x><v>1</v><w reference="../.."/><u reference=".."/></x>'
        '<q><r><y><v>1</v><w reference="../../../.."/><u reference=".."/></y></r></q></p>'
    )


def test_what_refers_to_each_other_ends() -> None:
    assert flat("<p><a><x reference='../../b'/></a><b><y reference='../../a'/></b></p>") == (
        '<p><a><x><y reference="../.."/></x></a><b><y><x><y reference="../.."/></x></y></b></p>'
    )
    laughs = "<a0><x/><x/></a0>"
    for n in range(1, 40):
        reference = f"<x reference='../../a{n - 1}'/>"
        laughs += f"<a{n}>{reference}{reference}</a{n}>"
    assert sum(1 for _ in resolved(parse(f"<p>{laughs}</p>")).walk()) < 200_000


@pytest.mark.parametrize(
    "reference",
    ["../nothing", "../../../../..", "/q/x", "../x[2]", "../x[0]", "9", "", "../y", "../x[", "../z"],
)
def test_a_reference_that_leads_nowhere_stays_and_is_told(reference: str) -> None:
    document = f'<p><x>1</x><y reference="{reference}"/></p>'
    assert flat(document) == document
    assert dangling(parse(document)) == [("y", reference)]


def test_jenkins_cannot_follow_a_reference_to_what_comes_later() -> None:
    assert dangling(parse("<p><y reference='../x'/><x/></p>")) == [("y", "../x")]


def test_the_simulated_controller_loses_what_refers_to_nothing() -> None:
    with SimulatedJenkins() as jenkins:
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        view = "<hudson.model.ListView><name>v</name><jobNames>{}<string>a</string></jobNames></hudson.model.ListView>"
        controller.create("item", "a", "<project/>")
        for comparator in ("", "<comparator reference='../../../listView/jobNames/comparator'/>"):
            controller.create("view", "v", view.format(comparator))
            assert (b"<string>a</string>" in controller.config("view", "v")) is not bool(comparator)
            controller.delete("view", "v")


def test_a_view_that_was_cut_out_of_a_home_orders_its_jobs_as_all_do() -> None:
    view = (
        "<listView><owner class='hudson' reference='../../..'/><name>v</name>"
        "<jobNames><comparator reference='../../../listView[3]/jobNames/comparator'/><string>a</string></jobNames></listView>"
    )
    assert flat(view) == (
        '<listView><name>v</name><jobNames><comparator class="hudson.util.CaseInsensitiveComparator"/>'
        "<string>a</string></jobNames></listView>"
    )


DOCUMENT = """<project>
  <builders>
    <com.example.Step><settings class="com.example.S"><url>http://x</url></settings></com.example.Step>
    <com.example.Step><settings class="com.example.S" reference="../../com.example.Step/settings"/></com.example.Step>
    <hudson.tasks.Shell reference="../hudson.tasks.Shell[2]"/>
    <hudson.tasks.Shell><command>make</command></hudson.tasks.Shell>
  </builders>
</project>"""


def test_an_import_writes_copies(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "job.xml").write_text(DOCUMENT)
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=lambda _: None)
    assert (result.equal, result.broken, result.fallbacks) == (1, [], [])
    source = (tmp_path / "estate" / "jobs.py").read_text("utf-8")
    assert "reference" not in source
    assert source.count('"http://x"') == 2
    assert source.count('steps.shell("make"') == 2
    [job] = load(tmp_path / "estate", isolation="process").definitions
    assert [problem.rule for problem in lint([job]) if problem.rule == "dangling-reference"] == []


def test_lint_tells_one_that_leads_nowhere_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "from jobdsl import element, freestyle, node\n\n"
        'freestyle("a", steps=[element("com.example.Step", s=node(_attrs={"reference": "../../x[2]"}))])\n'
        'freestyle("b", steps=[element("com.example.Step", s=node(_attrs={"reference": "../.."}))])\n'
    )
    problems = [
        problem
        for problem in lint(load(tmp_path, isolation="process").definitions)
        if problem.rule == "dangling-reference"
    ]
    assert [(str(problem.where), problem.severity, problem.message) for problem in problems] == [
        (
            "jobs.py:3",
            "error",
            'a: builders/com.example.Step/s refers to "../../x[2]", which does not stand before it in the document',
        )
    ]
