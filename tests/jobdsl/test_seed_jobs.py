"""The seed job: its document, its script, and the options that make it again."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from jobdsl import DslError, steps
from jobdsl.seed_jobs import seed
from jobdsl.seed_jobs.options import SeedSettings

WHEEL = "https://files.example.com/jobdsl-1.2.3-py3-none-any.whl"
GIVEN: dict[str, Any] = {
    "repo": "https://git.example.com/it's ours.git",
    "credentials": "jenkins-writer",
    "install": WHEEL,
}
VARIANTS: list[dict[str, Any]] = [
    GIVEN,
    {**GIVEN, "install": None},
    {
        **GIVEN,
        "install": None,
        "tool": "/opt/job dsl/bin/jobdsl",
        "controller_url": "http://jenkins:8080/a b",
    },
    {**GIVEN, "path": "jobs; rm -rf /", "self_update": False},
    {
        **GIVEN,
        "git_credentials": "git",
        "secrets_file": "estate-secrets",
        "github_push": True,
        "html_page": True,
        "agent": "linux && python",
    },
]


def script(**given: Any) -> str:
    text: str = seed(**given).steps["apply"].command
    return text


def test_the_document_is_the_golden_one(golden: Callable[[str, Mapping[str, str]], None]) -> None:
    everything = seed("admin/everything", **VARIANTS[4], branch="jobs", path="estate", poll="", builds=5)
    golden("seed", {"jobdsl-seed": seed(**GIVEN).xml, "everything": everything.xml})


@pytest.mark.parametrize("given", VARIANTS, ids=["plain", "carried wheel", "tool", "odd path", "all"])
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing(given: dict[str, Any]) -> None:
    done = subprocess.run(
        ["shellcheck", "--norc", "-"], input=script(**given), text=True, capture_output=True, check=False
    )
    assert done.stdout == ""


def test_the_script_is_no_template_any_more() -> None:
    assert "{%" not in script(**GIVEN)
    assert "{{" not in script(**GIVEN)


def test_values_are_single_words_of_shell() -> None:
    assert "lint 'jobs; rm -rf /' --junit" in script(**VARIANTS[3])
    assert "jobdsl='/opt/job dsl/bin/jobdsl'" in script(**VARIANTS[2])
    assert "'--repo=https://git.example.com/it'\"'\"'s ours.git'" in script(**GIVEN)


def test_options_leave_defaults_out() -> None:
    assert shlex.split(SeedSettings(**GIVEN).command_line()) == [
        "--repo=https://git.example.com/it's ours.git",
        "--credentials=jenkins-writer",
        f"--install={WHEEL}",
    ]
    assert "--github-push" in SeedSettings(**VARIANTS[4]).command_line()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tool": "jobdsl"}, "install= and tool= exclude each other"),
        ({"install": "-r requirements.txt"}, "one pip requirement"),
        ({"path": "../elsewhere"}, "not inside the repository"),
        ({"path": "/etc"}, "not inside the repository"),
    ],
)
def test_wrong_arguments_are_errors(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(DslError, match=message):
        seed(**{**GIVEN, **wrong})


def test_parts_are_replaced_by_name() -> None:
    job = seed(**GIVEN, timeout=None, apply=steps.shell("jobdsl apply . --yes"))
    assert "BuildTimeoutWrapper" not in job.xml
    assert "<command>jobdsl apply . --yes</command>" in job.xml


# The script itself, with a jobdsl that only notes how it was called.


def run_script(place: Path, *, lint: int = 0, bootstrap: int = 0, apply: int = 0) -> tuple[int, list[str]]:
    tool = place / "job dsl"
    tool.write_text(
        f"""#!/bin/sh
echo "$@" >> "{place}/calls"
case $1 in lint) exit {lint} ;; bootstrap) exit {bootstrap} ;; apply) exit {apply} ;; esac
"""
    )
    tool.chmod(0o755)
    text = script(repo="r.git", credentials="c", tool=str(tool))
    environment = {"PATH": "/usr/bin:/bin", "JENKINS_URL": "http://localhost/"}
    workspace = place / "workspace"
    workspace.mkdir()
    done = subprocess.run(
        ["sh", "-c", text], cwd=workspace, env=environment, check=False, capture_output=True
    )
    return done.returncode, [line.split()[0] for line in (place / "calls").read_text().splitlines()]


def test_it_updates_itself_lints_and_applies(tmp_path: Path) -> None:
    assert run_script(tmp_path) == (0, ["bootstrap", "lint", "apply"])


def test_findings_stop_it_before_anything_is_changed(tmp_path: Path) -> None:
    assert run_script(tmp_path, lint=1) == (1, ["bootstrap", "lint"])


def test_an_estate_is_applied_although_the_seed_job_could_not_be_updated(tmp_path: Path) -> None:
    assert run_script(tmp_path, bootstrap=1) == (1, ["bootstrap", "lint", "apply"])


def test_the_build_fails_when_applying_fails(tmp_path: Path) -> None:
    assert run_script(tmp_path, apply=1) == (1, ["bootstrap", "lint", "apply"])


def test_the_build_is_unstable_when_only_single_objects_were_refused(tmp_path: Path) -> None:
    assert run_script(tmp_path, apply=3) == (3, ["bootstrap", "lint", "apply"])
    assert "<unstableReturn>3</unstableReturn>" in seed(**GIVEN).xml


def test_a_refusal_does_not_hide_a_failure(tmp_path: Path) -> None:
    assert run_script(tmp_path, bootstrap=1, apply=3) == (1, ["bootstrap", "lint", "apply"])


def test_without_a_controller_it_says_what_to_do(tmp_path: Path) -> None:
    text = script(repo="r.git", credentials="c", tool="true")
    done = subprocess.run(
        ["sh", "-c", text], cwd=tmp_path, env={}, check=False, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "give the controller its URL" in done.stderr


FAKE_PYTHON = """#!/bin/sh
# Stands in for Python: `-I -m venv DIR` makes an environment with itself as python, and a jobdsl.
if [ "$1" = --version ]; then echo Python 3.11.9; exit; fi
echo "$@" >> "$CALLS"
if [ "$3" = pip ] && [ -n "${JENKINS_TOKEN:-}" ]; then echo "the token leaked" >> "$CALLS"; fi
[ "$3" = venv ] || exit 0
mkdir -p "$4/bin"
cp "$0" "$4/bin/python"
printf '#!/bin/sh\n' > "$4/bin/jobdsl"
chmod +x "$4/bin/jobdsl"
"""


def test_the_virtual_environment_is_made_once_for_a_requirement(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "JENKINS_URL": "http://localhost/",
        "JENKINS_TOKEN": "secret",
        "CALLS": str(calls),
    }

    def build(requirement: str) -> list[str]:
        calls.write_text("")
        text = script(repo="r.git", credentials="c", install=requirement)
        subprocess.run(["sh", "-c", text], cwd=tmp_path, env=environment, check=True)
        return calls.read_text().splitlines()

    first = build("jobdsl==1")
    assert [line.split()[2] for line in first] == ["venv", "pip"]
    assert first[1].endswith("jobdsl==1")
    assert build("jobdsl==1") == []
    assert [line.split()[2] for line in build("jobdsl==2")] == ["venv", "pip"]
    assert len(list(Path(f"{tmp_path}@tmp/jobdsl").iterdir())) == 1


def test_nothing_a_commit_brings_is_run_with_the_token(tmp_path: Path) -> None:
    """A commit may hold files where an earlier build would have left some."""
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    workspace, temporary = tmp_path / "workspace", tmp_path / "temporary"
    environment = {
        "PATH": f"{python.parent}:/usr/bin:/bin",
        "JENKINS_URL": "http://localhost/",
        "JENKINS_TOKEN": "secret",
        "CALLS": str(tmp_path / "calls"),
        "WORKSPACE_TMP": str(temporary),
    }
    workspace.mkdir()
    text = script(repo="r.git", credentials="c", install=WHEEL)
    subprocess.run(["sh", "-c", text], cwd=workspace, env=environment, check=True)
    places = [path.relative_to(temporary / "jobdsl") for path in temporary.rglob("*") if path.is_file()]
    shutil.rmtree(temporary)
    for root in (workspace, workspace / ".jobdsl", workspace / "jobdsl", workspace / "jobdsl-report"):
        for place in places:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(f"#!/bin/sh\necho taken >>{tmp_path}/taken\n")
            (root / place).chmod(0o755)
    subprocess.run(["sh", "-c", text], cwd=workspace, env=environment, check=True)
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("report", ["file", "directory", "dangling"])
def test_a_link_in_place_of_the_report_is_not_followed(tmp_path: Path, report: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/jobdsl").write_text(
        '#!/bin/sh\n[ "$1" = lint ] && echo x >jobdsl-report/lint.xml\nexit 0\n'
    )
    (tmp_path / "bin/jobdsl").chmod(0o755)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    target = {"file": elsewhere / "mine", "directory": elsewhere, "dangling": elsewhere / "none"}[report]
    (workspace / "jobdsl-report").symlink_to(target)
    text = script(repo="r.git", credentials="c", tool=str(tmp_path / "bin/jobdsl"))
    environment = {"PATH": "/usr/bin:/bin", "JENKINS_URL": "http://localhost/"}
    subprocess.run(["sh", "-c", text], cwd=workspace, env=environment, check=True)
    assert [path.name for path in elsewhere.iterdir()] == ["mine"]
    assert (workspace / "jobdsl-report/lint.xml").is_file()


def test_without_a_requirement_the_job_carries_the_wheel_of_this_version(tmp_path: Path) -> None:
    """pip is asked for no index and no dependency here, so jobdsl itself is all that is installed."""
    text = script(repo="r.git", credentials="c")
    assert "bootstrap" not in text, "what it carries is never newer than the job"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "JENKINS_URL": "http://localhost/",
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
    }
    subprocess.run(
        ["sh"], input=text, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    (venv,) = Path(f"{tmp_path}@tmp/jobdsl").glob("*/complete")
    (installed,) = venv.parent.glob("lib/python3*/site-packages")
    assert (venv.parent / "bin" / "jobdsl").exists()
    names = ("jobdsl/cli/main.py", "jobdsl/seed_jobs/seed.sh.j2", "jobdsl/templates/ant/common-build.xml")
    assert [name for name in names if not (installed / name).exists()] == []
    first = venv.stat().st_mtime_ns
    subprocess.run(
        ["sh"], input=text, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
    )
    assert venv.stat().st_mtime_ns == first, "made once"
