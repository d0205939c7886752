"""`delivery doctor`: nothing is missing after setup, and whatever is taken away is found, with a hint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws

import iam
from delivery import cli
from delivery.aws import principal_of
from delivery.clock import HostClock
from delivery.doctor import judge
from delivery.setup.policies import assumed_by
from jobdsl.errors import Problem

pytest.importorskip("openapi_spec_validator", reason="moto's CloudFormation needs it")
import cloudformation_types  # noqa: F401  # types that moto's CloudFormation does not make

REGION = "eu-west-1"


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An account that setup has made ready, with an image."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    monkeypatch.setattr(HostClock, "sleep", lambda *_: None)
    with mock_aws(), patch.object(BaseClient, "_make_api_call", strict(BaseClient._make_api_call)):  # type: ignore[attr-defined]
        ids = json.dumps([subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"][:2]])
        client("iam").create_role(RoleName="agents", AssumeRolePolicyDocument="{}")
        image = client("ec2").register_image(Name="base", RootDeviceName="/dev/xvda", Architecture="x86_64")[
            "ImageId"
        ]
        path = tmp_path / "delivery.toml"
        path.write_text(
            f"""
[accounts.test]
regions = ["{REGION}"]
[accounts.test.setup]
agents = ["arn:aws:iam::123456789012:role/agents"]
load_balancer = "make"
load_balancer_subnets = {ids}
domain = "example.com"
[apps.cart]
port = 8080
subnets = {ids}
instance_type = "m5.large"
desired = 1
scaling_cpu_percent = 50.0
error_percent = 5.0
alarms = ["cart-errors"]
[bake]
base = "{image}"
subnets = {ids}
instance_profile = "baker"
bucket = "packages-cart"
kms_key = "alias/images"
"""
        )
        monkeypatch.setenv("DELIVERY_SETTINGS", str(path))
        assert cli.run(["setup", "account"]) == 0
        assert cli.run(["setup", "app"]) == 0
        made = client("ec2").register_image(
            Name="cart-1.0", RootDeviceName="/dev/xvda", Architecture="x86_64"
        )
        client("ec2").create_tags(Resources=[made["ImageId"]], Tags=[{"Key": "application", "Value": "cart"}])
        # moto's stacks leave out what a target group and a bucket have besides
        (group,) = client("elbv2").describe_target_groups(Names=["cart"])["TargetGroups"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "90"}
        client("elbv2").modify_target_group_attributes(
            TargetGroupArn=group["TargetGroupArn"], Attributes=[delay]
        )
        blocks = dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        )
        client("s3").put_public_access_block(Bucket="packages-cart", PublicAccessBlockConfiguration=blocks)
        yield path


def strict(send: Callable[..., Any]) -> Callable[..., Any]:
    """Answer what moto does not know: quotas, limits, and IAM's simulation."""
    answers: dict[str, Any] = {
        "GetServiceQuota": {"Quota": {"Value": 64.0}},
        "DescribeAccountLimits": {"MaxNumberOfAutoScalingGroups": 500, "NumberOfAutoScalingGroups": 1},
        "SimulatePrincipalPolicy": {"EvaluationResults": [{"EvalDecision": "allowed"}]},
    }

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation == "DescribeAccountLimits" and self.meta.service_model.service_name != "autoscaling":
            return send(self, operation, parameters)
        return answers[operation] if operation in answers else send(self, operation, parameters)

    return call


def problems(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    code = cli.run(["doctor", "--json", *words])
    report = json.loads(capsys.readouterr().out)
    assert code == (1 if any(each["severity"] == "error" for each in report["problems"]) else 0)
    found: list[dict[str, Any]] = report["problems"]
    return found


def test_after_setup_nothing_is_missing(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(capsys) == []
    assert cli.run(["doctor"]) == 0
    assert "nothing is missing" in capsys.readouterr().out


def _profile() -> None:
    iam = client("iam")
    iam.remove_role_from_instance_profile(InstanceProfileName="cart", RoleName="cart")
    iam.delete_instance_profile(InstanceProfileName="cart")


def _target_group() -> str:
    (group,) = client("elbv2").describe_target_groups(Names=["cart"])["TargetGroups"]
    return str(group["TargetGroupArn"])


def _grants() -> None:
    kms = client("kms")
    key = kms.describe_key(KeyId="alias/images")["KeyMetadata"]["Arn"]
    for grant in kms.list_grants(KeyId=key)["Grants"]:
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])


def _ingress() -> None:
    ec2 = client("ec2")
    filters = [{"Name": "group-name", "Values": ["delivery-cart"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])


def _template() -> None:
    client("ec2").delete_launch_template(LaunchTemplateName="cart")


def _trust() -> None:
    client("iam").update_assume_role_policy(
        RoleName="baker", PolicyDocument=json.dumps(assumed_by({"Service": "ecs.amazonaws.com"}))
    )


def _slow() -> None:
    client("elbv2").modify_target_group(
        TargetGroupArn=_target_group(),
        HealthCheckIntervalSeconds=200,
        HealthyThresholdCount=5,
        HealthCheckPath="/up",
    )


def _delay() -> None:
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
    client("elbv2").modify_target_group_attributes(TargetGroupArn=_target_group(), Attributes=[delay])


BREAKS: dict[str, tuple[Callable[[], object], list[tuple[str, str]]]] = {
    "role of Auto Scaling": (
        lambda: client("iam").delete_role(RoleName="AWSServiceRoleForAutoScaling"),
        [("service-role", "error")],
    ),
    "table": (
        lambda: client("dynamodb").delete_table(TableName="delivery-locks"),
        [("lock-table", "warning")],
    ),
    "grant": (_grants, [("key-grant", "error")]),
    "bucket": (lambda: client("s3").delete_bucket(Bucket="packages-cart"), [("bucket", "error")]),
    "public bucket": (
        lambda: client("s3").delete_public_access_block(Bucket="packages-cart"),
        [("bucket", "warning")],
    ),
    "trust of the baker": (_trust, [("baker-role", "error")]),
    "key": (lambda: client("kms").delete_alias(AliasName="alias/images"), [("image-key", "error")]),
    "profile": (_profile, [("profile", "error")]),
    "ingress": (_ingress, [("access-path", "error")]),
    "alarm": (lambda: client("cloudwatch").delete_alarms(AlarmNames=["cart-errors"]), [("alarms", "error")]),
    "slow checks": (_slow, [("target-group", "error"), ("health-checks", "error")]),
    "long drain": (_delay, [("drain", "warning")]),
    "template": (_template, [("template", "warning"), ("template", "warning"), ("template", "warning")]),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_taken_away_is_found(account: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    take_away, expected = BREAKS[name]
    take_away()
    found = problems(capsys)
    assert {(each["rule"], each["severity"]) for each in found} >= {*expected}
    assert {each["rule"] for each in found} <= {rule for rule, _ in expected}
    assert all(each["message"] and each["hint"] for each in found)


def test_setup_repairs_a_grant_and_a_role(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _grants()
    client("iam").delete_role(RoleName="AWSServiceRoleForAutoScaling")
    assert problems(capsys) != []
    assert cli.run(["setup", "account"]) == 0
    assert problems(capsys) == []


def test_what_may_not_be_read_is_a_note_and_never_a_pass(
    account: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation in ("GetRole", "DescribeAlarms", "GetServiceQuota"):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
        return send(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        found = problems(capsys)
    assert {(each["rule"], each["severity"]) for each in found} == {
        ("service-role", "note"), ("alarms", "note"), ("quotas", "note"),
    }  # fmt: skip


def test_quotas_must_hold_all_fleets(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    account.write_text(account.read_text().replace("desired = 1", "desired = 12"))  # 3 fleets of 24 vCPUs
    (problem,) = problems(capsys)
    assert (problem["rule"], problem["severity"]) == ("quotas", "error")
    assert "72 vCPUs" in problem["message"]


def test_a_role_that_may_not_be_handed_on_is_found(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation == "SimulatePrincipalPolicy":
            return {"EvaluationResults": [{"EvalDecision": "implicitDeny"}]}
        if operation == "GetCallerIdentity":
            arn = "arn:aws:sts::123456789012:assumed-role/deployer/delivery"
            return {"Account": "123456789012", "Arn": arn, "UserId": "x"}
        return send(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        (problem,) = problems(capsys)
    assert problem["rule"] == "pass-role"
    assert "role/deployer may not hand role cart" in problem["message"]


def test_a_misspelled_application_is_an_error(account: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", "--app", "crat"]) == 2
    assert "cart" in capsys.readouterr().err


def test_doctor_changes_nothing(account: Path) -> None:
    operations = set()
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, parameters: Any) -> Any:
        service = self.meta.service_model.signing_name
        operations.add((service, operation))
        assert operation != "RunInstances" or parameters["DryRun"]
        return send(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", call):
        assert cli.run(["doctor"]) == 0
    changing = {
        name for _, name in operations if not name.startswith(("Describe", "Get", "List", "Head", "Simulate"))
    }
    assert changing <= {"RunInstances", "AssumeRole"}
    named = {f"{NAMES.get(service, service)}:{ACTIONS.get(name, name)}" for service, name in operations}
    policy = iam.actions(iam.document("delivery", "doctor"))
    assert {each for each in named if not each.startswith("sts:")} - policy == {"ec2:RunInstances"}


NAMES = {"monitoring": "cloudwatch"}
ACTIONS = {"HeadBucket": "ListBucket", "GetPublicAccessBlock": "GetBucketPublicAccessBlock"}


# what AWS describes, judged


def messages(found: Iterator[Problem]) -> list[str]:
    return [problem.message for problem in found]


def test_a_table_of_other_keys_is_an_error() -> None:
    table = {
        "TableName": "locks",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    assert "has the key id" in messages(judge.judge_table(table, ("name",)))[0]
    assert messages(judge.judge_table(table, ("id",))) == []
    assert "CREATING" in messages(judge.judge_table({**table, "TableStatus": "CREATING"}, ("id",)))[0]


def test_a_target_group_of_another_network_port_and_path() -> None:
    group = {
        "TargetGroupName": "web", "TargetType": "ip", "VpcId": "vpc-2", "Port": 80, "HealthCheckPath": "/",
        "LoadBalancerArns": ["arn"],
    }  # fmt: skip
    found = messages(judge.judge_target_group(group, vpcs=["vpc-1"], port=8080, health_path="/healthz"))
    assert len(found) == 4
    assert messages(judge.judge_target_group(group, vpcs=["vpc-2"], port=None, health_path=None)) == [
        "target group web is for targets of type ip, and not for instances"
    ]
    alone = {**group, "TargetType": "instance", "LoadBalancerArns": []}
    (message,) = messages(judge.judge_target_group(alone, vpcs=[], port=None, health_path=None))
    assert "in no rule of a load balancer" in message


@pytest.mark.parametrize(
    ("rule", "is_open"),
    [
        ({"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]}, True),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}, True),
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]}, False),
        ({"IpProtocol": "udp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-lb"}]}, False),
        ({"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-x"}]}, False),
    ],
)  # fmt: skip
def test_the_way_from_the_load_balancer(rule: dict[str, Any], *, is_open: bool) -> None:
    own = [{"GroupId": "sg-app", "IpPermissions": [rule]}]
    assert (messages(judge.judge_access_path(own, ["sg-lb"], 8080)) == []) is is_open


def test_zones() -> None:
    subnets = [{"AvailabilityZone": "a"}, {"AvailabilityZone": "b"}]
    assert messages(judge.judge_zones(subnets, ["a", "b"], ["m5.large"])) == []
    (problem,) = judge.judge_zones(subnets, ["a"], ["m5.large"])
    assert problem.severity == "warning"
    (problem,) = judge.judge_zones(subnets, [], ["m5.large"])
    assert problem.severity == "error"
    (problem,) = judge.judge_zones(subnets[:1], ["a"], ["m5.large"])
    assert "zone a" in problem.message


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:sts::123456789012:assumed-role/deployer/build", "arn:aws:iam::123456789012:role/deployer"),
        ("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/ann"),
        ("arn:aws:iam::123456789012:root", ""),
    ],
)
def test_the_principal_behind_a_caller(caller: str, principal: str) -> None:
    assert principal_of(caller) == principal
