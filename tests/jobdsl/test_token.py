"""Where a command has its token from, and that no process of the host reads it where it was given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobdsl.cli.main import run
from jobdsl.testing import SimulatedJenkins

pytestmark = pytest.mark.slow

CLIMB = """
import gc
for candidate in gc.get_objects():  # what a file that means harm does first: switch the guard rail off
    if type(candidate).__name__ == "Guard":
        candidate._on = False
import os
with open(f"/proc/{os.getppid()}/cmdline", "rb") as file:
    print(file.read())
"""


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    root = tmp_path / "estate"
    root.mkdir()
    (root / "jobs.py").write_text("from jobdsl import freestyle\nfreestyle('a', description='text')\n")
    return root


def test_a_token_comes_from_a_file(estate: Path, tmp_path: Path) -> None:
    with SimulatedJenkins() as jenkins:
        (tmp_path / "token").write_text(f"{jenkins.token}\n")
        access = ["--url", jenkins.url, "--user", jenkins.user, "--token-file", str(tmp_path / "token")]
        assert run(["apply", str(estate), "--yes", *access]) == 0
        assert run(["plan", str(estate), *access]) == 0


def test_a_token_comes_from_standard_input(
    estate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with SimulatedJenkins() as jenkins:
        (tmp_path / "token").write_text(jenkins.token)
        with (tmp_path / "token").open() as standard_input:
            monkeypatch.setattr(sys, "stdin", standard_input)
            access = ["--url", jenkins.url, "--user", jenkins.user, "--token-file", "-"]
            assert run(["apply", str(estate), "--yes", *access]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "this is not a token"),
        ("two words\n", "this is not a token"),
        ("one\ntwo\n", "this is not a token"),
        ("\xff", "it is not UTF-8"),
        ("x" * 20_000, "this is not a token"),
    ],
)
def test_a_file_without_a_token_is_refused(
    content: str, message: str, estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text(content, "latin-1")
    assert run(["lint", str(estate), "--token-file", str(tmp_path / "token")]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "token: " in told


def test_a_token_file_in_the_estate_is_refused(
    estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (estate / "sub").mkdir()
    (estate / "sub/token").write_text("abc")
    (tmp_path / "link").symlink_to(estate / "sub/token")
    for path in (estate / "sub/token", tmp_path / "link"):
        assert run(["lint", str(estate), "--token-file", str(path)]) == 1
        assert "lies in the estate" in capsys.readouterr().err


def test_a_token_on_the_command_line_is_told_and_taken_out_of_it(estate: Path) -> None:
    (estate / "evil.py").write_text(CLIMB)
    command = [sys.executable, "-m", "jobdsl", "lint", str(estate), "--isolation", "process"]
    for given in (["--token", "canary-4711"], ["--token=canary-4711"]):
        done = subprocess.run([*command, *given], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        told = done.stdout + done.stderr
        assert "the file prints" in told
        assert "--isolation" in told  # the rest of the command line was read
        assert "canary" not in told
        assert "use --token-file FILE or JENKINS_TOKEN" in done.stderr


def test_a_token_is_given_once(estate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "token").write_text("abc")
    assert run(["lint", str(estate), "--token", "abc", "--token-file", str(tmp_path / "token")]) == 1
    assert "the token is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["jobdsl", "dynaslave", "delivery"])
def test_python_m_imports_nothing_of_the_directory_it_is_started_in(name: str, tmp_path: Path) -> None:
    shadowed = ("click", "requests", "lxml", "jinja2", "json", "typing", "dataclasses", "boto3", "tomllib")
    for module in shadowed:
        (tmp_path / f"{module}.py").write_text(f"open({str(tmp_path / 'reached')!r}, 'w').close()\n")
    arguments = {"jobdsl": ["show", "a", "."], "dynaslave": ["--help"], "delivery": ["--help"]}
    (tmp_path / "jobs.py").write_text("from jobdsl import freestyle\nfreestyle('a')\n")
    (tmp_path / "jobdsl.toml").write_text('[files]\ninclude = ["jobs.py"]\n')
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments[name]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "reached").exists()
