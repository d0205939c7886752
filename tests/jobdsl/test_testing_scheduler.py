"""The simulated queue: many items and nodes, and parts of Pipelines that hold executors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.computers import Computer

NODE = "<slave><numExecutors>{}</numExecutors><mode>EXCLUSIVE</mode><label>{}</label></slave>"
JOB = "<project><quietPeriod>5</quietPeriod><assignedNode>{}</assignedNode><canRoam>false</canRoam></project>"
PART = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def jenkins(clock: ManualClock) -> Iterator[SimulatedJenkins]:
    with SimulatedJenkins(clock=clock, build_seconds=100) as running:
        yield running


def agent(jenkins: SimulatedJenkins, name: str, label: str, executors: int = 1) -> Computer:
    computer = jenkins.add_node(name, NODE.format(executors, label))
    jenkins.connect_agent(name)
    return computer


def ask(jenkins: SimulatedJenkins, path: str) -> Any:
    auth = (jenkins.user, jenkins.token)
    return requests.get(f"{jenkins.url}/{path}", auth=auth, timeout=30).json()


def test_many_builds_start_and_end_at_once(jenkins: SimulatedJenkins, clock: ManualClock) -> None:
    for number in range(40):
        agent(jenkins, f"n{number}", "linux", executors=50)
    jobs = [jenkins.create_item(f"j{number}", JOB.format("linux")) for number in range(2100)]
    for job in jobs:
        jenkins.scheduler.schedule(job, user="", quiet=5)
    assert len(jenkins.scheduler.running) == 0
    clock.advance(6)
    jenkins.scheduler.tick()
    assert len(jenkins.scheduler.running) == 2000
    assert Counter(build.node for build in jenkins.scheduler.running) == {f"n{n}": 50 for n in range(40)}
    assert [entry.item for entry in jenkins.scheduler.queue.items.values()] == jobs[2000:]
    clock.advance(100)
    jenkins.scheduler.tick()
    assert [build.item for build in jenkins.scheduler.running] == jobs[2000:]
    assert jenkins.builds("j0")[0].duration == 100


def test_a_label_is_compared_once_with_each_node(
    jenkins: SimulatedJenkins, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Counter[tuple[str, str | None]]()
    fits = Computer.fits

    def counted(self: Computer, label: str | None) -> bool:
        compared[self.name, label] += 1
        return fits(self, label)

    for number in range(30):
        agent(jenkins, f"n{number}", f"l{number % 10} linux")
    monkeypatch.setattr(Computer, "fits", counted)
    for number in range(300):
        jenkins.create_item(f"j{number}", JOB.format(f"l{number % 20}"))
        jenkins.build(f"j{number}")
    assert len(ask(jenkins, "queue/api/json?tree=items[id,why,stuck]")["items"]) == 270
    assert len(compared) == 31 * 20
    assert set(compared.values()) == {1}


def test_labels_are_followed(jenkins: SimulatedJenkins) -> None:
    jenkins.create_item("job", JOB.format("gpu"))
    jenkins.build("job")
    (entry,) = jenkins.scheduler.queue.items.values()
    agent(jenkins, "b", "linux")
    agent(jenkins, "a", "linux")
    jenkins.mark_offline("b", "no")
    jenkins.configure_node(jenkins.computer("b"), NODE.format(1, "gpu"))
    assert ask(jenkins, f"queue/item/{entry.id}/api/json?tree=why") == {
        "_class": "hudson.model.Queue$BuildableItem",
        "why": "\u2018b\u2019 is offline",
    }
    jenkins.delete_node("b")
    assert "no nodes with the label" in ask(jenkins, f"queue/item/{entry.id}/api/json?tree=why")["why"]
    jenkins.configure_node(jenkins.computer("a"), NODE.format(1, "gpu"))
    assert jenkins.builds("job")[0].node == "a"


def test_a_part_of_a_pipeline_holds_an_executor(jenkins: SimulatedJenkins, clock: ManualClock) -> None:
    agent(jenkins, "a", "linux")
    jenkins.create_item("f/pipe", "<flow-definition/>")
    jenkins.build("f/pipe")
    (whole,) = jenkins.builds("f/pipe")
    first, second = (jenkins.scheduler.add_part(whole, "linux") for _ in range(2))
    assert (first.state, second.state) == ("left", "buildable")
    tree = "tree=computer[displayName,idle,executors[currentExecutable[*]],oneOffExecutors[currentExecutable[url]]]"
    built_in, node = ask(jenkins, f"computer/api/json?{tree}")["computer"]
    url = f"{jenkins.url}/job/f/job/pipe/1/"
    assert built_in["oneOffExecutors"][0]["currentExecutable"]["url"] == url
    assert not node["idle"]
    assert node["executors"][0]["currentExecutable"] == {
        "_class": f"{PART}$PlaceholderExecutable",
        "displayName": "part of f » pipe #1",
        "estimatedDuration": -1,
        "fullDisplayName": "part of f » pipe #1",
        "number": 1,
        "timestamp": round(whole.started * 1000),
        "url": url,
    }
    clock.advance(100)
    assert len(jenkins.builds("f/pipe")) == 1
    assert (second.state, whole.building) == ("left", True)
    clock.advance(100)
    assert jenkins.builds("f/pipe")[0].result == "SUCCESS"
    assert whole.duration == 200


def pipeline_on(jenkins: SimulatedJenkins, label: str, name: str = "pipe") -> Any:
    jenkins.create_item(name, "<flow-definition/>")
    jenkins.build(name)
    (whole,) = jenkins.builds(name)
    jenkins.scheduler.add_part(whole, label)
    return whole


def shown(jenkins: SimulatedJenkins, name: str) -> dict[str, Any]:
    """A node as the API shows it, once more in one value."""
    query = "displayName,description,idle,offline,offlineCauseReason,executors[currentExecutable[url]]"
    computers = ask(jenkins, f"computer/api/json?tree=computer[{query}]")["computer"]
    return next((one for one in computers if one["displayName"] == name), {})


def test_a_part_holds_its_executor_while_its_agent_is_gone(
    jenkins: SimulatedJenkins, clock: ManualClock
) -> None:
    agent(jenkins, "a", "linux")
    whole = pipeline_on(jenkins, "linux")
    clock.advance(40)
    jenkins.connect_agent("a", connected=False)
    clock.advance(1000)
    assert not shown(jenkins, "a")["idle"]
    jenkins.connect_agent("a")
    clock.advance(59)
    assert jenkins.builds("pipe")[0].building
    clock.advance(2)
    jenkins.scheduler.tick()
    assert whole.result == "SUCCESS"


def test_a_part_fails_five_minutes_after_its_node_was_deleted(
    jenkins: SimulatedJenkins, clock: ManualClock
) -> None:
    agent(jenkins, "a", "linux")
    whole = pipeline_on(jenkins, "linux")
    jenkins.delete_node("a")
    clock.advance(299)
    ghost = shown(jenkins, "a")
    assert (ghost["idle"], ghost["description"], ghost["offlineCauseReason"]) == (
        False,
        "",
        "Node is being removed",
    )
    assert whole.building
    clock.advance(2)
    assert shown(jenkins, "a") == {}
    assert whole.result == "FAILURE"


def test_a_restart_ends_builds_and_lets_pipelines_go_on_where_they_ran(
    jenkins: SimulatedJenkins, clock: ManualClock
) -> None:
    agent(jenkins, "a", "linux")
    agent(jenkins, "b", "linux")
    whole = pipeline_on(jenkins, "linux")
    jenkins.create_item("free", JOB.format("linux"))
    jenkins.build("free")
    clock.advance(60)
    before = jenkins.session
    jenkins.restart(resume_seconds=90)
    assert jenkins.session != before
    assert jenkins.builds("free")[0].result == "ABORTED"
    jenkins.connect_agent("b")
    clock.advance(80)
    assert shown(jenkins, "a")["offline"]
    assert ask(jenkins, "queue/api/json?tree=items[id]")["items"] == []
    clock.advance(20)
    (item,) = ask(jenkins, "queue/api/json?tree=items[why,task[_class,name,url]]")["items"]
    assert item["why"] == "\u2018a\u2019 is offline"
    assert item["task"] == {"_class": PART, "name": "part of pipe #1", "url": "job/pipe/1/"}
    jenkins.connect_agent("a")
    assert not shown(jenkins, "a")["idle"]
    clock.advance(39)
    assert whole.building
    clock.advance(2)
    jenkins.scheduler.tick()
    assert whole.result == "SUCCESS"


def test_a_part_whose_node_does_not_come_back_fails(jenkins: SimulatedJenkins, clock: ManualClock) -> None:
    agent(jenkins, "a", "linux")
    whole = pipeline_on(jenkins, "linux")
    jenkins.restart(resume_seconds=10)
    jenkins.delete_node("a")
    clock.advance(11)
    jenkins.scheduler.tick()
    clock.advance(301)
    jenkins.scheduler.tick()
    assert whole.result == "FAILURE"


def test_nodes_that_are_deleted_at_once_leave_computers_behind(
    jenkins: SimulatedJenkins, clock: ManualClock
) -> None:
    names = [f"n{number}" for number in range(8)]
    for name in names:
        agent(jenkins, name, "linux")

    def delete(name: str) -> None:
        auth = (jenkins.user, jenkins.token)
        requests.post(f"{jenkins.url}/computer/{name}/doDelete", auth=auth, timeout=30, allow_redirects=False)

    delete("n0")
    assert shown(jenkins, "n0") == {}
    threads = [threading.Thread(target=delete, args=(name,)) for name in names[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not jenkins.computers.agents
    assert any(shown(jenkins, name) for name in names)
    clock.advance(181)
    assert not any(shown(jenkins, name) for name in names)


def test_a_monitor_takes_a_node_offline(jenkins: SimulatedJenkins) -> None:
    agent(jenkins, "a", "linux")
    jenkins.monitor_offline("a", "Disk space is below threshold of 1.00 GiB.")
    (node,) = [
        one
        for one in ask(
            jenkins, "computer/api/json?tree=computer[displayName,temporarilyOffline,offlineCause[timestamp]]"
        )["computer"]
        if one["displayName"] == "a"
    ]
    assert node["temporarilyOffline"]
    assert node["offlineCause"]["_class"] == "hudson.node_monitors.DiskSpaceMonitorDescriptor$DiskSpace"


def test_what_waits_and_runs_of_an_aborted_build_goes_with_it(jenkins: SimulatedJenkins) -> None:
    computer = agent(jenkins, "a", "linux")
    jenkins.create_item("pipe", "<flow-definition/>")
    jenkins.build("pipe")
    (whole,) = jenkins.builds("pipe")
    for _ in range(2):
        jenkins.scheduler.add_part(whole, "linux")
    jenkins.scheduler.stop(whole, "ann")
    assert whole.result == "ABORTED"
    assert not jenkins.scheduler.queue.items
    assert not jenkins.scheduler.on(computer)
    assert not len(jenkins.scheduler.running)


def test_a_deleted_pipeline_leaves_nothing_behind(jenkins: SimulatedJenkins) -> None:
    computer = agent(jenkins, "a", "linux")
    jenkins.create_item("pipe", "<flow-definition/>")
    jenkins.build("pipe")
    for _ in range(2):
        jenkins.scheduler.add_part(jenkins.builds("pipe")[0], "linux")
    jenkins.delete_item("pipe")
    assert not jenkins.scheduler.queue.items
    assert not jenkins.scheduler.on(computer)
