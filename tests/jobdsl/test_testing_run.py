"""Builds that really run: on the built-in node, and on agents that are processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import requests

from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build

pytestmark = pytest.mark.slow

SHELL = "<hudson.tasks.Shell><command>{}</command></hudson.tasks.Shell>"
ROAM = "<canRoam>true</canRoam>"
NODE = (
    "<slave><remoteFS>/agents/x</remoteFS><numExecutors>1</numExecutors><mode>EXCLUSIVE</mode>"
    "<label>{}</label></slave>"
)


def job(*commands: str, extra: str = ROAM) -> str:
    steps = "".join(SHELL.format(escape(command)) for command in commands)
    return f"<project>{extra}<builders>{steps}</builders></project>"


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True) as running:
        yield running


@pytest.fixture
def post(jenkins: SimulatedJenkins) -> Callable[..., requests.Response]:
    def send(path: str, data: str = "", headers: dict[str, str] | None = None) -> requests.Response:
        auth = (jenkins.user, jenkins.token)
        url = jenkins.url + path
        return requests.post(url, data, headers=headers, auth=auth, allow_redirects=False, timeout=30)

    return send


@pytest.fixture
def build(jenkins: SimulatedJenkins, post: Callable[..., requests.Response]) -> Callable[..., Build]:
    def run(xml: str, name: str = "job", number: int = 1) -> Build:
        if name not in jenkins.items:
            jenkins.create_item(name, xml)
        assert post(f"/job/{name.replace('/', '/job/')}/build?delay=0sec").status_code == 201
        return jenkins.wait_for_build(name, number)

    return run


def test_steps_run_with_the_environment_of_a_build(
    jenkins: SimulatedJenkins, build: Callable[..., Build]
) -> None:
    done = build(
        job("echo $JOB_NAME-$BUILD_NUMBER", 'test "$PWD" = "$WORKSPACE"; echo $BUILD_URL'), "team/job"
    )
    assert done.result == "SUCCESS"
    assert "+ echo team/job-1\nteam/job-1\n" in done.console
    assert f"{jenkins.url}/job/team/job/job/1/\n" in done.console
    assert done.console.endswith("Finished: SUCCESS\n")


def test_the_first_failing_step_ends_the_build(build: Callable[..., Build]) -> None:
    done = build(job("false; echo not reached", "echo second"))
    assert done.result == "FAILURE"
    assert "not reached\n" not in done.console
    assert "second" not in done.console
    assert "Build step 'Execute shell' marked build as failure\n" in done.console


def test_a_script_may_name_its_interpreter(build: Callable[..., Build]) -> None:
    done = build(job("#!/usr/bin/env python3\nprint(6 * 7)"))
    assert "\n42\n" in done.console


def test_an_interpreter_that_is_not_there_fails_the_build(build: Callable[..., Build]) -> None:
    done = build(job("#!/no/such/interpreter\n"))
    assert done.result == "FAILURE"
    assert "FATAL: " in done.console


def test_an_exit_code_may_mean_unstable(build: Callable[..., Build]) -> None:
    step = (
        "<hudson.tasks.Shell><command>exit 3</command><unstableReturn>3</unstableReturn></hudson.tasks.Shell>"
    )
    done = build(f"<project>{ROAM}<builders>{step}{SHELL.format('echo next')}</builders></project>")
    assert done.result == "UNSTABLE"
    assert "\nnext\n" in done.console


BINDINGS = """<buildWrappers><org.jenkinsci.plugins.credentialsbinding.impl.SecretBuildWrapper><bindings>
<org.jenkinsci.plugins.credentialsbinding.impl.StringBinding><credentialsId>text</credentialsId><variable>TEXT</variable>
</org.jenkinsci.plugins.credentialsbinding.impl.StringBinding>
<org.jenkinsci.plugins.credentialsbinding.impl.UsernamePasswordMultiBinding><credentialsId>pair</credentialsId>
<usernameVariable>U</usernameVariable><passwordVariable>P</passwordVariable>
</org.jenkinsci.plugins.credentialsbinding.impl.UsernamePasswordMultiBinding></bindings>
</org.jenkinsci.plugins.credentialsbinding.impl.SecretBuildWrapper></buildWrappers>"""


def test_credentials_are_bound_and_hidden(jenkins: SimulatedJenkins, build: Callable[..., Build]) -> None:
    jenkins.add_credentials("text", secret="t0psecret")
    jenkins.add_credentials("pair", username="ann", password="p4ss")
    done = build(job("echo $TEXT $U:$P; test $TEXT = t0p'secret'", extra=ROAM + BINDINGS))
    assert done.result == "SUCCESS"
    assert "\n**** ann:****\n" in done.console
    assert "t0psecret" not in done.console


def test_missing_credentials_fail_the_build(build: Callable[..., Build]) -> None:
    done = build(job("echo never", extra=ROAM + BINDINGS))
    assert done.result == "FAILURE"
    assert "Could not find credentials entry with ID 'text'" in done.console


REPORT = (
    '<testsuite name="s"><testcase classname="c" name="ok"/><testcase classname="c" name="bad">'
    '<failure message="m">boom</failure></testcase></testsuite>'
)
KEEP = """<publishers><hudson.tasks.ArtifactArchiver><artifacts>out/**/*.txt, *.xml</artifacts>
</hudson.tasks.ArtifactArchiver>
<hudson.tasks.junit.JUnitResultArchiver><testResults>TEST-*.xml</testResults>
</hudson.tasks.junit.JUnitResultArchiver></publishers>"""


def test_files_and_reports_are_kept(jenkins: SimulatedJenkins, build: Callable[..., Build]) -> None:
    done = build(job(f"mkdir -p out/a; echo hi >out/a/b.txt; echo '{REPORT}' >TEST-a.xml", extra=ROAM + KEEP))
    assert done.result == "UNSTABLE"
    auth = (jenkins.user, jenkins.token)
    url = f"{jenkins.url}/job/job/lastBuild"
    assert requests.get(f"{url}/artifact/out/a/b.txt", auth=auth, timeout=30).text == "hi\n"
    report = requests.get(f"{url}/testReport/api/json", auth=auth, timeout=30).json()
    assert (report["failCount"], report["passCount"]) == (1, 1)
    assert [case["status"] for case in report["suites"][0]["cases"]] == ["PASSED", "FAILED"]


def test_nothing_to_keep_is_a_failure(build: Callable[..., Build]) -> None:
    assert build(job("true", extra=ROAM + KEEP)).result == "FAILURE"


def repository(path: Path, content: str) -> str:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words],
            cwd=path,
            check=True,
            capture_output=True,
        )

    if not path.exists():
        path.mkdir()
        git("init", "--quiet", "--initial-branch=main")
    (path / "file").write_text(content + "\n")
    git("add", "file")
    git("commit", "--quiet", "-m", "one")
    return path.as_uri()


def test_a_push_builds_what_was_pushed(
    jenkins: SimulatedJenkins, post: Callable[..., requests.Response], tmp_path: Path
) -> None:
    url = repository(tmp_path / "repo", "first")
    scm = f"""<scm class="hudson.plugins.git.GitSCM"><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>
    <url>{url}</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs>
    <branches><hudson.plugins.git.BranchSpec><name>*/main</name></hudson.plugins.git.BranchSpec></branches></scm>
    <triggers><hudson.triggers.SCMTrigger><spec></spec></hudson.triggers.SCMTrigger></triggers>"""
    jenkins.create_item("job", job("cat file; git rev-parse HEAD; echo $GIT_BRANCH", extra=ROAM + scm))
    assert "Scheduled polling of job" in post(f"/git/notifyCommit?url={url}").text
    first = jenkins.wait_for_build("job")
    assert first.result == "SUCCESS", first.console
    assert "\nfirst\n" in first.console
    assert "\norigin/main\n" in first.console
    repository(tmp_path / "repo", "second")
    post(f"/git/notifyCommit?url={url}")
    assert "\nsecond\n" in jenkins.wait_for_build("job", 2).console
    assert "No git jobs" in post("/git/notifyCommit?url=https://other").text


@pytest.mark.parametrize("clean", [True, False])
def test_a_checkout_may_clean_up_first(clean: bool, tmp_path: Path, build: Callable[..., Build]) -> None:
    url = repository(tmp_path / "repo", "one")
    extension = "<hudson.plugins.git.extensions.impl.CleanBeforeCheckout/>" if clean else ""
    scm = f"""<scm class="hudson.plugins.git.GitSCM"><userRemoteConfigs><hudson.plugins.git.UserRemoteConfig>
    <url>{url}</url></hudson.plugins.git.UserRemoteConfig></userRemoteConfigs><branches>
    <hudson.plugins.git.BranchSpec><name>main</name></hudson.plugins.git.BranchSpec></branches>
    <extensions>{extension}</extensions></scm>"""
    document = job("mkdir -p out; touch out/$BUILD_NUMBER; echo has $(ls out)", extra=ROAM + scm)
    assert "\nhas 1\n" in build(document).console
    second = build(document, number=2).console
    assert ("\nhas 2\n" if clean else "\nhas 1 2\n") in second


def test_a_running_build_can_be_stopped(
    jenkins: SimulatedJenkins, post: Callable[..., requests.Response]
) -> None:
    jenkins.create_item("long", job("sleep 60"))
    post("/job/long/build?delay=0sec")
    assert post("/job/long/lastBuild/stop").status_code == 302
    assert jenkins.wait_for_build("long").result == "ABORTED"


@pytest.fixture
def dial_in(
    jenkins: SimulatedJenkins, post: Callable[..., requests.Response]
) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(name: str, secret: str = "") -> subprocess.Popen[bytes]:
        post(
            f"/computer/createItem?name={name}",
            data=NODE.format("linux"),
            headers={"Content-Type": "application/xml"},
        )
        words = ["--url", jenkins.url, "--name", name, "--secret", secret or jenkins.computer(name).secret]
        process = subprocess.Popen(
            [sys.executable, "-m", "jobdsl.testing.agent", *words, "--retry", "0.1"], stderr=subprocess.PIPE
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


LINUX = "<assignedNode>linux</assignedNode><canRoam>false</canRoam>"


def test_an_agent_dials_in_and_runs_builds(
    jenkins: SimulatedJenkins, build: Callable[..., Build], dial_in: Callable[..., subprocess.Popen[bytes]]
) -> None:
    dial_in("one")
    extra = LINUX + KEEP.partition("<hudson.tasks.junit")[0] + "</publishers>"
    done = build(job("echo on $NODE_NAME; echo hi >out.xml", extra=extra))
    assert done.result == "SUCCESS", done.console
    assert done.node == "one"
    assert "\non one\n" in done.console
    assert done.artifacts == {"out.xml": b"hi\n"}


def test_an_agent_keeps_its_secret_from_its_builds_and_from_its_arguments(
    jenkins: SimulatedJenkins,
    build: Callable[..., Build],
    post: Callable[..., requests.Response],
    dial_in: Callable[..., subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JENKINS_SECRET", "of-the-environment")
    secret = tmp_path / "secret"
    secret.write_text(jenkins.add_node("one", NODE.format("linux")).secret + "\n")
    dial_in("one", f"@{secret}")
    done = build(job("echo in ${JENKINS_SECRET:-no} environment", extra=LINUX))
    assert (done.result, done.node) == ("SUCCESS", "one"), done.console
    assert "\nin no environment\n" in done.console


def test_a_killed_agent_fails_its_build(
    jenkins: SimulatedJenkins,
    post: Callable[..., requests.Response],
    dial_in: Callable[..., subprocess.Popen[bytes]],
) -> None:
    process = dial_in("one")
    jenkins.create_item("long", job("echo started; sleep 60", extra=LINUX))
    post("/job/long/build?delay=0sec")
    with jenkins.changed:
        jenkins.changed.wait_for(
            lambda: "started\n" in "".join(build.console for build in jenkins.scheduler.running), 20
        )
    os.kill(process.pid, signal.SIGKILL)
    done = jenkins.wait_for_build("long")
    assert done.result == "FAILURE"
    assert "FATAL: command execution failed" in done.console
    assert not jenkins.computer("one").online


def test_a_deleted_node_fails_its_build_and_the_agent_keeps_trying(
    jenkins: SimulatedJenkins,
    post: Callable[..., requests.Response],
    dial_in: Callable[..., subprocess.Popen[bytes]],
) -> None:
    process = dial_in("one")
    jenkins.create_item("long", job("echo started; sleep 60", extra=LINUX))
    post("/job/long/build?delay=0sec")
    with jenkins.changed:
        jenkins.changed.wait_for(
            lambda: "started\n" in "".join(build.console for build in jenkins.scheduler.running), 20
        )
    assert post("/computer/one/doDelete").status_code == 302
    assert jenkins.wait_for_build("long").result == "FAILURE"
    assert process.stderr is not None
    assert process.stderr.readline().startswith((b"reconnect rejected", b"connection lost"))
    assert process.poll() is None


def test_a_wrong_secret_is_rejected_and_tried_again(
    jenkins: SimulatedJenkins, dial_in: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = dial_in("one", "wrong")
    assert process.stderr is not None
    assert [process.stderr.readline().split(b" (")[0] for _ in range(2)] == [b"reconnect rejected"] * 2
    assert not jenkins.computer("one").online


def test_a_matrix_runs_its_configurations(jenkins: SimulatedJenkins, build: Callable[..., Build]) -> None:
    values = "<values><string>10</string><string>11</string></values>"
    axis = f"<hudson.matrix.TextAxis><name>PY</name>{values}</hudson.matrix.TextAxis>"
    step = SHELL.format("echo python3.$PY; test $PY = 10")
    done = build(
        f"<matrix-project>{ROAM}<axes>{axis}</axes><builders>{step}</builders><publishers/><buildWrappers/></matrix-project>"
    )
    assert done.result == "FAILURE"
    assert [(run.item.name, run.result) for run in done.runs] == [("PY=10", "SUCCESS"), ("PY=11", "FAILURE")]
    assert "\npython3.11\n" in done.runs[1].console
    url = f"{jenkins.url}/job/job/PY=11/1/api/json?tree=fullDisplayName,result"
    answer = requests.get(url, auth=(jenkins.user, jenkins.token), timeout=30).json()
    assert answer["result"] == "FAILURE"
    assert list(jenkins.items) == ["job"]
