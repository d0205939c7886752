"""The policies of deploys: each command may do what it does, nothing it never does, and only to its application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

import iam
from aws_shared import SERVICES
from canary_case import MARGINAL, analysis
from delivery import cli, tags
from delivery.cli_options import CommonOptions
from delivery.deploy import cli_common as told
from delivery.settings import HistorySettings, LockSettings, loads
from delivery_world import service_of
from deploy_case import NEW, OLD, TOML, Case, Make, cases
from deploy_requests import Request, arn, asked, group, image
from ec2_strict import Fault, KillError
from iam import actions, allowed

pytestmark = pytest.mark.slow

document = partial(iam.document, "delivery")
POLICY = {name: name for name in ("plan", "status", "deploy", "promote", "rollback")} | {"resume": "deploy"}
"""Which policy a command has."""
LOOKS = {"dynamodb:GetItem", "servicequotas:GetServiceQuota"}
BY_HAND = {"dynamodb:CreateTable", "dynamodb:DescribeTable"}
"""The tables of locks and records are made once, by whoever may."""
GATES = 'gates = ["target-groups", "elb", "ec2"]\ngate_command = "true"\nalarms = ["calm"]\n'


FROM_CLOUDWATCH = """[analysis.metrics.cpu]
source = "cloudwatch"
inputs.cpu = {namespace = "AWS/EC2", metric = "CPUUtilization", dimensions = {AutoScalingGroupName = "{group}"}}
"""


@dataclass
class Desk:
    """Where commands are given."""

    make: Make
    requests: dict[str, list[Request]] = field(default_factory=lambda: defaultdict(list))
    """What IAM was asked, by policy."""
    case: Case | None = None
    command: str = ""

    def begin(self, toml: str = "", **more: Any) -> Case:
        """A cluster, as if there were no other."""
        self.case = one = self.make(GATES + toml, **more)
        one.world.raw("cloudwatch").put_metric_alarm(
            AlarmName="calm", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0,
            MetricName="x", Namespace="x", Period=60, Statistic="Sum",
        )  # fmt: skip
        one.settings = replace(one.settings, lock=LockSettings(), history=HistorySettings())
        for service in SERVICES:
            one.world.listen(service, "before-parameter-build", self._note)
        return one

    def _note(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        assert self.case is not None
        if self.command:
            found = asked(service_of(model), model.name, params, self.case.strict.groups)
            self.requests[POLICY[self.command]] += found

    def run(self, command: str, *more: str, cluster: str = "shop") -> int:
        """A command as a user gives it; its exit code."""
        self.command = command
        assert self.case is not None
        self.case.strict.revive()
        try:
            return cli.run([command, "--cluster", cluster, *more])
        finally:
            self.command = ""

    def deploy(self, *more: str, **where: str) -> int:
        """Deploy the new image."""
        assert self.case is not None
        return self.run("deploy", "--image", self.case.image, *more, **where)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """All that commands ask for in every kind of deploy there is."""
    with cases() as make, pytest.MonkeyPatch.context() as patch:
        made = Desk(make)
        patch.setattr(CommonOptions, "settings", property(lambda _: made.case and made.case.settings))
        patch.setattr(CommonOptions, "aws", property(lambda _: made.case and made.case.world.aws))
        patch.setattr(told, "HostClock", lambda: made.case and made.case.world.clock)
        for kind in (
            red_black,
            canary,
            weighted,
            one_after_another,
            highlander,
            first,
            killed,
            turned_back,
            judged,
        ):
            kind(made)
        yield made


def red_black(desk: Desk) -> None:
    """There and back, once to a group that is kept and once to one that is gone."""
    one = desk.begin()
    scaling = one.world.raw("autoscaling")
    one.strict.metrics[OLD] = [{"Metric": "GroupMinSize", "Granularity": "1Minute"}]
    scaling.put_warm_pool(AutoScalingGroupName=OLD, MinSize=1)
    scaling.suspend_processes(AutoScalingGroupName=OLD, ScalingProcesses=["AZRebalance"])
    made = one.world.raw("ec2").create_security_group(GroupName="x", Description="x", VpcId=one.world.vpc)
    change = ["--set", f"security_groups={made['GroupId']}"]
    assert desk.run("plan", "--image", one.image, *change) == 0
    assert desk.deploy(*change) == 0
    assert desk.run("status") == 0
    one.strict.groups[OLD].instance_states[0].health_status = "Unhealthy"
    assert desk.run("rollback") == 0
    scaling.delete_auto_scaling_group(AutoScalingGroupName=NEW, ForceDelete=True)
    one.world.clock.sleep(600)
    assert desk.deploy(*change) == 0
    scaling.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    for name in [*one.strict.groups]:  # as groups of an earlier version of ours are: the settings decide
        tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": tags.PREVIOUS_TEMPLATE}
        scaling.delete_tags(Tags=[tag])
    assert desk.run("rollback") == 0


def canary(desk: Desk) -> None:
    """Promoted; and a second one rolled back."""
    one = desk.begin()
    for way in ("promote", "rollback"):
        assert desk.deploy("--strategy", "canary") == 4
        protect(one, NEW if way == "promote" else "shop-v002")
        assert desk.run("status") == 0
        assert desk.run(way) == 0
        one.image = one.old_image


def weighted(desk: Desk) -> None:
    """By the weights of a listener, and by those of a rule."""
    for kind in ("listener", "rule"):
        one = desk.begin('traffic = "weighted"\n')
        if kind == "rule":
            one.settings = replace(
                loads(f'{TOML}{GATES}traffic = "weighted"\nlistener = "{rule(one)}"'),
                lock=LockSettings(),
                history=HistorySettings(),
            )
        assert desk.run("plan", "--image", one.image) == 0
        assert desk.run("status") == 0
        assert desk.deploy("--strategy", "canary") == 4
        assert desk.run("promote") == 0
        assert desk.run("rollback") == 0


def rule(one: Case) -> str:
    """A rule that does what the listener does; its ARN."""
    listener = one.settings.deploy("default", "shop", "shop").listener
    elbv2 = one.world.raw("elbv2")
    forwards = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]["DefaultActions"]
    paths = [{"Field": "path-pattern", "Values": ["/shop/*"]}]
    made = elbv2.create_rule(ListenerArn=listener, Priority=1, Actions=forwards, Conditions=paths)
    return str(made["Rules"][0]["RuleArn"])


def one_after_another(desk: Desk) -> None:
    """So many that groups go, whichever command it is that leaves one too many."""
    for command in ("deploy", "promote", "rollback"):
        one = desk.begin()
        for _ in range(2):
            next_image(one)
            assert desk.deploy() == 0
        if command == "rollback":  # twice: to the group before, and to the image of one that is gone
            assert desk.run("rollback") == 0
            one.world.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
            assert desk.run("rollback", "--to", OLD) == 0
        else:
            next_image(one)
            assert desk.deploy("--strategy", "canary" if command == "promote" else "red-black") in (0, 4)
            if command == "promote":
                refused = Fault("AccessDenied", "before", operation="DeleteAutoScalingGroup")
                one.strict.faults.append(refused)  # its alarms are made again
                assert desk.run("promote") == 0
        assert len(one.strict.groups) <= 3 + (command == "promote")


def judged(desk: Desk) -> None:
    """Canaries judged by metrics; killed while they are, and resumed, promoted or rolled back."""
    for command in ("", "resume", "promote", "rollback"):
        one = desk.begin(analysis(MARGINAL) + FROM_CLOUDWATCH)
        if not command:
            assert desk.deploy("--strategy", "canary") == 4
            continue
        one.strict.watching.append(kill_compared(one))
        with pytest.raises(KillError):
            desk.deploy("--strategy", "canary")
        assert desk.run(command) in (0, 4)
        assert f"{NEW}-baseline" not in one.strict.groups


def kill_compared(one: Case) -> Callable[[str], None]:
    """Kills the run as soon as the baseline takes traffic."""

    def act(_: str) -> None:
        if f"{NEW}-baseline" in one.strict.groups and one.strict.serving_in(f"{NEW}-baseline"):
            one.strict.watching.clear()
            raise KillError

    return act


def protect(one: Case, group: str) -> None:
    """Protect an instance of a group from scale-in."""
    one.world.raw("autoscaling").set_instance_protection(
        AutoScalingGroupName=group, InstanceIds=one.world.instances(group)[:1], ProtectedFromScaleIn=True
    )


def next_image(one: Case) -> None:
    """One more, an hour later."""
    one.world.clock.sleep(3600)
    name = f"shop-{one.world.clock.now():.0f}"
    one.image = one.world.raw("ec2").register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]


def highlander(desk: Desk) -> None:
    """Deletes the group before."""
    desk.begin()
    assert desk.deploy("--strategy", "highlander") == 0


def first(desk: Desk) -> None:
    """The first group of a cluster, with a launch template of its own."""
    one = desk.begin()
    where = f'[clusters.shop-eu]\ninstance_type = "m7i.large"\ntarget_groups = ["web"]\nsubnets = ["{one.world.subnet}"]\n'
    one.settings = replace(loads(where), lock=LockSettings(), history=HistorySettings())
    assert desk.run("plan", "--image", one.image, cluster="shop-eu") == 0
    assert desk.deploy(cluster="shop-eu") == 0


def killed(desk: Desk) -> None:
    """Taken up by another run."""
    for operation in ("DetachLoadBalancerTargetGroups", "AttachLoadBalancerTargetGroups"):
        one = desk.begin()
        one.strict.faults = [Fault(KillError(), "after", operation=operation)]
        with pytest.raises(KillError):
            desk.deploy()
        assert desk.run("resume") == 0


def turned_back(desk: Desk) -> None:
    """By the gate, and because the group before cannot be taken out."""
    for lost in ("", "DetachLoadBalancers"):
        one = desk.begin()
        _fail(one, lost)
        assert desk.deploy() == 3
        one = desk.begin()
        assert desk.deploy("--strategy", "canary") == 4
        protect(one, NEW)
        _fail(one, lost)
        assert desk.run("promote") == 3
    one = desk.begin()
    assert desk.deploy() == 0
    one.strict.broken.add(one.old_image)
    assert desk.run("rollback") == 1


def _fail(one: Case, lost: str) -> None:
    """A call after `lost` is refused, and instances of the old group are called ill; else the image is bad."""
    if not lost:
        one.strict.bad.add(one.image)
        one.strict.watching.append(protected(one))
        return
    one.strict.watching.append(refuse_after(one, lost))
    one.strict.watching.append(ill(one))


def protected(one: Case) -> Callable[[str], None]:
    """Has an instance of the new group protected as soon as it is launched."""

    def act(_: str) -> None:
        if NEW in one.strict.groups and one.world.instances(NEW):
            one.strict.watching.remove(act)
            protect(one, NEW)

    return act


def refuse_after(one: Case, operation: str) -> Callable[[str], None]:
    """Has tags refused, once, after an operation was called."""
    refusal = Fault("AccessDenied", "before", operation="CreateOrUpdateTags")

    def act(called: str) -> None:
        if called == operation and refusal not in one.strict.faults:
            one.strict.faults.append(refusal)

    return act


def ill(one: Case) -> Callable[[str], None]:
    """Has the old group's instances called ill as soon as no load balancer knows them."""

    def act(operation: str) -> None:
        if operation == "DetachLoadBalancerTargetGroups":
            one.strict.watching = [watch for watch in one.strict.watching if watch is not act]  # once only
            for state in one.strict.groups[OLD].instance_states:
                state.health_status = "Unhealthy"

    return act


@pytest.mark.thorough
@pytest.mark.parametrize("name", sorted(set(POLICY.values())))
def test_a_command_may_do_what_it_does_and_nothing_else(desk: Desk, name: str) -> None:
    policy, requests = document(name), desk.requests[name]
    refused = {
        (action, resource)
        for action, resource, said in requests
        if not allowed(policy, action, resource, said)
    }
    assert {one for one in refused if one[0] not in BY_HAND} == set()
    assert actions(policy) ^ {action for action, _, _ in requests} <= BY_HAND


@pytest.mark.parametrize("name", ["deploy", "promote", "rollback"])
def test_another_application_and_what_was_not_taken_out_are_out_of_reach(name: str) -> None:
    policy = document(name)
    for action in actions(policy):
        if not action.startswith("autoscaling:") or ":Describe" in action:
            continue
        for other in ("cart-v001", "shopper-v001", "my-shop-v001"):
            gone = {"autoscaling:ResourceTag/delivery:state": "disabled"}
            assert not allowed(policy, action, group(other), gone), (action, other)
    active = {f"autoscaling:ResourceTag/{tags.STATE}": "active"}
    assert not allowed(policy, "autoscaling:DeleteAutoScalingGroup", group("shop-v001"), active)
    assert not allowed(policy, "cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:workshop-v001"), {})
    assert not allowed(policy, "ec2:RunInstances", arn("ec2", "instance/x"), {})
    for key in ("delivery:bake", "Name"):
        assert not allowed(policy, "ec2:CreateTags", image("ami-1"), {"aws:TagKeys": [key]})


def test_who_only_looks_changes_nothing() -> None:
    for name in ("plan", "status"):
        assert all(":Describe" in one or one in LOOKS for one in actions(document(name)))
