"""python-jenkins as it comes talks to the simulated controller as to a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jenkins  # type: ignore[import-untyped]
import pytest

from jobdsl.testing import ManualClock, SimulatedJenkins

FREE = "<project><description>d</description><canRoam>true</canRoam></project>"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def simulated(clock: ManualClock) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=clock) as running:
        yield running


@pytest.fixture(params=["token", "password"])
def server(simulated: SimulatedJenkins, request: pytest.FixtureRequest) -> Iterator[Any]:
    word = simulated.token if request.param == "token" else simulated.password
    client: Any = jenkins.Jenkins(simulated.url, simulated.user, word, timeout=30)
    yield client
    client._session.close()


def test_jobs(server: Any) -> None:
    assert server.get_whoami()["id"] == "admin"
    assert server.get_version() == "2.568.2"
    server.create_folder("team")
    server.create_job("team/job", FREE)
    assert server.job_exists("team/job")
    assert "<description>d</description>" in server.get_job_config("team/job")
    server.reconfig_job("team/job", FREE.replace(">d<", ">e<"))
    assert server.get_job_info("team/job")["description"] == "e"
    server.copy_job("team/job", "team/copy")
    server.rename_job("team/copy", "team/other")
    assert [job["fullname"] for job in server.get_all_jobs()] == ["team", "team/job", "team/other"]
    server.disable_job("team/job")
    assert not server.get_job_info("team/job")["buildable"]
    server.delete_job("team")
    assert server.jobs_count() == 0
    with pytest.raises(jenkins.JenkinsException, match="500"):
        server.create_job("bad", "<no.such.Job/>")


def test_builds(server: Any, clock: ManualClock) -> None:
    server.create_job("job", FREE)
    number = server.build_job("job")
    assert server.get_queue_item(number)["why"].startswith("In the quiet period")
    clock.advance(5)
    assert server.get_queue_item(number)["executable"]["number"] == 1
    assert server.get_running_builds() == []  # it asks for "(master)", which is 404 by now
    clock.advance(2)
    assert server.get_build_info("job", 1)["result"] == "SUCCESS"
    assert server.get_build_console_output("job", 1).endswith("Finished: SUCCESS\n")
    server.build_job("job")
    server.cancel_queue(server.get_queue_info()[0]["id"])
    assert server.get_queue_info() == []


def test_nodes_views_and_plugins(server: Any, simulated: SimulatedJenkins) -> None:
    server.create_node("agent", labels="linux big", numExecutors=3, launcher=jenkins.LAUNCHER_JNLP)
    info = server.get_node_info("agent")
    assert {label["name"] for label in info["assignedLabels"]} == {"agent", "big", "linux"}
    assert (info["numExecutors"], info["offline"]) == (3, True)
    simulated.connect_agent("agent")
    server.disable_node("agent", "later")
    assert server.get_node_info("agent")["offlineCauseReason"] == "later"
    server.enable_node("agent")
    server.delete_node("agent")
    assert [node["name"] for node in server.get_nodes()] == ["Built-In Node"]
    server.create_view("mine", jenkins.EMPTY_VIEW_CONFIG_XML)
    assert server.view_exists("mine")
    server.delete_view("mine")
    assert not server.view_exists("mine")
    assert server.get_plugins()["git"]["version"] == "5.10.1"
