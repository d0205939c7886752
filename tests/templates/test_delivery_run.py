"""Chains of jobs that really run, with a stand-in for `delivery` that says what it was told and ends as it is bid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from templates_runs import repository, run

from jobdsl import steps
from jobdsl.templates import (
    Service,
    canary,
    deploy,
    resize,
    resume,
    rollback,
    service,
    terminate,
    traffic,
)
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build

pytestmark = pytest.mark.slow

HELLO = Path(__file__).parents[2] / "examples" / "fleet" / "services" / "hello"
STAND_IN = """#!/bin/sh
# Notes its arguments, one a line, and writes the files that delivery writes.
printf '%s\\n' "$@" -- >>"{log}"
command=$1
while [ "$#" -gt 0 ]; do
    case $1 in
    --result) printf '{{"outcome": "%s"}}' "$command" >"$2" ;;
    --properties) printf 'IMAGE=ami-%s\\nIMAGE_eu_west_1=ami-west\\nIMAGE_NAME=hello\\n' "$BUILD_NUMBER" >"$2" ;;
    --package) test -f "$2" || exit 2 ;;
    esac
    shift
done
if [ -f "{log}.exit" ]; then
    exit "$(cat "{log}.exit")"
fi
"""


@pytest.fixture
def jenkins() -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(run_steps=True) as running:
        yield running


class Delivery:
    """The stand-in, and what it was told."""

    def __init__(self, place: Path) -> None:
        self.tool = place / "delivery"
        self._log = place / "log"
        self.tool.write_text(STAND_IN.format(log=self._log))
        self.tool.chmod(0o755)

    def ends(self, code: int) -> None:
        self._log.with_name("log.exit").write_text(str(code))

    def calls(self) -> list[list[str]]:
        text = self._log.read_text() if self._log.exists() else ""
        return [call.split("\n") for call in text.split("\n--\n") if call]


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


def option(call: list[str], name: str) -> str:
    return call[call.index(name) + 1]


def made(jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path, **more: Any) -> Service:
    """A service whose repository is here, with all its jobs on the controller."""
    source = tmp_path / "hello"
    source.mkdir()
    for file in HELLO.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
        (source / file.name).chmod(file.stat().st_mode)
    given = {"artifact": "dist/*.tar.gz", "tool": str(delivery.tool), **more}
    jobs = service("hello", repo=repository(source), build="make", **given)
    for job in jobs:
        jenkins.create_item(f"apps/{job.name}", job.xml)
    return jobs


def built(jenkins: SimulatedJenkins, name: str, number: int = 1) -> Build:
    build = jenkins.wait_for_build(f"apps/hello-{name}", number)
    assert build.result == "SUCCESS", build.console
    return build


def test_a_commit_gets_to_test_and_waits_there(
    jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path
) -> None:
    made(jenkins, delivery, tmp_path, region="eu-west-1")
    jenkins.build("apps/hello-main")
    assert list(built(jenkins, "main").artifacts) == ["dist/hello-1.1.tar.gz"]
    baked = built(jenkins, "bake")
    assert "bake.properties" in baked.artifacts
    assert not any(one.name == "package" for one in Path(tmp_path).rglob("package"))
    tested = built(jenkins, "test")
    assert json.loads(tested.artifacts["deploy.json"]) == {"outcome": "deploy"}
    assert tested.artifacts["image.properties"] == b"IMAGE=ami-west\nCLUSTER=hello\n"
    bake, deployed = delivery.calls()
    assert bake[0] == "bake"
    assert option(bake, "--package").endswith("/hello-1.1.tar.gz")
    assert (option(bake, "--job"), option(bake, "--build")) == ("hello-main", "1")
    assert len(option(bake, "--commit")) == 40
    assert deployed[0] == "deploy"
    assert option(deployed, "--image") == "ami-west"
    assert option(deployed, "--cluster") == "hello"
    assert option(deployed, "--account") == "test"
    assert jenkins.builds("apps/hello-production") == []

    jenkins.build("apps/hello-production")
    production = built(jenkins, "production")
    assert production.artifacts["image.properties"].startswith(b"IMAGE=ami-west\n")
    asked = delivery.calls()[-1]
    assert (option(asked, "--image"), option(asked, "--account")) == ("ami-west", "production")
    assert option(asked, "--change-request") == ""


@pytest.mark.parametrize("region", [None, "eu-west-1"])
def test_a_commit_gets_to_test_without_parameters(
    region: str | None, jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path
) -> None:
    made(jenkins, delivery, tmp_path, hand_on="artifacts", region=region)
    jenkins.build("apps/hello-main")
    commit = built(jenkins, "main").commit
    assert "commit.properties" in built(jenkins, "main").artifacts
    built(jenkins, "bake")
    tested = built(jenkins, "test")
    image = b"ami-west" if region else b"ami-1"
    assert tested.artifacts["image.properties"] == b"IMAGE=" + image + b"\nCLUSTER=hello\n"
    bake, deployed = delivery.calls()
    assert (option(bake, "--job"), option(bake, "--build")) == ("hello-main", "1")
    assert option(bake, "--commit") == commit
    assert option(bake, "--package").endswith("/hello-1.1.tar.gz")
    assert option(deployed, "--image") == image.decode()
    jenkins.build("apps/hello-test")
    assert built(jenkins, "test", 2).artifacts["image.properties"].startswith(b"IMAGE=" + image)


def test_production_takes_nothing_that_no_test_found_good(
    jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path
) -> None:
    made(jenkins, delivery, tmp_path)
    jenkins.build("apps/hello-production")
    refused = jenkins.wait_for_build("apps/hello-production")
    assert refused.result == "FAILURE"
    assert "hello-test has found none good so far" in refused.console
    assert delivery.calls() == []


def test_a_build_that_fails_is_not_baked(
    jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path
) -> None:
    made(jenkins, delivery, tmp_path, test="exit 1")
    jenkins.build("apps/hello-main")
    assert jenkins.wait_for_build("apps/hello-main").result == "FAILURE"
    assert jenkins.builds("apps/hello-bake") == []


def test_several_packages_are_not_guessed_between(
    jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path
) -> None:
    made(jenkins, delivery, tmp_path, package="make dist && cp dist/*.gz dist/other.tar.gz")
    jenkins.build("apps/hello-main")
    refused = jenkins.wait_for_build("apps/hello-bake")
    assert refused.result == "FAILURE"
    assert "must leave one file that matches dist/*.tar.gz" in refused.console
    assert delivery.calls() == []


@pytest.mark.parametrize(
    ("template", "code", "result", "kept"),
    [
        (deploy, 0, "SUCCESS", True),
        (deploy, 3, "FAILURE", False),
        (deploy, 4, "SUCCESS", False),
        (deploy, 5, "FAILURE", False),
        (canary, 0, "SUCCESS", True),
        (canary, 3, "FAILURE", False),
        (canary, 4, "SUCCESS", False),
        (rollback, 0, "SUCCESS", False),
        (rollback, 1, "FAILURE", False),
        (resume, 0, "SUCCESS", False),
        (resume, 3, "FAILURE", False),
        (resume, 4, "SUCCESS", False),
        (resume, 6, "SUCCESS", False),
        (resume, 1, "FAILURE", False),
        (rollback, 6, "FAILURE", False),
        (deploy, 6, "FAILURE", False),
    ],
)
def test_how_a_command_ends_is_how_its_build_ends(
    template: Any, code: int, result: str, *, kept: bool, jenkins: SimulatedJenkins, delivery: Delivery
) -> None:
    delivery.ends(code)
    job = template("act", cluster="hello", tool=str(delivery.tool))
    asked = {deploy: {"IMAGE": "ami-1"}, canary: {"IMAGE": "ami-1"}, rollback: {"REASON": "", "TO": ""}}
    done = run(jenkins, job, **asked.get(template, {}))
    assert done.result == result, done.console
    assert ("image.properties" in done.artifacts) is kept
    assert "deploy.json" in done.artifacts


def test_delivery_and_its_settings_are_not_in_the_workspace(
    jenkins: SimulatedJenkins, delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "delivery.toml").write_text("[accounts.test]\n")
    monkeypatch.chdir(tmp_path)
    job = deploy("d", cluster="hello", tool=str(delivery.tool), settings="delivery.toml")
    job.steps.after("prepare", steps.shell("git init --quiet . && git clean --quiet -ffdx && ls -A"))
    done = run(jenkins, job, IMAGE="ami-1")
    assert done.result == "SUCCESS", done.console
    (call,) = delivery.calls()
    assert Path(option(call, "--settings")).read_text() == "[accounts.test]\n"
    assert Path(option(call, "--settings")).parent.parent.name == "d@tmp"


def test_a_rollback_says_why_and_where_to(jenkins: SimulatedJenkins, delivery: Delivery) -> None:
    job = rollback("back", cluster="hello", tool=str(delivery.tool))
    assert run(jenkins, job, REASON="it's slow", TO="hello-v001").result == "SUCCESS"
    (call,) = delivery.calls()
    assert call[:3] == ["rollback", "--cluster", "hello"]
    assert (option(call, "--reason"), option(call, "--to")) == ("it's slow", "hello-v001")


def test_parameters_change_one_deploy(jenkins: SimulatedJenkins, delivery: Delivery) -> None:
    job = deploy("adjusted", cluster="hello", tool=str(delivery.tool), adjustable=True)
    settings = "instance_types=m6i.large,m7i.large\r\n\r\nuser_data=echo it's $HOME; `id`\r\nEND\r\n"
    assert run(jenkins, job, IMAGE="ami-1", SET=settings, IGNORE_ALARM="p95 of it's\n5xx").result == "SUCCESS"
    assert run(jenkins, job, IMAGE="ami-1", SET="", IGNORE_ALARM="").result == "SUCCESS"
    adjusted, plain = delivery.calls()
    given = [word for at, word in enumerate(adjusted) if at and adjusted[at - 1] == "--set"]
    assert given == ["instance_types=m6i.large,m7i.large", "user_data=echo it's $HOME; `id`", "END"]
    ignored = [word for at, word in enumerate(adjusted) if at and adjusted[at - 1] == "--ignore-alarm"]
    assert ignored == ["p95 of it's", "5xx"]
    assert not {"--set", "--ignore-alarm"} & {*plain}


def test_clean_up_asks_first_unless_it_is_told_not_to(jenkins: SimulatedJenkins, delivery: Delivery) -> None:
    from jobdsl.templates import ami_cleanup, group_cleanup

    jobs = [ami_cleanup(tool=str(delivery.tool)), group_cleanup(tool=str(delivery.tool), options="--limit 5")]
    for job in jobs:
        jenkins.create_item(job.name, job.xml)
        jenkins.build(job.name)
        assert jenkins.wait_for_build(job.name).result == "SUCCESS"
    run(jenkins, jobs[0], APPLY="true")
    assert delivery.calls() == [
        ["clean", "amis"], ["clean", "groups", "--limit", "5", "--apply"], ["clean", "amis", "--apply"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "parameters", "words"),
    [
        (resize, {"GROUP": "cart-v001", "DESIRED": "3"}, ["--group", "cart-v001", "--desired", "3"]),
        (
            resize,
            {"GROUP": "a b; exit 1", "MIN": "1", "MAX": "$(id)"},
            ["--group", "a b; exit 1", "--min", "1", "--max", "$(id)"],
        ),
        (traffic, {"GROUP": "cart-v001", "DIRECTION": "off"}, ["--group", "cart-v001", "off"]),
        (terminate, {"INSTANCE": "i-0123456789abcdef0"}, ["--instance", "i-0123456789abcdef0"]),
    ],
)
def test_single_changes_are_asked_for_by_parameters(
    jenkins: SimulatedJenkins, delivery: Delivery, make: Any, parameters: dict[str, str], words: list[str]
) -> None:
    job = make("change", cluster="cart", tool=str(delivery.tool), console=True)
    build = run(jenkins, job, REQUESTED_BY="alice", **parameters)
    assert build.result == "SUCCESS", build.console
    (call,) = delivery.calls()
    assert call[0] == make.__name__
    at = call.index("--yes")
    assert call[at + 1 : at + 1 + len(words)] == words
