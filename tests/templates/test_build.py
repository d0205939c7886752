"""The templates of builds: every variant, what may be changed, and what is told of mistakes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from groovy_parser import complaints

from jobdsl import DslError, publish, steps
from jobdsl.templates import Builds, library, webapp
from jobdsl.templates.hosting import HOSTINGS
from jobdsl.templates.variants import VARIANTS
from jobdsl.testing import problems, render

REPO = "https://git.example.com/store/api.git"
TEMPLATES = {"library": library, "webapp": webapp}
EVERYTHING: dict[str, Any] = {
    "repository": "https://artifacts.example.com/it's ours",
    "repository_credentials": "artifacts",
    "git_credentials": "git",
    "agent": "linux",
    "mail": "a@example.com",
    "slack": "#builds",
    "environment": {"STAGE": "ci"},
}


def make(template: str, build: str, **given: Any) -> Builds:
    return TEMPLATES[template]("api", repo=REPO, build=build, **given)


def commands(builds: Builds) -> list[str]:
    return [step.command for job in builds for step in job.steps]


def test_every_variant_lints_clean(tmp_path: Path) -> None:
    lines = ["from jobdsl.templates import library, webapp"]
    for build, one in product(VARIANTS, TEMPLATES):
        lines.append(f"{one}('{one}-{build}', repo={REPO!r}, build={build!r})")
        lines.append(f"{one}('{one}-{build}-all', repo={REPO!r}, build={build!r}, **{EVERYTHING!r})")
    (tmp_path / "jobs.py").write_text("\n".join(lines))
    assert [str(problem) for problem in problems(tmp_path)] == []
    assert len(render(tmp_path)) == len(VARIANTS) * 2 * 2 * 3


@pytest.mark.parametrize("build", VARIANTS)
@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shellcheck_finds_nothing(build: str) -> None:
    for command in {*commands(make("library", build)), *commands(make("webapp", build, **EVERYTHING))}:
        assert "{%" not in command
        assert "{{" not in command
        done = subprocess.run(
            ["shellcheck", "--norc", "--shell=sh", "-"],
            input=command,
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.stdout == "", command


@pytest.mark.parametrize("build", VARIANTS)
def test_no_credentials_reach_a_pull_request(build: str) -> None:
    builds = make("library", build, **EVERYTHING)
    assert builds.pull_request is not None
    assert "<passwordVariable>" not in builds.pull_request.xml
    assert "publish" not in builds.pull_request.steps.names
    assert "<passwordVariable>REPOSITORY_PASSWORD<" in builds["main"].xml
    assert "publish" in builds.release.steps.names


@pytest.mark.parametrize("build", VARIANTS)
def test_nothing_is_published_where_no_repository_is_named(build: str) -> None:
    assert all("publish" not in job.steps.names for job in make("webapp", build))


def test_branches_publish_where_the_tool_has_snapshots() -> None:
    publishing = {
        one for one in VARIANTS if "publish" in make("library", one, **EVERYTHING)["main"].steps.names
    }
    assert publishing == {"ant", "gradle", "make", "maven"}


def test_one_job_a_branch_and_two_beside_them() -> None:
    builds = make("webapp", "make", branches=["main", "release-1.4", "team/feature"])
    assert [job.name for job in builds] == [
        "api-main",
        "api-release-1.4",
        "api-team-feature",
        "api-pull-request",
        "api-release",
    ]
    assert "<name>team/feature</name>" in builds["team/feature"].xml
    assert builds["main"].steps.names.keys() == {"compile", "test", "package"}
    alone = make("library", "make", pull_requests=False, release=False)
    assert [job.name for job in alone] == ["api-main"]
    assert (alone.pull_request, alone.release) == (None, None)


def test_what_is_archived_depends_on_the_kind() -> None:
    assert make("library", "maven")["main"].publishers["artifacts"].artifacts == "**/target/*.jar"
    assert make("webapp", "maven")["main"].publishers["artifacts"].artifacts == "**/target/*.war"


def test_parts_are_replaced_in_every_job_that_has_them() -> None:
    builds = make(
        "library",
        "make",
        test="make check",
        compile=None,
        results=publish.junit("out/*.xml"),
        keep=3,
        jdk="17",
    )
    for job in builds:
        assert job.steps["test"].command == "make check"
        assert "compile" not in job.steps.names
        assert job.publishers["results"].results == "out/*.xml"
        assert (job.keep.builds, job.jdk) == (3, "17")
    only_release = make("library", "make", check=steps.shell("./may-release"))
    assert only_release.release.steps["check"].command == "./may-release"


def test_parts_are_put_beside_others_and_patched() -> None:
    builds = make("library", "make")
    main = builds["main"]
    main.steps.before("test", steps.shell("make fixtures"))
    main.steps.after("package", steps.shell("make sign"))
    main.patch("builders/hudson.tasks.Shell[1]/command", "make -j4")
    assert re.findall("<command>([^<\n]*)", main.xml) == [
        "make -j4",
        "make fixtures",
        "make test",
        "make dist",
        "make sign",
    ]


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"build": "gradel"}, "build takes one of ant, gradle,", 'did you mean "gradle"?'),
        ({"build": None}, "not None", ""),
        ({"host": "github.com"}, "host takes one of", 'did you mean "github"?'),
        ({"branches": "main"}, "branches takes a list", 'like ["main"]'),
        ({"branches": []}, "branches takes a list", 'like ["main"]'),
        ({"repository_credentials": "x"}, "is for a repository", "repository=..."),
        ({"tset": "make"}, "no job of this template has a part or field 'tset'", 'did you mean "test"?'),
        ({"repositry": "x"}, "part or field 'repositry'", 'did you mean "repository"?'),
        ({"zzz": 1}, "'zzz'", "named parts: poll, compile, test, package"),
    ],
)
def test_mistakes_are_told_with_a_way_out(given: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(DslError, match=re.escape(message)) as told:
        library("api", **{"repo": REPO, "build": "make", **given})
    assert hint in told.value.hint


def test_a_branch_that_has_no_job() -> None:
    with pytest.raises(DslError, match="no job of a branch 'mian'") as told:
        make("library", "make")["mian"]
    assert told.value.hint == 'did you mean "main"?'


def test_mistakes_are_told_at_the_line_of_the_estate(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "from jobdsl.templates import library\n\n"
        f"library('a', repo={REPO!r}, build='make', tset='x', pakage='y')\n"
        f"library('b', repo={REPO!r}, build='mkae')\n"
    )
    told = [str(problem) for problem in problems(tmp_path)]
    assert [line.partition(": error")[0] for line in told] == ["jobs.py:3", "jobs.py:3", "jobs.py:4"], told
    assert all(f'did you mean "{meant}"?' in "".join(told) for meant in ("test", "package", "make"))


@pytest.mark.parametrize(
    ("repo", "host", "path"),
    [
        ("https://github.com/Example/api.git", "github", "Example/api"),
        ("git@github.example.com:example/my.api", "github", r"example/my\.api"),
        ("ssh://git@gitlab.example.com:2222/group/sub/api.git", "gitlab", "group/sub/api"),
        ("https://gitea.example.com/a/b", "gitea", "a/b"),
    ],
)
def test_a_known_host_announces_pull_requests(repo: str, host: str, path: str) -> None:
    job = library("api", repo=repo, build="make").pull_request
    trigger = job.triggers["webhook"]
    assert trigger.filter == f"(?i)^{path} ({HOSTINGS[host].actions})$"
    ref = HOSTINGS[host].ref.format("${PULL_REQUEST}")
    assert f"<refspec>+{ref}:refs/remotes/origin/pull-request/${{PULL_REQUEST}}</refspec>" in job.xml


@pytest.mark.parametrize("repo", [REPO, "/srv/git/github.git", "https://notgithub.example.com/a/b", "a:b"])
def test_anywhere_else_a_branch_is_named(repo: str) -> None:
    job = library("api", repo=repo, build="make").pull_request
    assert list(job.triggers) == []
    assert job.parameters["branch"].default == "main"
    known = library("api", repo=repo, build="make", host="github").pull_request
    assert "webhook" in known.triggers.names


def git(where: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *words], cwd=where, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.4.2", ""),
        ("2.0-rc.1", ""),
        ("1.0", "v1.0 is tagged already"),
        ("", "is no version"),
        ("-f", "is no version"),
        ("1 0", "is no version"),
        ("$(id)", "is no version"),
    ],
)
def test_a_release_is_checked_first(version: str, said: str, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "one")
    git(tmp_path, "tag", "v1.0")
    script = make("library", "make").release.steps["check"].command
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "RELEASE_VERSION": version},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (said == "")
    assert said in done.stderr


def test_developers_get_the_files_that_jobs_write(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobdsl.templates", "ant", "money"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "3 files in money/.cbf\n"), done.stderr
    (tmp_path / "agent").mkdir()
    script = make("library", "ant")["main"].steps["framework"].command
    subprocess.run(["sh", "-xec", script], cwd=tmp_path / "agent", check=True, capture_output=True)
    here, there = tmp_path / "money" / ".cbf", tmp_path / "agent" / ".cbf"
    assert sorted(one.name for one in here.iterdir()) == sorted(one.name for one in there.iterdir())
    for one in here.iterdir():
        assert one.read_text().rstrip() == (there / one.name).read_text().rstrip()


def test_files_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / ".cbf").write_text("a file")
    command = [sys.executable, "-m", "jobdsl.templates", "ant", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"Error: {tmp_path}/.cbf: File exists\n")


def jenkinsfile(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jobdsl.templates", "jenkinsfile", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_jenkinsfile_trusts_nothing_but_what_it_publishes(tmp_path: Path) -> None:
    made = {}
    for build in VARIANTS:
        done = jenkinsfile(
            "webapp", build, "--repository", "https://x/it's", "--repository-credentials", "keys"
        )
        assert done.returncode == 0, done.stderr
        made[build] = done.stdout
        assert done.stdout.count("withCredentials") == (1 if VARIANTS[build].snapshots else 0)
        before, publish, after = done.stdout.partition("if (env.BRANCH_NAME == 'main') {")
        assert "withCredentials" not in before
        assert ("withCredentials" in after) is bool(publish)
        assert "archiveArtifacts" in before
    assert complaints(made, tmp_path) == ""


def test_a_jenkinsfile_of_what_there_is_not() -> None:
    done = jenkinsfile("library", "gradel")
    assert done.returncode == 1
    assert 'did you mean "gradle"?' in done.stderr
    assert "Traceback" not in done.stderr
