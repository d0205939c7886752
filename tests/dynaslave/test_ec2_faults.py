"""Whatever goes wrong at any call: nothing is launched twice, nothing is out of sight, no secret stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import pytest
from botocore.exceptions import EndpointConnectionError

from dynaslave.ec2.provider import Ec2Provider
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import Hand, LaunchRequest, ProviderError
from ec2_strict import Account, Fault, KillError, account

pytestmark = [pytest.mark.slow, pytest.mark.sampled(3)]

AGENTS = 2


@pytest.fixture
def aws() -> Iterator[Account]:
    """One account for all runs of a test: every run is another manager's."""
    with account() as found:
        yield found


@dataclass
class World:
    """One manager of one account, and what it wants."""

    aws: Account
    manager: str
    pool: AgentPool

    @property
    def request(self) -> LaunchRequest:
        return LaunchRequest(self.pool, AGENTS, f"{self.manager}x", tuple(f"n{one}" for one in range(AGENTS)))

    def provider(self) -> Ec2Provider:
        """A process that has just been started."""
        return Ec2Provider(
            self.manager,
            self.aws.clients,
            queue=self.aws.queue,
            clock=self.aws.clock,
            sleep=self.aws.clock.sleep,
        )

    def life(self, subject: Ec2Provider) -> None:
        """What a manager does with a launch, from its begin to its end."""
        instances = subject.launch(self.request).instances
        for number, instance in enumerate(instances):
            subject.hand_over(instance, Hand(f"{self.manager}-n{number}", "s3cret", "https://jenkins/"))
        seen = subject.list()
        subject.note(seen, {"uses": "1"})
        subject.terminate(seen[:1])
        subject.sweep(frozenset(one.node for one in seen[1:]), frozenset({self.pool.name}))

    def running(self) -> set[str]:
        """Instances of this manager that cost money, by what moto knows."""
        filters = [{"Name": "tag:dynaslave:manager", "Values": [self.manager]}]
        found = self.aws.strict.raw.describe_instances(Filters=filters)["Reservations"]
        return {one["InstanceId"] for group in found for one in group["Instances"]} - set(
            self.aws.strict.ended
        )

    def started(self) -> int:
        """Instances that were ever started for this manager."""
        filters = [{"Name": "tag:dynaslave:manager", "Values": [self.manager]}]
        found = self.aws.strict.raw.describe_instances(Filters=filters)["Reservations"]
        return sum(len(group["Instances"]) for group in found)

    def secrets(self) -> list[str]:
        return [name for name in self.aws.parameters() if name.startswith(f"/dynaslave/{self.manager}/")]


def fleet(aws: Account) -> AgentPool:
    """A pool whose launch takes two calls: spot gives one agent, on-demand the other."""
    aws.strict.capacity = {
        (kind, zone, "spot"): 0 for kind in ("m5.large", "c5.large") for zone in ("eu-west-1a", "eu-west-1b")
    }
    aws.strict.capacity[("c5.large", "eu-west-1b", "spot")] = 1
    return _pool(aws, instance_types=["m5.large", "c5.large"], subnets=aws.subnets, spot=True)


def single(aws: Account) -> AgentPool:
    """A pool with one offer."""
    aws.strict.capacity = {}
    return _pool(aws, instance_types=["m5.large"], subnets=aws.subnets[:1])


def _pool(aws: Account, **more: object) -> AgentPool:
    settings = {"name": "linux", "max_agents": 9, "image": aws.image, "instance_profile": aws.profile}
    return make({**settings, **more})


def calls_of_a_life(aws: Account, kind: Callable[[Account], AgentPool], manager: str) -> int:
    """How many calls there are at which something can go wrong."""
    world = World(aws, manager, kind(aws))
    aws.strict.calls.clear()
    world.life(world.provider())
    return len(aws.strict.calls)


MODES: dict[str, tuple[Literal["before", "after"], Callable[[], BaseException | str]]] = {
    "denied": ("before", lambda: "UnauthorizedOperation"),
    "no connection": ("before", lambda: EndpointConnectionError(endpoint_url="https://ec2")),
    "lost": ("after", lambda: "lost"),
    "killed before": ("before", lambda: KillError()),
    "killed after": ("after", lambda: KillError()),
}


@pytest.mark.parametrize(
    ("mode", "kind", "lag"),
    [*((mode, fleet, 2.0) for mode in MODES), ("lost", single, 0.0), ("killed after", single, 0.0)],
)
def test_a_fault_at_any_call(
    aws: Account, mode: str, kind: Callable[[Account], AgentPool], lag: float
) -> None:
    aws.strict.faults, aws.strict.lag = [], 0.0
    name = f"{mode.replace(' ', '')}-{kind.__name__}-{lag:g}"
    total = calls_of_a_life(aws, kind, f"{name}-clean")
    assert total > 10
    when, error = MODES[mode]
    for number in range(total):
        world = World(aws, f"{name}-{number}", kind(aws))
        aws.strict.calls.clear()
        aws.strict.lag = lag
        aws.strict.faults = [Fault(error(), when, number=number)]
        subject = world.provider()
        with suppress(ProviderError, KillError):
            world.life(subject)
        _recover(world, subject, killed=mode.startswith("killed"))


def _recover(world: World, subject: Ec2Provider, *, killed: bool) -> None:
    """What comes after: the same process, or another that knows nothing."""
    aws = world.aws
    aws.strict.faults = []
    if killed:
        subject = world.provider()
    with suppress(ProviderError):
        subject.launch(world.request)
    assert world.started() <= AGENTS, "launched twice"
    aws.clock.sleep(100)
    other = world.provider()
    with suppress(ProviderError):
        other.launch(world.request)
    assert world.started() <= AGENTS, "launched twice"
    alive = _alive(other)
    assert {one.id for one in alive} == world.running(), "out of sight"
    assert all((one.pool, one.intent) == ("linux", world.request.intent) for one in alive)
    subject.terminate(alive)
    subject.sweep(frozenset(), frozenset())
    assert not world.running()
    assert not world.secrets(), "a secret stays"


def _alive(process: Ec2Provider) -> list[Instance]:
    return [one for one in process.list() if one.state in ("pending", "running")]
