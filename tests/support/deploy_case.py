"""One cluster that is deployed to again and again: what it has, what is done, and how it stands afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from delivery import cli, names, tags
from delivery.cli_options import CommonOptions
from delivery.deploy import cli_common, operations
from delivery.deploy.context import Site
from delivery.deploy.model import Cluster
from delivery.deploy.operations import CommandOutcome
from delivery.deploy.traffic import traffic_of
from delivery.lock import open_lock
from delivery.settings import DeliverySettings, loads
from delivery.timeline import Timeline
from delivery_world import World
from deploy_strict import Strict, strict_world

SIZE = 2
_NEVER_SAME = (tags.DEPLOY, tags.BOOT_SECONDS, tags.PREVIOUS_TEMPLATE)
"""Tags that differ from run to run."""
OLD, NEW = "shop-v000", "shop-v001"
TOML = """
[lock]
table = "none"
[history]
table = "none"
[defaults]
looks = 2
timeout_minutes = 5
canary_minutes = 1
keep_hours = 1
ramp = [50, 100]
"""


@dataclass
class Case:
    """A cluster `shop` with a group in traffic, and an image to deploy."""

    world: World
    strict: Strict
    settings: DeliverySettings
    image: str
    old_image: str
    places: dict[str, str]
    """Target groups by name: their ARNs."""
    lines: list[str] = field(default_factory=list)

    def site(self, what: str = "a test") -> Site:
        """A process that has just been started."""
        self.strict.revive()
        cluster = names.cluster("shop")
        timeline = Timeline(self.world.clock, self.lines.append)
        lock = open_lock(self.world.aws, self.settings, "shop", self.world.clock, what, timeline.say)
        deploy = self.settings.deploy(self.world.aws.account, "shop", "shop")
        return Site(self.world.aws, self.world.clock, lock, self.settings, deploy, timeline, cluster)

    def run(self, act: Callable[[Site], CommandOutcome]) -> CommandOutcome:
        """Do something as a process of its own, under the lock."""
        site = self.site()
        with site.lock:
            return act(site)

    def start(self, strategy: str = "red-black") -> CommandOutcome:
        """Deploy as far as it goes without a decision: a canary waits."""
        return self.run(lambda site: operations.deploy(site, self.image, strategy))

    def deploy(self, strategy: str = "red-black") -> CommandOutcome:
        """Deploy; a canary is promoted at once."""
        ending = self.start(strategy)
        return self.promote() if ending.outcome == "waiting" else ending

    def promote(self) -> CommandOutcome:
        """Promote the canary."""
        return self.run(operations.promote)

    def resume(self) -> CommandOutcome:
        """Go on, whatever there is; a canary is promoted."""
        ending = self.run(operations.resume)
        return self.promote() if ending.outcome == "waiting" else ending

    def rollback(self, to: str | None = None) -> CommandOutcome:
        """Go back."""
        return self.run(lambda site: operations.rollback(site, to))

    def cancel(self) -> CommandOutcome:
        """Give a rollback up."""
        return self.run(lambda site: operations.rollback(site, cancelling=True))

    def cluster(self) -> Cluster:
        """The cluster as it is."""
        return self.site().read()

    def taking(self) -> list[str]:
        """Names of the groups that take traffic."""
        site = self.site()
        traffic = traffic_of(site)
        return [one.name for one in site.read().alive if traffic.takes(one)]

    def state(self) -> dict[str, Any]:
        """All there is to say of the groups but ids and times."""
        return {one: self._state(one) for one in sorted(self.strict.groups)}

    def _state(self, name: str) -> dict[str, Any]:
        group = self.strict.groups[name]
        said = {one["Key"]: self._plain(one["Value"]) for one in group.tags if one["Key"] not in _NEVER_SAME}
        return {
            "size": (group.min_size, group.desired_capacity, group.max_size, len(group.instance_states)),
            "suspended": sorted(group._suspended_processes),
            "attached": sorted(map(self._plain, [*group.target_group_arns, *group.load_balancer_names])),
            "serving": self.strict.serving_in(name),
            "images": sorted(
                {self._plain(self.strict.images[one.instance.id]) for one in group.instance_states}
            ),
            "tags": said,
            "policies": sorted(key[1] for key in self.strict.policies if key[0] == name),
            "actions": sorted(key[1] for key in self.strict.actions if key[0] == name),
            "topics": sorted(key[1] for key in self.strict.topics if key[0] == name),
        }

    def _plain(self, text: str) -> str:
        """A text in which ids are names, and times are none."""
        ids = {self.image: "new", self.old_image: "old", **{arn: name for name, arn in self.places.items()}}
        return re.sub(r"20\d\d-[\d:TZ-]+", "TIME", ids.get(text, text))


Make = Callable[..., Case]
"""Makes a case in the account as if it were new; its arguments are those of `case`."""


@contextmanager
def case(toml: str = "", **more: Any) -> Iterator[Case]:
    """A cluster with one group in traffic; `toml` is added to the settings.

    `size` of the group, `extras` hung on it, and how else it differs.
    """
    with cases() as make:
        yield make(toml, **more)


@contextmanager
def cases() -> Iterator[Make]:
    """What makes one case after another, much faster than worlds of their own."""
    with strict_world() as (made, anew):
        yield lambda toml="", **more: _case(made, anew(), toml, **more)


def _case(
    made: World, strict: Strict, toml: str, *, size: int = SIZE, extras: bool = True, **group: Any
) -> Case:
    web = made.target_group("web")
    places = {"web": web}
    listener = ""
    more: dict[str, Any] = {"TargetGroupARNs": [web]}
    if "weighted" in toml:
        places["green"] = made.target_group("green")
        listener = f'listener = "{_listener(made, places)}"\n'
    elif '"none"' in toml:
        more = {}
    else:
        more |= {"LoadBalancerNames": [made.balancer("front")]}
    made.group(OLD, size, HealthCheckType="ELB", **more | group)
    strict.adopt()
    image = made.raw("ec2").register_image(Name="shop-2.0", RootDeviceName="/dev/xvda")["ImageId"]
    (old,) = set(strict.images.values())
    one = Case(made, strict, loads(f"{TOML}{listener}{toml}"), image, old, places)
    if extras:
        _extras(one)
    strict.calls.clear()
    made.calls.clear()
    return one


def _listener(made: World, places: dict[str, str]) -> str:
    elbv2 = made.raw("elbv2")
    other = made.raw("ec2").create_subnet(
        VpcId=made.vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1b"
    )
    subnets = [made.subnet, other["Subnet"]["SubnetId"]]
    balancer = elbv2.create_load_balancer(Name="lb", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    weights = [{"TargetGroupArn": arn, "Weight": 100 if name == "web" else 0} for name, arn in places.items()]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
    made_one = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action]
    )
    return str(made_one["Listeners"][0]["ListenerArn"])


def _extras(one: Case) -> None:
    """Policies, an alarm, an action, a hook and a notification on the old group."""
    scaling, cloudwatch = one.world.aws.autoscaling, one.world.aws.cloudwatch
    step: Any = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    arn = scaling.put_scaling_policy(
        AutoScalingGroupName=OLD, PolicyName="up", PolicyType="StepScaling",
        AdjustmentType="ChangeInCapacity", StepAdjustments=[step],
    )["PolicyARN"]  # fmt: skip
    tracking: Any = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.0,
    }  # fmt: skip
    scaling.put_scaling_policy(
        AutoScalingGroupName=OLD, PolicyName="cpu", PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=tracking,
    )  # fmt: skip
    cloudwatch.put_metric_alarm(
        AlarmName=f"high-{OLD}", MetricName="CPUUtilization", Namespace="AWS/EC2", Period=60, Statistic="Average",
        EvaluationPeriods=2, Threshold=80.0, ComparisonOperator="GreaterThanThreshold", AlarmActions=[arn],
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": OLD}],
    )  # fmt: skip
    scaling.put_scheduled_update_group_action(
        AutoScalingGroupName=OLD, ScheduledActionName="morning", Recurrence="0 8 * * *", MinSize=2
    )
    scaling.put_lifecycle_hook(
        AutoScalingGroupName=OLD, LifecycleHookName="drain", HeartbeatTimeout=60,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )  # fmt: skip
    topic = "arn:aws:sns:eu-west-1:123456789012:deploys"
    scaling.put_notification_configuration(
        AutoScalingGroupName=OLD, TopicARN=topic, NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH_ERROR"]
    )


def remove(one: Case, group: str) -> None:
    one.world.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)


def at(one: Case, operation: str, act: Callable[[], None]) -> None:
    """Something a user does by hand at the first call of an operation."""

    def watch(called: str) -> None:
        if called == operation:
            one.strict.watching.clear()
            act()

    one.strict.watching.append(watch)


def active(one: Case, group: str) -> None:
    """The group serves with all it should have, and nothing is left of what was under way."""
    assert one.taking() == [group]
    assert one.strict.serving_in(group) >= SIZE
    state = one.state()[group]
    assert not {tags.PIN, tags.DISABLED_AT, tags.DELETE_AFTER} & state["tags"].keys()
    assert state["suspended"] == []
    assert one.cluster().unfinished is None


def commands(
    one: Case,
    monkeypatch: pytest.MonkeyPatch,
    build: Mapping[str, str] | None = None,
    pause_seconds: float = 0,
) -> Callable[..., int]:
    """Give `delivery` commands about the cluster, as a Jenkins build does."""
    monkeypatch.setattr(CommonOptions, "settings", property(lambda _: one.settings))
    monkeypatch.setattr(CommonOptions, "aws", property(lambda _: one.world.aws))
    monkeypatch.setattr(cli_common, "HostClock", lambda: one.world.clock)
    for name, value in (build or {}).items():
        monkeypatch.setenv(name, value)

    def give(command: str, *more: str) -> int:
        one.strict.revive()
        if pause_seconds:
            one.world.clock.sleep(pause_seconds)
        return cli.run([command, "--cluster", "shop", *more])

    return give
