"""Calls to AWS that a deploy makes, by strategy, and the time that is its own.

On moto with what it leaves out put right (tests/support/deploy_strict.py).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
sys.path.append(str(Path(__file__).parent.parent / "examples"))

import boto3
from botocore.client import BaseClient

from demo_cloud import aws
from deploy_case import Case, case
from deploy_strict import READING

OWN_S = 1.0
"""Seconds of its own a red/black deploy may take."""
ENVIRONMENT = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x",
               "AWS_SECRET_ACCESS_KEY": "y"}  # fmt: skip
Act = Callable[[Case], Any]


@dataclass
class Clocked:
    """How long calls to AWS took, those of moto and of its strict layer included."""

    seconds: float = 0.0
    began: float = field(default_factory=time.perf_counter)

    @property
    def own(self) -> float:
        """What is left of the time since it began."""
        return time.perf_counter() - self.began - self.seconds


@contextmanager
def clocked() -> Iterator[Clocked]:
    """Times all calls of boto3 apart; waits take no time, as the clock is a fake one."""
    plain, timed = BaseClient._make_api_call, Clocked()  # type: ignore[attr-defined]

    def call(*arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return plain(*arguments)
        finally:
            timed.seconds += time.perf_counter() - begin

    with patch.object(BaseClient, "_make_api_call", call):
        yield timed


def deployed(one: Case) -> None:
    """What goes before a rollback."""
    one.deploy()


def waiting(one: Case) -> None:
    """What goes before a promotion."""
    one.start("canary")


def plan(one: Case) -> None:
    """What `delivery plan` does."""
    from delivery.deploy.new_group import facts_of
    from delivery.deploy.preflight import intend
    from delivery.deploy.traffic import traffic_of

    site = one.site()
    facts_of(site, intend(site, traffic_of(site), one.image, "red-black"))


def status(one: Case) -> None:
    """What `delivery status` does."""
    from delivery.deploy.status import report
    from delivery.deploy.traffic import traffic_of

    site = one.site()
    report(site.aws, site.read(), traffic_of(site), None, site.clock.now())


def nothing(_: Case) -> None:
    """Nothing goes before it."""


ROWS: list[tuple[str, str, Act, Act, int]] = [
    ("plan", "", nothing, plan, 22),
    ("deploy, red/black", "", nothing, Case.deploy, 118),
    ("deploy, red/black by weights", 'traffic = "weighted"\n', nothing, Case.deploy, 132),
    ("deploy, canary, until it waits", "", nothing, waiting, 100),
    ("promote", "", waiting, Case.promote, 86),
    ("deploy, ramp 50 and 100 %", "", nothing, lambda one: one.deploy("ramp"), 145),
    ("deploy, highlander", "", nothing, lambda one: one.deploy("highlander"), 140),
    ("rollback", "", deployed, Case.rollback, 68),
    ("status", "", deployed, status, 5),
]
"""What is counted: name, settings, what goes before it, what is done, calls it may make at most."""


def main() -> int:
    """Print the tables; 1 if anything takes more than it may."""
    good = True
    print("Calls of a deploy (2 instances; policies, alarm, action, hook and notification copied)")
    print(f"  {'':32} calls   at most   of them changes   own time")
    for name, toml, before, act, most in ROWS:
        with case(toml) as one:
            before(one)
            one.strict.calls.clear()
            with clocked() as timed:
                act(one)
                own = timed.own
            calls = one.strict.operations()
        changes = sum(not call.startswith(READING) for call in calls)
        good = good and len(calls) <= most and own <= OWN_S
        print(f"  {name:32} {len(calls):5}   {most:7}   {changes:15}   {own:6.3f} s")
    spent = process()
    print(f"  The command itself, red/black on moto in another process: {spent:.2f} s of processor time,")
    print(f"  from starting Python to the end; its own, and at most {OWN_S:g} s")
    return 0 if good and spent <= OWN_S else 1


def process() -> float:
    """Processor time of `delivery deploy` as a process, its calls and waits answered by another. Seconds."""
    with tempfile.TemporaryDirectory(prefix="delivery-bench-") as folder, aws() as url:
        Path(folder, "delivery.toml").write_text(
            "[defaults]\nlooks = 2\npoll_seconds = 1\ndrain_seconds = 0\n", "utf-8"
        )
        environment = os.environ | ENVIRONMENT | {"AWS_ENDPOINT_URL": url}
        command = [str(Path(sys.executable).parent / "delivery"), "deploy", "--cluster", "shop", "--image"]
        with patch.dict(os.environ, environment):
            image = _cluster()
        begin = _used()
        subprocess.run([*command, image], check=True, cwd=folder, capture_output=True, env=environment)
        return _used() - begin


def _cluster() -> str:
    """A cluster with one group; gives the id of another image."""
    client: Any = boto3.client
    ec2, elbv2, scaling = client("ec2"), client("elbv2"), client("autoscaling")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    old, new = (ec2.register_image(Name=f"shop-{version}.0")["ImageId"] for version in (1, 2))
    data = {"ImageId": old, "InstanceType": "m5.large"}
    ec2.create_launch_template(LaunchTemplateName="shop", LaunchTemplateData=data)
    made = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="shop-v000", MinSize=2, MaxSize=4, DesiredCapacity=2, VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateName": "shop"}, TargetGroupARNs=[made[0]["TargetGroupArn"]],
    )  # fmt: skip
    return str(new)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
