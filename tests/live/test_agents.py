"""Nodes as the manager of agents creates, marks and removes them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from dynaslave.controller.nodes import KeptError, Nodes
from dynaslave.model import Offline
from dynaslave.pools.pool import make
from jobdsl.controller.jenkins import Controller

pytestmark = pytest.mark.slow


def test_nodes_are_created_marked_and_removed(controller: Controller) -> None:
    manager = f"jobdsl-test-{uuid4().hex[:8]}"
    pool = make({"name": manager, "max_agents": 4, "label": f"{manager}-label"})
    controller.inventory()  # whose answer says which version it is
    nodes = Nodes(controller, manager)
    names = [f"{manager}-{number}" for number in range(3)]
    try:
        for name in names:
            nodes.create(pool, name, "intent", 1_790_000_000.0, "/tmp/agent")
            nodes.create(pool, name, "intent", 1_790_000_000.0, "/tmp/agent")  # the same again is no error
        node = nodes.poll(names[0])
        assert node is not None
        assert (node.pool, node.intent, node.connected) == (manager, "intent", False)
        assert f"{manager}-label" in controller.labels()
        assert len(nodes.secret(names[0])) == 64

        assert nodes.mark(names[0], "scale in").offline is Offline.OURS
        assert nodes.unmark(names[0], "wanted again").offline is not Offline.OURS
        with pytest.raises(KeptError):
            Nodes(controller, f"{manager}-other").ours(names[0])
    finally:
        for name in names:
            nodes.delete(name)
    assert [nodes.poll(name) for name in names] == [None] * 3
    computers = controller.json("computer/api/json", "computer[displayName]", "list the nodes")["computer"]
    assert not {computer["displayName"] for computer in computers} & set(names)
