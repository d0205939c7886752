"""Jobs that Jenkins Job Builder or Job DSL write as well: an import says so, and a plan does not fight over them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import by_hand, job, live, planned, told

from jobdsl.cli.main import run
from jobdsl.documents.marker import Marker
from jobdsl.documents.other_tools import managed_by, seed_of, writer_of
from jobdsl.documents.tree import parse
from jobdsl.errors import Where

LINE = "<!-- Managed by Jenkins Job Builder -->"
MARKER = str(Marker(seed="main", name="x", where=Where("jobs.py", 1), digest="0" * 12))
STEP = "javaposse.jobdsl.plugin.ExecuteDslScripts"
ACTIONS = "javaposse.jobdsl.plugin.actions"


def project(description: str = "", *, actions: str = "", builders: str = "") -> str:
    text = description.replace("<", "&lt;").replace(">", "&gt;")
    return (
        f"<project><actions>{actions}</actions><description>{text}</description>"
        f"<builders>{builders}</builders></project>"
    )


def pipeline(script: str) -> str:
    definition = "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"
    return (
        f'<flow-definition><definition class="{definition}"><script>{script}</script>'
        "<sandbox>true</sandbox></definition></flow-definition>"
    )


@pytest.mark.parametrize(
    ("description", "tool"),
    [
        (LINE, "Jenkins Job Builder"),
        (f"Builds the API.{LINE}", "Jenkins Job Builder"),
        (f"Builds the API.\n\n{LINE}\n", "Jenkins Job Builder"),
        (f"{LINE}\n\n{MARKER}", ""),
        (f"Was made by {LINE} once.", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_line_at_the_end_of_a_description_is_of_its_writer(description: str | None, tool: str) -> None:
    assert writer_of(description) == tool


@pytest.mark.parametrize(
    ("document", "generated", "seed"),
    [
        (project(LINE), "Jenkins Job Builder", ""),
        (project("By hand"), "", ""),
        (project(actions=f"<{ACTIONS}.SeedJobAction/>"), "Job DSL", ""),
        (project(actions=f"<{ACTIONS}.GeneratedJobsAction/>"), "", "Job DSL"),
        (project(builders=f"<{STEP}><targets>jobs/*.groovy</targets></{STEP}>"), "", "Job DSL"),
        (project(LINE, builders=f"<{STEP}/>"), "Jenkins Job Builder", "Job DSL"),
        (pipeline("node {\n  jobDsl targets: 'jobs/*.groovy'\n}"), "", "Job DSL"),
        (pipeline("node {\n  jobDsl(targets: 'x')\n}"), "", "Job DSL"),
        (pipeline("node {\n  step([$class: 'ExecuteDslScripts', targets: 'x'])\n}"), "", "Job DSL"),
        (pipeline("node {\n  echo 'no jobDsl here'\n}"), "", ""),
    ],
)
def test_what_a_document_says_of_other_tools(document: str, generated: str, seed: str) -> None:
    root = parse(document)
    assert (managed_by(root), seed_of(root)) == (generated, seed)


def test_an_import_names_them_and_keeps_every_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    documents = {f"api-{number}": project(f"Builds.{LINE}") for number in range(5)}
    documents |= {
        "seed": project(builders=f"<{STEP}/>"),
        "generated": project(actions=f"<{ACTIONS}.SeedJobAction/>"),
    }
    for name, document in documents.items():
        (home / f"{name}.xml").write_text(document, "utf-8")
    report = tmp_path / "report.json"
    assert run(["import", str(home), "--out", str(tmp_path / "estate"), "--report", str(report)]) == 0
    said = capsys.readouterr().err
    assert "MANAGED BY Jenkins Job Builder: 5 documents (api-0, api-1, api-2, ...): " in said
    assert "MANAGED BY Job DSL: 1 document (generated): " in said
    assert "SEED OF Job DSL: 1 document (seed): " in said
    rows = {row["name"]: row for row in json.loads(report.read_text("utf-8"))}
    assert all(row["equal"] for row in rows.values())
    assert rows["api-3"]["managed_by"] == "Jenkins Job Builder"
    assert rows["seed"]["seed_of"] == "Job DSL"
    assert "managed_by" not in rows["seed"]


def test_what_another_tool_writes_is_left_to_it() -> None:
    theirs = replace(by_hand("team/x"), description=f"Builds.{LINE}")
    folder = by_hand("team", "com.cloudbees.hudson.plugins.folder.Folder")
    for folders in ((), ("team",)):
        made = planned([job("team/x")], [folder, theirs], folders=folders)
        assert told(made) == []
        [refused] = made.refused
        assert "Jenkins Job Builder wrote it, and would write it again" in refused.message
        assert "--adopt 'team/x'" in refused.hint


def test_what_is_adopted_from_another_tool_is_named() -> None:
    theirs = replace(by_hand("x"), description=LINE)
    made = planned([job("x"), job("y")], [theirs, by_hand("y")], adopt=["**"])
    assert told(made) == ["adopt x", "adopt y"]
    [note] = [problem for problem in made.problems if problem.rule == "other-tool"]
    assert note.severity == "note"
    assert note.message == 'Jenkins Job Builder wrote what is adopted: "x"'


def test_what_was_taken_over_is_the_seeds_also_with_the_line_above_the_marker() -> None:
    ours = live(job("x"))
    made = planned([job("x")], [replace(ours, description=f"{LINE}\n\n{ours.description}")])
    assert (told(made), made.refused) == ([], [])
