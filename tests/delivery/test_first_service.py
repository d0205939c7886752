"""docs/first-service.md, run as it stands: AWS and a controller on loopback, a service to production."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import pytest
import requests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "first-service.md").read_text("utf-8")
BIN = Path(sys.executable).parent


@contextmanager
def server(command: str, place: Path, environment: dict[str, str]) -> Iterator[list[str]]:
    """A server of the page on a free port; gives the lines it prints first."""
    words = shlex.split(re.sub(r"--port \d+", "--port 0", command))
    process = subprocess.Popen(
        [sys.executable, *words[1:]], cwd=place, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield [process.stdout.readline().strip() for _ in range(3)]
    finally:
        process.terminate()
        process.communicate(timeout=20)


def commands(word: str) -> list[str]:
    """The lines of the page that are commands and contain a word."""
    return [line[2:] for line in PAGE.splitlines() if line.startswith("$ ") and word in line]


def wait_for(url: str, job: str) -> str:
    """The result of a job's first build, once it is over."""
    for _ in range(600):
        answer = requests.get(f"{url}/job/{job}/lastBuild/api/json", auth=("admin", "first"), timeout=10)
        if answer.ok and answer.json()["result"]:
            return str(answer.json()["result"])
        Event().wait(0.2)  # for a process that nothing else tells of
    raise AssertionError(f"{job} did not end")


@pytest.mark.slow
def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("JENKINS_", "AWS_"))},
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }

    def run(command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    (tmp_path / "estate").mkdir()
    run(f"cp -r {ROOT}/examples/fleet/services/hello .")
    for command in commands("git -C hello"):
        run(command)
    with ExitStack() as stack:
        (aws,) = commands("-m delivery.testing")
        lines = stack.enter_context(server(aws, tmp_path, environment))
        (exports,) = {line for line in PAGE.splitlines() if line.startswith("export AWS_ENDPOINT_URL")}
        assert lines[0].partition("=")[0] == exports.partition("=")[0]
        for line in commands("export AWS_"):
            environment |= dict(pair.split("=") for pair in line.split()[1:])
        environment["AWS_ENDPOINT_URL"] = lines[0].partition("=")[2]
        (controller,) = commands("-m jobdsl.testing")
        url = stack.enter_context(server(controller, tmp_path, environment))[0].removeprefix("url ")
        (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
        (tmp_path / "estate/jobs.py").write_text(source.replace("/home/me/first", str(tmp_path)), "utf-8")
        environment |= {"JENKINS_URL": url, "JENKINS_USER": "admin", "JENKINS_TOKEN": "first"}
        run("jobdsl apply estate --yes")
        for command, jobs in zip(
            commands("curl -X POST"),
            (("hello-main", "hello-bake", "hello-test"), ("hello-production",)),
            strict=True,
        ):
            requests.post(
                command.split('"')[1].replace("$JENKINS_URL", url), auth=("admin", "first"), timeout=10
            ).raise_for_status()
            assert [wait_for(url, job) for job in jobs] == ["SUCCESS"] * len(jobs)
        (listed,) = commands("delivery list")
        assert "hello-test-v000" in run(listed)
        make, bake, deploy, status = commands("make -C hello") + commands("estate/delivery.toml --")[-3:]
        run(make)
        image = run(bake).split()[-1]
        run(deploy.replace("ami-...", image))
        groups = json.loads(run(f"{status} --json"))["groups"]
        assert [group["name"] for group in groups if group["takes_traffic"]][-1:] == ["hello-test-v001"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "99999"], "a port is 0 to 65535"),
        (["--seconds", "-1"], "give 0 to 3600"),
        (["--app", "a-b"], "an application has no hyphen"),
        (["--settings", __file__], "it exists"),
    ],
)
def test_wrong_arguments_of_the_server(arguments: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "delivery.testing", *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
