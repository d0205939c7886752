"""A controller, a cloud, and the actor on both."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from dynaslave.acting.executor import Actor
from dynaslave.controller.nodes import Nodes
from dynaslave.deciding.decisions import (
    Decision,
    Launch,
    Report,
)
from dynaslave.model import Instance
from dynaslave.pools.pool import make
from dynaslave.provider import Offer
from dynaslave.simulated.provider import SimulatedCloud
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins

POOL = make({"name": "heavy", "max_agents": 99, "instance_types": ["c7i.large", "c6i.large"]})
JOB = "<project><assignedNode>heavy</assignedNode><canRoam>false</canRoam></project>"
BIG, SMALL = Offer("c7i.large"), Offer("c6i.large")


class Stage:
    """A controller, a cloud and who acts on both."""

    def __init__(self, jenkins: SimulatedJenkins, clock: ManualClock) -> None:
        self.jenkins = jenkins
        self.clock = clock
        self.cloud = SimulatedCloud(clock=clock.now, jenkins=jenkins, boot=(60, 60))
        controller = connect(jenkins.url, jenkins.user, jenkins.token, patience=0)
        self.nodes = Nodes(controller, "main")
        numbers = count(1)
        self.actor = Actor(
            self.nodes,
            self.cloud,
            url=jenkins.url,
            clock=clock.now,
            new_intent=lambda: f"launch{next(numbers):04}",
        )
        self.may_act: Callable[[], bool] = lambda: True

    def do(self, *decisions: Decision) -> list[Report]:
        return self.actor.perform(decisions, {"heavy": POOL}, lambda: self.may_act())

    def one(self, decision: Decision) -> Report:
        (report,) = self.do(decision)
        assert report.decision is decision
        return report

    def launched(self, agents: int = 1) -> list[str]:
        """Names of agents that are online."""
        before = set(self.jenkins.computers.agents)
        assert self.one(Launch("heavy", agents, "needed")).error == ""
        self.clock.advance(61)
        self.cloud.tick()
        return sorted(set(self.jenkins.computers.agents) - before)

    def busy(self, name: str) -> bool:
        return bool(self.jenkins.scheduler.on(self.jenkins.computer(name)))

    def start_build(self) -> None:
        self.jenkins.create_item(f"job{len(self.jenkins.items)}", JOB)
        self.jenkins.build(f"job{len(self.jenkins.items) - 1}")

    def instance(self, node: str) -> Instance:
        return next(one for one in self.cloud.list() if one.node == node)
