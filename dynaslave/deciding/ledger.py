"""The ledger: nodes and instances joined to agents, each in exactly one state; and what belongs to nothing.

Every launched executor is counted once: as free, or as on its way until its deadline has passed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dynaslave.deciding.holds import NOTHING, Hold
from dynaslave.deciding.tuning import Tuning
from dynaslave.model import Agent, AgentState, Instance, JenkinsNode, Offline
from dynaslave.pools.pool import AgentPool

__all__ = ["AgentHistory", "Ledger", "exists", "is_coming", "is_serving", "join", "launch_time", "why_of"]

_COMING = (AgentState.REQUESTED, AgentState.PENDING, AgentState.BOOTING)
_SERVING = (AgentState.IDLE, AgentState.BUSY)
_ENDED = ("stopping", "terminated")


class AgentHistory(NamedTuple):
    """What earlier polls have shown of an agent."""

    state: AgentState
    since: float
    useful: float
    """When something last ran there."""
    served: bool
    """Whether its agent has ever been there."""
    missed: bool = False
    """Whether its boot deadline has passed and was reported."""
    uses: int = 0
    """Builds it has taken."""
    builds: frozenset[str] = frozenset()
    """Marks of the builds that ran at the last poll."""
    doomed: bool = False
    """Whether the cloud has announced that it takes its machine away."""
    worked: bool = False
    """Whether anything ever ran there."""
    hold: Hold = NOTHING
    """What ran there and may go on."""
    gone: float | None = None
    """Since when its agent is not connected though it was, or a build holds it; None while it is."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Everything of ours at one moment."""

    agents: tuple[Agent, ...]
    others: tuple[JenkinsNode, ...]
    """Nodes that are not ours."""
    strays: tuple[Instance, ...]
    """Living instances without a node."""
    doubles: tuple[Instance, ...]
    """Living instances that claim a node which has one, or which is not ours: counted, and left alone."""
    adoptions: tuple[tuple[Instance, JenkinsNode], ...]
    """Instances of an interrupted launch, each with a node of the same launch."""
    claimed_twice: frozenset[str]
    """Nodes that more than one living instance claims."""


def launch_time(node: JenkinsNode, instance: Instance, before: AgentHistory | None, now: float) -> float:
    """Return when an instance was launched, by the manager's clock.

    The cloud's clock may be ahead or behind. The launch came after its node was created, and before the
    instance was first seen; both moments are the manager's own.
    """
    launched = min(max(instance.launched, node.created), now)
    if before is not None and before.state in (AgentState.PENDING, AgentState.BOOTING):
        return min(launched, before.since)
    return launched


def join(
    nodes: Iterable[JenkinsNode],
    instances: Iterable[Instance],
    pools: Mapping[str, AgentPool],
    now: float,
    seen: Mapping[str, AgentHistory],
    tuning: Tuning,
) -> Ledger:
    """Join nodes and instances to agents. `seen`: what earlier polls have shown, by node."""
    ours = {node.name: node for node in nodes if node.pool}
    others = tuple(node for node in nodes if not node.pool)
    claims = _Claims(ours, {node.name for node in others}, instances)
    adoptions = claims.adopt(ours)
    judge = _Judge(pools, now, seen, tuning)
    return Ledger(
        tuple(judge.agent(node, claims.owner.get(name)) for name, node in ours.items()),
        others,
        tuple(claims.strays),
        tuple(claims.doubles),
        adoptions,
        frozenset(double.node for double in claims.doubles if double.node in ours),
    )


_RANK = {"running": 0, "pending": 1, "stopping": 2, "terminated": 3}


def _best_first(instance: Instance) -> tuple[int, float, str]:
    return (_RANK[instance.state], instance.launched, instance.id)


class _Claims:
    """Which instance belongs to which node."""

    def __init__(
        self, ours: Mapping[str, JenkinsNode], others: set[str], instances: Iterable[Instance]
    ) -> None:
        self.owner: dict[str, Instance] = {}
        self.strays: list[Instance] = []
        self.doubles: list[Instance] = []
        for instance in sorted(instances, key=_best_first):
            alive = instance.state not in _ENDED
            if instance.node in ours and instance.node not in self.owner:
                self.owner[instance.node] = instance
            elif alive and (instance.node in ours or instance.node in others):
                self.doubles.append(instance)
            elif alive:
                self.strays.append(instance)

    def adopt(self, ours: Mapping[str, JenkinsNode]) -> tuple[tuple[Instance, JenkinsNode], ...]:
        """Give strays without a node to nodes of their launch that have nothing behind them."""
        waiting: dict[tuple[str, str], list[JenkinsNode]] = {}
        intents = {instance.intent for instance in self.strays if not instance.node and instance.intent}
        for name, node in sorted(ours.items(), reverse=True) if intents else ():
            empty = name not in self.owner and not node.connected and node.offline is Offline.NO
            if node.intent in intents and empty:
                waiting.setdefault((node.pool, node.intent), []).append(node)
        adoptions, unadopted = [], []
        for instance in self.strays:
            empty_nodes = waiting.get((instance.pool, instance.intent)) if not instance.node else None
            if not empty_nodes:
                unadopted.append(instance)
                continue
            node = empty_nodes.pop()
            adoptions.append((instance, node))
            self.owner[node.name] = instance
        self.strays = unadopted
        return tuple(adoptions)


class _Judge:
    """Determines the state of an agent, since when, and until when it may be."""

    def __init__(
        self,
        pools: Mapping[str, AgentPool],
        now: float,
        seen: Mapping[str, AgentHistory],
        tuning: Tuning,
    ) -> None:
        self.pools = pools
        self.now = now
        self.seen = seen
        self.tuning = tuning

    def agent(self, node: JenkinsNode, instance: Instance | None) -> Agent:
        before = self.seen.get(node.name)
        state = self.state(node, instance, before)
        since = self.since(state, node, instance, before)
        deadline = self.deadline(state, since, node, instance)
        given_up = self.given_up(node, instance, before)
        return Agent(
            name=node.name,
            pool=node.pool,
            state=state,
            since=since,
            executors=node.executors,
            labels=node.labels,
            node=node,
            instance=instance,
            deadline=deadline,
            given_up=given_up,
        )

    def state(self, node: JenkinsNode, instance: Instance | None, before: AgentHistory | None) -> AgentState:
        if instance is not None and instance.state in _ENDED:
            return AgentState.GONE
        if node.offline is not Offline.NO:
            return AgentState.HELD if node.offline is Offline.OTHERS else AgentState.DRAINING
        if node.connected:
            return AgentState.BUSY if node.busy else AgentState.IDLE
        if instance is None:
            return AgentState.REQUESTED
        if node.busy or (before is not None and before.served):
            return AgentState.LOST
        if instance.state == "pending":
            return AgentState.PENDING
        # Nobody who has just begun to look knows whether it was ever there: then it gets time to come back.
        launched = launch_time(node, instance, before, self.now)
        late = self.now > launched + self.boot_seconds(node)
        return (
            AgentState.LOST
            if late and (before is None or before.state is AgentState.LOST)
            else AgentState.BOOTING
        )

    def since(
        self, state: AgentState, node: JenkinsNode, instance: Instance | None, before: AgentHistory | None
    ) -> float:
        if state in (AgentState.PENDING, AgentState.BOOTING) and instance is not None:
            return launch_time(node, instance, before, self.now)
        if before is not None and before.state is state:
            return min(before.since, self.now)
        if state is AgentState.REQUESTED and before is None and node.created:
            return min(node.created, self.now)
        return self.now

    def deadline(
        self, state: AgentState, since: float, node: JenkinsNode, instance: Instance | None
    ) -> float | None:
        if state is AgentState.REQUESTED:
            return since + self.tuning.request_deadline
        if state in (AgentState.LOST, AgentState.GONE):
            return since + self.tuning.reconnect_deadline
        if state in (AgentState.PENDING, AgentState.BOOTING) and instance is not None:
            return since + self.boot_seconds(node)
        return None

    def boot_seconds(self, node: JenkinsNode) -> float:
        """Return how long the agent of a node may take to dial in."""
        pool = self.pools.get(node.pool)
        return 60 * pool.boot_minutes if pool else self.tuning.undeclared_boot_deadline

    def given_up(
        self, node: JenkinsNode, instance: Instance | None, before: AgentHistory | None
    ) -> float | None:
        """When a build that holds an executor of a node without an agent is given up.

        A Pipeline does so for ever: Jenkins lets it fail, or try again, once the node is removed.
        """
        if node.connected or not node.busy or node.offline is Offline.OTHERS:
            return None
        since = self.now if before is None or before.gone is None else before.gone
        ended = instance is None or instance.state in _ENDED
        return since + (self.tuning.reconnect_deadline if ended else self.tuning.abandon_deadline)


def why_of(agent: Agent) -> str:
    """Return why an agent does not come, as the end of a sentence; empty where the reason is unknown."""
    why = agent.instance.notes.get("why", "") if agent.instance else ""
    return f": {why}" if why else ""


def exists(agent: Agent) -> bool:
    """Return whether something of it runs, or may.

    A node does not count whose instance has ended, nor one without any that another user marked offline.
    """
    is_abandoned = agent.state is AgentState.HELD and agent.instance is None and not agent.node.connected
    return agent.state is not AgentState.GONE and not is_abandoned


def is_coming(agent: Agent, now: float, tuning: Tuning) -> bool:
    """Whether its executors are on their way, and in time."""
    if agent.state is AgentState.LOST:
        return now <= agent.since + tuning.lost_grace
    return agent.state in _COMING and agent.deadline is not None and now <= agent.deadline


def is_serving(agent: Agent) -> bool:
    """Whether it takes builds."""
    return agent.state in _SERVING
