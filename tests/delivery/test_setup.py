"""`delivery setup` on moto: what it makes is all a deploy needs, and what it did not make it leaves alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from moto import mock_aws
from moto.moto_api._internal.models import moto_api_backend

from delivery import cli
from delivery.aws import open_aws
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.settings import load_settings
from delivery.setup.run import refuse_replacements
from delivery.setup.stacks import Proposal, StackChange

pytest.importorskip("openapi_spec_validator", reason="moto's CloudFormation needs it")
import cloudformation_types  # noqa: F401  # types that moto's CloudFormation does not make

import iam

pytestmark = pytest.mark.slow

REGION = "eu-west-1"
EVERY = os.environ.get("DELIVERY_FAULTS") == "all"
"""A kill at every call, not at every seventh."""
AGENTS = "arn:aws:iam::123456789012:role/agents"


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings of one account and one application, in the default network."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    monkeypatch.setattr(HostClock, "sleep", lambda *_: None)
    with mock_aws():
        subnets = client("ec2").describe_subnets()["Subnets"]
        ids = json.dumps([subnet["SubnetId"] for subnet in subnets[:2]])
        client("iam").create_role(RoleName="agents", AssumeRolePolicyDocument="{}")
        path = tmp_path / "delivery.toml"
        path.write_text(
            f"""
[accounts.test]
regions = ["{REGION}"]

[accounts.test.setup]
agents = ["{AGENTS}"]
load_balancer = "make"
load_balancer_subnets = {ids}
domain = "example.com"

[apps.cart]
port = 8080
subnets = {ids}
instance_type = "m5.large"
desired = 1
looks = 1
poll_seconds = 1
gates = []

[bake]
instance_profile = "baker"
bucket = "packages-cart"
kms_key = "alias/images"
"""
        )
        monkeypatch.setenv("DELIVERY_SETTINGS", str(path))
        yield path


def ran(*words: str) -> None:
    assert cli.run([*words]) == 0


def test_a_deploy_needs_nothing_else(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran("setup", "account")
    ran("setup", "app")
    out = capsys.readouterr().out
    assert "delivery-account-test (new)" in out
    assert "add     TargetGroup" in out
    image = client("ec2").register_image(Name="cart-1.0", RootDeviceName="/dev/xvda")["ImageId"]
    ran("deploy", "--cluster", "cart", "--image", image)
    group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    arns = [
        each["TargetGroupArn"]
        for each in client("elbv2").describe_target_groups(Names=["cart"])["TargetGroups"]
    ]
    assert group["TargetGroupARNs"] == arns


def stacks() -> list[str]:
    return [stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]]


def test_what_is_made_is_made_once(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran("setup", "account")
    ran("setup", "app")
    capsys.readouterr()
    ran("setup", "account")
    ran("setup", "app")
    assert capsys.readouterr().out.count("nothing to change") == 2
    versions = client("ec2").describe_launch_template_versions(LaunchTemplateName="cart")
    assert len(versions["LaunchTemplateVersions"]) == 1


def test_auto_scaling_may_use_the_key(settings: Path) -> None:
    ran("setup", "account")
    kms = client("kms")
    key = kms.describe_key(KeyId="alias/images")["KeyMetadata"]["Arn"]
    (grant,) = kms.list_grants(KeyId=key)["Grants"]
    assert grant["GranteePrincipal"].endswith("/AWSServiceRoleForAutoScaling")
    assert "CreateGrant" in grant["Operations"]


@pytest.mark.parametrize("words", [("account",), ("app",)], ids=["account", "app"])
def test_a_plan_changes_nothing(
    words: tuple[str, ...], settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = settings.read_text().replace('load_balancer = "make"', "")
    settings.write_text(text)
    ran("setup", *words, "--plan")
    assert "add     " in capsys.readouterr().out
    assert stacks() == []
    assert client("dynamodb").list_tables()["TableNames"] == []


def test_a_template_is_written_and_nothing_made(settings: Path, tmp_path: Path) -> None:
    ran("setup", "account", "--out", str(tmp_path / "stack.yaml"))
    assert "AWS::DynamoDB::Table" in (tmp_path / "stack.yaml").read_text()
    assert stacks() == []


def test_what_exists_is_left_as_it_is(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    iam, table = client("iam"), client("dynamodb")
    iam.create_role(RoleName="cart", AssumeRolePolicyDocument="{}", Description="by hand")
    table.create_table(
        TableName="delivery-locks", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
    )  # fmt: skip
    ran("setup", "account")
    ran("setup", "app")
    out = capsys.readouterr().out
    assert "LockTable delivery-locks exists, and no stack of delivery setup has it" in out
    assert "add     Role (" not in out
    assert iam.get_role(RoleName="cart")["Role"]["Description"] == "by hand"
    assert (
        iam.get_instance_profile(InstanceProfileName="cart")["InstanceProfile"]["Roles"][0]["RoleName"]
        == "cart"
    )


def test_a_stack_of_another_is_refused(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = {
        "Resources": {"Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/by/hand"}}}
    }
    client("cloudformation").create_stack(
        StackName="delivery-account-test", TemplateBody=json.dumps(template)
    )
    assert cli.run(["setup", "account"]) == 2
    assert "delivery setup did not make it" in capsys.readouterr().err


def test_a_new_version_of_the_template_is_the_default(settings: Path) -> None:
    ran("setup", "account")
    ran("setup", "app")
    settings.write_text(settings.read_text().replace("m5.large", "m5.xlarge"))
    ran("setup", "app")
    (template,) = client("ec2").describe_launch_templates(LaunchTemplateNames=["cart"])["LaunchTemplates"]
    assert (template["LatestVersionNumber"], template["DefaultVersionNumber"]) == (2, 2)
    versions = client("ec2").describe_launch_template_versions(
        LaunchTemplateName="cart", Versions=["$Default"]
    )
    assert versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]["InstanceType"] == "m5.xlarge"


class KilledError(BaseException):
    """What a killed run ends with."""


def after_calls(monkeypatch: pytest.MonkeyPatch, number: int, *, is_sent: bool) -> list[str]:
    """End the run at its call of this number, before or after it was sent; returns the calls so far."""
    calls: list[str] = []
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    depth = 0

    def call(self: Any, operation: str, parameters: Any) -> Any:
        nonlocal depth
        if depth:
            return send(self, operation, parameters)  # by a stack of moto itself
        calls.append(operation)
        ordinal = len(calls)
        if ordinal == number and not is_sent:
            raise KilledError
        depth += 1
        try:
            return send(self, operation, parameters)
        finally:
            depth -= 1
            if ordinal == number:
                raise KilledError

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return calls


def made() -> dict[str, object]:
    """What a run has made, without ids."""
    iam, elb = client("iam"), client("elbv2")
    return {
        "stacks": sorted(stacks()),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "roles": sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
        "templates": [
            (template["LaunchTemplateName"], template["DefaultVersionNumber"])
            for template in client("ec2").describe_launch_templates()["LaunchTemplates"]
        ],
        "target groups": [group["TargetGroupName"] for group in elb.describe_target_groups()["TargetGroups"]],
        "grants": len(client("kms").list_grants(KeyId=client("kms").describe_key(KeyId="alias/images")["KeyMetadata"]["Arn"])["Grants"]),
    }  # fmt: skip


def both() -> None:
    cli.run(["setup", "account"])
    cli.run(["setup", "app"])


@pytest.mark.parametrize("is_sent", [False, True], ids=["before", "after"])
def test_a_killed_run_is_finished_by_the_next_one(
    settings: Path, monkeypatch: pytest.MonkeyPatch, *, is_sent: bool
) -> None:
    with monkeypatch.context() as patched:
        calls = after_calls(patched, 0, is_sent=False)
        both()
        count, whole = len(calls), made()
    for number in range(1, count + 1, 1 if EVERY else 7):
        moto_api_backend.reset()
        text = settings.read_text()
        subnets = json.dumps([each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]])
        settings.write_text(re.sub(r"(subnets = )\[.*\]", rf"\1{subnets}", text))
        client("iam").create_role(RoleName="agents", AssumeRolePolicyDocument="{}")
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            after_calls(patched, number, is_sent=is_sent)
            both()
        both()
        assert made() == whole, f"killed at call {number}"


def test_its_policy_allows_every_call_it_makes(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operations: set[str] = set()
    send, depth = BaseClient._make_api_call, 0  # type: ignore[attr-defined]

    def call(self: Any, operation: str, parameters: Any) -> Any:
        nonlocal depth
        service = self.meta.service_model.signing_name
        if not depth and service != "sts":
            operations.add(f"{NAMES.get(service, service)}:{ACTIONS.get(operation, operation)}")
        depth += 1
        try:
            return send(self, operation, parameters)
        finally:
            depth -= 1

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", call)
        both()
        settings.write_text(settings.read_text().replace("m5.large", "m5.xlarge"))
        both()
    assert "ec2:ModifyLaunchTemplate" in operations
    assert operations - iam.actions(iam.document("delivery", "setup")) == set()


NAMES = {"monitoring": "cloudwatch"}
ACTIONS = {"HeadBucket": "ListBucket"}


def test_what_the_settings_name_is_not_made(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = 'launch_template = "ours"\ntarget_groups = ["web"]\nsecurity_groups = ["sg-1"]\ninstance_profile = "web"'
    settings.write_text(settings.read_text().replace("port = 8080", f"port = 8080\n{named}"))
    ran("setup", "app", "--plan")
    added = re.findall(r"add +(\w+)", capsys.readouterr().out)
    assert added == ["LogGroup"]


def test_production_asks_first(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = settings.read_text().replace(
        "[accounts.test]", '[accounts.test]\nproduction = true\ntested_in = "none"'
    )
    settings.write_text(text)
    assert cli.run(["setup", "account"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert stacks() == []
    ran("setup", "account", "--yes")
    assert stacks() == ["delivery-account-test"]


def test_a_change_that_replaces_what_runs_is_refused(settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both()
    aws = open_aws(load_settings(), "test")
    change = StackChange(
        "Modify", "TargetGroup", "AWS::ElasticLoadBalancingV2::TargetGroup", "True", ("Port",)
    )
    proposal = Proposal("delivery-app-cart", "", is_new=False, changes=(change,))
    with pytest.raises(DeliveryError, match="TargetGroup by Port"):
        refuse_replacements(aws, proposal, HostClock())
