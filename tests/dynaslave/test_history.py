"""A controller's builds as a trace that the simulation reads."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynaslave.cli.main import run
from dynaslave.controller.history import read
from dynaslave.pools.pool import make
from dynaslave.trace import read_csv
from jobdsl.controller.jenkins import Controller, connect
from jobdsl.testing import ManualClock, SimulatedJenkins

POOLS = [make({"name": "heavy", "label": "linux big", "max_agents": 3})]
JOB = "<project><assignedNode>{label}</assignedNode><canRoam>false</canRoam></project>"
PIPELINE = "<flow-definition><definition class='org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition'/></flow-definition>"


@pytest.fixture
def site() -> Iterator[tuple[SimulatedJenkins, ManualClock, Controller]]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=120) as jenkins:
        yield jenkins, clock, connect(jenkins.url, jenkins.user, jenkins.token)


def build(jenkins: SimulatedJenkins, clock: ManualClock, name: str, label: str = "built-in") -> None:
    if name not in jenkins.items:
        jenkins.create_item(name, JOB.format(label=label) if label else PIPELINE)
    jenkins.scheduler.schedule(jenkins.item(name), user="x", quiet=0)
    clock.advance(200)
    jenkins.builds(name)


def test_builds_of_every_folder_are_found(site: tuple[SimulatedJenkins, ManualClock, Controller]) -> None:
    jenkins, clock, controller = site
    deep = "/".join("abcdefgh")
    for name in ("one", "folder/two", f"{deep}/three"):
        build(jenkins, clock, name)
    controller.requests = 0
    found = read(controller, POOLS, since=0)
    assert [(one.submit, one.duration, one.job) for one in found.builds] == [
        (0, 120, "one"),
        (200, 120, "folder/two"),
        (400, 120, f"{deep}/three"),
    ]
    assert controller.requests <= 3


def test_labels_tell_the_pool(site: tuple[SimulatedJenkins, ManualClock, Controller]) -> None:
    jenkins, clock, controller = site
    jenkins.computers.built_in.labels |= {"linux", "big", "other"}
    build(jenkins, clock, "a", "linux &amp;&amp; big")
    build(jenkins, clock, "b", "other")
    found = read(controller, POOLS, since=0)
    assert [(one.pool, one.label) for one in found.builds] == [("heavy", "linux && big"), ("other", "other")]


def test_only_what_was_asked_for(site: tuple[SimulatedJenkins, ManualClock, Controller]) -> None:
    jenkins, clock, controller = site
    for _ in range(5):
        build(jenkins, clock, "one")
    assert len(read(controller, POOLS, since=0, most=2).builds) == 2
    assert len(read(controller, POOLS, since=clock.now() - 500).builds) == 2
    assert read(controller, POOLS, since=clock.now()).builds == ()
    build(jenkins, clock, "flow", "")
    assert read(controller, POOLS, since=0).left_out == 1


def test_the_command_writes_what_simulate_reads(
    site: tuple[SimulatedJenkins, ManualClock, Controller], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jenkins, clock, _ = site
    build(jenkins, clock, "one")
    where = ["--url", jenkins.url, "--user", jenkins.user, "--token", jenkins.token, "--days", "100000"]
    assert run(["history", *where]) == 0
    trace = read_csv(io.StringIO(capsys.readouterr().out))
    assert [one.job for one in trace.builds] == ["one"]
    assert run(["history", *where, "--out", str(tmp_path / "trace.csv")]) == 0
    assert (tmp_path / "trace.csv").read_text().startswith("submit_s,duration_s,pool")
    assert run(["history"]) == 1
