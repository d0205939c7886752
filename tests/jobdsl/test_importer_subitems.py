"""Items that Jenkins keeps inside a job: left out of an import with a sentence, while all others go on."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobdsl.checks.lint import lint
from jobdsl.cli.main import run
from jobdsl.controller.jenkins import connect
from jobdsl.errors import ControllerError, Where
from jobdsl.exit_codes import WRONG_USAGE
from jobdsl.importer import import_estate
from jobdsl.loading.load import load
from jobdsl.model import Definition
from jobdsl.planning.plan import plan
from jobdsl.testing import SimulatedJenkins

NO_ITEMS = ("html", "HTML", "hudson", "jenkins.model.Jenkins", "build", "flow-build", "matrix-build", "slave", "user", "com.cloudbees.plugins.credentials.SystemCredentialsProvider")  # fmt: skip
PROMOTION = "hudson.plugins.promoted__builds.PromotionProcess"
ROOTS = (PROMOTION, "matrix-config", "hudson.matrix.MatrixConfiguration", "maven2", "hudson.maven.MavenModule", "hudson.ivy.IvyModule")  # fmt: skip


def home(at: Path) -> Path:
    files = {
        "shop.xml": "<project><properties><hudson.plugins.promoted__builds.JobPropertyImpl><activeProcessNames><string>qa</string></activeProcessNames></hudson.plugins.promoted__builds.JobPropertyImpl></properties></project>",
        "shop/promotions/qa.xml": f"<{PROMOTION}><icon>star-gold</icon></{PROMOTION}>",
        "shop/promotions/live.xml": f"<{PROMOTION}/>",
        "lib.xml": "<maven2-moduleset/>",
        "lib/modules/a$b.xml": "<maven2/>",
        "cross.xml": "<matrix-project/>",
        "cross/configurations/axis-label/linux.xml": "<matrix-config/>",
    }
    for name, text in files.items():
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return at


def test_they_are_counted_and_told_and_the_others_go_on(tmp_path: Path) -> None:
    said: list[str] = []
    result = import_estate(home(tmp_path / "home"), tmp_path / "estate", report=tmp_path / "report.json", echo=said.append)  # fmt: skip
    assert (result.equal, result.broken) == (3, [])
    assert [one.name for one in result.left_out] == [
        "cross/configurations/axis-label/linux",
        "lib/modules/a$b",
        "shop/promotions/live",
        "shop/promotions/qa",
    ]
    assert said[0].startswith("3 documents imported")
    told = [line for line in said if line.startswith("LEFT OUT: ")]
    assert [line.split(":")[1].strip() for line in told] == [
        "1 matrix configuration (cross/configurations/axis-label/linux)",
        "1 module of a Maven or Ivy job (lib/modules/a$b)",
        "2 promotion processes (shop/promotions/live, shop/promotions/qa)",
    ]
    assert "JOB/promotion/createProcess?name=NAME" in told[2]
    rows = {row["name"]: row for row in json.loads((tmp_path / "report.json").read_text())}
    assert rows["shop/promotions/qa"]["left_out"] == "promotion process"
    assert "belongs to its job" in rows["shop/promotions/qa"]["error"]
    definitions = load(tmp_path / "estate", isolation="process").definitions
    assert [one.full_name for one in definitions] == ["cross", "lib", "shop"]  # and no folder of their names


BRANCH = (
    "<flow-definition><properties><org.jenkinsci.plugins.workflow.multibranch.BranchJobProperty>"
    "<branch><sourceId>1</sourceId><head class='jenkins.plugins.git.GitBranchSCMHead'><name>develop</name></head></branch>"
    "</org.jenkinsci.plugins.workflow.multibranch.BranchJobProperty></properties></flow-definition>"
)


def test_branches_of_a_multibranch_are_left_out_wherever_they_lie(tmp_path: Path) -> None:
    said: list[str] = []
    files = {"develop.xml": BRANCH, "team/main.xml": BRANCH, "free.xml": "<project/>"}
    files["talks.xml"] = f"<project><description><![CDATA[{BRANCH}]]></description></project>"
    for name, text in files.items():
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text(text)
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=said.append)
    assert [one.name for one in result.left_out] == ["develop", "team/main"]
    assert "LEFT OUT: 2 branches of multibranch projects (develop, team/main)" in "".join(said)
    assert "403" in "".join(said)
    definitions = load(tmp_path / "estate", isolation="process").definitions
    assert [one.full_name for one in definitions] == ["free", "talks"]


def test_a_branch_is_no_definition(tmp_path: Path) -> None:
    branch = Definition("develop", "flow-definition", BRANCH, Where("jobs.py", 3))
    problems = [problem for problem in lint([branch]) if problem.rule == "not-top-level"]
    assert [(problem.severity, str(problem.where)) for problem in problems] == [("error", "jobs.py:3")]
    assert "BranchJobProperty" in problems[0].message
    with SimulatedJenkins() as jenkins:
        jenkins.create_item("develop", BRANCH)
        controller = connect(jenkins.url, jenkins.user, jenkins.token)
        with pytest.raises(ControllerError, match="Configure"):
            controller.update("item", "develop", BRANCH)
        with pytest.raises(ControllerError, match="Configure"):
            controller.describe("item", "develop", "d")
        with pytest.raises(ControllerError, match="Delete"):
            controller.delete("item", "develop")


def test_what_is_left_can_be_planned(tmp_path: Path) -> None:
    import_estate(home(tmp_path / "home"), tmp_path / "estate", echo=lambda _: None)
    estate = load(tmp_path / "estate", isolation="process")
    with SimulatedJenkins() as jenkins:
        made = plan(estate, connect(jenkins.url, jenkins.user, jenkins.token).inventory(), "seed")
    assert (made.errors, len(made.changes)) == ([], 3)


def test_nothing_else_in_a_directory_is_no_error_but_nothing_imported(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "qa.xml").write_text(f"<{PROMOTION}/>")
    said: list[str] = []
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=said.append)
    assert (result.equal, len(result.left_out)) == (0, 1)
    assert said[0].startswith("0 documents imported")


@pytest.mark.parametrize("root", ROOTS)
def test_lint_tells_where_one_is_defined(root: str) -> None:
    one = Definition("a/promotions/qa", root, f"<{root}/>\n", Where("jobs.py", 7))
    found = [problem for problem in lint([one]) if problem.rule == "not-top-level"]
    assert [(problem.severity, str(problem.where)) for problem in found] == [("error", "jobs.py:7")]
    assert "belongs to its" in found[0].message
    assert found[0].hint


@pytest.mark.parametrize("root", NO_ITEMS)
def test_what_is_no_item_is_refused_with_what_to_do(
    root: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(f"<{root}><head/></{root}>".encode()))
    )
    assert run(["import", "-", "--name", "api"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: standard input: ")
    assert " is not a" in printed.err
    assert len(printed.err.splitlines()) == 3


@pytest.mark.parametrize("options", [["--name", "../x"], ["--name", "/x"], ["--name", "a//b"], []])
def test_a_name_that_cannot_be_used_is_reported_as_the_user_gave_it(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    view = b"<listView><name>../own</name></listView>"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(view)))
    assert run(["import", "-", *options]) in (1, WRONG_USAGE)
    printed = capsys.readouterr()
    assert repr(options[-1] if options else "../own") in printed.err
    assert "--name" in printed.err
    assert ".py" not in printed.err


def test_a_page_for_a_login_is_left_out_of_an_import(tmp_path: Path) -> None:
    for name, text in {"api": "<html><body>Log in</body></html>", "web": "<project/>"}.items():
        (tmp_path / "home" / name).mkdir(parents=True)
        (tmp_path / "home" / name / "config.xml").write_text(text)
    said: list[str] = []
    result = import_estate(tmp_path / "home", tmp_path / "estate", echo=said.append)
    assert (result.equal, [one.name for one in result.left_out]) == (1, ["api"])
    assert any(
        line.startswith("LEFT OUT: 1 HTML page (api): an HTML page is not a document of") for line in said
    )
    assert "html" not in (tmp_path / "estate" / "jobs.py").read_text()


FACTORIES = "<org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory><scriptPath>{}</scriptPath></org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProjectFactory>"  # fmt: skip


@pytest.mark.parametrize(
    ("factories", "argument"),
    [
        ("<projectFactories/>", "factories=[]"),
        (f"<projectFactories>{FACTORIES.format('Jenkinsfile')}</projectFactories>", ""),
        (f"<projectFactories>{FACTORIES.format('ci/J')}</projectFactories>", "factories=[sources."),
        ("", ""),
    ],
)
def test_the_factories_of_an_organization_folder_are_written_where_they_are_not_the_usual_ones(
    factories: str, argument: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = (
        f"<jenkins.branch.OrganizationFolder><navigators/>{factories}</jenkins.branch.OrganizationFolder>"
    )
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(document.encode())))
    assert run(["import", "-", "--name", "api"]) == 0
    written = capsys.readouterr().out
    assert "organization_folder(\n" in written
    assert ("factories=" in written, argument in written) == (bool(argument), True)
