"""Launching: nodes first, as the durable intent; then instances; then each its node and secret.

Killed anywhere, it leaves what the next poll explains: nodes without instance that are removed or
given to instances of the same launch, and instances without node that are ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynaslave.acting.context import Turn, kind_of, told
from dynaslave.controller.nodes import KeptError
from dynaslave.deciding.decisions import Adopt, Launch, Report
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import LaunchRequest, ProviderError, Unavailable

__all__ = ["adopt", "launch"]


@dataclass(frozen=True, slots=True)
class _Batch:
    """One launch of one pool."""

    turn: Turn
    decision: Launch
    pool: AgentPool
    intent: str
    now: float

    def names(self) -> list[str]:
        short = self.intent[-8:]
        return [f"{self.pool.name}-{short}-{number}" for number in range(1, self.decision.count + 1)]

    def create(self, name: str) -> str:
        self.turn.nodes.create(self.pool, name, self.intent, self.now, self.turn.home(self.pool, name))
        return name

    def hand_over(self, pair: tuple[Instance, str]) -> None:
        self.turn.hand_over(pair[0], self.pool, pair[1])


def launch(turn: Turn, decision: Launch, pools: Mapping[str, AgentPool], intent: str, now: float) -> Report:
    """Start agents of a pool, as many as the cloud has."""
    pool = pools.get(decision.pool)
    if pool is None:
        return Report(decision, "the pool does not exist any more")
    batch = _Batch(turn, decision, pool, intent, now)
    created = turn.each(batch.create, batch.names())
    nodes = tuple(result for result in created if isinstance(result, str))
    troubles = [result for result in created if isinstance(result, Exception)]
    if not nodes:
        return Report(decision, _words(troubles), kind_of(troubles[0]))
    try:
        turn.gate()
        launched = turn.provider.launch(LaunchRequest(pool, len(nodes), intent, nodes, decision.avoid))
    except Unavailable as error:  # perhaps it did start some: their nodes wait for them
        return Report(decision, told(error), kind_of(error))
    except ProviderError as error:
        _remove(turn, nodes)
        return Report(decision, told(error), kind_of(error))
    pairs = list(zip(launched.instances, nodes, strict=False))
    troubles += [result for result in turn.each(batch.hand_over, pairs) if isinstance(result, Exception)]
    _remove(turn, nodes[len(pairs) :])
    errors = [*launched.refused.values(), *troubles]
    failure = kind_of(errors[0]) if errors else "other"
    return Report(decision, _words(troubles), failure, len(launched.instances), launched.refused)


def adopt(turn: Turn, decision: Adopt, pools: Mapping[str, AgentPool], instances: Sequence[Instance]) -> None:
    """Give an instance of an interrupted launch to a node of it. KeptError if anything changed."""
    instance = next((candidate for candidate in instances if candidate.id == decision.instance), None)
    if instance is None or instance.state not in ("pending", "running"):
        raise KeptError("the instance does not exist any more")
    if instance.node not in ("", decision.node):
        raise KeptError(f"the instance has the node {instance.node}")
    if any(other.node == decision.node and other.id != instance.id for other in instances):
        raise KeptError("the node has another instance")
    node = turn.nodes.ours(decision.node)
    if node.intent != instance.intent:
        raise KeptError("the node is of another launch")
    if node.connected:
        raise KeptError("the node has an agent already")
    if (pool := pools.get(node.pool)) is None:
        raise KeptError("the pool does not exist any more")
    turn.hand_over(instance, pool, decision.node)


def _remove(turn: Turn, nodes: Sequence[str]) -> None:
    """Remove nodes whose secret was not handed over. What cannot be removed now, the next poll finds."""
    for trouble in turn.each(turn.nodes.delete, nodes):
        if isinstance(trouble, Exception):
            told(trouble)


def _words(troubles: Sequence[Exception]) -> str:
    return "; ".join(dict.fromkeys(map(told, troubles)))
