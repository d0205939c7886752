"""AWS as a manager meets it: moto, and in front of it what moto leaves out.

Handlers on a manager's clients record each call, inject faults, and put right what moto simplifies: client
tokens, capacity per offer, partial launches, instances that are pending, not shown yet, shutting down or
forgotten, versions of launch templates that were deleted, limits on user data and tags. The code under test
is the provider as it is; time is a clock moved by hand.
"""

from __future__ import annotations

import base64
import copy
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple
from unittest.mock import patch

import boto3
from botocore.exceptions import ReadTimeoutError
from moto import mock_aws

import moto_faster  # noqa: F401
from dynaslave.ec2.clients import Clients

REGION = "eu-west-1"
ZONES = ("eu-west-1a", "eu-west-1b")
ROLE = json.dumps(
    {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2"}}]}
)
Offer = tuple[str, str, str]
Parsed = dict[str, Any]


class KillError(BaseException):
    """The process is killed there: nothing after it runs, and no handler of exceptions sees it."""


class Clock:
    """Seconds since the epoch, moved by hand; sleeping moves it too."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Call(NamedTuple):
    """A call a manager made."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


@dataclass
class Fault:
    """Something that goes wrong at a call: before it does anything, or after it did everything."""

    error: BaseException | str
    """Raised as it is; or a code AWS answers with."""
    when: Literal["before", "after"] = "before"
    operation: str = ""
    number: int = -1
    """At the call of this number, counted from 0; else at those of `operation`."""
    times: int = 1
    skip: int = 0
    """Calls that go well before."""


@dataclass
class Strict:
    """What stands between a manager's clients and moto."""

    clock: Clock
    lag: float = 0.0
    """Seconds until an instance, or a tag written later, is shown and known everywhere."""
    pending: float = 20.0
    calls: list[Call] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    capacity: dict[Offer, int] = field(default_factory=dict)
    """How many more an offer gives; without a limit if it is not in here."""
    codes: dict[Offer, str] = field(default_factory=dict)
    """The code an exhausted offer refuses with, if not InsufficientInstanceCapacity."""
    spot_prices: dict[str, str] = field(default_factory=dict)
    born: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    written: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    tokens: dict[tuple[str, str], tuple[Parsed, Parsed]] = field(default_factory=dict)
    deleted: set[tuple[str, int]] = field(default_factory=set)

    @property
    def raw(self) -> Any:
        """moto as it is."""
        return raw("ec2")

    def watch(self, clients: Clients) -> Clients:
        """Stand in front of these clients, instead of who did before."""
        for client in (clients.ec2, clients.ssm, clients.sqs, clients.iam):
            service = client.meta.service_model.service_id.hyphenize()
            events: Any = client.meta.events
            for event in ("before-parameter-build", "before-call", "after-call"):
                name, handler = f"{event}.{service}", getattr(self, f"_{event.replace('-', '_')}")
                events.unregister(name, unique_id=name)
                events.register(name, handler, unique_id=name)
        return clients

    def operations(self) -> list[str]:
        """Names of the calls so far."""
        return [call.operation for call in self.calls]

    def running(self) -> set[str]:
        """Instances nobody has ended, whoever sees them."""
        return set(self.born) - set(self.ended)

    def end(self, instance: str, reason: str = "Client.InstanceInitiatedShutdown") -> None:
        """The cloud takes an instance away, or it ends itself."""
        self.ended[instance], self.reasons[instance] = self.clock(), reason

    # What happens around a call.

    def _before_parameter_build(self, params: Any, context: Any, **_: Any) -> None:
        context["parameters"] = copy.deepcopy(params)

    def _before_call(self, model: Any, context: Any, **_: Any) -> tuple[Any, Parsed] | None:
        parameters = context.get("parameters", {})
        number = len(self.calls)
        context["number"] = number
        self.calls.append(Call(model.service_model.service_name, model.name, parameters))
        fault = self._fault("before", model.name, number)
        if isinstance(fault, str):
            return _refused(fault, f"{fault} was asked for by the test")
        if fault is not None:
            raise fault
        own = getattr(self, f"_do_{model.name}", None)
        return own(parameters) if own else None

    def _after_call(self, http_response: Any, parsed: Parsed, model: Any, context: Any, **_: Any) -> None:
        if http_response.status_code < 300:
            correct = getattr(self, f"_correct_{model.name}", None)
            if correct:
                correct(parsed, context.get("parameters", {}))
        fault = self._fault("after", model.name, context["number"])
        if isinstance(fault, str):
            raise ReadTimeoutError(endpoint_url="https://ec2.test")
        if fault is not None:
            raise fault

    def _fault(self, when: str, operation: str, number: int) -> BaseException | str | None:
        for fault in self.faults:
            meant = fault.number == number if fault.number >= 0 else fault.operation == operation
            if fault.when != when or not meant or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault.error
        return None

    # Launches.

    def _do_CreateFleet(self, asked: Parsed) -> tuple[Any, Parsed]:
        return self._once("CreateFleet", asked, self._fleet)

    def _do_RunInstances(self, asked: Parsed) -> tuple[Any, Parsed]:
        return self._once("RunInstances", asked, self._run)

    def _once(
        self, operation: str, asked: Parsed, do: Callable[[Parsed], tuple[Any, Parsed]]
    ) -> tuple[Any, Parsed]:
        """A token stands for one request; only a request that was carried out uses it up."""
        assert 0 < len(asked["ClientToken"]) <= 64
        key, said = (operation, asked["ClientToken"]), {**asked, "ClientToken": ""}
        if key in self.tokens:
            before, answer = self.tokens[key]
            if before != said:
                return _refused(
                    "IdempotentParameterMismatch", "Arguments are inconsistent with an earlier request"
                )
            return SimpleNamespace(status_code=200), copy.deepcopy(answer)
        http, answer = do(asked)
        if http.status_code < 300:
            self.tokens[key] = (said, copy.deepcopy(answer))
        return http, answer

    def _fleet(self, asked: Parsed) -> tuple[Any, Parsed]:
        assert asked["Type"] == "instant"
        (config,) = asked["LaunchTemplateConfigs"]
        market = asked["TargetCapacitySpecification"]["DefaultTargetCapacityType"]
        offers = [(self._offer(one, market), one) for one in config["Overrides"]]
        if len({offer for offer, _ in offers}) < len(offers) or len(offers) > 300:
            return _refused(
                "InvalidFleetConfig", "The fleet configuration contains duplicate instance pools."
            )
        template = self._template(config["LaunchTemplateSpecification"])
        wrong = _missing(template) or self._limits(template, asked)
        if wrong:
            return wrong
        lacking, instances, errors = asked["TargetCapacitySpecification"]["TotalTargetCapacity"], [], []
        for offer, override in sorted(offers, key=lambda one: one[1]["Priority"]):
            taken = self._take(offer, lacking)
            if taken:
                ids = self._start(template, override, market, taken, asked)
                instances.append(_group(override, market, ids))
            if taken < lacking:
                errors.append(self._error(offer, override))
            lacking -= taken
            if not lacking:
                break
        return _fine({"FleetId": "fleet-1", "Instances": instances, "Errors": errors})

    def _run(self, asked: Parsed) -> tuple[Any, Parsed]:
        market = asked.get("InstanceMarketOptions", {}).get("MarketType", "on-demand")
        offer = self._offer(asked, market)
        template = self._template(asked["LaunchTemplate"])
        wrong = _missing(template) or self._limits(template, asked)
        if wrong:
            return wrong
        taken = self._take(offer, asked["MaxCount"])
        if taken < asked["MinCount"]:
            code = self.codes.get(offer, "InsufficientInstanceCapacity")
            return _refused(code, "We currently do not have sufficient capacity")
        ids = self._start(template, asked, market, taken, asked)
        described = self.raw.describe_instances(InstanceIds=ids)["Reservations"]
        found: list[Any] = [one for group in described for one in group["Instances"]]
        for one in found:
            one["State"] = {"Code": 0, "Name": "pending"}
            one["LaunchTime"] = datetime.fromtimestamp(self.clock(), UTC)
        return _fine({"Instances": found})

    def _offer(self, override: Parsed, market: str) -> Offer:
        zone = self._zone(override["SubnetId"]) if "SubnetId" in override else ZONES[0]
        return override["InstanceType"], zone, market

    def _zone(self, subnet: str) -> str:
        (found,) = self.raw.describe_subnets(SubnetIds=[subnet])["Subnets"]
        return str(found["AvailabilityZone"])

    def _take(self, offer: Offer, wanted: int) -> int:
        taken = min(wanted, self.capacity.get(offer, wanted))
        if offer in self.capacity:
            self.capacity[offer] -= taken
        return taken

    def _error(self, offer: Offer, override: Parsed) -> Parsed:
        return {
            "ErrorCode": self.codes.get(offer, "InsufficientInstanceCapacity"),
            "ErrorMessage": "no capacity",
            "Lifecycle": offer[2],
            "LaunchTemplateAndOverrides": {"Overrides": override},
        }

    def _template(self, named: Parsed) -> Parsed | None:
        """The data of a version that was neither deleted nor never there. Never `$Latest`: it may be anybody's."""
        key = (named["LaunchTemplateId"], int(named["Version"]))
        if not self.raw.describe_launch_templates(LaunchTemplateIds=[key[0]])["LaunchTemplates"]:
            return None
        versions = self.raw.describe_launch_template_versions(LaunchTemplateId=key[0])[
            "LaunchTemplateVersions"
        ]
        data = {one["VersionNumber"]: one["LaunchTemplateData"] for one in versions}
        return None if key in self.deleted else dict(data[key[1]]) if key[1] in data else None

    def _limits(self, template: Parsed | None, asked: Parsed) -> tuple[Any, Parsed] | None:
        assert template is not None
        if len(base64.b64decode(template.get("UserData", ""))) > 16_384:
            return _refused("InvalidUserData.Malformed", "User data is limited to 16384 bytes")
        if not self.raw.describe_images(Filters=[{"Name": "image-id", "Values": [template["ImageId"]]}])[
            "Images"
        ]:
            return _refused("InvalidAMIID.NotFound", "The image id does not exist")
        for tags in asked["TagSpecifications"]:
            if len(tags["Tags"]) > 50:
                return _refused("TagLimitExceeded", "The maximum number of Tags has been reached.")
            for tag in tags["Tags"]:
                if tag["Key"].lower().startswith("aws:") or len(tag["Value"]) > 256:
                    return _refused("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved")
        return None

    def _start(self, template: Any, override: Parsed, market: str, count: int, asked: Parsed) -> list[str]:
        """In moto, with the template merged as AWS does it."""
        kinds = ("instance", "volume")
        same = ("ImageId", "SecurityGroupIds", "MetadataOptions", "InstanceInitiatedShutdownBehavior")
        merged: dict[str, Any] = {
            key: template[key] for key in (*same, "BlockDeviceMappings") if key in template
        }
        if "UserData" in template:
            merged["UserData"] = base64.b64decode(template["UserData"])
        if market == "spot":
            merged["InstanceMarketOptions"] = {"MarketType": "spot"}
        if "SubnetId" in override:
            merged["SubnetId"] = override["SubnetId"]
        started = self.raw.run_instances(
            InstanceType=override["InstanceType"],
            MinCount=count,
            MaxCount=count,
            TagSpecifications=[one for one in asked["TagSpecifications"] if one["ResourceType"] in kinds],
            **merged,
        )
        ids = [one["InstanceId"] for one in started["Instances"]]
        self.born |= dict.fromkeys(ids, self.clock())
        return ids

    # Instances as they are shown and known.

    def _do_CreateTags(self, asked: Parsed) -> tuple[Any, Parsed] | None:
        wrong = self._unknown(asked["Resources"])
        if wrong is None:
            for one in asked["Resources"]:
                self.written[one] |= {tag["Key"]: self.clock() for tag in asked["Tags"]}
        return wrong

    def _do_TerminateInstances(self, asked: Parsed) -> tuple[Any, Parsed] | None:
        return self._unknown(asked["InstanceIds"])

    def _correct_TerminateInstances(self, _: Parsed, asked: Parsed) -> None:
        for one in asked["InstanceIds"]:
            self.ended.setdefault(one, self.clock())

    def _unknown(self, ids: list[str]) -> tuple[Any, Parsed] | None:
        lost = [one for one in ids if one.startswith("i-") and not self._shown(one)]
        if lost:
            return _refused(
                "InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(lost)}' do not exist"
            )
        return None

    def _shown(self, instance: str) -> bool:
        now = self.clock()
        known = instance in self.born and now >= self.born[instance] + self.lag
        return known and now < self.ended.get(instance, now) + 3600

    def _correct_DescribeInstances(self, parsed: Parsed, _: Parsed) -> None:
        for group in parsed["Reservations"]:
            group["Instances"] = [one for one in group["Instances"] if self._shown(one["InstanceId"])]
            for one in group["Instances"]:
                self._correct(one)

    def _correct(self, one: Parsed) -> None:
        id, now = one["InstanceId"], self.clock()
        one["LaunchTime"] = datetime.fromtimestamp(self.born[id], UTC)
        fresh = {key for key, at in self.written[id].items() if now < at + self.lag}
        one["Tags"] = [tag for tag in one.get("Tags", ()) if tag["Key"] not in fresh]
        if id in self.ended:
            one["State"] = {"Name": "terminated" if now >= self.ended[id] + 30 else "shutting-down"}
            one["StateReason"] = {"Code": self.reasons.get(id, "Client.UserInitiatedShutdown")}
        elif now < self.born[id] + self.pending:
            one["State"] = {"Name": "pending"}

    # Launch templates.

    def _do_DeleteLaunchTemplateVersions(self, asked: Parsed) -> tuple[Any, Parsed]:
        (template,) = self.raw.describe_launch_templates(LaunchTemplateIds=[asked["LaunchTemplateId"]])[
            "LaunchTemplates"
        ]
        numbers = [int(one) for one in asked["Versions"]]
        assert template["DefaultVersionNumber"] not in numbers, "the default version cannot be deleted"
        self.deleted |= {(template["LaunchTemplateId"], one) for one in numbers}
        return _fine(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": [],
                "UnsuccessfullyDeletedLaunchTemplateVersions": [],
            }
        )

    def _correct_DescribeLaunchTemplateVersions(self, parsed: Parsed, _: Parsed) -> None:
        parsed["LaunchTemplateVersions"] = [
            one
            for one in parsed["LaunchTemplateVersions"]
            if (one["LaunchTemplateId"], one["VersionNumber"]) not in self.deleted
        ]

    # The rest.

    def _do_PutParameter(self, asked: Parsed) -> tuple[Any, Parsed] | None:
        if asked.get("Tags") and asked.get("Overwrite"):
            return _refused("ValidationException", "tags and overwrite can't be used together.")
        return None

    def _correct_DescribeImages(self, parsed: Parsed, _: Parsed) -> None:
        for image in parsed["Images"]:
            image.setdefault("Architecture", "x86_64")

    def _correct_DescribeSpotPriceHistory(self, parsed: Parsed, _: Parsed) -> None:
        parsed["SpotPriceHistory"] = [
            {
                "InstanceType": type,
                "AvailabilityZone": zone,
                "SpotPrice": price,
                "Timestamp": datetime.fromtimestamp(self.clock(), UTC),
            }
            for type, price in self.spot_prices.items()
            for zone in ZONES
        ]


def _fine(answer: Parsed) -> tuple[Any, Parsed]:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


def _refused(code: str, message: str) -> tuple[Any, Parsed]:
    error = {"Code": code, "Message": message}
    return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}


def _missing(template: Parsed | None) -> tuple[Any, Parsed] | None:
    if template is None:
        return _refused("InvalidLaunchTemplateId.VersionNotFound", "Could not find launch template version")
    return None


def _group(override: Parsed, market: str, ids: list[str]) -> Parsed:
    return {
        "InstanceIds": ids,
        "InstanceType": override["InstanceType"],
        "Lifecycle": market,
        "LaunchTemplateAndOverrides": {"Overrides": override},
    }


@dataclass
class Account:
    """An account with a network, an image, a role for agents and a queue."""

    clock: Clock
    strict: Strict
    clients: Clients
    subnets: tuple[str, ...]
    group: str
    image: str
    queue: str
    profile: str = "agents"

    def notice(self, kind: str, **detail: str) -> None:
        """EventBridge puts an event about EC2 into the queue."""
        event = {"source": "aws.ec2", "detail-type": kind, "time": "2027-01-15T08:00:00Z", "detail": detail}
        self.say(json.dumps(event).replace("instance_", "instance-"))

    def say(self, message: str) -> None:
        """Somebody puts a message into the queue."""
        raw("sqs").send_message(QueueUrl=self.queue, MessageBody=message)

    def waiting(self) -> int:
        """Messages in the queue, those that are being worked on included."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = raw("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def parameters(self) -> dict[str, dict[str, Any]]:
        """What is stored for agents, by name."""
        found = raw("ssm").get_parameters_by_path(Path="/dynaslave", Recursive=True, WithDecryption=True)[
            "Parameters"
        ]
        return {one["Name"]: json.loads(one["Value"]) for one in found}


@contextmanager
def account(*, lag: float = 0.0, clock: Clock | None = None) -> Iterator[Account]:
    """An account on moto, strict, for as long as the block runs."""
    with patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}), mock_aws():
        ec2, iam, sqs = raw("ec2"), raw("iam"), raw("sqs")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = tuple(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for number, zone in enumerate(ZONES)
        )
        group = ec2.create_security_group(GroupName="agents", Description="agents", VpcId=vpc)["GroupId"]
        image = publish(ec2, "build-agent-1")
        iam.create_role(RoleName="agents", AssumeRolePolicyDocument=ROLE)
        iam.create_instance_profile(InstanceProfileName="agents")
        iam.add_role_to_instance_profile(InstanceProfileName="agents", RoleName="agents")
        queue = sqs.create_queue(QueueName="notices")["QueueUrl"]
        clock = clock or Clock()
        strict = Strict(clock, lag=lag)
        clients = strict.watch(_clients())
        yield Account(clock, strict, clients, subnets, group, image, queue)


@cache
def raw(service: str) -> Any:
    """A client without anything in front of it. Making one costs more than most tests, so one does for all."""
    return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@cache
def _clients() -> Clients:
    return Clients(region=REGION)


def publish(ec2: Any, name: str) -> str:
    """A new image of ours."""
    return str(ec2.register_image(
        Name=name,
        Architecture="x86_64",
        RootDeviceName="/dev/sda1",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8}}],
    )["ImageId"])  # fmt: skip
