"""A bad hour, by clocks that are moved by hand: what is lost, and what the log says of it.

    python examples/incident_demo.py

The controller restarts under load, spot agents are interrupted, a configuration change is deployed at peak,
an alarm rolls the weighted canary of a bad image back, and a rollback overtakes the promotion of the next
one. Agents and deploys are the real ones; the controller, EC2 and AWS are simulated, with the rules the tests
hold them to. The exit code is 0 only if all of what is printed is true.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from demo_support import expect, indented, say, title

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from manager_site import Site

from delivery import names
from delivery.deploy import operations
from delivery.deploy.context import Site as Deploy
from delivery.deploy.operations import CommandOutcome
from delivery.errors import LockedError
from delivery.lock import open_lock
from delivery.settings import DeliverySettings
from delivery.timeline import Timeline
from deploy_case import NEW, OLD, Case, cases
from dynaslave.pools.pool import make
from dynaslave.pools.settings import ManagerSettings as ManagerSettings
from dynaslave.pools.watch import Declared
from jobdsl.testing import ManualClock, SimulatedJenkins

TEN = 10
PEAK = 14
BUILDS = 12
SETTINGS = 'traffic = "weighted"\nalarms = ["errors"]\n'


class Log:
    """The log of the agents' manager, by the clock of the demo."""

    def __init__(self, clock: ManualClock) -> None:
        self.lines: list[str] = []
        self._clock, self._started = clock, clock.now()

    def add(self, _: Any, level: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Keep a line; nothing is printed until its chapter ends."""
        minutes, seconds = divmod(int(self._clock.now() - self._started), 60)
        words = "  ".join(f"{name}={value}" for name, value in event.items() if name != "event")
        self.lines.append(f"[{minutes:4}:{seconds:02}] {level:7} {event['event']}  {words}")
        raise structlog.DropEvent

    def take(self) -> str:
        """Return the lines so far, and begin anew."""
        text = "\n".join(self.lines)
        self.lines.clear()
        return text


def agents() -> None:
    """A restart of the controller, and interruptions of spot instances."""
    clock = ManualClock()
    log = Log(clock)
    structlog.configure(processors=[log.add])
    with SimulatedJenkins(clock=clock, build_seconds=600) as jenkins:
        site = Site(jenkins, clock)
        pool = {"name": "linux", "max_agents": 8, "idle_minutes": 1, "instance_types": ["c7i.large"]}
        site.declared = Declared((make({**pool, "spot": True}),), ManagerSettings())
        _restart(site, log)
        _interruptions(site, log)


def _restart(site: Site, log: Log) -> None:
    title("1. The controller restarts while six Pipelines run")
    jenkins = site.jenkins
    for number in range(6):
        jenkins.create_item(f"pipeline-{number}", "<flow-definition/>")
        jenkins.build(f"pipeline-{number}")
        jenkins.scheduler.add_part(jenkins.builds(f"pipeline-{number}")[0], "linux")
    site.run(300)
    before = _parts(site)
    expect(len(before) == 6, "six agents run the parts of six Pipelines")
    jenkins.restart(resume_seconds=260)
    jenkins.enter_phase("starting")
    site.run(60)
    jenkins.enter_phase("up")
    site.run(20)
    for name in site.agents:
        jenkins.connect_agent(name)
    site.run(260)
    text = log.take()
    print(indented(text))
    expect("trouble over" in text, "the log says that the controller was away, and that it is back")
    expect("drain" not in text, "no agent is ended")
    expect(_parts(site) == before, "every Pipeline goes on, on the agent it had")
    say("The agents looked idle for four minutes; each Pipeline goes on on the agent that it had.")
    site.run(1200)
    expect(site.agents == [], "idle agents are ended")
    log.take()


def _parts(site: Site) -> list[str]:
    return sorted(build.node for build in site.jenkins.scheduler.running if build.is_part)


def _interruptions(site: Site, log: Log) -> None:
    title("2. Spot instances are interrupted under load")
    site.jenkins.scheduler.build_seconds = 100
    site.cloud.faults.interruptions = 12
    site.build("linux", BUILDS)
    site.run(1800)
    site.cloud.faults.interruptions = 0
    text = log.take()
    print(indented(text))
    results = site.results()[-BUILDS:]
    expect(results == ["SUCCESS"] * BUILDS, f"all {BUILDS} builds succeed, not {results}")
    expect("spot interruption" in text, "the log names the interruptions")
    say(f"All {BUILDS} builds succeeded: announced instances take no build, and finish what they have.")


class Deploys:
    """One cluster, `shop`, behind a listener with weights; every command has a lock and a log of its own."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.alarm = _alarm(case)
        case.strict.need = case.strict.floor = TEN

    def run(
        self,
        command: str,
        act: Callable[[Deploy], CommandOutcome],
        *,
        takes_over: bool = False,
        **changed: Any,
    ) -> CommandOutcome:
        """Run a command under the lock of the cluster; `changed` settings are those of this deploy."""
        world, lines = self.case.world, self.case.lines
        lines.append(f"$ delivery {command}")
        timeline = Timeline(world.clock, lines.append)
        say = timeline.say
        lock = open_lock(
            world.aws, DeliverySettings(), "shop", world.clock, command, say, takes_over=takes_over
        )
        deploy = replace(self.case.settings.deploy(world.aws.account, "shop", "shop"), **changed)
        cluster = names.cluster("shop")
        site = Deploy(world.aws, world.clock, lock, self.case.settings, deploy, timeline, cluster)
        with lock:
            return act(site)

    def show(self) -> None:
        """Print the log so far, and begin anew."""
        print(indented("\n".join(self.case.lines)))
        self.case.lines.clear()

    def at_peak(self) -> None:
        """Another instance type, deployed to a group that has scaled up."""
        title("3. A configuration change is deployed at peak")
        self.case.world.aws.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=OLD, MaxSize=2 * PEAK, DesiredCapacity=PEAK
        )
        self.case.world.clock.sleep(600)
        self.case.strict.need = self.case.strict.floor = PEAK
        self.case.strict.lowest = PEAK
        image = self.case.old_image
        ending = self.run(
            f"deploy --cluster shop --image {image}",
            lambda site: operations.deploy(site, image, "red-black"),
            instance_type="m6i.xlarge",
        )
        self.show()
        expect(ending.outcome == "deployed", "the change is deployed")
        size = self.case.state()[NEW]["size"]
        expect(PEAK in size, f"the new group has the {PEAK} instances of the peak, not {size}")
        expect(self.case.strict.lowest >= PEAK, "at no call did fewer instances serve")
        say(f"The new group begins with the {PEAK} instances that served, and at no call did fewer serve.")

    def bad_image(self) -> None:
        """A canary that its alarm rolls back, and one whose promotion is overtaken by a rollback."""
        title("4. A bad image meets a weighted canary, and its alarm rolls it back")
        self._canary()
        self.alarm("ALARM")
        ending = self.run("resume --cluster shop", operations.resume)
        self.show()
        expect(ending.outcome == "rolled back", "resume rolls the canary back")
        expect("errors" in ending.reason, f"the reason names the alarm: {ending.reason}")
        self._unharmed()
        self.alarm("OK")
        say("The job that resumes canaries by the clock saw the alarm and rolled the canary back by itself.")
        title("5. The second try, and its rollback overtakes the promotion")
        self._canary()
        self._at_step("grow", self._rollback)
        try:
            self.run("promote --cluster shop", operations.promote)
        except LockedError as error:
            self.case.lines.append(f"error: {error.message}")
        else:
            expect(False, "the promotion is stopped")
        self.show()
        expect(self.rolled_back == "rolled back", "the rollback succeeds")
        self._unharmed()
        text = (
            "The promotion stopped before its next change; at no call did a group get more traffic than its"
        )
        say(f"{text} healthy instances bear.")

    rolled_back = ""

    def _canary(self) -> None:
        image = self.case.image
        ending = self.run(
            f"deploy --cluster shop --image {image} --strategy canary",
            lambda site: operations.deploy(site, image, "canary"),
        )
        expect(ending.outcome == "waiting", "the canary waits for a decision")

    def _unharmed(self) -> None:
        expect(self.case.taking() == [NEW], "the group of the peak takes all traffic")
        expect(self.case.strict.overloads == [], "no group got more traffic than its healthy instances bear")
        expect(self.case.strict.lowest >= PEAK, "at no call did fewer instances serve")

    def _rollback(self) -> None:
        act = self.run(
            "rollback --cluster shop --reason '5xx after the canary'",
            lambda site: operations.rollback(site, reason="5xx after the canary"),
            takes_over=True,
        )
        self.rolled_back = act.outcome

    def _at_step(self, step: str, act: Callable[[], None]) -> None:
        """Do something once, as soon as a step has begun."""
        done: list[str] = []

        def watch(operation: str) -> None:
            if not done and any(f"] {step}: " in line for line in self.case.lines):
                done.append(operation)
                act()

        self.case.strict.watching.append(watch)


def deploys() -> None:
    """A change at peak, then a bad image whose rollback overtakes its promotion."""
    with cases() as new_case:
        case = new_case(SETTINGS, size=TEN, extras=False)
        story = Deploys(case)
        story.at_peak()
        story.bad_image()


def _alarm(case: Case) -> Callable[[str], None]:
    """Make the service's alarm; returns what sets its state."""
    cloudwatch = case.world.raw("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="5XX", Namespace="Shop", Period=60, Statistic="Sum",
        EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip

    def state(value: str) -> None:
        cloudwatch.set_alarm_state(AlarmName="errors", StateValue=value, StateReason="demo")

    state("OK")
    return state


def main() -> None:
    """Tell the story."""
    started = time.monotonic()
    agents()
    deploys()
    say(f"All of this took {time.monotonic() - started:.0f} seconds, and all of it was checked.")


if __name__ == "__main__":
    main()
