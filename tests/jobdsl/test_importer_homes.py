"""Layouts people have on disk, imported through the command: homes, backups, files, standard input."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import jobdsl
from jobdsl import steps
from jobdsl.cli.main import run
from jobdsl.documents.tree import parse
from jobdsl.exit_codes import WRONG_USAGE
from jobdsl.loading.load import load

pytestmark = pytest.mark.slow

FOLDER = jobdsl.folder("x").xml
JOB = jobdsl.freestyle("x", steps=[steps.shell("make {}")]).xml
PIPELINE = jobdsl.pipeline("x", script="node {}").xml
MULTI = jobdsl.multibranch("x", sources=[]).xml
ORGANIZATION = jobdsl.organization_folder("x").xml
MATRIX = jobdsl.matrix("x").xml
HUDSON = """<?xml version='1.1' encoding='UTF-8'?>
<hudson>
  <version>2.568.2</version>
  <numExecutors>2</numExecutors>
  <views>
    <hudson.model.AllView>
      <owner class="hudson" reference="../../.."/>
      <name>all</name>
      <filterExecutors>false</filterExecutors>
      <filterQueue>false</filterQueue>
      <properties class="hudson.model.View$PropertyList"/>
    </hudson.model.AllView>
    <listView>
      <owner class="hudson" reference="../../.."/>
      <name>Nightly builds</name>
      <filterExecutors>false</filterExecutors>
      <filterQueue>false</filterQueue>
      <properties class="hudson.model.View$PropertyList"/>
      <jobNames>
        <comparator class="hudson.util.CaseInsensitiveComparator" reference="../../../listView[2]/jobNames/comparator"/>
        <string>api</string>
      </jobNames>
      <jobFilters/>
      <columns/>
      <recurse>false</recurse>
    </listView>
  </views>
  <primaryView>all</primaryView>
</hudson>
"""
ITEMS = {
    "api",
    "builds",
    "matrix",
    "multi",
    "org",
    "team",
    "team/api",
    "team/jobs",
    "team/jobs/x",
    "team/users",
}


class Disk:
    """Files below a directory, and what an import of it says and makes."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root / "home"
        self.out = root / "estate"
        self.capsys = capsys
        self.said: list[str] = []

    def put(self, path: str, text: str = "") -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, "utf-8")
        return full

    def job(self, path: str, document: str = JOB) -> None:
        """A job's directory, with the data Jenkins keeps in it."""
        self.put(f"{path}/config.xml", document)
        for number in (1, 2):
            self.put(f"{path}/builds/{number}/build.xml", "<build/>")
            self.put(f"{path}/builds/{number}/changelog.xml", "<changelog/>")
        self.put(f"{path}/builds/legacyIds")
        self.put(f"{path}/nextBuildNumber", "3")
        self.put(f"{path}/disk-usage.xml", "<hudson.plugins.disk__usage.ProjectDiskUsage/>")
        (self.root / path / "lastStable").symlink_to("builds/2")

    def home(self, prefix: str = "", config: str = HUDSON) -> None:
        """A JENKINS_HOME with what is in one."""
        if config:
            self.put(f"{prefix}config.xml", config)
        self.job(f"{prefix}jobs/api")
        self.job(f"{prefix}jobs/builds")
        self.put(f"{prefix}jobs/team/config.xml", FOLDER)
        self.job(f"{prefix}jobs/team/jobs/api", PIPELINE)
        self.job(f"{prefix}jobs/team/jobs/users")
        self.put(f"{prefix}jobs/team/jobs/jobs/config.xml", FOLDER)
        self.job(f"{prefix}jobs/team/jobs/jobs/jobs/x")
        self.put(f"{prefix}jobs/multi/config.xml", MULTI)
        self.put(f"{prefix}jobs/multi/indexing/indexing.xml", "<x/>")
        for branch in ("main", "feature-1.q3k"):
            self.job(f"{prefix}jobs/multi/branches/{branch}", PIPELINE)
        self.put(f"{prefix}jobs/org/config.xml", ORGANIZATION)
        self.put(f"{prefix}jobs/org/jobs/repository/config.xml", MULTI)
        self.job(f"{prefix}jobs/matrix", MATRIX)
        self.put(f"{prefix}jobs/matrix/configurations/axis-os/linux/config.xml", "<matrix-config/>")
        self.put(
            f"{prefix}jobs/matrix/promotions/release/config.xml",
            "<hudson.plugins.promoted__builds.PromotionProcess/>",
        )
        self.put(f"{prefix}jobs/gone/builds/1/build.xml", "<build/>")
        for name in ("credentials", "hudson.model.UpdateCenter", "jenkins.mvn.GlobalMavenConfig"):
            self.put(f"{prefix}{name}.xml", "<x/>")
        self.put(f"{prefix}users/admin_1/config.xml", "<user/>")
        self.put(f"{prefix}nodes/a/config.xml", "<slave/>")
        self.put(f"{prefix}plugins/git/WEB-INF/web.xml", "<web-app/>")
        self.put(f"{prefix}config-history/jobs/api/2026-01-01/config.xml", JOB)

    def load(self, source: Path | None = None, *options: str) -> set[str]:
        """Import it; the names of the items and views, all of which came back equal."""
        report = self.out.with_name("report.json")
        code = run(
            ["import", str(source or self.root), "--out", str(self.out), "--report", str(report), *options]
        )
        self.said = self.capsys.readouterr().err.splitlines()
        assert code == 0
        rows = json.loads(report.read_text("utf-8"))
        assert [row for row in rows if not row["equal"]] == []
        found = load(self.out, isolation="process").definitions
        assert {one.full_name for one in found} >= {row["name"] for row in rows}
        return {row["name"] for row in rows}


@pytest.fixture
def disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Disk:
    return Disk(tmp_path, capsys)


def test_a_home_is_its_jobs_and_views(disk: Disk) -> None:
    disk.home()
    assert disk.load(None, "--no-templates") == ITEMS | {"Nightly builds"}
    (line,) = [line for line in disk.said if line.startswith("Left out")]
    assert line.startswith("Left out, as no items: ")
    assert set(line.partition(": ")[2].split(", ")) == {
        "13 builds",
        "3 branches",
        "3 settings of Jenkins and its plugins",
        "1 configuration",
        "1 promotion process",
        "1 user",
        "1 node",
        "2 other directories",
        "1 directory without a config.xml",
    }
    assert len(disk.said) == 2
    assert 'list_view("Nightly builds", jobs=["api"]' in " ".join(
        (disk.out / "views.py").read_text().split()
    ).replace("( ", "(")


@pytest.mark.parametrize("config", [HUDSON, ""])
def test_a_backup_of_a_home_somewhere_below(disk: Disk, config: str) -> None:
    disk.home("backups/2026-11-30/", config)
    assert disk.load() == ITEMS | ({"Nightly builds"} if config else set())


def test_the_jobs_of_a_home_and_one_job_of_it(disk: Disk) -> None:
    disk.home()
    assert disk.load(disk.root / "jobs") == ITEMS
    disk.out = disk.out.with_name("folder")
    assert disk.load(disk.root / "jobs" / "team") == {
        "team",
        "team/api",
        "team/jobs",
        "team/jobs/x",
        "team/users",
    }
    disk.out = disk.out.with_name("job")
    assert disk.load(disk.root / "jobs" / "api") == {"api"}
    disk.out = disk.out.with_name("multi")
    assert disk.load(disk.root / "jobs" / "multi") == {"multi"}


def test_a_home_that_is_new_has_views_alone(disk: Disk) -> None:
    disk.put("config.xml", HUDSON)
    (disk.root / "jobs").mkdir()
    assert disk.load() == {"Nightly builds"}


def test_what_job_builder_writes(disk: Disk) -> None:
    disk.put("api/config.xml", JOB)
    disk.put("jobs/config.xml", FOLDER)
    disk.put("jobs/users/config.xml", JOB)
    disk.put("team/config.xml", FOLDER)
    disk.put("team/api/config.xml", PIPELINE)
    disk.put("team/builds/config.xml", JOB)
    disk.put("team/sub/deeper/config.xml", JOB)
    names = {"api", "jobs", "jobs/users", "team", "team/api", "team/builds", "team/sub/deeper"}
    assert disk.load() == names
    assert not any("Left out" in line for line in disk.said)


def test_names_of_files_are_names_of_items(disk: Disk) -> None:
    names = {"a", "builds", "users/a", "jobs/b", "nodes/c", "team/branches/d", "workspace", "team/config/e"}
    for name in names:
        disk.put(f"{name}.xml", JOB)
    assert disk.load() == names


def test_a_file(disk: Disk) -> None:
    one = disk.put("nightly build.xml", JOB)
    assert disk.load(one) == {"nightly build"}
    disk.out = disk.out.with_name("second")
    assert disk.load(disk.put("jobs/api/config.xml", JOB)) == {"api"}
    disk.out = disk.out.with_name("third")
    assert disk.load(one, "--name", "team/nightly") == {"team/nightly"}


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))


@pytest.mark.parametrize(
    ("document", "options", "name"),
    [
        (JOB, [], "job"),
        (JOB, ["--name", "team/sub/api"], "team/sub/api"),
        (PIPELINE, ["--name", "api"], "api"),
        (FOLDER, ["--name", "team"], "team"),
        ("<listView><name>Nightly</name></listView>", [], "Nightly"),
        (
            f"<?xml version='1.1'?><project><description>{'line&#xa;' * 200}&#x1b;</description></project>",
            [],
            "job",
        ),
    ],
)
def test_standard_input_to_standard_output(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: str, options: list[str], name: str
) -> None:
    feed(monkeypatch, document)
    assert run(["import", "-", *options]) == 0
    printed = disk.capsys.readouterr()
    assert printed.err == ""
    disk.out.mkdir()
    (disk.out / "jobs.py").write_text(printed.out, "utf-8")
    (only,) = load(disk.out, isolation="process").definitions
    assert only.full_name == name
    assert parse(only.document) == parse(document)


def test_standard_input_that_is_no_document_or_has_a_secret(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed(monkeypatch, "<project>\n<a>\n</project>")
    assert run(["import", "-"]) == 1
    assert "standard input:3: not well-formed XML" in disk.capsys.readouterr().err
    feed(monkeypatch, "<project><authToken>hunter2hunter2</authToken></project>")
    assert run(["import", "-"]) == 0
    printed = disk.capsys.readouterr()
    assert 'secret("job/authToken")' in printed.out
    assert "--out DIR" in printed.err
    assert "hunter2" not in printed.out + printed.err
    feed(monkeypatch, JOB)
    assert run(["import", "-", "--out", str(disk.out)]) == 0
    assert "freestyle(" in (disk.out / "jobs.py").read_text()


def test_jobs_that_lie_elsewhere_are_told(disk: Disk) -> None:
    disk.put("config.xml", HUDSON)
    disk.put("../data/api/config.xml", JOB)
    (disk.root / "jobs").symlink_to("../data")
    assert run(["import", str(disk.root), "--out", str(disk.out)]) == 0
    assert "NOT IMPORTED: jobs: jobs: is a link to a directory" in disk.capsys.readouterr().err


def test_names_are_for_one_document(disk: Disk) -> None:
    disk.home()
    assert run(["import", str(disk.root), "--name", "x", "--out", str(disk.out)]) == WRONG_USAGE
    assert "--name is for one document" in disk.capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "<listView", "<project", "no document"])
def test_broken_standard_input_is_told(disk: Disk, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    feed(monkeypatch, text)
    assert run(["import", "-"]) == 1
    assert "standard input" in disk.capsys.readouterr().err


def test_a_directory_needs_out(disk: Disk) -> None:
    disk.home()
    assert run(["import", str(disk.root)]) == WRONG_USAGE
    assert "--out" in disk.capsys.readouterr().err


def test_two_documents_of_one_item(disk: Disk) -> None:
    disk.put("api.xml", JOB)
    disk.put("api/config.xml", JOB)
    disk.put("web.xml", JOB)
    assert run(["import", str(disk.root), "--out", str(disk.out)]) == 0
    assert "api/config.xml: is a document of api, and so is api.xml" in disk.capsys.readouterr().err


def test_nothing_but_data_is_an_error_that_says_what_was_seen(disk: Disk) -> None:
    disk.put("config.xml", "<hudson/>")
    disk.put("users/a/config.xml", "<user/>")
    assert run(["import", str(disk.root), "--out", str(disk.out)]) == 1
    assert "Left out, as no items: 1 user" in disk.capsys.readouterr().err
