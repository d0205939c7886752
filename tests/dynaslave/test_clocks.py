"""Clocks that differ, and clocks that are set: no error, no agent given up too early, nothing billed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynaslave.acting.executor import Actor
from dynaslave.controller.nodes import Nodes
from dynaslave.deciding.boot_times import Boots
from dynaslave.deciding.decisions import Suspect
from dynaslave.deciding.ledger import AgentHistory, join
from dynaslave.deciding.reconcile import settle_instances
from dynaslave.deciding.tuning import DEFAULTS
from dynaslave.ec2.eventual_consistency import Lag
from dynaslave.manager.clocks import ClockWatch, steady
from dynaslave.manager.costs import Costs, MemoryBook
from dynaslave.manager.loop import Dependencies, Manager
from dynaslave.manager.observe import Observer
from dynaslave.model import AgentState, Instance, JenkinsNode
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from dynaslave.simulated.provider import SimulatedCloud
from jobdsl.controller.jenkins import connect
from jobdsl.testing import ManualClock, SimulatedJenkins

pytestmark = pytest.mark.slow

POOL = make({"name": "linux", "max_agents": 8, "idle_minutes": 2, "boot_minutes": 4})
JOB = (
    "<project><assignedNode>linux</assignedNode><canRoam>false</canRoam>"
    "<concurrentBuild>true</concurrentBuild></project>"
)
DAY = 86400.0


class Host:
    """A manager whose clock differs from that of the cloud, and may be set."""

    def __init__(self, jenkins: SimulatedJenkins, clock: ManualClock, ahead: float, **cloud: Any) -> None:
        self.jenkins, self.real, self.ahead = jenkins, clock, ahead
        self.cloud = SimulatedCloud(
            clock=clock.now, jenkins=jenkins, boot=(60, 120), price=lambda _: 3.6, **cloud
        )
        self.costs = Costs(MemoryBook())
        self.manager = self.start()
        self.jobs = 0

    def clock(self) -> float:
        return self.real.now() + self.ahead

    def start(self) -> Manager:
        controller = connect(self.jenkins.url, self.jenkins.user, self.jenkins.token, patience=0)
        return Manager(
            Dependencies(
                name="main",
                url=self.jenkins.url,
                provider=self.cloud,
                estate=lambda: Declared((POOL,), ManagerSettings()),
                poll=Observer(controller, self.cloud, "main", clock=self.clock).poll,
                doer=Actor(Nodes(controller, "main"), self.cloud, url=self.jenkins.url, clock=self.clock),
                costs=self.costs,
                clock=self.clock,
                timer=self.real.now,
            )
        )

    def build(self) -> None:
        self.jobs += 1
        self.jenkins.create_item(f"job{self.jobs}", JOB)
        item = self.jenkins.item(f"job{self.jobs}")
        self.jenkins.scheduler.schedule(item, user="x", quiet=0, parameters=())

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds // 5)):
            self.real.advance(5)
            self.cloud.tick()
            self.manager.tick()

    def done(self, action: str) -> list[str]:
        return [entry.reason for entry in self.manager.status.decisions if entry.action == action]


@pytest.fixture
def host() -> Iterator[Callable[..., Host]]:
    clock = ManualClock()
    with SimulatedJenkins(clock=clock, build_seconds=100) as jenkins:
        yield lambda ahead=0.0, **cloud: Host(jenkins, clock, ahead, **cloud)


@pytest.mark.parametrize("ahead", [-20 * 3600, -3600, -150, -30, 0, 30, 150, 900, 3600, 20 * 3600])
def test_builds_run_whatever_the_clock_says(host: Callable[..., Host], ahead: float) -> None:
    """Forty builds: enough that boot times count for what is launched beforehand."""
    site = host(ahead)
    for _ in range(40):
        site.build()
    site.run(900)
    assert len([job for job in range(1, 41) if site.jenkins.item(f"job{job}").builds]) == 40
    assert site.manager.status.troubles == ()
    assert not [reason for reason in site.done("drain") if "dial in" in reason]
    assert 0 < (site.costs.by_pool() or {})["linux"] <= 8 * 3.6 * (900 + 60) / 3600


@pytest.mark.parametrize("ahead", [-1200, 0, 1200])
def test_an_agent_that_never_comes_is_given_up_in_time(host: Callable[..., Host], ahead: float) -> None:
    site = host(ahead)
    site.cloud.faults.never_connects = 1.0
    site.build()
    site.run(230)
    assert not site.done("drain")
    site.run(60)
    assert ["dial in" in reason for reason in site.done("drain")] == [True]


@pytest.mark.parametrize("hours", [20, -20, 1, -1, 24 * 40])
def test_a_clock_that_is_set_costs_nothing_and_stops_nothing(host: Callable[..., Host], hours: float) -> None:
    site = host()
    site.build()
    site.run(120)
    before = sum((site.costs.by_pool() or {}).values())
    site.ahead += hours * 3600
    site.build()
    site.run(300)
    after = sum((site.costs.by_pool() or {}).values())
    assert after <= before + 2 * 3.6 * 360 / 3600 if hours != 24 * 40 else after <= 2 * 3.6 * 360 / 3600
    assert site.jenkins.item("job2").builds
    site.run(900)
    assert [entry for entry in site.manager.status.decisions if entry.action == "retire"]
    assert site.manager.status.troubles == ()


def test_a_look_without_the_cloud_is_not_billed_again() -> None:
    costs = Costs(MemoryBook())
    machine = Instance("i-1", "linux", "t", "running", DAY, price=3.6)
    costs.poll([machine], DAY + 600)
    costs.poll([], DAY + 605)
    costs.poll([machine], DAY + 610)
    assert (costs.by_pool() or {}) == {"linux": pytest.approx(0.61)}


def test_a_boot_takes_no_less_than_nothing() -> None:
    assert Boots().came(1000.0, "a", 900.0, DEFAULTS).usual(DEFAULTS) == 0.0


def test_a_launch_is_between_its_node_and_its_first_sight() -> None:
    node = JenkinsNode("p-1", frozenset({"p-1"}), 1, connected=False, pool="linux", created=1000.0)

    def since(launched: float, before: AgentHistory | None = None, now: float = 1010.0) -> float:
        machine = Instance("i-1", "linux", "t", "running", launched, node="p-1")
        seen = {"p-1": before} if before else {}
        (agent,) = join([node], [machine], {"linux": POOL}, now, seen, DEFAULTS).agents
        assert agent.state is AgentState.BOOTING
        return agent.since

    assert since(1005.0) == 1005.0
    assert since(9999.0) == 1010.0
    assert since(-9999.0) == 1000.0
    assert since(9999.0, AgentHistory(AgentState.PENDING, 1010.0, 1010.0, served=False), 1100.0) == 1010.0


def test_a_mark_of_suspicion_from_the_future_is_written_anew() -> None:
    ledger = join(
        [], [Instance("i-1", "linux", "t", "running", 100.0, suspect=90_000.0)], {}, 1000.0, {}, DEFAULTS
    )
    decisions = list(settle_instances(ledger, (), {}, {}, 1000.0, DEFAULTS))
    assert [type(decision) for decision in decisions] == [Suspect]


def test_what_was_written_by_a_clock_that_was_set_back_is_forgotten() -> None:
    lag = Lag()
    lag.launched([Instance("i-1", "linux", "t", "pending", 9000.0)], 9000.0)
    assert len(lag.correct([], 9001.0)) == 1
    assert lag.correct([], 1000.0) == []


def test_a_clock_is_compared_with_one_that_never_jumps() -> None:
    times = iter([(100.0, 1.0), (105.0, 6.0), (72_110.0, 11.0), (72_115.0, 16.0), (120.0, 21.0)])
    moment = [next(times)]
    watch = ClockWatch(lambda: moment[0][0], lambda: moment[0][1])
    steps = []
    for moment[0] in times:
        steps.append(watch.read())
    assert steps == [(105.0, 0.0), (72_110.0, 72_000.0), (72_115.0, 0.0), (120.0, -72_000.0)]
    first = steady()
    assert steady() >= first
