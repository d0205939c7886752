"""Nodes from the JSON of a controller."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.controller.computers import node, nodes
from dynaslave.controller.marks import NodeMarker
from dynaslave.model import JenkinsNode, Offline, Running
from jobdsl.errors import ControllerError

RECORDINGS = Path(__file__).parents[1] / "recordings"
MARKER = NodeMarker("main", "heavy-1", "heavy", "abc1", 1_790_000_000.0)
ENTRY: dict[str, Any] = {
    "_class": "hudson.slaves.SlaveComputer",
    "absoluteRemotePath": "/agents/x",
    "assignedLabels": [{"name": "linux"}, {"name": "heavy-1"}],
    "description": f"Build agent.\n{MARKER}",
    "displayName": "heavy-1",
    "executors": [{"idle": True, "currentExecutable": None}],
    "idle": True,
    "numExecutors": 1,
    "offline": False,
    "offlineCauseReason": "",
    "oneOffExecutors": [],
    "temporarilyOffline": False,
}


def recorded(name: str) -> Any:
    exchanges = json.loads((RECORDINGS / f"{name.partition('/')[0]}.json").read_text("utf-8"))
    return next(one["response"]["body"] for one in exchanges if one["name"] == name)


def test_a_recorded_list_of_nodes() -> None:
    built_in, made = nodes(recorded("computer/computers_tree"), "main")
    assert built_in == JenkinsNode("Built-In Node", frozenset({"built-in"}), 2, connected=True)
    assert made == JenkinsNode("xmlnode", frozenset({"linux", "xmlnode", "pool-a"}), 2, connected=False)


def test_recorded_builds_that_hold_executors() -> None:
    found = {one.name: one for one in nodes(recorded("computer/all_busy_tree"), "main")}
    assert found["Built-In Node"].running == (
        Running("{url}/job/rec-sleep/1/", 1795426095.461, resumes=False),
        Running("{url}/job/rec-blocked/1/", 1795426095.469, resumes=False),
    )
    assert not found["Built-In Node"].idle
    assert found["Built-In Node"].executors == 2
    assert found["ag1"].busy is False


@pytest.mark.parametrize(
    ("name", "connected", "reason"),
    [
        ("lifecycle/node_tempoffline_busy", True, "scale-in"),
        ("lifecycle/node_after_agent_kill", False, "scale-in"),
        ("computer/ag1_after_toggle", True, "maintenance by test"),
    ],
)
def test_of_a_marked_node_the_path_tells_whether_its_agent_is_there(
    name: str, connected: bool, reason: str
) -> None:
    body = recorded(name)
    body["executors"] = [{"idle": body["idle"]}]  # they were recorded without fields
    found = node(body, "main")
    assert (found.connected, found.offline, found.reason) == (connected, Offline.OTHERS, reason)


def test_a_node_whose_agent_is_gone_is_not_marked() -> None:
    body = recorded("computer/ag1_after_disconnect")
    body["executors"] = []
    found = node(body, "main")
    assert (found.connected, found.offline) == (False, Offline.NO)


def test_a_node_of_ours() -> None:
    found = node(ENTRY, "main")
    assert (found.manager, found.pool, found.intent, found.created) == (
        "main",
        "heavy",
        "abc1",
        1_790_000_000.0,
    )


def test_another_managers_node_is_not_ours() -> None:
    found = node(ENTRY, "second")
    assert (found.manager, found.pool, found.intent, found.created) == ("main", "", "", 0.0)


def test_a_copy_of_our_node_is_not_ours() -> None:
    assert node(ENTRY | {"displayName": "copy"}, "main").manager == ""


@pytest.mark.parametrize(
    ("reason", "whose"),
    [("dynaslave: idle", Offline.OURS), ("disk is full", Offline.OTHERS), ("", Offline.OTHERS)],
)
def test_whose_mark_it_is(reason: str, whose: Offline) -> None:
    entry = ENTRY | {"offline": True, "temporarilyOffline": True, "offlineCauseReason": reason}
    assert node(entry, "main").offline is whose


@pytest.mark.parametrize("build", [None, {}, {"url": None, "timestamp": None}, "?"])
def test_who_holds_an_executor_without_a_name_is_busy(build: Any) -> None:
    """A build that is about to start, or that this account may not see."""
    entry = ENTRY | {"executors": [{"idle": False, "currentExecutable": build}]}
    found = node(entry, "main")
    assert found.running == (Running("", 0.0),)
    assert found.busy


def test_what_runs_beside_the_executors_counts() -> None:
    build = {"url": "http://x/job/p/1/", "timestamp": 5000, "estimatedDuration": 60000}
    found = node(ENTRY | {"oneOffExecutors": [{"idle": False, "currentExecutable": build}]}, "main")
    assert found.one_off == (Running("http://x/job/p/1/", 5.0, 60.0),)
    assert found.busy


def test_no_estimate_is_none() -> None:
    build = {"url": "u", "timestamp": 5000, "estimatedDuration": -1}
    found = node(ENTRY | {"executors": [{"idle": False, "currentExecutable": build}]}, "main")
    assert found.running == (Running("u", 5.0),)


NEEDED = (
    "assignedLabels",
    "displayName",
    "executors",
    "idle",
    "numExecutors",
    "offline",
    "oneOffExecutors",
    "temporarilyOffline",
)


@pytest.mark.parametrize("field", NEEDED)
def test_what_the_answer_lacks_is_an_error(field: str) -> None:
    entry = {key: value for key, value in ENTRY.items() if key != field}
    with pytest.raises(ControllerError, match=f"tells no {field} of a node"):
        nodes({"computer": [ENTRY, entry]}, "main")


def test_no_list_is_not_an_empty_list() -> None:
    assert nodes({"computer": []}, "main") == ()
    with pytest.raises(ControllerError, match="tells no computer"):
        nodes({}, "main")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(sorted(ENTRY)), JSON, JSON)
def test_any_json_is_a_node_or_an_error(field: str, value: Any, build: Any) -> None:
    entry = copy.deepcopy(ENTRY)
    entry["executors"] = [{"idle": False, "currentExecutable": build}]
    try:
        found = nodes({"computer": [entry | {field: value}]}, "main")
    except ControllerError:
        return
    assert len(found) == 1
