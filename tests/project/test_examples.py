"""Every example loads without a finding, and renders what tests/golden holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

import demo_support
from jobdsl.testing import SimulatedJenkins, problems, render
from jobdsl.testing.users import READER

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
ESTATES = ["fleet", "payments", "platform", "quickstart", "storefront"]


@pytest.mark.parametrize("example", ESTATES)
def test_example_renders_the_golden_documents(
    example: str, golden: Callable[[str, Mapping[str, str]], None]
) -> None:
    golden(example, render(EXAMPLES / example))


@pytest.mark.parametrize("example", ESTATES)
def test_nothing_is_wrong_with_an_example(example: str) -> None:
    assert [str(problem) for problem in problems(EXAMPLES / example)] == []


def test_every_example_is_tested() -> None:
    assert (
        sorted(one.name for one in EXAMPLES.iterdir() if one.is_dir() and one.name[0] not in "._") == ESTATES
    )


def test_the_demo_does_what_it_says() -> None:
    command = [sys.executable, str(EXAMPLES / "demo.py")]
    environment = {name: value for name, value in os.environ.items() if name != "JENKINS_URL"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Finished: SUCCESS") == 3
    assert "10 of 27 changed" in done.stdout


def _demo(jenkins: SimulatedJenkins, user: str, token: str) -> subprocess.CompletedProcess[str]:
    login = {"JENKINS_URL": jenkins.url, "JENKINS_USER": user, "JENKINS_TOKEN": token}
    command = [sys.executable, str(EXAMPLES / "demo.py")]
    return subprocess.run(command, env={**os.environ, **login}, check=False, capture_output=True, text=True)


def test_the_demo_runs_on_a_controller_that_is_named_and_leaves_nothing() -> None:
    with SimulatedJenkins() as jenkins:
        jenkins.create_item("theirs", "<project/>")
        done = _demo(jenkins, jenkins.user, jenkins.token)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "10 of 27 changed" in done.stdout
        assert list(jenkins.items) == ["theirs"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_stopped_removes_its_folder(number: signal.Signals) -> None:
    with SimulatedJenkins() as jenkins:
        demo = _start_demo(jenkins)
        _wait_for_folder(demo)
        demo.send_signal(number)
        demo.send_signal(signal.SIGTERM)
        output, errors = demo.communicate(timeout=60)
        assert demo.returncode == 128 + number, output + errors
        assert "Traceback" not in errors
        assert list(jenkins.items) == []


def test_a_signal_while_a_command_of_the_demo_starts_ends_that_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []

    class Interrupted(subprocess.Popen[str]):
        """A command that runs already, and of which its caller does not know yet, when the signal arrives."""

        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            started.append(self)
            signal.raise_signal(signal.SIGTERM)

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(SystemExit):
            demo_support.run("sleep", "600", env=dict(os.environ))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_a_demo_that_is_killed_has_named_the_folder_it_leaves() -> None:
    with SimulatedJenkins() as jenkins:
        demo = _start_demo(jenkins)
        folder = _wait_for_folder(demo)
        while folder not in jenkins.items:
            assert demo.poll() is None
            time.sleep(0.05)
        demo.kill()
        demo.communicate()
        assert folder in jenkins.items


def test_a_demo_that_cannot_delete_its_folder_names_it() -> None:
    with SimulatedJenkins() as jenkins:
        demo = _start_demo(jenkins)
        folder = _wait_for_folder(demo)
        url = jenkins.url
        jenkins.fail_next(lambda request: request.method == "DELETE", status=500)
        _, errors = demo.communicate(timeout=60)
    assert demo.returncode == 1
    assert f"The folder {folder} is left on {url}" in errors
    assert "Traceback" not in errors


def _start_demo(jenkins: SimulatedJenkins) -> subprocess.Popen[str]:
    login = {"JENKINS_URL": jenkins.url, "JENKINS_USER": jenkins.user, "JENKINS_TOKEN": jenkins.token}
    command = [sys.executable, str(EXAMPLES / "demo.py")]
    environment = {**os.environ, **login}
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _wait_for_folder(demo: subprocess.Popen[str]) -> str:
    """Read until the demo names its folder, and says that a killed demo leaves it."""
    assert demo.stdout is not None
    line = next(line for line in demo.stdout if "If the demo is killed, delete that folder by hand" in line)
    return line.partition("in the folder ")[2].partition(".")[0]


def test_the_demo_says_which_rights_it_lacks() -> None:
    with SimulatedJenkins() as jenkins:
        anna = jenkins.add_user("anna", permissions=READER)
        done = _demo(jenkins, "anna", anna.token)
        assert done.returncode == 1
        assert "Too few rights for the demonstration" in done.stderr
        assert 'give "anna" the permission Item.Create' in done.stderr
        bert = jenkins.add_user(
            "bert", permissions={*READER, "hudson.model.Item.Create", "hudson.model.Item.Configure"}
        )
        done = _demo(jenkins, "bert", bert.token)
        assert done.returncode == 1
        for permission in ("View.Create", "Item.Delete"):
            assert f'give "bert" the permission {permission}' in done.stderr
        assert "is left: delete it by hand" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("user", "token", "said"),
    [
        ("", "x", "JENKINS_USER is not"),
        ("admin", "", "JENKINS_TOKEN is not"),
        ("admin", "wrong", "does not accept user"),
    ],
)
def test_the_demo_says_what_it_needs_to_sign_in(user: str, token: str, said: str) -> None:
    with SimulatedJenkins() as jenkins:
        done = _demo(jenkins, user, token)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
