"""Runs of a seed after people deleted markers, renamed, moved or copied on the controller."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.documents.marker import Marker
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.users import READER

pytestmark = pytest.mark.slow

JOBS = """
from jobdsl import folder, freestyle, list_view, multibranch, pipeline, sources

with folder("team", description="Ours"):
    freestyle("api", description="The API")
    pipeline("flow", script="node {}")
    multibranch("branches", sources=[sources.git("https://git.example.com/a.git")])
    list_view("board", regex=".*")
    with folder("inner"):
        freestyle("x")
freestyle("top")
list_view("wall", regex=".*")
"""
OWN = '[seed]\nfolders = ["team", "top", "wall"]\n'
EVERYTHING = [
    ("item", "team"),
    ("item", "team/api"),
    ("item", "team/flow"),
    ("item", "team/branches"),
    ("view", "team/board"),
    ("item", "team/inner"),
    ("item", "team/inner/x"),
    ("item", "top"),
    ("view", "wall"),
]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def jenkins(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins() as running:
        for name in ("url", "user", "token"):
            monkeypatch.setenv(f"JENKINS_{name.upper()}", getattr(running, name))
        yield running


@pytest.fixture
def controller(jenkins: SimulatedJenkins) -> Controller:
    return connect(jenkins.url, jenkins.user, jenkins.token)


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text(JOBS)
    return tmp_path


@pytest.fixture
def told(estate: Path, jenkins: SimulatedJenkins, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command for the estate; gives its exit code, and all it said."""

    def command(name: str, *options: str) -> tuple[int, str]:
        capsys.readouterr()
        yes = ["--yes"] if name == "apply" else []
        code = run([name, str(estate), *yes, *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    assert command("apply")[0] == 0
    return command


def erase(controller: Controller, kind: str, name: str) -> None:
    """Delete the marker of an object, as people do who edit its description."""
    document = controller.config(kind, name).decode()
    found = controller.look(kind, name)
    assert found is not None
    assert found.marker is not None, name
    changed = re.sub(
        r"(?s)<description>.*?</description>", "<description>edited</description>", document, count=1
    )
    controller.update(kind, name, changed)
    now = controller.look(kind, name)
    assert now is not None
    assert now.marker is None, name


def marker_of(controller: Controller, kind: str, name: str) -> Marker | None:
    found = controller.look(kind, name)
    return found.marker if found else None


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_one_deleted_marker_stops_nothing_else(
    kind: str, name: str, estate: Path, controller: Controller, told: Run
) -> None:
    erase(controller, kind, name)
    more = JOBS + 'freestyle("more")\n'
    (estate / "jobs.py").write_text(more.replace("The API", "Another"))
    code, said = told("plan")
    assert code == 3
    assert (
        f'"{name}": it exists on the controller and was not made by this seed, or its marker was deleted'
        in said
    )
    code, said = told("apply")
    assert (code, f'1 object left out: "{name}"' in said) == (3, True)
    assert controller.look("item", "more") is not None
    assert marker_of(controller, kind, name) is None
    if name != "team/api":
        assert "Another" in controller.config("item", "team/api").decode()
    code, said = told("apply")  # nothing else to do
    assert (code, "nothing was changed" in said) == (3, False)
    assert told("apply", "--adopt", name)[0] == 0
    assert told("plan")[0] == told("plan", "--refresh")[0] == 0


def test_a_saved_plan_leaves_the_same_out(
    estate: Path, controller: Controller, told: Run, tmp_path: Path
) -> None:
    erase(controller, "item", "top")
    (estate / "jobs.py").write_text(JOBS.replace("The API", "Another"))
    saved = tmp_path / "plan.json"
    assert told("plan", "--out", str(saved))[0] == 3
    assert run(["apply", str(saved), "--yes"]) == 3
    assert "Another" in controller.config("item", "team/api").decode()


def test_reports_name_what_is_left_out(controller: Controller, told: Run, tmp_path: Path) -> None:
    erase(controller, "item", "top")
    files = [tmp_path / f"plan.{suffix}" for suffix in ("html", "md", "json", "txt")]
    assert told("apply", *(f"--write={file}" for file in files))[0] == 3
    for file in files:
        assert "was not made by this seed" in file.read_text(), file
    found = json.loads(files[2].read_text())
    assert (found["summary"]["refused"], found["problems"][0]["rule"]) == (1, "refused")


def test_a_failure_is_told_before_a_refusal(controller: Controller, told: Run, estate: Path) -> None:
    erase(controller, "item", "top")
    (estate / "jobs.py").write_text(
        JOBS + "from jobdsl import element\nfreestyle('z', steps=[element('acme.Step')])\n"
    )
    code, said = told("apply")
    assert (code, "1 object left out: " in said) == (1, True)


def test_every_deleted_marker_comes_back_in_the_seeds_own_folders(
    estate: Path, controller: Controller, told: Run
) -> None:
    (estate / "jobdsl.toml").write_text(OWN)
    for kind, name in EVERYTHING:
        erase(controller, kind, name)
    code, said = told("plan")
    assert (code, "adopt (9)" in said, "its marker was deleted" in said) == (2, True, True)
    assert told("apply")[0] == 0
    assert all(marker_of(controller, kind, name) for kind, name in EVERYTHING)
    assert told("plan", "--refresh")[0] == 0
    assert "The API" in controller.config("item", "team/api").decode()


def test_a_marker_below_is_enough_where_the_folders_is_deleted(
    estate: Path, controller: Controller, told: Run
) -> None:
    erase(controller, "item", "team")
    (estate / "jobs.py").write_text(JOBS.replace('        freestyle("x")\n', "        pass\n"))
    code, said = told("apply")
    assert (code, "1 to disable" in said) == (3, True)


def test_two_seeds_leave_each_others_objects_alone(
    estate: Path, controller: Controller, told: Run, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "jobdsl.toml").write_text('[seed]\nname = "other"\nfolders = ["**"]\n')
    (other / "jobs.py").write_text('from jobdsl import freestyle\nfreestyle("top")\nfreestyle("own")\n')
    assert run(["apply", str(other), "--yes"]) == 3
    assert controller.look("item", "own") is not None
    assert [getattr(marker_of(controller, "item", name), "seed", "") for name in ("top", "own")] == [
        "main",
        "other",
    ]


def test_a_renamed_job_is_not_made_again_and_each_way_out_works(
    estate: Path, controller: Controller, told: Run
) -> None:
    controller.move("team/api", "api2")
    for options in ((), ("--refresh",)):
        code, said = told("plan", *options)
        assert code == 3
        assert (
            'jobs.py:5: error: job "team/api": it was renamed or moved in Jenkins: "api2" carries its marker'
            in said
        )
    assert told("apply")[0] == 3
    assert controller.look("item", "team/api") is None
    (estate / "jobs.py").write_text(JOBS.replace('freestyle("api"', 'freestyle("api", renamed_from="api2"'))
    assert told("apply")[0] == told("plan")[0] == 0
    assert controller.look("item", "api2") is None
    controller.move("team/api", "team/api3")
    (estate / "jobs.py").write_text(
        JOBS.replace('freestyle("api"', 'freestyle("api3", renamed_from="team/api"')
    )
    assert told("apply")[0] == told("plan")[0] == 0
    assert marker_of(controller, "item", "team/api3") is not None
    controller.move("team/api3", "team/api4")
    controller.delete("item", "team/api4")
    assert told("apply")[0] == told("plan")[0] == 0


def test_a_renamed_folder_moves_back(estate: Path, controller: Controller, told: Run) -> None:
    controller.move("team", "crew")
    code, said = told("apply")
    assert (code, said.count("was renamed or moved in Jenkins")) == (3, 1)
    assert controller.look("item", "team") is None
    (estate / "jobs.py").write_text(JOBS.replace('folder("team"', 'folder("team", renamed_from="crew"'))
    assert told("apply")[0] == told("plan")[0] == 0
    assert controller.look("item", "crew") is None


def test_a_copy_is_told_and_left_alone(jenkins: SimulatedJenkins, controller: Controller, told: Run) -> None:
    jenkins.create_item("copy of api", jenkins.config("team/api"))
    before = jenkins.config("copy of api")
    for command in ("plan", "apply"):
        code, said = told(command)
        assert code == 0
        assert 'job "copy of api" is a copy of "team/api" (jobs.py:5), made in Jenkins' in said
    assert jenkins.config("copy of api") == before


def test_views_a_user_may_not_see_are_not_created(
    jenkins: SimulatedJenkins, estate: Path, controller: Controller, told: Run
) -> None:
    (estate / "jobs.py").write_text(
        JOBS.replace('list_view("wall", regex=".*")', 'list_view("wall", regex="none")')
    )
    assert told("apply")[0] == 0
    jenkins.add_user("blind", token="b", permissions=READER - {"hudson.model.View.Read"})
    code, said = told("plan", "--user", "blind", "--token", "b")
    assert (code, "to create" in said) == (0, False)
    assert said.count("may not see") == 1
    assert '"wall"' in said
