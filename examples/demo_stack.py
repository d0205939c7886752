"""A demo stack: an account of AWS, a simulated controller, and a service in git.

Only the stage is simulated. Jobs run as processes that check out, build, and call `delivery`, which speaks to
AWS over HTTP.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import boto3
import requests

from demo_cloud import Machines, aws, health
from jobdsl.testing import SimulatedJenkins
from jobdsl.testing.builds import Build

__all__ = ["BIN", "Stack"]

HELLO = Path(__file__).parent / "fleet" / "services" / "hello"
BIN = Path(sys.executable).parent
REGION = "eu-west-1"
SETTINGS = """\
[accounts.test]

[accounts.production]
production = true
change_request = "CHG[0-9]+"

[bake]
account = "test"
base = "owner=self,name=base-*"
poll_seconds = 0.1

[defaults]
launch_template = "service"
subnets = ["{subnet}"]
gate_url = "{machines}/{{instance_id}}"
desired = 2
min = 2
max = 4
looks = 1
poll_seconds = 1
timeout_minutes = 0.05
drain_seconds = 0

[clusters.hello]
target_groups = ["hello"]

[clusters.hello-test]
traffic = "none"
"""
WHO = {f"GIT_{role}_{what}": at for role in ("AUTHOR", "COMMITTER") for what, at in
       (("NAME", "demo"), ("EMAIL", "demo@example.com"))}  # fmt: skip
PLAIN = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


class Clock:
    """The system's time, except that nobody has to wait for quiet periods."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.skipped


class Stack:
    """The stage of a demo, below one directory."""

    def __init__(self, place: Path) -> None:
        self.estate = place / "estate"
        self.repo = place / "hello"
        self.clock = Clock()
        self.jenkins = SimulatedJenkins(clock=self.clock, run_steps=True)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(patch.dict(os.environ, _environment(opened.enter_context(aws()))))
            opened.enter_context(self.jenkins)
            self.ec2, self.groups = self.client("ec2"), self.client("autoscaling")
            self.machines = Machines(self.client("ec2"), self._packages)
            self._account(opened.enter_context(health(self.machines)))
            self._repository()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    def client(self, service: str) -> Any:
        """A client of AWS."""
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]

    def _account(self, machines: str) -> None:
        """What there is before the first service: a network, a base, a launch template, a target group."""
        self.ec2.register_image(Name="base-1", RootDeviceName="/dev/xvda", Architecture="x86_64")
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.ec2.create_launch_template(
            LaunchTemplateName="service", LaunchTemplateData={"InstanceType": "t3.small"}
        )
        self.client("elbv2").create_target_group(Name="hello", Protocol="HTTP", Port=80, VpcId=vpc)
        self.estate.mkdir(parents=True)
        settings = SETTINGS.format(subnet=subnet, machines=machines)
        (self.estate / "delivery.toml").write_text(settings, "utf-8")

    def _repository(self) -> None:
        shutil.copytree(HELLO, self.repo)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "It says hello")

    def git(self, *words: str) -> None:
        """A git command in the service's repository."""
        environment = {**os.environ, **WHO, **PLAIN}
        subprocess.run(
            ["git", "-C", str(self.repo), *words], env=environment, check=True, capture_output=True
        )

    def commit(self, message: str, **files: str) -> None:
        """Another version of the service, with these files."""
        for name, text in files.items():
            (self.repo / name).write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def push(self) -> None:
        """Tell the controller of it, as a git server does; a job that was never built notices by polling."""
        url = f"{self.jenkins.url}/git/notifyCommit?url={self.repo}"
        requests.get(url, auth=(self.jenkins.user, self.jenkins.token), timeout=10).raise_for_status()

    def apply(self) -> str:
        """The one command: the estate's jobs on the controller; gives what it says."""
        login = {"JENKINS_USER": self.jenkins.user, "JENKINS_TOKEN": self.jenkins.token}
        command = [str(BIN / "jobdsl"), "apply", str(self.estate), "--url", self.jenkins.url, "--yes"]
        done = subprocess.run(
            command, env={**os.environ, **login}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def build(self, job: str, **parameters: str) -> Build:
        """Start a job as somebody does by hand, and wait until it is over."""
        number = len(self.jenkins.builds(job)) + 1
        action = "buildWithParameters" if parameters else "build"
        url = f"{self.jenkins.url}/job/{job}/{action}?delay=0sec"
        login = (self.jenkins.user, self.jenkins.token)
        requests.post(url, parameters, auth=login, timeout=10).raise_for_status()
        return self.wait(job, number)

    def wait(self, job: str, number: int) -> Build:
        """The build of that number, once it is over."""
        self.clock.skipped += 10
        return self.jenkins.wait_for_build(job, number, 120)

    def _packages(self) -> Iterator[bytes]:
        for build in self.jenkins.builds("hello-main"):
            yield from build.artifacts.values()

    def says(self, cluster: str) -> dict[str, list[str]]:
        """What the service says on each instance, by the groups of a cluster."""
        pattern = re.compile(re.escape(cluster) + r"-v\d+")
        groups = self.groups.describe_auto_scaling_groups()["AutoScalingGroups"]
        return {
            one["AutoScalingGroupName"]: [self.machines.says(each["InstanceId"]) for each in one["Instances"]]
            for one in groups
            if pattern.fullmatch(one["AutoScalingGroupName"])
        }

    def answers(self) -> list[str]:
        """What production says, from each instance the load balancer sends requests to."""
        elb = self.client("elbv2")
        (group,) = elb.describe_target_groups(Names=["hello"])["TargetGroups"]
        targets = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
        return [self.machines.says(one["Target"]["Id"]) for one in targets["TargetHealthDescriptions"]]


def _environment(url: str) -> dict[str, str]:
    """What the jobs' processes find: AWS is here, `delivery` is installed."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
