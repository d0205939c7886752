"""The same story on every controller there is: the simulated one, and a real one where JENKINS_URL names it.

Everything happens in a folder of its own, under a seed of its own, and is deleted in the end.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from jobdsl.cli.main import run
from jobdsl.controller import jenkins
from jobdsl.controller.jenkins import Controller, NotFoundError
from jobdsl.testing import SimulatedJenkins

NAMES = ("JENKINS_URL", "JENKINS_USER", "JENKINS_TOKEN")
REAL = {name: os.environ.get(name, "") for name in NAMES}
JOBS = """
from jobdsl import axes, element, folder, freestyle, list_view, matrix, params, pipeline, publish, scm, steps, triggers

with folder(FOLDER, description="Made by a test, and deleted by it"):
    freestyle(
        "build & test".replace("&", "and"),
        description="Ünïcode, <b>markup</b> & 'quotes'\\nand a second line",
        keep=5,
        parameters=[params.string("BRANCH", "main"), params.choice("ENV", ["test", "prod"])],
        scm=scm.git("https://git.example.com/app.git", branch="${BRANCH}"),
        triggers=[triggers.poll_scm("H/15 * * * *")],
        steps=[steps.shell("#!/bin/sh\\necho '<&>'  \\n\\texit 0\\n")],
        publishers=[publish.archive("dist/**", allow_empty=True)],
        disabled=True,
    )
    pipeline("release", script="node { echo 'hello' }", keep=3, concurrent=False, disabled=True)
    matrix("cells", axes=[axes.text("PY", ["3.11", "3.12"])], steps=[steps.shell("echo $PY")], disabled=True)
    with folder("inner"):
        freestyle("leaf", steps=[steps.shell("true")], disabled=True)
    list_view("Everything", regex=".*")
"""


@pytest.fixture(params=["simulated", "real"])
def controller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controller]:
    if request.param == "simulated":
        with SimulatedJenkins() as simulated:
            given = dict(zip(NAMES, (simulated.url, simulated.user, simulated.token), strict=True))
            yield connected(given, monkeypatch)
        return
    if not all(REAL.values()):
        pytest.skip("no real controller: JENKINS_URL, JENKINS_USER and JENKINS_TOKEN name one")
    yield connected(REAL, monkeypatch)


def connected(given: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Controller:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return jenkins.connect(*(given[name] for name in NAMES))


@pytest.fixture
def folder(controller: Controller) -> Iterator[str]:
    name = f"jobdsl-test-{uuid4().hex[:8]}"
    yield name
    with suppress(NotFoundError):
        controller.delete("item", name)


@pytest.fixture
def estate(folder: str, tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text(f"FOLDER = {folder!r}\n{JOBS}", "utf-8")
    settings = f'[seed]\nname = "{folder}"\n[removed]\njobs = "delete"\nmax_percent = 100\n'
    (tmp_path / "jobdsl.toml").write_text(settings)
    return tmp_path


def planned(estate: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, str]]:
    """What a plan says: actions and names."""
    capsys.readouterr()
    assert run(["plan", str(estate), "--json", *options]) in (0, 2)
    changes = json.loads(capsys.readouterr().out)["changes"]
    return [(one["action"], one["name"]) for one in changes]


def edit(estate: Path, old: str, new: str) -> None:
    source = (estate / "jobs.py").read_text("utf-8")
    assert old in source
    (estate / "jobs.py").write_text(source.replace(old, new), "utf-8")


def test_the_life_of_an_estate(
    controller: Controller, folder: str, estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate), "--yes", "--verify-all"]) == 0
    assert planned(estate, capsys) == []
    assert planned(estate, capsys, "--refresh") == []

    edit(estate, "echo $PY", "echo python$PY")
    assert planned(estate, capsys) == [("update", f"{folder}/cells")]
    assert run(["apply", str(estate), "--yes"]) == 0
    assert b"python$PY" in controller.config("item", f"{folder}/cells")

    edit(estate, 'freestyle("leaf", ', f'freestyle("renamed", renamed_from="{folder}/inner/leaf", ')
    assert ("move", f"{folder}/inner/renamed") in planned(estate, capsys)
    assert run(["apply", str(estate), "--yes"]) == 0
    assert planned(estate, capsys) == []

    source = (estate / "jobs.py").read_text("utf-8")
    (estate / "jobs.py").write_text(re.sub(r"    pipeline\(.*\n", "", source), "utf-8")
    assert planned(estate, capsys) == [("delete", f"{folder}/release")]
    assert run(["apply", str(estate), "--yes"]) == 0
    with pytest.raises(NotFoundError):
        controller.config("item", f"{folder}/release")


def test_what_was_changed_in_jenkins_is_found_and_put_right(
    controller: Controller, folder: str, estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["apply", str(estate), "--yes"]) == 0
    name = f"{folder}/inner/leaf"
    stored = controller.config("item", name).decode()
    controller.update("item", name, stored.replace("<command>true</command>", "<command>false</command>"))
    assert planned(estate, capsys) == []
    assert planned(estate, capsys, "--refresh") == [("update", name)]
    assert run(["apply", str(estate), "--yes", "--refresh"]) == 0
    assert b"<command>true</command>" in controller.config("item", name)


def test_what_others_made_is_left_alone(
    controller: Controller, folder: str, estate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.create("item", folder, "<com.cloudbees.hudson.plugins.folder.Folder/>")
    assert run(["apply", str(estate), "--yes"]) == 1
    assert f"--adopt '{folder}'" in "".join(capsys.readouterr())
    assert controller.content(folder) == []
    assert run(["apply", str(estate), "--yes", "--adopt", folder]) == 0
    assert planned(estate, capsys) == []
