"""The policies in docs/ec2: all the manager does is allowed, and nothing more; an agent reads its own secret only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest

import iam
from dynaslave.ec2.interruption_events import Notice, parse
from dynaslave.ec2.provider import Ec2Provider
from dynaslave.manager.costs import DynamoBook
from dynaslave.pools.pool import make
from dynaslave.provider import Hand, LaunchRequest
from ec2_strict import REGION, Account, Call, account
from iam import actions, allowed
from jobdsl.aws.lease import DynamoLease
from jobdsl.aws.tables import create_table, ensure_table

DOCS = iam.DOCS / "ec2"
document = partial(iam.document, "ec2")
ME = "123456789012"
MADE = ("instance", "volume", "network-interface")
Request = tuple[str, str, dict[str, Any]]


def ec2(kind: str, name: str = "x", owner: str = ME) -> str:
    return f"arn:aws:ec2:{REGION}:{owner}:{kind}/{name}"


def parameter(name: str, owner: str = ME) -> str:
    return f"arn:aws:ssm:{REGION}:{owner}:parameter{name}"


Tags = dict[str, dict[str, str]]


def requests(call: Call, tags: Tags) -> Iterator[Request]:
    """What IAM is asked for a call, as the service authorization reference of each service has it.

    `tags` are those of instances and templates that are there.
    """
    if call.operation in ("CreateFleet", "RunInstances"):
        yield from _launch(call, tags)
    elif call.operation == "CreateLaunchTemplate":
        yield from _template(call)
    elif call.operation == "PutParameter" and "Tags" in call.parameters:
        yield "ssm:AddTagsToResource", parameter(call.parameters["Name"]), {}
        yield "ssm:PutParameter", parameter(call.parameters["Name"]), {}
    else:
        name = f"{call.service}:{call.operation.removesuffix('Batch')}"
        for resource, context in _touched(call, tags):
            yield name, resource, context


def _touched(call: Call, tags: Tags) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resources of a call that asks for its own action only."""
    said = call.parameters
    keys = {"aws:TagKeys": [tag["Key"] for tag in said["Tags"]]} if call.operation == "CreateTags" else {}
    instances = [*said.get("InstanceIds", ()), *said.get("Resources", ())]
    instances += [said["InstanceId"]] if "InstanceId" in said else []
    names = [*said.get("Names", ()), *([said["Name"]] if "Name" in said else [])]
    one: dict[str, Callable[[str], str]] = {
        "InstanceProfileName": lambda name: f"arn:aws:iam::{ME}:instance-profile/{name}",
        "QueueUrl": lambda url: f"arn:aws:sqs:{REGION}:{ME}:{url.rpartition('/')[2]}",
        "TableName": lambda name: f"arn:aws:dynamodb:{REGION}:{ME}:table/{name}",
    }
    if call.operation.startswith("Describe") and call.service != "dynamodb":
        yield "*", {}
        return
    yield from ((ec2("instance", name), {**_tagged(tags[name]), **keys}) for name in instances)
    yield from ((parameter(name, "" if name.startswith("/aws/") else ME), {}) for name in names)
    yield from ((arn(said[key]), {}) for key, arn in one.items() if key in said)
    if "LaunchTemplateId" in said:
        yield ec2("launch-template"), _tagged(tags[said["LaunchTemplateId"]])


def _template(call: Call) -> Iterator[Request]:
    context = _requested(call.parameters["TagSpecifications"])["launch-template"]
    yield "ec2:CreateLaunchTemplate", ec2("launch-template"), context
    yield "ec2:CreateTags", ec2("launch-template"), {**context, "ec2:CreateAction": "CreateLaunchTemplate"}


def _launch(call: Call, tags: Tags) -> Iterator[Request]:
    """A fleet is asked for its own action and, for the instances in it, RunInstances."""
    said = call.parameters
    named = (
        said["LaunchTemplate"]
        if call.operation == "RunInstances"
        else said["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"]
    )
    made = _requested(said["TagSpecifications"])
    for action in {call.operation, "RunInstances"}:
        name = f"ec2:{action}"
        for kind in ("security-group", "subnet", "spot-instances-request"):
            yield name, ec2(kind), {}
        yield name, ec2("image", owner=""), {}
        yield name, ec2("launch-template"), _tagged(tags[named["LaunchTemplateId"]])
        for kind in (*MADE, *(["fleet"] if action == "CreateFleet" else [])):
            yield name, ec2(kind), made[kind]
    for kind, context in made.items():
        yield "ec2:CreateTags", ec2(kind), {**context, "ec2:CreateAction": call.operation}
    yield (
        "iam:PassRole",
        f"arn:aws:iam::{ME}:role/jenkins-agent",
        {"iam:PassedToService": "ec2.amazonaws.com"},
    )


def _requested(specifications: Any) -> dict[str, dict[str, str]]:
    return {
        one["ResourceType"]: {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in one["Tags"]}
        for one in specifications
    }


def _tagged(tags: dict[str, str]) -> dict[str, str]:
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


@pytest.fixture(scope="module")
def recorded() -> Iterator[tuple[list[Call], Tags]]:
    """Every call a manager makes in a life that leaves nothing out, and the tags of what there is."""
    with account() as aws:
        _live(aws)
        tags = {}
        for group in aws.strict.raw.describe_instances()["Reservations"]:
            for one in group["Instances"]:
                tags[one["InstanceId"]] = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for call in aws.strict.calls:
            if call.operation in (
                "DeleteLaunchTemplate",
                "CreateFleet",
                "RunInstances",
                "CreateLaunchTemplateVersion",
            ):
                tags |= {key: {"dynaslave:manager": "main"} for key in _templates(call)}
        yield aws.strict.calls, tags


def _templates(call: Call) -> list[str]:
    found = json.dumps(call.parameters, default=str)
    return [word for word in found.replace('"', " ").replace(",", " ").split() if word.startswith("lt-")]


def _live(aws: Account) -> None:
    queue = aws.clients.sqs.create_queue(QueueName="dynaslave-main")["QueueUrl"]
    aws.clients.ssm.put_parameter(Name="/images/agent", Value=aws.image, Type="String")
    aws.strict.calls.clear()
    subject = Ec2Provider("main", aws.clients, queue=queue, clock=aws.clock, sleep=aws.clock.sleep)
    fleet: dict[str, Any] = {
        "name": "fleet",
        "max_agents": 9,
        "instance_types": ["m5.large", "c5.large"],
        "spot": True,
    }
    fleet |= {"image": "ssm:/images/agent", "subnets": aws.subnets, "security_groups": [aws.group]}
    fleet |= {"instance_profile": aws.profile, "team": "shop", "tags": {"cost-centre": "4711"}}
    single = {**fleet, "name": "single", "instance_types": ["m5.large"], "subnets": aws.subnets[:1]}
    for number, settings in enumerate(
        [fleet, single, *({**fleet, "root_volume_gb": 30 + size} for size in range(4))]
    ):
        pool = make(settings)
        assert not subject.check(pool)
        subject.launch(LaunchRequest(pool, 1, f"i{number}", (f"n{number}",)))
    assert not subject.check_notices()
    instances = subject.list()
    for number, one in enumerate(instances):
        subject.hand_over(one, Hand(f"n{number}", "s3cret", "https://jenkins/"))
    subject.hand_over(instances[0], Hand("n0", "s3cret", "https://jenkins/"))
    subject.note(instances, {"suspect": "1", "uses": "2"})
    aws.clients.sqs.send_message(QueueUrl=queue, MessageBody=_interruption(instances[0].id))
    aws.strict.calls.pop()
    subject.list()
    subject.explain(instances[0])
    subject.terminate(instances[:1])
    subject.sweep(frozenset(), frozenset({"single"}))
    _lease(aws)


def _interruption(instance: str) -> str:
    kind = "EC2 Spot Instance Interruption Warning"
    return json.dumps({"detail-type": kind, "time": "now", "detail": {"instance-id": instance}})


def _lease(aws: Account) -> None:
    seen = boto3.client("dynamodb", region_name=REGION)
    create_table(seen, "dynaslave")
    seen.meta.events.register(
        "before-parameter-build.dynamodb",
        lambda params, model, **_: aws.strict.calls.append(Call("dynamodb", model.name, params)),
    )
    ensure_table(seen, "dynaslave")
    lease, book = DynamoLease(seen, "dynaslave", "main", "me"), DynamoBook(seen, "dynaslave", "main")
    assert lease.acquire()
    book.add("2027-01", {"fleet": 1.0}, 1.0)
    assert book.read("2027-01").dollars
    lease.release()


def test_every_call_asks_for_something(recorded: tuple[list[Call], Tags]) -> None:
    calls, tags = recorded
    assert [call for call in calls if not [*requests(call, tags)]] == []


def test_all_a_manager_does_is_allowed(recorded: tuple[list[Call], Tags]) -> None:
    policy = document("manager-policy")
    calls, tags = recorded
    assert len({call.operation for call in calls}) > 25
    refused = [
        (action, resource)
        for call in calls
        for action, resource, context in requests(call, tags)
        if not allowed(policy, action, resource, context)
    ]
    assert refused == []


def test_nothing_is_allowed_that_no_manager_does(
    recorded: tuple[list[Call], Tags],
) -> None:
    calls, tags = recorded
    needed = {action for call in calls for action, _, _ in requests(call, tags)}
    assert actions(document("manager-policy")) == needed


def test_only_what_cannot_be_narrowed_is_allowed_everywhere() -> None:
    for statement in document("manager-policy")["Statement"]:
        if statement["Resource"] == "*":
            assert all(":Describe" in action for action in statement["Action"])


OTHERS = {"aws:ResourceTag/dynaslave:manager": "other"}
OURS = {"aws:ResourceTag/dynaslave:manager": "main"}


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("ec2:TerminateInstances", ec2("instance"), OTHERS),
        ("ec2:TerminateInstances", ec2("instance"), {}),
        ("ec2:CreateTags", ec2("instance"), {**OTHERS, "aws:TagKeys": ["dynaslave:node"]}),
        ("ec2:CreateTags", ec2("instance"), {**OURS, "aws:TagKeys": ["cost-centre"]}),
        ("ec2:CreateTags", ec2("security-group"), OURS),
        ("ec2:RunInstances", ec2("instance"), {}),
        ("ec2:RunInstances", ec2("instance"), {"aws:RequestTag/dynaslave:manager": "other"}),
        ("ec2:RunInstances", ec2("launch-template"), OTHERS),
        ("ec2:DeleteLaunchTemplate", ec2("launch-template"), OTHERS),
        (
            "ec2:RunInstances",
            ec2("instance", owner="999999999999"),
            {"aws:RequestTag/dynaslave:manager": "main"},
        ),
        ("iam:PassRole", f"arn:aws:iam::{ME}:role/admin", {"iam:PassedToService": "ec2.amazonaws.com"}),
        (
            "iam:PassRole",
            f"arn:aws:iam::{ME}:role/jenkins-agent",
            {"iam:PassedToService": "lambda.amazonaws.com"},
        ),
        ("ssm:PutParameter", parameter("/dynaslave/other/i-1"), {}),
        ("ssm:GetParameter", parameter("/dynaslave/main/i-1"), {}),
        ("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ME}:dynaslave-other", {}),
    ],
)
def test_what_is_somebody_elses_is_out_of_reach(action: str, resource: str, context: dict[str, Any]) -> None:
    assert not allowed(document("manager-policy"), action, resource, context)


@pytest.mark.parametrize(("instance", "may"), [("i-1", True), ("i-2", False), (None, False)])
def test_an_agent_reads_its_own_secret_only(instance: str | None, may: bool) -> None:
    context = {"ssm:resourceTag/dynaslave:instance": ec2("instance", "i-1")}
    if instance:
        context["ec2:SourceInstanceARN"] = ec2("instance", instance)
    policy = document("agent-policy")
    assert allowed(policy, "ssm:GetParameter", parameter("/dynaslave/main/i-1"), context) == may
    assert actions(policy) == {"ssm:GetParameter"}


def test_an_agent_reads_nothing_that_is_not_tagged_for_it() -> None:
    context = {"ec2:SourceInstanceARN": ec2("instance", "i-1")}
    assert not allowed(
        document("agent-policy"), "ssm:GetParameter", parameter("/dynaslave/main/i-1"), context
    )


def test_the_rule_sends_what_the_manager_understands() -> None:
    rule = document("notices-rule")
    for branch in rule["$or"]:
        for kind in branch["detail-type"]:
            for state in branch.get("detail", {}).get("state", [""]):
                event = {"detail-type": kind, "time": "now", "detail": {"instance-id": "i-1", "state": state}}
                assert parse(json.dumps(event)) != Notice("i-1")


def test_the_queue_takes_events_of_the_rule_only() -> None:
    (statement,) = document("notices-queue")["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(":rule/dynaslave-main")


def test_the_pool_in_the_documentation_is_one() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS.parent / "ec2.md").read_text(), re.DOTALL)
    exec(code, {})  # a wrong argument raises


def test_the_documentation_names_the_files_there_are() -> None:
    named = set(re.findall(r"ec2/([a-z-]+\.json)", (DOCS.parent / "ec2.md").read_text()))
    assert named == {path.name for path in DOCS.iterdir()}
