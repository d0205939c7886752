"""A whole manager at a simulated controller and a simulated cloud."""

from __future__ import annotations

from itertools import count

from dynaslave.acting.executor import Actor
from dynaslave.controller.nodes import Nodes
from dynaslave.manager.costs import Costs, MemoryBook
from dynaslave.manager.loop import Dependencies, Manager
from dynaslave.manager.metrics import Metrics
from dynaslave.manager.observe import Observer
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from dynaslave.simulated.provider import SimulatedCloud
from jobdsl.aws.lease import LeaseError
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.builds import ParameterValue

POOLS = (
    make({"name": "linux", "max_agents": 8, "idle_minutes": 2, "instance_types": ["c7i.large"]}),
    make({"name": "big", "max_agents": 2, "executors": 2, "instance_types": ["m7i.large"], "team": "data"}),
)
JOB = (
    "<project><assignedNode>{label}</assignedNode><canRoam>false</canRoam>"
    "<concurrentBuild>true</concurrentBuild></project>"
)


class FakeLease:
    """A lease somebody else may hold."""

    def __init__(self) -> None:
        self.unanswered = self.refusal = ""
        self.ours = True
        self.asked = 0
        self.lost_after: int | None = None
        self.released = False

    def acquire(self) -> bool:
        if self.refusal:
            raise LeaseError(self.refusal)
        return self.ours

    def may_act(self) -> bool:
        self.asked += 1
        if self.refusal:
            raise LeaseError(self.refusal)
        if self.lost_after is not None and self.asked > self.lost_after:
            self.ours = False
        return self.ours

    def holder(self) -> str:
        return "" if self.ours else "host-b:1"

    def release(self) -> None:
        self.released = True


class Site:
    """A controller, a cloud, and managers that come and go."""

    def __init__(self, jenkins: SimulatedJenkins, clock: ManualClock) -> None:
        self.jenkins = jenkins
        self.clock = clock
        self.cloud = SimulatedCloud(clock=clock.now, jenkins=jenkins, boot=(60, 120), price=lambda _: 3.6)
        self.declared = Declared(POOLS, ManagerSettings())
        self.lease = FakeLease()
        self.metrics = Metrics()
        self._numbers = count(1)
        self.manager = self.start()

    def start(self) -> Manager:
        """Another manager, as after a restart."""
        controller = connect(self.jenkins.url, self.jenkins.user, self.jenkins.token, patience=0)
        actor = Actor(
            Nodes(controller, "main"),
            self.cloud,
            url=self.jenkins.url,
            clock=self.clock.now,
            new_intent=lambda: f"launch{next(self._numbers):04}",
        )
        self.manager = Manager(
            Dependencies(
                name="main",
                url=self.jenkins.url,
                provider=self.cloud,
                estate=lambda: self.declared,
                poll=Observer(controller, self.cloud, "main", clock=self.clock.now).poll,
                doer=actor,
                costs=Costs(MemoryBook()),
                lease=self.lease,
                metrics=self.metrics,
                clock=self.clock.now,
            )
        )
        return self.manager

    def build(self, label: str, times: int = 1) -> None:
        name = f"job-{label}-{len(self.jenkins.items)}"
        self.jenkins.create_item(name, JOB.format(label=label))
        item = self.jenkins.item(name)
        for at in range(times):
            self.jenkins.scheduler.schedule(item, user="x", quiet=0, parameters=parameters(at))

    def run(self, seconds: float, step: float = 5) -> None:
        for _ in range(int(seconds // step)):
            self.clock.advance(step)
            self.cloud.tick()
            self.manager.tick()

    @property
    def agents(self) -> list[str]:
        return sorted(self.jenkins.computers.agents)

    def results(self) -> list[str | None]:
        return [build.result for name in self.jenkins.items for build in self.jenkins.builds(name)]


def parameters(at: int) -> tuple[ParameterValue, ...]:
    return (ParameterValue("N", str(at), "hudson.model.StringParameterValue"),)
