"""The policies in docs/delivery: what each command calls is allowed, nothing it never calls is, and only on what is ours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bake_world import World as BakeWorld
from bake_world import world as bake_world
from botocore.exceptions import ClientError

import iam
from delivery import tags as words
from delivery.bake.request import Smoke
from delivery.bake.userdata import PROOF
from delivery.errors import DeliveryError
from delivery_world import World, group_tags, world
from deploy_requests import arn
from iam import actions, allowed

document = partial(iam.document, "delivery")
REGION, ME = "eu-west-1", "123456789012"
Request = tuple[str, str, dict[str, Any]]
NOT_CALLED = {
    "bake": {
        "kms:CreateGrant",  # asked for by EC2 in our name, for disks and copies
        "kms:Decrypt",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    },
    "clean-groups": set(),
}
"""What AWS asks for besides the calls themselves."""


def ec2(id: str) -> str:
    kind = {"i": "instance", "vol": "volume", "ami": "image", "snap": "snapshot"}[id.partition("-")[0]]
    return arn("ec2", f"{kind}/{id}", account="" if kind in ("image", "snapshot") else ME)


def on(ids: Iterable[str], tags: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for id in ids:
        yield ec2(id), {f"aws:ResourceTag/{key}": value for key, value in tags.get(id, {}).items()}


def asked(
    operation: str, said: Mapping[str, Any], tags: Mapping[str, Mapping[str, str]]
) -> Iterator[Request]:
    """What IAM is asked for a call of EC2, as its service authorization reference has it.

    `tags` are those of everything, taken after all was done: ours are written when a thing is made.
    """
    made = [
        (one["ResourceType"], {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in one["Tags"]})
        for one in said.get("TagSpecifications", ())
    ]
    name = f"ec2:{operation}"
    for kind, context in made:
        yield "ec2:CreateTags", _new(kind), {"ec2:CreateAction": operation}
        yield name, _new(kind), context
    if operation == "RunInstances":
        if "IamInstanceProfile" in said:
            yield "iam:PassRole", arn("iam", "role/baker", region=""), {}
        for other in ("subnet/s", "security-group/s"):
            yield name, arn("ec2", other), {}
        yield name, ec2(said["ImageId"]), {}
    elif operation == "CreateImage":
        yield from ((name, *one) for one in on([said["InstanceId"]], tags))
    elif operation == "CreateTags":
        context = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in said["Tags"]}
        yield from ((name, where, {**has, **context}) for where, has in on(said["Resources"], tags))
    elif operation == "CopyImage":
        yield name, ec2(said["SourceImageId"]), {}
    elif operation.startswith(("Describe", "Get")):
        yield name, "*", {}
    else:
        ids = [*said.get("InstanceIds", ())]
        ids += [said[key] for key in ("ImageId", "SnapshotId") if key in said]
        yield from ((name, *one) for one in on(ids, tags))


def _new(kind: str) -> str:
    return arn("ec2", f"{kind}/new", account="" if kind in ("image", "snapshot") else ME)


def others(operation: str, said: Mapping[str, Any]) -> Iterator[Request]:
    """What IAM is asked for a call of another service."""
    yield (*OTHERS[operation], {})
    if operation == "PutObject" and "Tagging" in said:
        yield "s3:PutObjectTagging", OTHERS[operation][1], {}


OTHERS = {
    "GetParameter": ("ssm:GetParameter", arn("ssm", "parameter/images/base")),
    "GetCallerIdentity": ("sts:GetCallerIdentity", "*"),
    "DescribeKey": ("kms:DescribeKey", arn("kms", "key/1")),
    "GetKeyPolicy": ("kms:GetKeyPolicy", arn("kms", "key/1")),
    "HeadObject": ("s3:GetObject", "arn:aws:s3:::packages.example.com/x"),
    "GetObject": ("s3:GetObject", "arn:aws:s3:::packages.example.com/x"),
    "PutObject": ("s3:PutObject", "arn:aws:s3:::packages.example.com/x"),
    "DeleteObject": ("s3:DeleteObject", "arn:aws:s3:::packages.example.com/x"),
}


# bakes


def bakes(there: BakeWorld) -> None:
    """Bakes that call all there is: found by a parameter, through a bucket, tried, copied, shared, and one that fails."""
    from delivery.bake import base, fetching, package

    for region in (REGION, "us-east-1"):
        kms = there.raw("kms", region)
        principal = {"AWS": [f"arn:aws:iam::{one}:root" for one in (ME, "999999999999")]}
        said = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [said]})
        key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/images", TargetKeyId=key)
    there.raw("ssm").put_parameter(Name="/images/base", Value=there.base, Type="String")
    there.raw("iam").create_instance_profile(InstanceProfileName="baker")
    there.raw("s3").create_bucket(
        Bucket="packages.example.com", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    order = there.order(
        base=base.parse("ssm:/images/base"),
        regions=("us-east-1",),
        share=("999999999999",),
        kms_key="alias/images",
        smoke=Smoke(command="true"),
        content=b"#!/bin/sh\n" + b"# long\n" * 20_000,
        bucket="packages.example.com",
        instance_profile="baker",
    )
    there.bake(order)
    there.bake(order, "bake-1b")
    by_url = there.order(content=b"#!/bin/sh\ntrue\n")
    there.raw("s3").put_object(Bucket="packages.example.com", Key="tool-1.0.sh", Body=b"#!/bin/sh\ntrue\n")
    parsed = package.parse("s3://packages.example.com/tool-1.0.sh")
    there.bake(
        replace(by_url, package=fetching.inspect(there.aws(), parsed), instance_profile="baker"), "bake-3"
    )
    with pytest.raises(DeliveryError, match="share"):
        there.bake(there.order(share=("999999999999",)), "bake-4")
    with suppress(DeliveryError):
        there.bake(
            there.order(share=("999999999999",), encrypted=False, content=b"#!/bin/sh\ntrue\n"), "bake-5"
        )
    with pytest.raises(DeliveryError):
        there.bake(there.order(smoke=Smoke(command="exit 3"), content=b"#!/bin/sh\n"), "bake-2")


@pytest.fixture
def baked(
    tmp_path: Path,
) -> Iterator[tuple[list[Request], dict[str, dict[str, str]]]]:
    with bake_world(tmp_path) as there:
        bakes(there)
        tags = _all_tags(there)
        requests: list[Request] = []
        for operation, said in there.calls:
            if operation in OTHERS:
                requests += others(operation, said)
            else:
                requests += asked(operation, said, tags)
        yield requests, tags


def _all_tags(there: BakeWorld) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = {}
    for region in (REGION, "us-east-1"):
        for page in there.raw(region=region).get_paginator("describe_tags").paginate():
            for one in page["Tags"]:
                tags.setdefault(one["ResourceId"], {})[one["Key"]] = one["Value"]
    for operation, said in there.calls:  # what is gone by now was ours when it was made
        if operation in ("DeregisterImage", "DeleteSnapshot"):
            tags.setdefault(said.get("ImageId") or said["SnapshotId"], {words.BAKE: "bake-2"})
    return tags


def test_a_bake_may_do_what_it_does_and_nothing_else(
    baked: tuple[list[Request], dict[str, dict[str, str]]],
) -> None:
    requests, _ = baked
    policy = document("bake")
    refused = sorted(
        {
            (action, resource)
            for action, resource, said in requests
            if not allowed(policy, action, resource, said)
        }
    )
    assert refused == []
    assert actions(policy) - {action for action, _, _ in requests} == NOT_CALLED["bake"]


@pytest.mark.parametrize(
    "action", ["TerminateInstances", "DeregisterImage", "DeleteSnapshot", "ModifyImageAttribute"]
)
def test_a_bake_touches_nothing_of_others(action: str) -> None:
    policy = document("bake")
    for id in ("i-1", "ami-1", "snap-1"):
        assert not allowed(policy, f"ec2:{action}", ec2(id), {"aws:ResourceTag/team": "shop"})
        assert not allowed(policy, "ec2:CreateTags", ec2(id), {"aws:ResourceTag/team": "shop"})
    assert not allowed(policy, "ec2:RunInstances", arn("ec2", "instance/new"), {})


# roles


def test_an_instance_that_bakes_may_read_packages_and_prove_itself_alone() -> None:
    policy = document("baker")
    own = {
        "aws:userid": "AROA1:i-1",
        "ec2:InstanceID": "i-1",
        "aws:ResourceTag/delivery:bake": "bake-1",
        "aws:TagKeys": [PROOF],
    }
    assert allowed(policy, "s3:GetObject", "arn:aws:s3:::packages.example.com/shop.deb", {})
    assert not allowed(policy, "s3:GetObject", "arn:aws:s3:::others.example.com/shop.deb", {})
    assert allowed(policy, "ec2:CreateTags", ec2("i-1"), own)
    assert not allowed(policy, "ec2:CreateTags", ec2("i-2"), {**own, "ec2:InstanceID": "i-2"})
    assert not allowed(policy, "ec2:CreateTags", ec2("i-1"), {**own, "aws:TagKeys": [PROOF, words.BAKE]})
    assert actions(policy) == {"s3:GetObject", "ec2:CreateTags"}


def test_instances_of_an_application_change_nothing_of_deploys() -> None:
    assert {one.partition(":")[0] for one in actions(document("shop"))} == {"ssm", "logs"}
    for statement in document("shop")["Statement"]:
        places = statement["Resource"]
        assert all("shop" in one for one in ([places] if isinstance(places, str) else places))


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        ("trust-instances", {"Service": "ec2.amazonaws.com"}),
        ("trust-deployer", {"AWS": f"arn:aws:iam::{ME}:role/agents"}),
    ],
)
def test_trust_policies_name_who_may_take_on_a_role(name: str, principal: dict[str, str]) -> None:
    (statement,) = document(name)["Statement"]
    assert statement["Principal"] == principal
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")


def test_agents_may_assume_the_roles_of_the_settings_and_nothing_else() -> None:
    policy = document("agents")
    assert actions(policy) == {"sts:AssumeRole"}
    for account in (ME, "222222222222"):
        role = f"arn:aws:iam::{account}:role/deployer"
        assert allowed(policy, "sts:AssumeRole", role, {})
        assert not allowed(policy, "sts:AssumeRole", role.replace("deployer", "admin"), {})


def test_every_policy_is_named_in_the_documentation() -> None:
    page = (iam.DOCS / "delivery.md").read_text()
    assert [one.name for one in (iam.DOCS / "delivery").glob("*.json") if one.name not in page] == []


# groups


GROUPS = (
    "DeleteAutoScalingGroup", "UpdateAutoScalingGroup", "DeleteTags", "ResumeProcesses", "SetInstanceProtection",
)  # fmt: skip


def test_cleaning_groups_may_do_what_it_does_and_nothing_else() -> None:
    from delivery.clean import groups as cleaning
    from delivery.settings import DeliverySettings

    with world() as there:
        web, scaling = there.target_group("web"), there.raw("autoscaling")
        _listen(there, web)
        for name in ("shop-v001", "shop-v002", "shop-v003"):
            there.group(name, 1, TargetGroupARNs=[web] if name == "shop-v003" else [])
        there.raw("autoscaling").attach_load_balancers(
            AutoScalingGroupName="shop-v003", LoadBalancerNames=[there.balancer("old")]
        )
        scaling.suspend_processes(AutoScalingGroupName="shop-v001", ScalingProcesses=["Launch", "Terminate"])
        ours = {words.DEPLOY: "d1", words.DELETE_AFTER: "1970-01-01T00:00:00+00:00"}
        scaling.create_or_update_tags(Tags=group_tags("shop-v001", ours))
        scaling.create_or_update_tags(Tags=group_tags("shop-v002", {words.PIN: "0"}))
        there.alarm("shop-v001", "up")
        _hooked(there, "shop-v000")
        there.clock.sleep(10**9)
        there.calls.clear()
        tags = {name: there.tags(name) for name in there.groups()}
        for one in cleaning.plan(there.aws, there.clock, None, 24.0):
            if one.action != "keep":
                assert cleaning.act(there.aws, DeliverySettings(), there.clock, one, 24.0)[0] is not False
        refuse_deletion(there)
        with suppress(DeliveryError):
            again = next(
                one for one in cleaning.plan(there.aws, there.clock, None, 24.0) if one.group == "shop-v000"
            )
            cleaning.act(there.aws, DeliverySettings(), there.clock, again, 24.0)
        requests = [
            _group_request(call.service, call.operation, call.parameters, tags) for call in there.calls
        ]
    policy = document("clean-groups")
    made_by_hand = {"dynamodb:CreateTable", "dynamodb:DescribeTable", "sts:GetCallerIdentity"}
    # the table is made once, by whoever may; who one is may be asked by anybody
    refused = {action for action, resource, said in requests if not allowed(policy, action, resource, said)}
    assert refused <= made_by_hand
    assert actions(policy) - {action for action, _, _ in requests} == NOT_CALLED["clean-groups"]
    group = arn("autoscaling", "autoScalingGroup:1:autoScalingGroupName/x")
    for operation in GROUPS:
        assert not allowed(
            policy, f"autoscaling:{operation}", group, {"autoscaling:ResourceTag/team": "shop"}
        )


def _hooked(there: World, name: str) -> None:
    """A group that was taken out, with a termination hook and instances that are protected from their launch."""
    scaling = there.raw("autoscaling")
    there.group(name, 1, NewInstancesProtectedFromScaleIn=True)
    scaling.put_lifecycle_hook(
        AutoScalingGroupName=name,
        LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
    )
    scaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch", "Terminate"])
    ours = {words.DEPLOY: "d1", words.DELETE_AFTER: "1970-01-01T00:00:00+00:00"}
    scaling.create_or_update_tags(Tags=group_tags(name, ours))
    there.alarm(name, "down")


def refuse_deletion(there: World) -> None:
    """Have AWS refuse to delete any group."""

    def refuse(model: Any, **_: Any) -> None:
        if model.name == "DeleteAutoScalingGroup":
            raise ClientError({"Error": {"Code": "ResourceInUse", "Message": "no"}}, model.name)

    there.listen("autoscaling", "before-call", refuse)


def _group_request(
    service: str, operation: str, said: Mapping[str, Any], tags: Mapping[str, Mapping[str, str]]
) -> Request:
    name = said.get("AutoScalingGroupName") or next((one["ResourceId"] for one in said.get("Tags", ())), "")
    if operation in GROUPS:
        context = {f"autoscaling:ResourceTag/{key}": value for key, value in tags[name].items()}
        return (
            f"{service}:{operation}",
            arn("autoscaling", f"autoScalingGroup:1:autoScalingGroupName/{name}"),
            context,
        )
    if service == "dynamodb":
        return f"{service}:{operation}", arn("dynamodb", f"table/{said['TableName']}"), {}
    if operation in ("DeleteAlarms", "PutMetricAlarm"):
        return f"{service}:{operation}", arn("cloudwatch", "alarm:x"), {}
    return f"{service}:{operation}", "*", {}


def _listen(there: World, target: str) -> None:
    elb = there.raw("elbv2")
    other = there.raw("ec2").create_subnet(
        VpcId=there.vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="eu-west-1b"
    )
    made = elb.create_load_balancer(Name="front", Subnets=[there.subnet, other["Subnet"]["SubnetId"]])
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target}],
    )
