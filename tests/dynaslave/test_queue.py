"""Queue items out of what a controller's API says: recorded answers first, then whatever may come."""
# ruff: noqa: RUF001 - the quotation marks are the ones Jenkins prints

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.controller.queue import TREE, queue_items
from dynaslave.model import JenkinsNode, QueueItem, Running
from jobdsl.grammar.labels import Atom, parse

RECORDED = {
    entry["name"]: entry["response"]["body"]
    for file in ("queue", "lifecycle")
    for entry in json.loads((Path(__file__).parents[1] / "recordings" / f"{file}.json").read_text("utf-8"))
}
BUILT_IN = JenkinsNode("Built-In Node", frozenset({"built-in"}), 2, connected=True)
LC1 = JenkinsNode("lc1", frozenset({"lc", "lc1"}), 1, connected=False)


def by_id(items: tuple[QueueItem, ...]) -> dict[int, QueueItem]:
    return {item.id: item for item in items}


def labels(items: tuple[QueueItem, ...]) -> dict[int, str | None]:
    return {item.id: str(item.label) if item.label else None for item in items}


def test_recorded_labels_of_every_kind_of_item() -> None:
    items = queue_items(RECORDED["queue/labels_tree"], [BUILT_IN])
    assert labels(items) == {
        13: "team-c&&big",  # Pipeline steps and matrix configurations: by their reason
        12: "team-b",
        11: "team-f",
        9: "team-e",
        8: "team-d",
        5: "team-a&&linux",
    }
    assert all(item.ready and item.known for item in items)
    first = by_id(items)[11]
    assert (first.name, first.since) == ("ql-folder/in", 1795426955.596)


def test_what_the_controllers_script_says_counts_first() -> None:
    said = {13: "big", "12": None, 11: 5}
    items = by_id(queue_items(RECORDED["queue/labels_tree"], [BUILT_IN], said))
    assert items[13].label == Atom("big")
    assert (items[12].label, items[12].known) == (None, True)
    assert items[11].label == Atom("team-f")  # an odd answer is none


def test_recorded_states() -> None:
    items = queue_items(
        RECORDED["queue/t2_mixed"], [BUILT_IN, JenkinsNode("rec-node", frozenset({"rec-node"}), 1, False)]
    )
    ready = {item.id for item in items if item.ready}
    found = by_id(items)
    assert {17, 18, 19} <= ready  # their quiet period is over
    assert 16 not in ready  # its is not
    assert 11 not in ready  # blocked
    assert (found[15].ready, found[15].label) == (True, Atom("rec-node"))


def test_a_booting_agents_name_stands_for_its_labels() -> None:
    items = queue_items(RECORDED["lifecycle/queue_node_created_agent_not_connected"], [BUILT_IN, LC1])
    assert [item.label for item in items] == [Atom("lc")]


def one(task: dict[str, Any], why: str = "", kind: str = "BuildableItem", **more: Any) -> QueueItem:
    item = {"_class": f"hudson.model.Queue${kind}", "id": 1, "task": task, "why": why, **more}
    return queue_items({"items": [item]}, [BUILT_IN, LC1])[0]


FREESTYLE = {"_class": "hudson.model.FreeStyleProject", "name": "x", "url": "http://j/job/x/"}


def test_a_job_without_a_label_may_run_anywhere() -> None:
    item = one({**FREESTYLE, "labelExpression": None}, "Waiting for next available executor")
    assert (item.label, item.known, item.ready) == (None, True, True)
    assert one({**FREESTYLE, "labelExpression": "  "}).known


def test_a_job_tied_to_the_built_in_node_is_not_one_for_anywhere() -> None:
    """canRoam=false without a label: the API shows no expression, the reason shows the node."""
    why = "Waiting for next available executor on ‘Built-In Node’"
    assert one({**FREESTYLE, "labelExpression": None}, why).label == Atom("built-in")


def test_an_expression_the_controller_takes_for_one_label() -> None:
    assert one({**FREESTYLE, "labelExpression": "two words"}).label == Atom("two words")
    assert one({**FREESTYLE, "labelExpression": "a -> b"}).label == parse("a->b")


def test_a_pipeline_step_nobody_tells_about_is_unknown() -> None:
    step = {"_class": "x.ExecutorStepExecution$PlaceholderTask", "name": "part of p #1", "url": "job/p/1/"}
    assert not one(step, "‘lc1’ is not accepting tasks").known
    assert one(step, "Waiting for next available executor").known  # there is an agent: no label then
    assert one(step, "Waiting for next available executor").label is None


def test_a_matrix_configuration_goes_by_its_reason_alone() -> None:
    task = {"_class": "hudson.matrix.MatrixConfiguration", "name": "label=a", "labelExpression": None}
    assert one(task, "All nodes of label ‘a’ are offline").label == Atom("a")
    assert not one(task, "Finished waiting", "WaitingItem").known


@pytest.mark.parametrize(
    "kind", ["org.jenkinsci.plugins.workflow.job.WorkflowJob", "hudson.matrix.MatrixProject"]
)
def test_one_off_tasks_need_no_agent(kind: str) -> None:
    assert not one({"_class": kind, "name": "p"}, "Waiting for next available executor").ready


def test_a_matrix_parent_tied_to_a_label_needs_one() -> None:
    item = one({"_class": "hudson.matrix.MatrixProject", "name": "m", "labelExpression": "mac"})
    assert (item.ready, item.label) == (True, Atom("mac"))


@pytest.mark.parametrize(
    ("kind", "why", "more", "ready"),
    [
        ("BuildableItem", "‘lc1’ is offline", {"stuck": True}, True),
        ("BuildableItem", "‘lc1’ is offline", {"pending": True}, False),
        ("BuildableItem", "Jenkins is about to shut down", {}, False),
        ("BlockedItem", "Build #1 is already in progress (ETA: N/A)", {}, False),
        ("WaitingItem", "In the quiet period. Expires in 3.8 sec", {}, False),
        ("WaitingItem", "Finished waiting", {}, True),
    ],
)
def test_ready_is_what_lacks_only_an_executor(kind: str, why: str, more: dict[str, Any], ready: bool) -> None:
    assert one({**FREESTYLE, "labelExpression": "lc"}, why, kind, **more).ready == ready


def test_a_job_that_runs_will_be_blocked_when_its_quiet_period_is_over() -> None:
    busy = JenkinsNode("a", frozenset({"a"}), 1, True, running=(Running("http://j/job/x/12/", 0),))
    item = {"_class": "hudson.model.Queue$WaitingItem", "id": 1, "task": FREESTYLE, "why": "Finished waiting"}
    assert not queue_items({"items": [item]}, [busy])[0].ready


def test_without_a_class_the_flags_tell() -> None:
    flags = {"id": 1, "task": FREESTYLE, "buildable": True, "blocked": False}
    assert queue_items({"items": [flags]})[0].ready
    assert not queue_items({"items": [{**flags, "buildable": False, "blocked": True}]})[0].ready


def test_what_left_the_queue_is_not_in_it() -> None:
    assert queue_items({"items": [{"_class": "hudson.model.Queue$LeftItem", "id": 1}]}) == ()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["_class", "id", "why", "task", "buildable", "pending", "inQueueSince", "blocked"])
tasks = st.dictionaries(
    st.sampled_from(["_class", "name", "fullName", "url", "labelExpression"]), json_values
)
entries = st.dictionaries(keys, st.one_of(json_values, tasks)) | json_values


@given(
    st.one_of(json_values, st.fixed_dictionaries({"items": st.lists(entries)})),
    st.dictionaries(st.integers(), json_values),
)
def test_nothing_an_answer_holds_is_too_odd(answer: Any, told: dict[int, Any]) -> None:
    for item in queue_items(answer, [BUILT_IN], told):
        assert isinstance(item, QueueItem)
        assert item.known or item.label is None


def test_the_tree_names_everything_that_is_read() -> None:
    assert all(word in TREE for word in ("why", "labelExpression", "pending", "inQueueSince", "fullName"))
