"""What is looked up before anything is made, and that all of it is refused at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from delivery import tags
from delivery.deploy import operations
from delivery.deploy.operations import CommandOutcome
from delivery.errors import REFUSED, USAGE, DeliveryError, PolicyError
from delivery.settings import loads
from delivery_world import group_tags
from deploy_case import NEW, OLD, TOML, Case, Make, cases
from deploy_strict import READING
from jobdsl.errors import Problem

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def settings(one: Case, toml: str) -> None:
    one.settings = loads(f"{TOML}[clusters.shop]\n{toml}")


def alarm(one: Case, name: str, state: str = "OK") -> None:
    cloudwatch = one.world.raw("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0,
        MetricName="x", Namespace="x", Period=60, Statistic="Sum",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def no_alarm(one: Case) -> None:
    settings(one, 'alarms = ["errors"]\n')


def ringing(one: Case) -> None:
    alarm(one, "errors", "ALARM")
    settings(one, 'alarms = ["errors"]\n')


def no_subnet(one: Case) -> None:
    settings(one, 'subnets = ["subnet-0123456789abcdef0"]\n')


def other_network(one: Case) -> tuple[str, str]:
    ec2 = one.world.raw("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return vpc, ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]


def two_networks(one: Case) -> None:
    settings(one, f'subnets = ["{one.world.subnet}", "{other_network(one)[1]}"]\n')


def foreign_target_group(one: Case) -> None:
    settings(one, f'subnets = ["{other_network(one)[1]}"]\n')


def foreign_security_group(one: Case) -> None:
    vpc, _ = other_network(one)
    made = one.world.raw("ec2").create_security_group(GroupName="x", Description="x", VpcId=vpc)
    settings(one, f'security_groups = ["{made["GroupId"]}"]\n')


def no_security_group(one: Case) -> None:
    settings(one, 'security_groups = ["sg-0123456789abcdef0"]\n')


def small_subnet(one: Case) -> None:
    ec2 = one.world.raw("ec2")
    made = ec2.create_subnet(VpcId=one.world.vpc, CidrBlock="10.0.9.0/28", AvailabilityZone="eu-west-1b")
    settings(one, f'subnets = ["{made["Subnet"]["SubnetId"]}"]\ndesired = 40\nmax = 40\n')


def no_type(one: Case) -> None:
    settings(one, 'instance_type = "m99.large"\n')


def other_architecture(one: Case) -> None:
    settings(one, 'instance_type = "m7g.large"\n')


def no_vcpus(one: Case) -> None:
    one.strict.vcpus = 7  # 2 of m5.large run, and 2 more are needed


def no_spot_vcpus(one: Case) -> None:
    raw = one.world.raw("autoscaling")
    raw.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    policy = {
        "LaunchTemplate": {"LaunchTemplateSpecification": {"LaunchTemplateName": "shop", "Version": "1"}},
        "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 50},
    }
    raw.create_auto_scaling_group(
        AutoScalingGroupName=OLD,
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=4,
        VPCZoneIdentifier=one.world.subnet,
        TargetGroupARNs=[one.places["web"]],
        MixedInstancesPolicy=policy,
    )
    one.strict.adopt()
    one.strict.spot_vcpus = 3  # half of the 4 new ones are spot instances


def no_group(one: Case) -> None:
    one.strict.most_groups = 1


def no_grace(one: Case) -> None:
    one.world.raw("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OLD, HealthCheckType="ELB", HealthCheckGracePeriod=0
    )


def slow_boot(one: Case) -> None:
    one.world.raw("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OLD, HealthCheckType="ELB", HealthCheckGracePeriod=60
    )
    one.world.raw("autoscaling").create_or_update_tags(Tags=group_tags(OLD, {tags.BOOT_SECONDS: "200"}))


def other_application(one: Case) -> None:
    one.world.raw("ec2").create_tags(Resources=[one.image], Tags=[{"Key": "application", "Value": "cart"}])


def many_tags(one: Case) -> None:
    few = {f"team-{number}": "x" for number in range(40)}
    one.world.raw("autoscaling").create_or_update_tags(Tags=group_tags(OLD, few))


REFUSED_FOR: dict[Callable[[Case], Any], tuple[str, str]] = {
    no_alarm: ("there is no alarm 'errors' in default, eu-west-1", "alarms in the settings"),
    ringing: ("alarm 'errors' is in alarm already", "--ignore-alarm errors"),
    no_subnet: ("there is no subnet subnet-0123456789abcdef0", "subnets in the settings"),
    two_networks: ("are of several VPCs", "one VPC"),
    foreign_target_group: ("target group web is in vpc-", "same VPC"),
    foreign_security_group: ("security group sg-", "same VPC"),
    no_security_group: ("there is no security group sg-0123456789abcdef0", "security_groups"),
    small_subnet: ("free addresses, and the group needs 40", "names more"),
    no_type: ("there is no instance type m99.large in eu-west-1", "instance_type"),
    other_architecture: ("the image is built for x86_64, and m7g.large runs arm64", "an image for that"),
    no_vcpus: (
        "the group needs 4 vCPUs (2 of m5.large), 4 run already, kept groups included",
        "delivery clean groups",
    ),
    no_spot_vcpus: (
        "the group needs 4 vCPUs of spot instances (2 of m5.large), 0 run already, kept groups included, and "
        "the quota is 3",
        "delivery clean groups",
    ),
    no_group: ("the account has 1 Auto Scaling groups, and 1 are allowed", "Service Quotas"),
    no_grace: ("a health check grace period of 0 s is too short", "health_check_grace_seconds = 300"),
    slow_boot: ("instances of shop-v000 took 200 s to become healthy", "health_check_grace_seconds = 400"),
    other_application: ("is an image of application cart, not of shop", "an image of shop"),
    many_tags: ("tags, ", "remove tags"),
}


def changes(one: Case) -> list[str]:
    return [name for name in one.strict.operations() if not name.startswith(READING)]


def refused(act: Callable[[], CommandOutcome]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("given", REFUSED_FOR, ids=lambda given: given.__name__)
def test_a_deploy_is_refused_before_anything_is_made(make: Make, given: Callable[[Case], Any]) -> None:
    one = make()
    given(one)
    error = refused(one.start)
    message, hint = REFUSED_FOR[given]
    assert any(message in each.message and hint in each.hint for each in error.problems), error.problems
    assert error.exit_code == (REFUSED if given is other_application else USAGE)
    assert changes(one) == []


class Denial:
    """A policy that allows nothing."""

    def check(self) -> None:
        raise PolicyError([Problem("not today", hint="tomorrow"), Problem("not you")])

    def share(self) -> None:
        raise AssertionError("nothing is shared that is refused")


def test_all_refusals_of_a_run_are_reported_at_once(make: Make) -> None:
    one = make()
    other_application(one)
    settings(one, 'alarms = ["errors"]\nsubnets = ["subnet-0123456789abcdef0"]\nmin = 3\nmax = 2\n')
    error = refused(
        lambda: one.run(lambda site: operations.deploy(site, one.image, "red-black", permission=Denial()))
    )
    assert error.exit_code == REFUSED
    found = " | ".join(each.message for each in error.problems)
    for part in (
        "not today",
        "not you",
        "application cart",
        "no alarm 'errors'",
        "not in that order",
        "no subnet",
    ):
        assert part in found
    assert changes(one) == []


def test_what_rings_can_be_ignored_by_the_deploy_of_its_fix_and_by_all_that_continues_it(make: Make) -> None:
    one = make('alarms = ["errors", "latency"]\n')
    alarm(one, "errors", "ALARM")
    alarm(one, "latency")

    def start() -> CommandOutcome:
        def act(site: Any) -> CommandOutcome:
            site.ignore_alarms(["errors"])
            return operations.deploy(site, one.image, "canary")

        return one.run(act)

    assert start().outcome == "waiting"
    assert one.run(operations.resume).outcome == "waiting"
    assert one.promote().outcome == "deployed"
    one.world.clock.sleep(3600)
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    assert start().outcome == "waiting"
    alarm(one, "latency", "ALARM")
    assert one.run(operations.resume).outcome == "rolled back"


def test_alarms_that_ring_are_no_reason_against_going_back(make: Make) -> None:
    one = make('alarms = ["errors"]\n')
    alarm(one, "errors")
    one.deploy()
    one.world.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    one.world.clock.sleep(600)
    alarm(one, "errors", "ALARM")
    assert one.rollback().outcome == "deployed"
    (active,) = one.taking()
    assert one.state()[active]["images"] == ["old"]


def test_a_quota_that_cannot_be_read_is_no_refusal(make: Make) -> None:
    one = make()
    one.strict.unreadable_quotas = True
    assert one.deploy().outcome == "deployed"
    assert any("a quota is not known" in line for line in one.lines)


def test_a_deploy_measures_how_long_instances_take(make: Make) -> None:
    one = make('traffic = "weighted"\n')
    one.strict.warm = 200
    assert one.deploy().outcome == "deployed"
    took = int(one.world.tags(NEW)[tags.BOOT_SECONDS])
    assert 150 <= took <= 200


def test_groups_that_no_deploy_made_never_block_one(make: Make) -> None:
    one = make()
    one.deploy()
    one.world.clock.sleep(600)
    one.world.group("shop-v009", 1, TargetGroupARNs=[one.places["web"]])
    one.strict.adopt()
    one.world.clock.sleep(600)
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    assert one.deploy().outcome == "deployed"
    assert any("shop-v009, which no deploy made, takes traffic too" in line for line in one.lines)
    assert one.taking() == ["shop-v009", "shop-v002"]
    assert one.rollback().outcome == "rolled back"
    assert one.taking() == ["shop-v009", NEW]
