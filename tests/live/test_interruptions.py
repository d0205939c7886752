"""Runs that are killed, jobs that build meanwhile, and what a Jenkinsfile sets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from live_site import Site

from jobdsl.grammar import names
from jobdsl.testing.jenkinsfiles import Jenkinsfile, play

pytestmark = pytest.mark.slow

MANY = """
with folder(FOLDER):
    for folder_number in range(3):
        with folder(f"folder-{folder_number}"):
            for number in range(5):
                freestyle(f"job-{number}", steps=[steps.shell("echo one")], disabled=True)
            list_view("All of them", regex=".*")
"""
DECLARATIVE = """
with folder(FOLDER):
    pipeline("declared", description="first", script='''
pipeline {
    agent any
    options { disableConcurrentBuilds() }
    parameters { string(name: 'WHO', defaultValue: 'you') }
    triggers { cron('H 3 * * *') }
    stages { stage('a') { steps { echo 'hello' } } }
}
''')
"""

JOB = "org.jenkinsci.plugins.workflow.job.properties"
SET = Jenkinsfile(
    triggers=("<hudson.triggers.TimerTrigger><spec>H 3 * * *</spec></hudson.triggers.TimerTrigger>",),
    parameters=(
        "<hudson.model.StringParameterDefinition><name>WHO</name><defaultValue>you</defaultValue>"
        "<trim>false</trim></hudson.model.StringParameterDefinition>",
    ),
    properties=(
        f"<{JOB}.DisableConcurrentBuildsJobProperty><abortPrevious>false</abortPrevious>"
        f"</{JOB}.DisableConcurrentBuildsJobProperty>",
    ),
)
"""What DECLARATIVE's script sets, as Jenkins stores it."""


def wait(until: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Real time passes here: a controller builds when it does."""
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        threading.Event().wait(0.2)


def build(site: Site, name: str, jenkinsfile: Jenkinsfile) -> None:
    """Build a Pipeline once; the simulated controller is told what its Jenkinsfile sets."""
    if site.jenkins is not None:
        play(site.jenkins, site / name, jenkinsfile)
        return
    site.controller.build(site / name)
    path = f"{names.url_path(site / name)}/api/json"

    def result() -> str | None:
        answer = site.controller.json(path, "lastBuild[result]", "look at the build")
        return str((answer["lastBuild"] or {}).get("result") or "")

    wait(lambda: bool(result()), "the build ends")
    assert result() == "SUCCESS"


@pytest.mark.parametrize("lines", [1, 4, 12])
def test_a_run_that_is_killed_is_finished_by_the_next(
    site: Site, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    site.write(MANY)
    process = site.start("apply", "--yes", "--workers", "2")
    assert process.stdout is not None
    progress = 0
    for line in process.stdout:
        progress += " created" in line
        if progress >= lines:
            break
    process.kill()
    process.communicate()
    site.apply()
    site.expect_settled(capsys)
    assert len(site.names()) == 3 * 7


def test_a_job_that_is_building_is_updated(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.write('with folder(FOLDER):\n    freestyle("slow", steps=[steps.shell("sleep 30")])\n')
    site.apply()
    site.controller.build(site / "slow")
    site.edit("sleep 30", "sleep 31")
    site.apply()
    site.expect_settled(capsys)
    assert "sleep 31" in site.config("slow")


def test_what_a_jenkinsfile_sets_is_kept_by_an_update(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.write(DECLARATIVE)
    site.apply()
    build(site, "declared", SET)
    expected = ("H 3 * * *", "<name>WHO</name>", "DisableConcurrentBuildsJobProperty")
    assert all(text in site.config("declared") for text in expected)
    site.expect_settled(capsys)
    site.edit("echo 'hello'", "echo 'goodbye'")
    site.edit('description="first"', 'description="second"')
    site.apply()
    document = site.config("declared")
    assert "goodbye" in document
    assert "second" in document
    assert [text for text in expected if text not in document] == []
    site.expect_settled(capsys)
