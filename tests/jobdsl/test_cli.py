"""The commands as a user runs them: what they print, write and exit with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from jobdsl.cli.main import run
from jobdsl.controller.jenkins import connect
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.users import READER

JOBS = """
from jobdsl import element, folder, freestyle
from shared.common import service

with folder("payments", description="Card services"):
    for name in ["api", "web"]:
        service(name)
freestyle("nightly", description="Everything", queue=True)
"""
COMMON = """
from jobdsl import element, freestyle

def service(name):
    return freestyle(name, steps=[element("hudson.tasks.Shell", command=f"make {name}")])
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    (root / "shared").mkdir(parents=True)
    (root / "jobs.py").write_text(JOBS)
    (root / "shared" / "common.py").write_text(COMMON)
    return root


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a controller that does not answer, or lets nobody in."""
    monkeypatch.setattr("jobdsl.controller.client.FIRST_PATIENCE", 0.0)


@pytest.fixture
def jenkins(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as controller:
        monkeypatch.setenv("JENKINS_URL", controller.url)
        monkeypatch.setenv("JENKINS_USER", controller.user)
        monkeypatch.setenv("JENKINS_TOKEN", controller.token)
        yield controller


def test_render_writes_documents_and_removes_what_is_no_longer_defined(estate: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(["render", str(estate), "--out", str(out)]) == 0
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.xml")) == [
        "nightly.xml",
        "payments/api.xml",
        "payments/config.xml",
        "payments/web.xml",
    ]
    (out / "mine.xml").write_text("<mine/>")
    (estate / "jobs.py").write_text(JOBS.replace('"api", "web"', '"api"'))
    assert run(["render", str(estate), "--out", str(out)]) == 0
    assert not (out / "payments/web.xml").exists()
    assert (out / "mine.xml").exists()


def test_same_input_same_bytes(estate: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run(["render", str(estate), "--out", str(tmp_path / name)]) == 0
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.xml")]
    assert all(
        (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in files
    )


def test_every_error_of_every_file_is_told_with_its_line_and_a_way_out(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (estate / "a.py").write_text(
        "from jobdsl import freestyle\nfreestyle('x', disbled=True)\nfreestyle('x')\n"
    )
    (estate / "b.py").write_text("1/0\n")
    monkeypatch.chdir(estate)
    assert run(["render", str(estate), "--out", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "a.py:2: error: freestyle has no argument 'disbled'\n    did you mean \"disabled\"?" in told
    assert "a.py:3: error: item 'x' is defined twice: here and at a.py:2" in told
    assert "b.py:1: error: ZeroDivisionError: division by zero" in told
    assert "Traceback" not in told


def test_lint_as_text_json_and_junit(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "more.py").write_text(
        "from jobdsl import element, freestyle\n"
        'freestyle("empty", steps=[element("hudson.tasks.Shell", command="")])\n'
    )
    report = tmp_path / "reports" / "lint.xml"
    assert run(["lint", str(estate), "--json", "--junit", str(report)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["rule"], one["file"], one["line"]) for one in found] == [("empty-step", "more.py", 2)]
    suite = ET.parse(report).getroot()
    assert suite.attrib["tests"] == "5"
    assert suite.attrib["failures"] == "0"


def test_a_name_that_cannot_be_created_renders_but_is_an_error_of_all_that_goes_further(
    estate: Path,
    jenkins: SimulatedJenkins,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (estate / "old.py").write_text('from jobdsl import freestyle\n\nfreestyle("a&b")\n')
    assert run(["render", str(estate), "--out", str(tmp_path / "out")]) == 0
    for command in (["lint"], ["plan"], ["apply", "--yes"]):
        assert run([*command, str(estate)]) == 1
        told = capsys.readouterr()
        assert (told.out + told.err).count("old.py:3: error") == 1
    assert list(jenkins.items) == []
    monkeypatch.delenv("JENKINS_URL")
    assert run(["lint", str(estate)]) == 1
    assert "old.py:3: error: a&b: Jenkins refuses its name" in capsys.readouterr().err


def test_a_secret_in_clear_is_told_at_its_line_and_can_be_left_out(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "more.py").write_text(
        "from jobdsl import freestyle, params, secret\n"
        'freestyle("x", parameters=[params.password("DB", default="hunter2")])\n'
        'freestyle("y", parameters=[params.password("DB", default=secret("db"))])\n'
    )
    assert run(["lint", str(estate)]) == 1
    told = capsys.readouterr().err
    assert "more.py:2: error: x: defaultValue of hudson.model.PasswordParameterDefinition" in told
    assert "more.py:3: error" not in told
    (estate / "jobdsl.toml").write_text('[lint]\nignore = ["clear-secret"]\n')
    assert run(["lint", str(estate)]) == 0


def test_lint_with_a_saved_list_of_plugins(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins = tmp_path / "plugins.json"
    plugins.write_text('{"git": "5"}')
    assert run(["lint", str(estate), "--plugins", str(plugins)]) == 1
    assert "needs the plugin cloudbees-folder" in capsys.readouterr().err


def test_plan_apply_and_again(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(estate)]) == 2
    assert "4 to create" in capsys.readouterr().out
    assert run(["apply", str(estate), "--yes"]) == 0
    assert sorted(jenkins.items) == ["nightly", "payments", "payments/api", "payments/web"]
    assert run(["plan", str(estate)]) == 0
    assert "Nothing to do" in capsys.readouterr().out
    (estate / "shared" / "common.py").write_text(COMMON.replace("make", "ninja"))
    assert run(["plan", str(estate), "--json"]) == 2
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(one["action"], one["name"]) for one in changes] == [
        ("update", "payments/api"),
        ("update", "payments/web"),
    ]
    assert run(["apply", str(estate), "--yes"]) == 0
    assert b"ninja" in bytes(jenkins.config("payments/api"), "utf-8")


def test_nothing_is_written_when_anything_is_wrong(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "jobdsl.toml").write_text('[teams.payments]\nfolders = ["payments"]\nfiles = ["**"]\n')
    assert run(["apply", str(estate), "--yes"]) == 1
    told = capsys.readouterr().err
    assert "jobs.py:8: error: nightly: team payments may not define this name" in told
    assert list(jenkins.items) == []


def test_the_page_is_a_page_and_directories_are_made(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, saved = tmp_path / "new" / "page", tmp_path / "other" / "plan.json"
    assert run(["plan", str(estate), "--html", str(page), "--out", str(saved)]) == 2
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert json.loads(saved.read_text())["url"].startswith(jenkins.url)
    assert run(["plan", str(estate), "--out", str(page / "plan.json")]) == 1
    assert "plan.json: cannot be written" in capsys.readouterr().err


def test_a_saved_plan_is_applied_exactly_and_refused_when_the_controller_moved_on(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "plan.json"
    assert run(["plan", str(estate), "--out", str(saved)]) == 2
    (estate / "jobs.py").write_text("")
    assert run(["apply", str(saved), "--yes"]) == 0
    assert "payments/api" in jenkins.items
    assert run(["apply", str(saved), "--yes"]) == 1
    assert "nightly" in capsys.readouterr().err


def test_a_saved_plan_is_refused_when_somebody_edits_what_it_changes(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    jenkins.create_item("hand", "<project><description>mine</description></project>")
    (estate / "more.py").write_text("from jobdsl import freestyle\nfreestyle('hand')\n")
    (estate / "shared" / "common.py").write_text(COMMON.replace("make", "ninja"))
    (estate / "jobs.py").write_text(JOBS.partition('freestyle("nightly')[0])
    saved = tmp_path / "plan.json"
    plan = ["plan", str(estate), "--adopt", "hand", "--out", str(saved)]
    assert run(plan) == 2
    edited = ["hand", "nightly", "payments/api"]
    for name in edited:
        jenkins.update_item(
            name, jenkins.config(name).replace("<concurrentBuild>false", "<concurrentBuild>true")
        )
    capsys.readouterr()
    before = {name: jenkins.config(name) for name in jenkins.items}
    jenkins.requests.clear()
    assert run(["apply", str(saved), "--yes"]) == 1
    assert len(jenkins.requests) == 1 + 4  # everything in one, and what would change
    told = capsys.readouterr().err
    for name in edited:
        assert f'"{name}" has changed on the controller since the plan was made\n    plan again' in told
    assert "payments/web" not in told
    assert {name: jenkins.config(name) for name in jenkins.items} == before
    assert run(plan) == 2
    assert run(["apply", str(saved), "--yes"]) == 0


def test_a_plan_is_saved_only_by_who_may_read_what_it_changes(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins.add_user("reader", token="r", permissions=READER)
    assert run(["apply", str(estate), "--yes"]) == 0
    (estate / "shared" / "common.py").write_text(COMMON.replace("make", "ninja"))
    saved = tmp_path / "plan.json"
    plan = ["plan", str(estate), "--user", "reader", "--token", "r"]
    assert run(plan) == 2
    capsys.readouterr()
    assert run([*plan, "--out", str(saved)]) == 1
    told = capsys.readouterr().err
    assert 'could not read "payments/api": "reader" may not do that' in told
    assert 'give "reader" the permission Item.Configure' in told
    assert not saved.exists()


def test_a_saved_plan_goes_to_the_controller_it_was_made_for(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "plan.json"
    assert run(["plan", str(estate), "--out", str(saved)]) == 2
    assert run(["apply", str(saved), "--yes", "--url", "http://127.0.0.1:9/"]) == 1
    assert f"was made for {jenkins.url}" in capsys.readouterr().err
    assert run(["apply", str(saved), "--yes", "--refresh", "--adopt", "x"]) == 1
    assert "a saved plan takes no --refresh or --adopt" in capsys.readouterr().err
    assert list(jenkins.items) == []


def test_reports_are_written(estate: Path, jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    names = ["plan.html", "plan.md", "plan.txt", "all.json"]
    options = [option for name in names for option in ("--write", str(tmp_path / "r" / name))]
    assert run(["plan", str(estate), *options]) == 2
    assert all("payments/api" in (tmp_path / "r" / name).read_text() for name in names)
    assert run(["plan", str(estate), "--write", str(tmp_path / "plan.doc")]) == 1


def test_markdown_and_html(
    estate: Path, jenkins: SimulatedJenkins, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(estate), "--markdown", "--html", str(tmp_path / "p.html")]) == 2
    assert "payments/api" in capsys.readouterr().out
    assert (tmp_path / "p.html").read_text().startswith("<!DOCTYPE html>")


def test_apply_asks_nobody_when_nobody_is_there(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate)]) == 1
    assert "--yes" in capsys.readouterr().err
    assert list(jenkins.items) == []


def test_import_and_render_give_the_same_documents(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["render", str(estate), "--out", str(tmp_path / "first")]) == 0
    report = tmp_path / "report.json"
    imported = [
        "import",
        str(tmp_path / "first"),
        "--out",
        str(tmp_path / "imported"),
        "--report",
        str(report),
    ]
    assert run(imported) == 0
    assert [one["equal"] for one in json.loads(report.read_text())] == [True] * 4
    assert run(["render", str(tmp_path / "imported"), "--out", str(tmp_path / "second")]) == 0
    for path in (tmp_path / "first").rglob("*.xml"):
        assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes()


def test_import_from_a_controller(estate: Path, jenkins: SimulatedJenkins, tmp_path: Path) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    assert run(["import", "--out", str(tmp_path / "imported")]) == 0
    assert run(["render", str(tmp_path / "imported"), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "payments" / "api.xml").exists()
    assert "Managed by jobdsl" not in (tmp_path / "out" / "nightly.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["rendr"], "Did you mean 'render'?"),
        (["render"], "Missing option '--out'"),
        (["render", "no/such/dir", "--out", "x"], "does not exist"),
        (["plan", "."], "no controller is named"),
        (["plan", ".", "--url", "ftp://x"], "is not a valid controller URL"),
        (["plan", ".", "--url", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["import", "--out", "x"], "no controller is named"),
    ],
)
def test_wrong_arguments_are_reported_with_what_to_do(
    arguments: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("JENKINS_URL", "JENKINS_USER", "JENKINS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text("from jobdsl import freestyle\nfreestyle('a')\n")
    is_usage = "controller" not in told and "127.0.0.1" not in told
    assert run(arguments) == (64 if is_usage else 1)
    output = capsys.readouterr()
    assert told in output.err
    assert "Traceback" not in output.err


def test_wrong_credentials_are_said_plainly(
    estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["plan", str(estate), "--token", "wrong"]) == 1
    told = capsys.readouterr().err
    assert "<html" not in told
    assert "JENKINS_TOKEN" in told or "token" in told


def test_version_help_and_completion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("jobdsl ")
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(command in listed for command in ("render", "lint", "plan", "apply", "import", "bootstrap"))
    assert run(["completion", "bash"]) == 0
    assert "_JOBDSL_COMPLETE" in capsys.readouterr().out


def test_a_secret_in_a_text_is_told_at_the_line_that_holds_it(
    estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "deploy.sh").write_text("make\n\ncurl -u bot:hunter2 https://x\n")
    (estate / "more.py").write_text(
        "from jobdsl import freestyle, read_file, scm, steps\n"
        'freestyle("x", steps=[steps.shell(read_file("deploy.sh"))])\n'
        "freestyle(\n"
        '    "y",\n'
        "    steps=[\n"
        '        steps.shell("""make\n'
        "export API_TOKEN=hunter3\n"
        '"""),\n'
        "    ],\n"
        '    scm=scm.git("https://bot:hunter4@git.example.com/a.git"),\n'
        ")\n"
    )
    run(["lint", str(estate)])
    told = capsys.readouterr().err
    assert "deploy.sh:3: warning: x: command of hudson.tasks.Shell, line 3, looks like a secret" in told
    assert "more.py:7: warning: y: command of hudson.tasks.Shell, line 2, looks like a secret" in told
    assert "more.py:10: warning: y: url of hudson.plugins.git.UserRemoteConfig looks like a secret" in told
    assert "hunter" not in told


def test_no_output_of_a_plan_holds_a_secret_of_a_script(
    estate: Path, tmp_path: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(target: str, token: str = "Zq7hunter2") -> None:
        (estate / "more.py").write_text(
            "from jobdsl import freestyle, scm, steps\n"
            "freestyle(\n"
            '    "x",\n'
            f"    steps=[steps.shell('curl -u bot:{token} https://{target}')],\n"
            f'    scm=scm.git("https://bot:{token}@git.example.com/{target}.git"),\n'
            ")\n"
        )

    write("one")
    assert run(["apply", str(estate), "--yes"]) == 0
    write("two")
    files = {suffix: tmp_path / f"plan{suffix}" for suffix in (".html", ".json", ".md", ".txt")}
    written = [word for path in files.values() for word in ("--write", str(path))]
    assert run(["plan", str(estate), "--refresh", *written]) == 2
    assert run(["plan", str(estate), "--json"]) == 2
    assert run(["plan", str(estate), "--markdown"]) == 2
    saved = tmp_path / "saved.json"
    assert run(["plan", str(estate), "--out", str(saved)]) == 1
    told = capsys.readouterr()
    assert not saved.exists()
    assert "more.py:4: warning: " in told.err
    assert "saved.json is not saved: it would hold what looks like a secret in plain text" in told.err
    shown = {suffix: path.read_text() for suffix, path in files.items()} | {"screen": told.out + told.err}
    assert [name for name, text in shown.items() if "hunter2" in text] == []
    assert [name for name, text in shown.items() if "bot:********" not in text] == []
    controller = connect(jenkins.url, jenkins.user, jenkins.token)
    stored = controller.config("item", "x").decode().replace("Zq7hunter2", "Ab9swordfish")
    controller.update("item", "x", stored)
    write("one")
    assert run(["plan", str(estate), "--refresh"]) == 2
    told = capsys.readouterr()
    assert "a hidden value in it changed" in told.out
    assert "hunter2" not in told.out + told.err
    assert "swordfish" not in told.out + told.err
    (estate / "jobdsl.toml").write_text('[lint]\nignore = ["clear-secret"]\n')
    assert run(["plan", str(estate), "--refresh", "--out", str(saved)]) == 2
    assert saved.stat().st_mode & 0o777 == 0o600
