"""Builders of looks, nodes and machines for tests of the decision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dynaslave.deciding.boot_times import Boot, Boots
from dynaslave.deciding.decide import decide
from dynaslave.deciding.decisions import (
    Decision,
    Launch,
)
from dynaslave.deciding.memory import Memory
from dynaslave.deciding.outcome import Outcome
from dynaslave.drain_reasons import Why
from dynaslave.model import Instance, JenkinsNode, Offline, QueueItem, Running, Snapshot
from dynaslave.pools.limits import Limits, TypeFacts
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import Offer
from jobdsl.grammar.labels import parse

NOW = 1_000_000.0
LIMITS = Limits(types={"c7i.large": TypeFacts(2, 0.1), "c7i.xlarge": TypeFacts(4, 0.2)})
OFFERS = (Offer("c7i.large", "a"), Offer("c7i.xlarge", "a"))


def pool(name: str = "p", **more: Any) -> AgentPool:
    return make({"name": name, "max_agents": 10, "instance_types": ["c7i.large", "c7i.xlarge"], **more})


def items(count: int, label: str | None = "p", **more: Any) -> list[QueueItem]:
    expr = None if label is None else parse(label)
    return [QueueItem(at, f"job{at}", expr, NOW - 60 + at, **more) for at in range(1, count + 1)]


def node(name: str, of: str = "p", labels: Iterable[str] = (), **more: Any) -> JenkinsNode:
    values: dict[str, Any] = {
        "executors": 1,
        "connected": True,
        "pool": of,
        "intent": "t1",
        "created": NOW - 900,
    }
    values.update(more)
    values.setdefault("idle", not values.get("running") and not values.get("one_off"))
    return JenkinsNode(name, frozenset({name, *(labels or ([of] if of else []))}), **values)


def machine(name: str, of: str = "p", **more: Any) -> Instance:
    values: dict[str, Any] = {"state": "running", "launched": NOW - 900, "node": name, "type": "c7i.large"}
    values.update(more)
    return Instance(f"i-{name}", of, values.pop("intent", "t1"), **values)


def build(left: float | None = None, number: int = 1) -> Running:
    """A build that should end in so many seconds."""
    return Running(f"http://j/job/x/{number}/", NOW - 100, None if left is None else 100 + left)


def drained(name: str, why: Why = Why.SURPLUS, **more: Any) -> JenkinsNode:
    return node(name, offline=Offline.OURS, reason=f"dynaslave: {why.says('x')}", **more)


def booted(*seconds: float) -> Boots:
    """Experience of agents that took so long."""
    return Boots(tuple(Boot(NOW - 9000 + at, f"p-b{at}", each) for at, each in enumerate(seconds)))


def look(
    queue: Iterable[QueueItem] = (),
    nodes: Iterable[JenkinsNode] = (),
    machines: Iterable[Instance] | None = None,
    at: float = NOW,
    **more: Any,
) -> Snapshot:
    """A look; each node of ours has its machine unless told otherwise."""
    nodes = tuple(nodes)
    if machines is None:
        machines = [machine(one.name, one.pool, intent=one.intent) for one in nodes if one.pool]
    return Snapshot(at, tuple(queue), nodes, tuple(machines), **more)


def decided(
    snapshot: Snapshot, *pools: AgentPool, memory: Memory | None = None, limits: Limits = LIMITS
) -> Outcome:
    return decide(snapshot, pools or (pool(),), memory or Memory(), limits)


def counts(outcome: Outcome) -> dict[str, int]:
    return {one.pool: one.count for one in outcome.decisions if isinstance(one, Launch)}


def kinds(outcome: Outcome) -> list[tuple[type[Decision], str]]:
    return [
        (type(one), getattr(one, "node", "") or getattr(one, "instance", "")) for one in outcome.decisions
    ]
