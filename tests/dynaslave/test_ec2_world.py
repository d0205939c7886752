"""The whole manager on EC2: a simulated controller, a strict account, and instances that dial in as they would."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from dynaslave.acting.executor import Actor
from dynaslave.controller.nodes import Nodes
from dynaslave.ec2.provider import Ec2Provider
from dynaslave.manager.costs import Costs, MemoryBook
from dynaslave.manager.loop import Dependencies, Manager
from dynaslave.manager.observe import Observer
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from ec2_strict import Account, Clock, Fault, KillError, account
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins
from jobdsl.testing.builds import ParameterValue

pytestmark = [pytest.mark.slow, pytest.mark.sampled(4)]

JOB = (
    "<project><assignedNode>linux</assignedNode><canRoam>false</canRoam>"
    "<concurrentBuild>true</concurrentBuild></project>"
)
BOOT = 60.0
SPOT = "EC2 Spot Instance Interruption Warning"


class SharedClock(Clock):
    """The time of the controller is the time of AWS."""

    def __init__(self, manual: ManualClock) -> None:
        super().__init__()
        self._manual = manual

    def __call__(self) -> float:
        return self._manual.now()

    def sleep(self, seconds: float) -> None:
        self._manual.advance(seconds)


class World:
    """A controller, an account, and managers that come and go."""

    def __init__(self, jenkins: SimulatedJenkins, aws: Account) -> None:
        self.jenkins, self.aws = jenkins, aws
        self.boots = True
        self.most = 0
        settings: dict[str, Any] = {"name": "linux", "max_agents": 4, "idle_minutes": 2, "spot": True}
        settings |= {"instance_types": ["m5.large", "c5.large"], "image": aws.image, "subnets": aws.subnets}
        self.declared = Declared((make({**settings, "instance_profile": aws.profile}),), ManagerSettings())
        self._intents = count(1)
        self.start()

    def start(self) -> None:
        """A manager that knows nothing but what there is."""
        provider = Ec2Provider(
            "main",
            self.aws.clients,
            queue=self.aws.queue,
            price=lambda _: 0.1,
            clock=self.aws.clock,
            sleep=self.aws.clock.sleep,
        )
        controller = connect(self.jenkins.url, self.jenkins.user, self.jenkins.token, patience=0)
        actor = Actor(
            Nodes(controller, "main"),
            provider,
            url=self.jenkins.url,
            clock=self.aws.clock,
            new_intent=lambda: f"launch{next(self._intents):04}",
        )
        self.manager = Manager(
            Dependencies(
                name="main",
                url=self.jenkins.url,
                provider=provider,
                estate=lambda: self.declared,
                poll=Observer(controller, provider, "main", clock=self.aws.clock).poll,
                doer=actor,
                costs=Costs(MemoryBook()),
                clock=self.aws.clock,
            )
        )

    def build(self, times: int) -> None:
        name = f"job-{len(self.jenkins.items)}"
        self.jenkins.create_item(name, JOB)
        for at in range(times):
            parameters = (ParameterValue("N", str(at), "hudson.model.StringParameterValue"),)
            self.jenkins.scheduler.schedule(self.jenkins.item(name), user="x", quiet=0, parameters=parameters)

    def run(self, seconds: float, step: float = 10) -> None:
        for _ in range(int(seconds // step)):
            self.aws.clock.sleep(step)
            self.instances_live()
            self.manager.tick()
            self.most = max(self.most, len(self.aws.strict.running()))

    def instances_live(self) -> None:
        """Instances that have started read what they are told and dial in; those that end hang up."""
        told = {name.rpartition("/")[2]: value for name, value in self.aws.parameters().items()}
        for instance, hand in told.items():
            known = hand["node"] in self.jenkins.computers.agents
            if instance in self.aws.strict.ended:
                if known:
                    self.jenkins.connect_agent(hand["node"], connected=False)
            elif known and self.boots and self.aws.clock() > self.aws.strict.born[instance] + BOOT:
                assert self.jenkins.computer(hand["node"]).secret == hand["secret"]
                if not self.jenkins.computer(hand["node"]).online:
                    self.jenkins.connect_agent(hand["node"])

    def nothing_is_left(self) -> None:
        assert not self.aws.strict.running()
        assert not self.aws.parameters()
        assert not [*self.jenkins.computers.agents]

    def results(self) -> list[str | None]:
        return [build.result for name in self.jenkins.items for build in self.jenkins.builds(name)]


@pytest.fixture
def world() -> Iterator[World]:
    clock = ManualClock()
    with (
        SimulatedJenkins(clock=clock, build_seconds=100) as jenkins,
        account(lag=3.0, clock=SharedClock(clock)) as aws,
    ):
        yield World(jenkins, aws)


def test_agents_come_builds_finish_agents_go_and_nothing_is_left(world: World) -> None:
    world.build(9)
    world.run(1500)
    assert world.results() == ["SUCCESS"] * 9
    assert world.most == 4
    world.nothing_is_left()


def test_what_spot_lacks_on_demand_gives(world: World) -> None:
    world.aws.strict.capacity = {
        (kind, zone, "spot"): 0 for kind in ("m5.large", "c5.large") for zone in ("eu-west-1a", "eu-west-1b")
    }
    world.build(4)
    world.run(300)
    assert world.results() == ["SUCCESS"] * 4
    fleets = [call for call in world.aws.strict.calls if call.operation == "CreateFleet"]
    assert len(fleets) == 2


def test_an_interrupted_instance_takes_no_new_build_and_is_replaced(world: World) -> None:
    world.build(12)
    world.run(180)
    (doomed, *_) = sorted(world.aws.strict.running())
    node = world.aws.parameters()[f"/dynaslave/main/{doomed}"]["node"]
    world.aws.notice(SPOT, instance_id=doomed)
    world.run(10)
    assert not world.jenkins.computer(node).online or world.jenkins.computer(node).offline
    world.run(120)
    world.aws.strict.end(doomed, "Server.SpotInstanceTermination")
    world.run(1500)
    assert world.results() == ["SUCCESS"] * 12
    world.nothing_is_left()


def test_instances_that_end_themselves_are_no_launch_storm(world: World) -> None:
    world.boots = False
    world.build(4)
    for _ in range(60):
        world.run(30)
        for instance in world.aws.strict.running():
            if world.aws.clock() > world.aws.strict.born[instance] + 45:
                world.aws.strict.end(instance)
    assert len(world.aws.strict.born) <= 16
    assert "ended before its agent dialled in (Client.InstanceInitiatedShutdown)" in str(
        world.manager.status.pools
    )


@pytest.mark.parametrize("number", range(3, 40, 4))
def test_a_manager_killed_at_a_call_and_started_again(world: World, number: int) -> None:
    world.build(3)
    world.aws.strict.faults = [Fault(KillError(), "after", number=number)]
    for _ in range(60):
        try:
            world.run(10)
        except KillError:
            world.start()
    assert not world.aws.strict.faults[0].times, "nobody was killed"
    world.run(900)
    assert world.results() == ["SUCCESS"] * 3
    assert world.most <= 4
    world.nothing_is_left()
