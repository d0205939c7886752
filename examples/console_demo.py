"""The web console over eight applications in two accounts, on a simulated AWS.

    python examples/console_demo.py [--listen 127.0.0.1:8090]

One deploy goes on while you look, a canary waits for a decision, one deploy has failed. "Log in" logs you in.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import boto3
from moto import mock_aws

from delivery import tags
from delivery.clock import HostClock, iso
from delivery.history.record import GroupVersion, RunEvent, RunRecord
from delivery.history.store import SqliteStore
from delivery.provenance import RunOrigin
from delivery.settings import load_settings
from delivery.settings.console import ACTIONS

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from oidc_provider import CLIENT, SECRET, provider

__all__ = ["Demo", "demo"]

TEST, PRODUCTION = "111111111111", "222222222222"
EU, US = "eu-west-1", "us-east-1"
APPLICATIONS = {
    "cart": 4, "catalog": 6, "checkout": 5, "identity": 3, "mail": 2, "recommend": 4, "search": 8, "web": 6,
}  # fmt: skip
"""Instances of each application in production."""
PEOPLE = ("alice", "bob", "chen", "dana", "emre")
STEPS = ("copy", "pin", "grow", "healthy", "traffic", "serving", "off", "unpin", "done")
SETTINGS = """\
[accounts.test]
id = "{test}"
role = "arn:aws:iam::{test}:role/reader"
regions = ["{eu}"]

[accounts.production]
id = "{production}"
role = "arn:aws:iam::{production}:role/reader"
regions = ["{eu}", "{us}"]
production = true

[defaults]
alarms = ["errors", "latency"]
soak_minutes = 5

[history]
file = "history.db"

[lock]
table = "none"

[console]
url = "{url}"
refresh_seconds = 10
images_seconds = 60
commit_url = "https://git.example.com/{{application}}/commit/{{commit}}"
plan = "plan.html"
reports = "canaries"
{steering}
[console.oidc]
issuer = "{issuer}"
client_id = "{client}"
client_secret_file = "client-secret"

[console.roles.platform]
groups = ["platform"]
actions = [{actions}]
audit = true
"""


class _Place(NamedTuple):
    """An application in an account and region."""

    account: str
    region: str
    application: str
    versions: list[str]
    size: int
    subnet: str
    target_group: str


@dataclass
class Demo:
    """What there is: accounts on moto, settings, records of runs."""

    directory: Path
    now: float
    images: dict[tuple[str, str], str] = field(default_factory=dict)
    """Ids by application and version."""
    random: random.Random = field(default_factory=lambda: random.Random(7))

    def client(self, service: str, account: str, region: str) -> Any:
        """A client of an account."""
        said = boto3.client("sts", region_name=EU).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/demo", RoleSessionName="demo"
        )["Credentials"]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            aws_access_key_id=said["AccessKeyId"],
            aws_secret_access_key=said["SecretAccessKey"],
            aws_session_token=said["SessionToken"],
        )

    def furnish(self) -> None:
        """Make networks, images, groups and records."""
        for application in APPLICATIONS:
            for version in ("1.6.0-1", "1.7.0-1", "1.7.1-2"):
                self._image(application, version)
        for account, region in ((TEST, EU), (PRODUCTION, EU), (PRODUCTION, US)):
            self._place(account, region)

    def _image(self, application: str, version: str) -> None:
        ec2 = self.client("ec2", TEST, EU)
        id = ec2.register_image(Name=f"{application}-{version}", RootDeviceName="/dev/xvda")["ImageId"]
        number, _, release = version.partition("-")
        said = {
            "application": application,
            "version": number,
            "release": release,
            "commit": f"{self.random.getrandbits(160):040x}",
        }
        if version != "1.7.1-2" or application not in ("mail", "identity"):
            said[tags.tested_in("test", application)] = iso(self.now - 86_400)
        ec2.create_tags(Resources=[id], Tags=tags.written(said))
        ec2.modify_image_attribute(ImageId=id, LaunchPermission={"Add": [{"UserId": PRODUCTION}]})
        self.images[application, version] = id

    def _place(self, account: str, region: str) -> None:
        ec2, scaling = self.client("ec2", account, region), self.client("autoscaling", account, region)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
        for number, (application, size) in enumerate(APPLICATIONS.items()):
            elbv2 = self.client("elbv2", account, region)
            target = elbv2.create_target_group(Name=application, Protocol="HTTP", Port=80, VpcId=vpc)
            arn = target["TargetGroups"][0]["TargetGroupArn"]
            instances = size if account == PRODUCTION else max(1, size // 3)
            versions = ["1.6.0-1", "1.7.0-1"]
            if account == TEST or number % 3 == 0:
                versions.append("1.7.1-2")
            place = _Place(account, region, application, versions, instances, subnet, arn)
            for at in range(len(versions)):
                self._group(scaling, place, at)
        self._alarms(account, region)

    def _alarms(self, account: str, region: str) -> None:
        cloudwatch = self.client("cloudwatch", account, region)
        for name in ("errors", "latency"):
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                MetricName=name,
                Namespace="demo",
                Period=60,
                Statistic="Average",
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
            )
            rings = (name, account, region) == ("latency", PRODUCTION, US)
            cloudwatch.set_alarm_state(
                AlarmName=name,
                StateValue="ALARM" if rings else "OK",
                StateReason="p99 above 800 ms for 5 minutes" if rings else "p99 is 210 ms",
            )

    def _group(self, scaling: Any, place: _Place, number: int) -> None:
        application, size = place.application, place.size
        newest, name = number == len(place.versions) - 1, f"{place.application}-v{number:03}"
        image = self.images[application, place.versions[number]]
        state, step = self._state(place, len(place.versions) - 1 - number)
        who = self.random.choice(PEOPLE)
        begun = self.now - 86_400 * (len(place.versions) - number) * 3 + 3_600
        if state in ("deploying", "waiting"):
            begun = self.now - 240
        said = {
            tags.APPLICATION: application,
            tags.VERSION: place.versions[number],
            tags.IMAGE: image,
            tags.STATE: state,
            tags.STEP: step,
            tags.STRATEGY: "canary" if state == "waiting" else "red-black",
            tags.JENKINS_USER: who,
            tags.BEGUN: iso(begun),
            tags.SIZE: f"{size}/{size}/{size * 2}",
            tags.CHANGE_REQUEST: f"CHG{4_000 + self.random.randrange(900)}",
            **self._marks(state, name, place, begun),
        }
        if number:
            said[tags.PREVIOUS] = f"{application}-v{number - 1:03}"
        self.client("ec2", place.account, place.region).create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": image, "InstanceType": "m7g.large" if newest else "m6g.large"},
        )
        desired = {"failed": 0, "waiting": 1}.get(state, size)
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=min(size, desired),
            MaxSize=size * 2,
            DesiredCapacity=desired,
            VPCZoneIdentifier=place.subnet,
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            HealthCheckType="ELB",
            HealthCheckGracePeriod=120 if newest else 300,
            TargetGroupARNs=[place.target_group] if state in ("active", "waiting") else [],
            Tags=[_tag(name, key, value) for key, value in said.items()],
        )
        self._record(place, number, name, state, who, begun)

    def _marks(self, state: str, name: str, place: _Place, begun: float) -> dict[str, str]:
        """Tags that a group has in one state only."""
        if state == "failed":
            return {tags.REASON: f"{name} is not healthy after 10 minutes: 0 of {place.size} healthy"}
        marks = {f"{tags.TARGET_GROUP}{place.application}": place.target_group}
        if state == "disabled":
            marks |= {tags.DISABLED_AT: iso(begun), tags.DELETE_AFTER: iso(self.now + 86_400)}
        if state == "waiting":
            marks[tags.DECIDE_BY] = iso(self.now + 3_600)
        return marks

    @staticmethod
    def _state(place: _Place, older: int) -> tuple[str, str]:
        """State and last step of the newest group (0) and of those before it."""
        special = {
            ("checkout", PRODUCTION, EU): ("deploying", "grow"),
            ("search", PRODUCTION, EU): ("waiting", "canary-soak"),
            ("mail", TEST, EU): ("failed", "grow"),
        }
        newest = special.get((place.application, place.account, place.region))
        if newest is not None:
            return newest if older == 0 else ("active" if older == 1 else "disabled", "done")
        return ("disabled" if older else "active"), "done"

    def _record(self, place: _Place, number: int, name: str, state: str, who: str, begun: float) -> None:
        """Record the run that made a group."""
        account = {TEST: "test", PRODUCTION: "production"}[place.account]
        application, versions = place.application, place.versions
        outcomes = {"deploying": "running", "waiting": "waiting", "failed": "rolled back"}
        outcome = outcomes.get(state, "deployed")
        seconds = [20.0 + self.random.random() * 160 for _ in STEPS]
        timeline: list[dict[str, Any]] = [
            {
                "name": step,
                "text": f"{step} of {name}",
                "after": sum(seconds[:at]),
                "seconds": seconds[at],
                "outcome": "failed" if state == "failed" and step == "healthy" else "done",
                "notes": [],
            }
            for at, step in enumerate(STEPS[: 4 if state == "failed" else len(STEPS)])
        ]
        before = GroupVersion()
        if number:
            before = GroupVersion(group=f"{application}-v{number - 1:03}", version=versions[number - 1])
        image = self.images[application, versions[number]]
        change = f"CHG{4_000 + self.random.randrange(900)}" if account == "production" else ""
        is_running = outcome == "running"
        record = RunRecord(
            id=f"r-{self.random.getrandbits(48):012x}",
            kind="deploy",
            application=application,
            cluster=application,
            account=account,
            region=place.region,
            begun=iso(begun),
            ended="" if is_running else iso(begun + sum(seconds)),
            outcome=outcome,
            trigger=RunOrigin(
                jenkins_user=who,
                job=f"{application}/deploy",
                build=str(20 + number),
                build_url=f"https://jenkins.example.com/job/{application}/job/deploy/{20 + number}/",
                change_request=change,
            ),
            source=before,
            target=GroupVersion(group=name, image=image, version=versions[number]),
            reason=f"{name} is not healthy after 10 minutes" if state == "failed" else "",
            timeline=() if is_running else tuple(timeline),
        )
        store = SqliteStore(self.directory / "history.db", f"{place.account}:{place.region}:")
        store.append(RunEvent("begin" if is_running else "end", record))

    def advance(self) -> None:
        """Let the deploy that is under way do one more step."""
        scaling = self.client("autoscaling", PRODUCTION, EU)
        name = f"checkout-v{1:03}"
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        step = tags.read(group["Tags"]).get(tags.STEP, "")
        after = STEPS[(STEPS.index(step) + 1) % (len(STEPS) - 1)] if step in STEPS else "grow"
        if after == "traffic":
            arns = [
                value for key, value in tags.read(group["Tags"]).items() if key.startswith(tags.TARGET_GROUP)
            ]
            scaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=arns)
        scaling.create_or_update_tags(Tags=[_tag(name, tags.STEP, after)])


def _tag(group: str, key: str, value: str) -> dict[str, Any]:
    return {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": True,
    }


@contextmanager
def demo(directory: Path, url: str, steering: str = "") -> Iterator[Demo]:
    """Accounts, settings and an identity provider for as long as the block runs."""
    toml = directory / "delivery.toml"
    environment = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_REGION": EU, "DELIVERY_SETTINGS": str(toml)}
    environment |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "demo")
    with ExitStack() as opened:
        opened.enter_context(patch.dict(os.environ, environment))
        opened.enter_context(mock_aws())
        identities = opened.enter_context(provider())
        identities.user, identities.groups = "you", ("platform",)
        (directory / "client-secret").write_text(SECRET, "utf-8")
        (directory / "canaries").mkdir()
        (directory / "canaries" / "search-v001.html").write_text(
            "<h1>search-v001: pass, score 96</h1>", "utf-8"
        )
        (directory / "plan.html").write_text("<h1>Plan of seed main</h1><p>nothing to change</p>", "utf-8")
        toml.write_text(
            SETTINGS.format(
                test=TEST, production=PRODUCTION, eu=EU, us=US, url=url, issuer=identities.url, client=CLIENT,
                steering=steering, actions=", ".join(f'"{action}"' for action in ACTIONS),
            ),
            "utf-8",
        )  # fmt: skip
        made = Demo(directory, HostClock().now())
        made.furnish()
        yield made


def main() -> None:
    """Serve the console until it is stopped."""
    from dynaslave.web.server import address
    from jobdsl.console.serving import serve

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--listen", default="127.0.0.1:8090")
    host, port = address(parser.parse_args().listen)
    stop = threading.Event()
    with ExitStack() as opened:
        place = opened.enter_context(tempfile.TemporaryDirectory(prefix="delivery-demo-"))
        made = opened.enter_context(demo(Path(place), f"http://{host}:{port}"))
        opened.callback(stop.set)

        def go_on() -> None:
            while not stop.wait(15):
                made.advance()

        threading.Thread(target=go_on, daemon=True).start()
        serve(load_settings(), host, port)


if __name__ == "__main__":
    main()
