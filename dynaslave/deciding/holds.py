"""Agents that are kept for a build: one that was interrupted may go on there, or an item names the node.

After a restart of the controller, or a lost connection, an agent seems idle until its Pipelines resume:
nothing runs there and the queue is empty (Jenkins 2.568: for seconds on an idle host, else longer).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from dynaslave.model import Agent, AgentState, QueueItem
from jobdsl.grammar.labels import Expr

__all__ = ["NOTHING", "Hold", "Kept", "follow", "keep"]

_UNKNOWN = ""
"""Stands for a build whose address Jenkins does not give, or for whatever ran before anybody looked."""


class Hold(NamedTuple):
    """What ran on an agent, and what of it may go on there."""

    running: frozenset[str] = frozenset()
    """Addresses of the builds that could resume, as of the last poll that saw its agent connected."""
    connected: bool = False
    """Whether its agent was connected at the last poll."""
    builds: frozenset[str] = frozenset()
    """Those of them that were interrupted and have not run again."""
    until: float = 0.0
    """When they are expected no more."""

    def holds(self, now: float) -> bool:
        """Return whether a build may still go on there."""
        return bool(self.builds) and now < self.until


def follow(before: Hold | None, agent: Agent, *, restarted: bool, now: float, patience: float) -> Hold:
    """Update what is known of an agent by one poll.

    Args:
        before: what earlier polls have shown; None for an agent never seen.
        agent: the agent now.
        restarted: whether the controller did not answer, or started again, since the last poll.
        now: the time of the poll.
        patience: seconds in which an interrupted build should run again.
    """
    node = agent.node
    running = frozenset(build.url for build in node.running if build.resumes)
    if before is None:
        unknown = frozenset([_UNKNOWN]) if restarted and not node.busy else frozenset[str]()
        return Hold(running, node.connected, unknown, now + patience if unknown else 0.0)
    if node.connected and before.connected and not restarted and not before.builds:
        return before if running == before.running else before._replace(running=running)
    missing_builds = before.builds - running if before.holds(now) else frozenset[str]()
    if node.busy:
        missing_builds -= {_UNKNOWN}
    broken = restarted or node.connected != before.connected
    missing = before.running - running if broken or not node.connected else frozenset[str]()
    builds = missing_builds | missing
    until = now + patience if broken and builds else before.until
    return Hold(running if node.connected else before.running | running, node.connected, builds, until)


NOTHING = Hold()
"""Of an agent that never ran a build."""


class Kept(NamedTuple):
    """Agents that must not be ended for want of work, and the items that can run on one of them only."""

    held: frozenset[str]
    """Agents on which a build may go on."""
    named: frozenset[str]
    """Agents that a queue item waits for: it cannot run elsewhere, or it ran there before."""
    hinted: frozenset[str]
    """Agents that Jenkins names in the reason why an item waits."""
    bound: Mapping[int, str]
    """By queue item: the agent it waits for."""

    @property
    def stay(self) -> frozenset[str]:
        """Agents whose pool, builds or number are no reason to go as yet."""
        return self.held | self.named

    @property
    def needed(self) -> frozenset[str]:
        """Agents that are no surplus."""
        return self.held | self.named | self.hinted


class Watched(Protocol):
    """What is remembered of an agent, as far as it is needed here."""

    @property
    def hold(self) -> Hold:
        """What ran there and may go on."""


def keep(
    agents: Sequence[Agent], queue: Iterable[QueueItem], seen: Mapping[str, Watched], now: float
) -> Kept:
    """Find the agents that builds need, ready to start or not."""
    held = {
        agent.name: hold
        for agent in agents
        if (hold := seen[agent.name].hold).builds and hold.holds(now) and agent.state is not AgentState.GONE
    }
    index = _Index({agent.name: agent for agent in agents}, held)
    named: set[str] = set()
    hinted: set[str] = set()
    bound: dict[int, str] = {}
    for item in queue:
        waits_for = index.waits_for(item)
        named.update(waits_for)
        if waits_for:
            bound[item.id] = item.node if item.node in waits_for else min(waits_for)
        if item.node in index.agents:
            hinted.add(item.node)
    return Kept(frozenset(held), frozenset(named), frozenset(hinted), bound)


class _Index:
    """Finds the agents an item can run on if it can run on few only."""

    def __init__(self, agents: Mapping[str, Agent], held: Mapping[str, Hold]) -> None:
        self.agents = agents
        self._by_label: dict[int, Collection[str]] = {}
        self._by_build: dict[str, list[str]] = {}
        for name, hold in held.items():
            for url in hold.builds:
                if "job/" in url:
                    self._by_build.setdefault(url[url.find("job/") :], []).append(name)

    def waits_for(self, item: QueueItem) -> Collection[str]:
        if item.build and (agents := self._by_build.get(item.build)):
            return agents
        if item.label is None or not item.known:
            return ()
        named_agents = self._by_label.get(id(item.label))
        if named_agents is None:
            named_agents = self._by_label[id(item.label)] = self._needs(item.label)
        return named_agents

    def _needs(self, label: Expr) -> Collection[str]:
        """The agents that fit by their own name only."""
        named = [self.agents[name] for name in label.atoms() if name in self.agents]
        return [
            agent.name
            for agent in named
            if label.matches(agent.labels) and not label.matches(agent.labels - {agent.name})
        ]
