"""Two accounts on moto, three applications in them, each reached by a role; calls of commands are recorded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

import moto_faster  # noqa: F401
from delivery import names, tags
from delivery.aws import Aws, open_aws
from delivery.clock import HostClock
from delivery.history.record import GroupVersion, RunEvent, RunRecord
from delivery.history.store import create_table, open_store
from delivery.provenance import RunOrigin
from delivery.settings import load_settings
from delivery_world import Call, service_of
from deploy_requests import arn

TEST, PRODUCTION = "111111111111", "222222222222"
EU, US = "eu-west-1", "us-east-1"
LISTENER = f"arn:aws:elasticloadbalancing:{EU}:{TEST}:listener/app/none/1/2"
SETTINGS = f"""
[accounts.test]
id = "{TEST}"
role = "arn:aws:iam::{TEST}:role/reader"
regions = ["{EU}"]
[accounts.production]
id = "{PRODUCTION}"
role = "arn:aws:iam::{PRODUCTION}:role/reader"
regions = ["{EU}", "{US}"]
production = true
[apps.idle]
traffic = "none"
[clusters.worker]
traffic = "none"
"""


@dataclass
class Estate:
    """What there is, and where commands are given."""

    toml: Path
    calls: list[tuple[str, str, Call]] = field(default_factory=list)
    """Account, region and call of everything a command asked AWS for."""
    failing: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Codes that calls are refused with, by account (its name), region and operation."""
    images: dict[tuple[str, str], str] = field(default_factory=dict)
    """Ids, by name and account."""

    def client(self, service: str, account: str, region: str = EU) -> Any:
        """A client of an account that is not recorded."""
        said = boto3.client("sts", region_name=EU).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/x", RoleSessionName="test"
        )["Credentials"]
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            aws_access_key_id=said["AccessKeyId"],
            aws_secret_access_key=said["SecretAccessKey"],
            aws_session_token=said["SessionToken"],
        )

    def image(self, name: str, account: str = TEST, region: str = EU, **said: str) -> str:
        """Register an image with tags."""
        ec2 = self.client("ec2", account, region)
        id: str = ec2.register_image(Name=name, RootDeviceName="/dev/xvda")["ImageId"]
        if said:
            ec2.create_tags(Resources=[id], Tags=tags.written(said))
        self.images[name, account] = id
        return id

    def network(self, account: str, region: str = EU) -> str:
        """A subnet, the account's first or a new one."""
        ec2 = self.client("ec2", account, region)
        if subnets := [
            each for each in ec2.describe_subnets()["Subnets"] if each["CidrBlock"] == "10.0.0.0/24"
        ]:
            return str(subnets[0]["SubnetId"])
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"])

    def group(
        self,
        name: str,
        image: str,
        account: str = TEST,
        region: str = EU,
        size: int = 1,
        said: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Make a group of instances of an image."""
        ec2, scaling = self.client("ec2", account, region), self.client("autoscaling", account, region)
        ec2.create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "m5.large"}
        )
        written = [
            {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key, "Value": value, "PropagateAtLaunch": True}
            for key, value in (said or {}).items()
        ]  # fmt: skip
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=max(size, 1),
            DesiredCapacity=size,
            VPCZoneIdentifier=self.network(account, region),
            LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
            Tags=written,
            **more,
        )

    def counts(self) -> Counter[tuple[str, str, str]]:
        """How often each operation was called, by account and region."""
        return Counter((account, region, call.operation) for account, region, call in self.calls)


def tagged(image: str, version: str, app: str = "shop", **more: str) -> dict[str, str]:
    """Tags of a group that a deploy made."""
    return {
        tags.APPLICATION: app,
        tags.IMAGE: image,
        tags.VERSION: version,
        tags.STATE: "active",
        tags.JENKINS_USER: "alice",
        **more,
    }


def furnish(estate: Estate) -> None:
    """Three applications: shop in both accounts, cart by weights, worker without load balancers."""
    image = estate.image(
        "shop-1.4", application="shop", version="1.4", release="2",
        **{tags.tested_in("test", "shop-eu"): "2026-01-01T00:00:00Z"},
    )  # fmt: skip
    old = estate.image("shop-1.3", application="shop", version="1.3", release="1")
    estate.client("ec2", TEST).modify_image_attribute(
        ImageId=image, LaunchPermission={"Add": [{"UserId": PRODUCTION}]}
    )
    for account in (TEST, PRODUCTION):
        subnet = estate.network(account)
        elbv2 = estate.client("elbv2", account)
        vpc = estate.client("ec2", account).describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
        made = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
        web = [made["TargetGroups"][0]["TargetGroupArn"]]
        estate.group("shop-eu-v002", image, account, size=3, said=tagged(image, "1.4-2"), TargetGroupARNs=web)
    gone = tagged(old, "1.3-1") | {tags.STATE: "disabled", tags.DELETE_AFTER: "2030-01-01T00:00:00Z"}
    estate.group("shop-eu-v001", old, said=gone)
    bare = estate.image("cart-7", application="cart", version="7")
    estate.group("cart-v000", bare)  # no deploy made it
    estate.group("worker-v010", bare, PRODUCTION, US, size=2, said=tagged(bare, "9", "worker"))


@contextmanager
def estate(directory: Path) -> Iterator[Estate]:
    """The two accounts for as long as the block runs."""
    toml = directory / "delivery.toml"
    toml.write_text(SETTINGS)
    made = Estate(toml)
    plain = Aws.__init__

    def opened(self: Aws, *arguments: Any) -> None:
        plain(self, *arguments)
        self.clients.make = partial(recorded, self, self.clients.make)

    def recorded(self: Aws, make: Callable[[str], Any], service: str) -> Any:
        client = make(service)
        account, region = self.account, self.region

        def note(params: Any, model: Any, **_: Any) -> Any:
            made.calls.append((account, region, Call(service_of(model), model.name, dict(params))))

        def refuse(model: Any, **_: Any) -> Any:
            code = made.failing.get((account, region, model.name))
            return _refused(code) if code else None

        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"provide-client-params.{name}", note)
        client.meta.events.register(f"before-call.{name}", refuse)
        return client

    environment = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_REGION": EU, "DELIVERY_SETTINGS": str(toml)}
    with patch.dict(os.environ, environment), mock_aws(), patch.object(Aws, "__init__", opened):
        yield made


def _refused(code: str) -> Any:
    from types import SimpleNamespace

    error = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return SimpleNamespace(status_code=400, headers={}, content=b""), error


def record(one: Estate) -> None:
    """Records of a deploy, of a rollback, of a run that was killed, and of one that is under way."""
    settings = load_settings(one.toml)
    aws = open_aws(settings, "test", EU)
    create_table(aws.dynamodb, "delivery-history")
    store = open_store(aws, settings, HostClock())
    assert store is not None
    image = one.images["shop-1.4", TEST]
    old = GroupVersion(group="shop-eu-v001", image="ami-1", version="1.3-1")
    new = GroupVersion(group="shop-eu-v002", image=image, version="1.4-2")
    trigger = RunOrigin(
        deployer="arn:aws:iam::1:role/x", jenkins_user="alice", job="shop/deploy", build="12",
        build_url="https://jenkins.example.com/job/shop/12/", change_request="CHG12",
    )  # fmt: skip
    steps = (
        {"name": "healthy", "text": "three", "after": 5.0, "seconds": 60.0, "outcome": "done", "notes": []},
    )

    def append(id: str, begun: str, kind: str = "deploy", cluster: str = "shop-eu", **more: Any) -> None:
        made = RunRecord(
            id=id, kind=kind, application=names.parse_cluster(cluster).app, cluster=cluster, account="test",
            region=EU, begun=begun, trigger=trigger, **more,
        )  # fmt: skip
        store.append(RunEvent("begin" if made.is_open else "end", made))

    append("r-1", "2026-01-01T10:00:00Z", source=old, target=new, outcome="deployed", timeline=steps)
    append(
        "r-2",
        "2026-01-02T10:00:00Z",
        "rollback",
        source=new,
        target=old,
        outcome="rolled back",
        reason="slow",
    )
    append("r-3", "2026-01-03T10:00:00Z", source=old)
    append("r-4", "2026-01-04T10:00:00Z", "resume", source=old, outcome="nothing to do")
    append("r-5", "2026-01-05T10:00:00Z", cluster="shop-us")


def listener(one: Estate) -> None:
    """Give cart a listener and worker a rule, which do not exist: they are asked for nevertheless."""
    listener = arn("elasticloadbalancing", "listener/app/x/1/2", account=TEST)
    rule = arn("elasticloadbalancing", "listener-rule/app/x/1/2/3", account=TEST)
    text = one.toml.read_text()
    one.toml.write_text(
        text + f'[clusters.cart]\ntraffic = "weighted"\nlistener = "{listener}"\n'
        f'[clusters.shop-eu]\ntraffic = "weighted"\nlistener = "{rule}"\n'
    )


def rows(text: str) -> list[list[str]]:
    """Cells of a table, without its head."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()[1:]]


def begin_run(one: Estate) -> None:
    """Record the begin of a run whose end is not known."""
    settings = load_settings(one.toml)
    aws = open_aws(settings, "test", EU)
    store = open_store(aws, settings, HostClock())
    assert store is not None
    run = RunRecord(
        id="r-9", kind="deploy", application="shop", cluster="shop-eu", account="test", region=EU,
        begun="2026-01-09T10:00:00Z",
    )  # fmt: skip
    store.append(RunEvent("begin", run))
