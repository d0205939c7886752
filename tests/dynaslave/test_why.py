"""Every reason a controller gives for an item that waits, and what it tells of the item's label."""
# ruff: noqa: RUF001 - the quotation marks are the ones Jenkins prints

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaslave.controller.why import NOTHING, Hint, NodeIndex, Placement, hint, resolve
from dynaslave.model import JenkinsNode
from jobdsl.grammar.labels import Atom, parse


def node(name: str, *labels: str) -> JenkinsNode:
    return JenkinsNode(name, frozenset({name, *labels}), 1, connected=True)


BUILT_IN = JenkinsNode("Built-In Node", frozenset({"built-in"}), 2, connected=True)
NODES = NodeIndex.of([BUILT_IN, node("lc1", "lc"), node("rec-node"), node("ag1", "linux", "team-a")])
ALONE = NodeIndex.of([BUILT_IN])


def label(text: str) -> Placement:
    return Placement(True, parse(text))


@pytest.mark.parametrize(
    ("why", "told"),
    [
        # Recorded of a 2.568.2.
        ("‘Jenkins’ doesn’t have label ‘team-c&&big’", label("team-c&&big")),
        ("There are no nodes with the label ‘linux&&gpu’", label("linux&&gpu")),
        ("There are no nodes with the label ‘no-such-label’", label("no-such-label")),
        ("All nodes of label ‘team-b’ are offline", label("team-b")),
        ("‘lc1’ is offline", label("lc")),
        ("‘rec-node’ is offline", label("rec-node")),
        ("‘ag1’ is offline", label("linux&&team-a")),
        ("Waiting for next available executor on ‘Built-In Node’", label("built-in")),
        ("In the quiet period. Expires in 3.8 sec", NOTHING),
        ("In the quiet period. Expires in 4 min 58 sec", NOTHING),
        ("Finished waiting", NOTHING),
        ("Build #1 is already in progress (ETA: N/A)", NOTHING),
        ("A build is already in progress", NOTHING),
        # The other phrases of its Messages.properties.
        ("Waiting for next available executor on ‘linux’", label("linux")),
        ("Waiting for next available executor on ‘linux->(gpu||!arm)’", label("linux->(gpu||!arm)")),
        ("Waiting for next available executor on ‘ag1’", label("linux&&team-a")),
        ("Waiting for next available executor", Placement(True)),
        ("‘Built-In Node’ doesn’t have label ‘linux<->gpu’", label("linux<->gpu")),
        ('‘ag1’ doesn’t have label ‘"two words"||x’', label('"two words"||x')),
        ("‘ag1’ is reserved for jobs with matching label expression", Placement(True)),
        ("‘ag1’ is not accepting tasks", NOTHING),
        ("‘anonymous’ lacks permission to run on ‘ag1’", NOTHING),
        ("‘gone-node’ is offline", NOTHING),
        ("Upstream project ‘base’ is already building", NOTHING),
        ("Downstream project ‘app’ is already building", NOTHING),
        ("Blocked by ‘Deploy lock’", NOTHING),
        ("Jenkins is about to shut down", NOTHING),
        ("Executor slot already in use", NOTHING),
        ("Exception evaluating if the node can take the task", NOTHING),
        ("ag7 has been removed from configuration", NOTHING),
        ("Must run on ag7 not ag1", label("ag7")),
        ("Stopping part of x #3", NOTHING),
        ("???", NOTHING),
        ("", NOTHING),
        # Several at once, sorted and cut by the controller.
        ("‘ag1’ doesn’t have label ‘mac’; ‘lc1’ doesn’t have label ‘mac’", label("mac")),
        ("‘ag1’ is not accepting tasks; ‘lc1’ doesn’t have label ‘linux’", label("linux")),
        (
            "‘ag1’ is not accepting tasks; ‘lc1’ is reserved for jobs with matching label expression",
            Placement(True),
        ),
        ("‘a’ doesn’t have label ‘x’; ‘b’ doesn’t have label ‘x’; ... and 7 more", label("x")),
        # Older controllers name without quotation marks; some routes leave plain ones.
        ("master doesn’t have label linux&&gpu", label("linux&&gpu")),
        ("'master' doesn't have label 'linux'", label("linux")),
        ("Waiting for next available executor on linux||mac", label("linux||mac")),
        ("Waiting for next available executor on master", label("built-in")),
        ("lc1 is offline", label("lc")),
        ('All nodes of label "two words" are offline', label('"two words"')),
        # Another language, or a label nobody can read back.
        ("Es gibt keine Knoten mit dem Label „linux“", NOTHING),
        ("There are no nodes with the label ‘it's’", NOTHING),
    ],
)
def test_a_reason_tells(why: str, told: Placement) -> None:
    assert resolve(hint(why), NODES) == told


def test_without_agents_no_executor_may_mean_any_label() -> None:
    """Queue.BuildableItem.getCauseOfBlockage forgets the label where only the built-in node exists."""
    assert resolve(hint("Waiting for next available executor"), ALONE) == NOTHING
    assert resolve(hint("‘Jenkins’ doesn’t have label ‘team-b’"), ALONE) == label("team-b")


def test_a_node_of_the_name_of_a_label_is_the_node() -> None:
    nodes = NodeIndex.of([node("linux", "linux", "big")])
    assert resolve(Hint("place", "linux"), nodes) == label("big")


@given(st.text(max_size=40), st.sampled_from(["", "; ", "‘x’ doesn’t have label ‘", " is offline"]))
def test_any_text_is_read(text: str, more: str) -> None:
    for nodes in (NODES, ALONE):
        told = resolve(hint(text + more + text), nodes)
        assert told.known or told.label is None


@given(st.sampled_from(["a&&b", "!a", "(a||b)&&!c", '"a b"', "a->b", "a<->b<->c"]))
def test_a_printed_expression_is_read_back(text: str) -> None:
    assert resolve(hint(f"‘x’ doesn’t have label ‘{text}’"), NODES).label == parse(text)


def test_a_node_without_other_labels_stands_for_itself() -> None:
    assert resolve(hint("‘rec-node’ is offline"), NODES).label == Atom("rec-node")
