"""Launches on EC2: what is asked for, in which order, and what comes of it."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from dynaslave.ec2.errors import explain
from dynaslave.ec2.fleet import offers, reached
from dynaslave.ec2.provider import Ec2Provider
from dynaslave.pools.pool import AgentPool, make
from dynaslave.provider import (
    Denied,
    Launched,
    LaunchRequest,
    NoCapacity,
    Offer,
    ProviderError,
    Throttled,
    Unavailable,
)
from ec2_strict import ZONES, Account, Fault, account, publish

A, B = ZONES


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        yield found


def provider(aws: Account, **more: Any) -> Ec2Provider:
    prices = {"m5.large": 0.107, "c5.large": 0.096}
    return Ec2Provider("main", aws.clients, price=prices.get, clock=aws.clock, sleep=aws.clock.sleep, **more)


def pool(aws: Account, **more: Any) -> AgentPool:
    return make(
        {
            "name": "linux",
            "max_agents": 10,
            "instance_types": ["m5.large", "c5.large"],
            "image": aws.image,
            "subnets": aws.subnets,
            "security_groups": [aws.group],
            "instance_profile": aws.profile,
            "team": "shop",
            **more,
        }
    )


def request(pool: AgentPool, count: int = 2, intent: str = "i1", **more: Any) -> LaunchRequest:
    return LaunchRequest(pool, count, intent, tuple(f"{intent}-n{number}" for number in range(count)), **more)


def launch(aws: Account, count: int = 2, **more: Any) -> Launched:
    return provider(aws).launch(request(pool(aws, **more), count))


def offered(launched: Launched) -> list[tuple[str, str, str]]:
    return sorted((one.type, one.zone, one.market) for one in launched.instances)


def asked(aws: Account, operation: str = "CreateFleet") -> list[Any]:
    return [call.parameters for call in aws.strict.calls if call.operation == operation]


# What is asked for.


def test_one_call_asks_for_all_agents_of_all_types_and_zones_the_preferred_first(aws: Account) -> None:
    launched = launch(aws, 3)
    (fleet,) = asked(aws)
    (config,) = fleet["LaunchTemplateConfigs"]
    order = [(one["InstanceType"], one["Priority"], one["SubnetId"]) for one in config["Overrides"]]
    assert order == [
        ("m5.large", 0.0, aws.subnets[0]),
        ("m5.large", 0.0, aws.subnets[1]),
        ("c5.large", 1.0, aws.subnets[0]),
        ("c5.large", 1.0, aws.subnets[1]),
    ]
    assert fleet["Type"] == "instant"
    assert fleet["OnDemandOptions"] == {"AllocationStrategy": "prioritized"}
    assert fleet["TargetCapacitySpecification"] == {
        "TotalTargetCapacity": 3,
        "DefaultTargetCapacityType": "on-demand",
    }
    assert offered(launched) == [("m5.large", A, "on-demand")] * 3
    assert [one.price for one in launched.instances] == [0.107] * 3
    assert {one.state for one in launched.instances} == {"pending"}


def test_spot_goes_where_there_is_most_capacity_and_costs_what_spot_costs(aws: Account) -> None:
    aws.strict.spot_prices = {"m5.large": "0.0312"}
    launched = launch(aws, 1, spot=True)
    (fleet,) = asked(aws)
    assert fleet["SpotOptions"] == {
        "AllocationStrategy": "capacity-optimized-prioritized",
        "InstanceInterruptionBehavior": "terminate",
    }
    assert [(one.market, one.price) for one in launched.instances] == [("spot", 0.0312)]


def test_without_an_answer_on_prices_spot_costs_no_more_than_on_demand(aws: Account) -> None:
    aws.strict.faults = [Fault("UnauthorizedOperation", operation="DescribeSpotPriceHistory")]
    launched = launch(aws, 1, spot=True)
    assert [one.price for one in launched.instances] == [0.107]


def test_instances_volumes_and_interfaces_are_born_with_their_tags(aws: Account) -> None:
    launch(aws, 1, tags={"cost-centre": "4711", "team": "payments"})
    wanted = {
        "Name": "linux",
        "cost-centre": "4711",
        "dynaslave:intent": "i1",
        "dynaslave:manager": "main",
        "dynaslave:pool": "linux",
        "dynaslave:team": "shop",
        "pool": "linux",
        "team": "payments",
    }
    (fleet,) = asked(aws)
    said = {
        one["ResourceType"]: {tag["Key"]: tag["Value"] for tag in one["Tags"]}
        for one in fleet["TagSpecifications"]
    }
    templates = {tags.pop("dynaslave:template")[:7] for tags in said.values()}
    assert templates == {"sha256:"}
    assert said == dict.fromkeys(["instance", "volume", "network-interface", "fleet"], wanted)
    (found,) = aws.strict.raw.describe_instances()["Reservations"][0]["Instances"]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]}.items() >= wanted.items()


def test_instances_are_as_a_launch_must_make_them(aws: Account) -> None:
    launch(aws, 1, root_volume_gb=60, user_data="echo prepared")
    (made,) = asked(aws, "CreateLaunchTemplate")
    data = made["LaunchTemplateData"]
    script = base64.b64decode(data.pop("UserData")).decode()
    assert data == {
        "ImageId": aws.image,
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/sda1",
                "Ebs": {
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                    "VolumeSize": 60,
                    "VolumeType": "gp3",
                },
            }
        ],
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        "InstanceInitiatedShutdownBehavior": "terminate",
        "SecurityGroupIds": [aws.group],
        "IamInstanceProfile": {"Name": "agents"},
    }
    assert "echo prepared" in script
    assert "/dynaslave/main/" in script
    assert made["TagSpecifications"][0]["ResourceType"] == "launch-template"


def test_a_single_offer_needs_no_fleet(aws: Account) -> None:
    launched = launch(aws, 3, instance_types=["c5.large"], subnets=[aws.subnets[1]], spot="only")
    assert "CreateFleet" not in aws.strict.operations()
    (run,) = asked(aws, "RunInstances")
    assert (run["MinCount"], run["MaxCount"]) == (1, 3)
    assert run["InstanceMarketOptions"]["SpotOptions"]["SpotInstanceType"] == "one-time"
    assert {one["ResourceType"] for one in run["TagSpecifications"]} == {
        "instance",
        "volume",
        "network-interface",
    }
    assert offered(launched) == [("c5.large", B, "spot")] * 3
    assert {(one.pool, one.intent, one.launched) for one in launched.instances} == {
        ("linux", "i1", aws.clock())
    }


def test_a_single_offer_gives_what_it_has(aws: Account) -> None:
    aws.strict.capacity[("c5.large", B, "on-demand")] = 2
    launched = launch(aws, 5, instance_types=["c5.large"], subnets=[aws.subnets[1]])
    assert len(launched.instances) == 2
    assert set(launched.refused) == {Offer("c5.large", B)}


def test_a_pool_without_subnets_leaves_the_zone_to_aws(aws: Account) -> None:
    launch(aws, 1, subnets=[], security_groups=[])
    (fleet,) = asked(aws)
    assert all("SubnetId" not in one for one in fleet["LaunchTemplateConfigs"][0]["Overrides"])


def test_of_two_subnets_of_a_zone_the_one_with_more_room_is_taken(aws: Account) -> None:
    network = aws.strict.raw.describe_subnets(SubnetIds=[aws.subnets[0]])["Subnets"][0]["VpcId"]
    large = aws.strict.raw.create_subnet(VpcId=network, CidrBlock="10.0.16.0/20", AvailabilityZone=A)
    name = large["Subnet"]["SubnetId"]
    launch(aws, 1, subnets=[aws.subnets[0], name])
    (fleet,) = asked(aws)
    assert {one["SubnetId"] for one in fleet["LaunchTemplateConfigs"][0]["Overrides"]} == {name}


# What there is not.


def test_what_one_type_lacks_another_gives(aws: Account) -> None:
    aws.strict.capacity |= {("m5.large", A, "on-demand"): 1, ("m5.large", B, "on-demand"): 0}
    launched = launch(aws, 3)
    assert offered(launched) == [("c5.large", A, "on-demand")] * 2 + [("m5.large", A, "on-demand")]
    assert set(launched.refused) == {Offer("m5.large", A), Offer("m5.large", B)}
    assert all(isinstance(error, NoCapacity) for error in launched.refused.values())
    assert "m5.large in eu-west-1b, on-demand" in launched.refused[Offer("m5.large", B)].message


def no_spot(aws: Account, left: int = 0) -> None:
    for kind in ("m5.large", "c5.large"):
        for zone in ZONES:
            aws.strict.capacity[(kind, zone, "spot")] = left


def test_what_spot_lacks_on_demand_gives(aws: Account) -> None:
    no_spot(aws)
    aws.strict.capacity[("m5.large", A, "spot")] = 1
    launched = launch(aws, 3, spot=True)
    assert offered(launched) == [("m5.large", A, "on-demand")] * 2 + [("m5.large", A, "spot")]
    assert {offer.market for offer in launched.refused} == {"spot"}


def test_spot_only_is_spot_only(aws: Account) -> None:
    no_spot(aws)
    launched = launch(aws, 3, spot="only")
    assert not launched.instances
    assert len(launched.refused) == 4
    assert len(asked(aws)) == 1


def test_offers_to_avoid_are_not_asked_for(aws: Account) -> None:
    avoid = frozenset({Offer("m5.large", A), Offer("c5.large", "")})
    launched = provider(aws).launch(request(pool(aws), 2, avoid=avoid))
    assert offered(launched) == [("m5.large", B, "on-demand")] * 2


def test_with_every_offer_to_avoid_nobody_is_asked(aws: Account) -> None:
    avoid = frozenset({Offer("m5.large"), Offer("c5.large")})
    with pytest.raises(NoCapacity, match="launching 2 agents of pool linux"):
        provider(aws).launch(request(pool(aws), 2, avoid=avoid))
    assert not asked(aws)


def test_a_quota_of_spot_sends_all_to_on_demand_and_cools_the_market(aws: Account) -> None:
    no_spot(aws)
    aws.strict.codes = dict.fromkeys(aws.strict.capacity, "MaxSpotInstanceCountExceeded")
    launched = launch(aws, 1, spot=True)
    assert offered(launched) == [("m5.large", A, "on-demand")]
    assert set(launched.refused) == {
        Offer(kind, zone, "spot") for kind in ("m5.large", "c5.large") for zone in ZONES
    }
    assert [one["TargetCapacitySpecification"]["DefaultTargetCapacityType"] for one in asked(aws)] == [
        "spot",
        "on-demand",
    ]


def test_a_quota_of_a_type_holds_in_every_zone(aws: Account) -> None:
    aws.strict.capacity |= {("m5.large", zone, "on-demand"): 0 for zone in ZONES}
    aws.strict.codes = dict.fromkeys(aws.strict.capacity, "VcpuLimitExceeded")
    launched = launch(aws, 1)
    assert offered(launched) == [("c5.large", A, "on-demand")]
    assert set(launched.refused) == {Offer("m5.large")}


def test_a_subnet_without_addresses_holds_for_all_types_and_markets() -> None:
    error = explain("InsufficientFreeAddressesInSubnet", "", "launching")
    every = offers(["a.x", "b.x"], ZONES, "on-demand", frozenset())
    assert reached(error, Offer("a.x", A), every) == {
        Offer(kind, A, market) for kind in ("a.x", "b.x") for market in ("spot", "on-demand")
    }


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameterCombination"])
def test_a_type_that_is_denied_rests_alone(aws: Account, code: str) -> None:
    aws.strict.capacity |= {("m5.large", zone, "on-demand"): 0 for zone in ZONES}
    aws.strict.codes = dict.fromkeys(aws.strict.capacity, code)
    launched = launch(aws, 1)
    assert offered(launched) == [("c5.large", A, "on-demand")]
    assert {offer.type for offer in launched.refused} == {"m5.large"}
    assert all(error.own for error in launched.refused.values())


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "InvalidParameterValue"])
def test_types_are_asked_for_by_themselves_where_a_whole_call_is_denied(aws: Account, code: str) -> None:
    """One of its types is to blame, and the answer does not say which."""

    def has_m5(call: Any) -> bool:
        overrides = call["LaunchTemplateConfigs"][0]["Overrides"]
        return any(one["InstanceType"] == "m5.large" for one in overrides)

    aws.strict.faults = [Fault(code, operation="CreateFleet", times=2)]
    launched = launch(aws, 1)
    assert [has_m5(call) for call in asked(aws)] == [True, True, False]
    assert [kind for kind, *_ in offered(launched)] == ["c5.large"]
    assert {offer.type for offer in launched.refused} == {"m5.large"}


def test_a_launch_asks_four_times_at_most(aws: Account) -> None:
    no_spot(aws)
    for kind in ("m5.large", "c5.large"):
        for zone in ZONES:
            aws.strict.capacity[(kind, zone, "on-demand")] = 0
    assert not launch(aws, 2, spot=True).instances
    assert 0 < len(asked(aws)) <= 4


# What AWS refuses as a whole.


def test_what_is_denied_is_raised_when_nothing_was_started(aws: Account) -> None:
    aws.strict.faults = [Fault("UnauthorizedOperation", operation="CreateFleet", times=9)]
    with pytest.raises(Denied, match=r"may not do that .*docs/ec2\.md"):
        launch(aws)


def test_spot_denied_leaves_on_demand(aws: Account) -> None:
    code = "AuthFailure.ServiceLinkedRoleCreationNotPermitted"
    aws.strict.faults = [Fault(code, operation="CreateFleet")]
    launched = launch(aws, 1, spot=True)
    assert offered(launched) == [("m5.large", A, "on-demand")]
    assert "create-service-linked-role" in launched.refused[Offer("m5.large", A, "spot")].message


@pytest.mark.parametrize(
    ("code", "kind"),
    [("RequestLimitExceeded", Throttled), ("UnauthorizedOperation", Denied), ("Odd", Denied)],
)
def test_what_every_offer_is_refused_for_is_raised(
    aws: Account, code: str, kind: type[ProviderError]
) -> None:
    no_spot(aws)
    aws.strict.codes = dict.fromkeys(aws.strict.capacity, code)
    with pytest.raises(kind, match=code):
        launch(aws, spot="only")


def test_throttled_before_anything_was_started_is_raised(aws: Account) -> None:
    aws.strict.faults = [Fault("RequestLimitExceeded", operation="CreateFleet")]
    with pytest.raises(Throttled):
        launch(aws)


def test_throttled_after_something_was_started_gives_that(aws: Account) -> None:
    no_spot(aws)
    aws.strict.capacity[("m5.large", A, "spot")] = 1
    aws.strict.faults = [Fault("RequestLimitExceeded", operation="CreateFleet", skip=1)]
    assert offered(launch(aws, 3, spot=True)) == [("m5.large", A, "spot")]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"image": None}, "EC2 needs image"),
        ({"instance_types": []}, "EC2 needs instance_types"),
        ({"instance_profile": ""}, "EC2 needs instance_profile"),
        ({"image": "ami-0123456789abcdef0"}, "no image ami-0123456789abcdef0|no such image"),
        ({"image": {"name": "nothing-*", "owner": "self"}}, r"no image nothing-\* of self"),
        ({"image": "ssm:/nothing"}, "no such SSM parameter"),
        ({"subnets": ["subnet-0123456789abcdef0"]}, "no subnet subnet-0123456789abcdef0"),
    ],
)
def test_a_pool_that_cannot_be_launched_is_denied_with_the_reason(
    aws: Account, wrong: Any, says: str
) -> None:
    with pytest.raises(Denied, match=says):
        launch(aws, 1, **wrong)
    assert not asked(aws)


# The same launch again.


def test_the_same_intent_again_is_the_same_launch(aws: Account) -> None:
    subject = provider(aws)
    first = subject.launch(request(pool(aws), 2))
    again = subject.launch(request(pool(aws), 2))
    other = provider(aws).launch(request(pool(aws), 2))
    assert (
        {one.id for one in first.instances}
        == {one.id for one in again.instances}
        == {one.id for one in other.instances}
    )
    assert len(aws.strict.running()) == 2


def test_the_same_intent_before_aws_shows_its_instances_is_the_same_launch(aws: Account) -> None:
    aws.strict.lag = 5.0
    first = provider(aws).launch(request(pool(aws), 2))
    other = provider(aws).launch(request(pool(aws), 2))
    assert {one.id for one in first.instances} == {one.id for one in other.instances}
    assert len(aws.strict.running()) == 2


def test_the_same_intent_in_other_words_starts_nothing(aws: Account) -> None:
    aws.strict.lag = 5.0
    provider(aws).launch(request(pool(aws), 2))
    with pytest.raises(Unavailable, match="sent before"):
        provider(aws).launch(request(pool(aws), 2, avoid=frozenset({Offer("m5.large")})))
    aws.clock.sleep(5)
    found = provider(aws).launch(request(pool(aws), 2, avoid=frozenset({Offer("m5.large")})))
    assert offered(found) == [("m5.large", A, "on-demand")] * 2
    assert len(aws.strict.running()) == 2


def test_another_intent_is_another_launch(aws: Account) -> None:
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    subject.launch(request(pool(aws), 1, "i2"))
    assert len(aws.strict.running()) == 2


def test_an_answer_that_was_lost_is_looked_up(aws: Account) -> None:
    aws.strict.faults = [Fault("lost", "after", operation="CreateFleet")]
    launched = launch(aws, 2)
    assert {one.id for one in launched.instances} == aws.strict.running()


def test_an_answer_that_was_lost_and_shows_nothing_is_not_asked_for_again(aws: Account) -> None:
    aws.strict.lag = 5.0
    aws.strict.faults = [Fault("lost", "after", operation="CreateFleet")]
    subject = provider(aws)
    with pytest.raises(Unavailable):
        subject.launch(request(pool(aws, spot=True), 2))
    assert len(asked(aws)) == 1
    aws.clock.sleep(5)
    assert {one.id for one in subject.list()} == aws.strict.running()


# Templates and images.


def test_a_template_is_made_once_and_found_again(aws: Account) -> None:
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    subject.launch(request(pool(aws), 1, "i2"))
    provider(aws).launch(request(pool(aws), 1, "i3"))
    assert aws.strict.operations().count("CreateLaunchTemplate") == 1
    assert aws.strict.operations().count("CreateLaunchTemplateVersion") == 0


def test_what_changes_makes_a_version_that_is_named_by_its_number(aws: Account) -> None:
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    subject.launch(request(pool(aws, root_volume_gb=99), 1, "i2"))
    subject.launch(request(pool(aws), 1, "i3"))
    used = [one["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"]["Version"] for one in asked(aws)]
    assert used == ["1", "2", "1"]


def test_old_versions_are_deleted_and_the_newest_is_the_default(aws: Account) -> None:
    subject = provider(aws)
    for number in range(6):
        subject.launch(request(pool(aws, root_volume_gb=20 + number), 1, f"i{number}"))
    (template,) = aws.clients.ec2.describe_launch_templates()["LaunchTemplates"]
    assert template["DefaultVersionNumber"] == 6
    left = aws.clients.ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    assert [one["VersionNumber"] for one in left["LaunchTemplateVersions"]] == [4, 5, 6]


def test_cleaning_up_is_no_reason_not_to_launch(aws: Account) -> None:
    aws.strict.faults = [Fault("UnauthorizedOperation", operation="ModifyLaunchTemplate")]
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    assert subject.launch(request(pool(aws, root_volume_gb=99), 1, "i2")).instances


def test_a_template_somebody_deleted_is_made_anew(aws: Account) -> None:
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    (template,) = aws.clients.ec2.describe_launch_templates()["LaunchTemplates"]
    aws.strict.raw.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])
    with pytest.raises(Unavailable, match="version of the launch template is gone"):
        subject.launch(request(pool(aws), 1, "i2"))
    assert subject.launch(request(pool(aws), 1, "i3")).instances


def test_the_newest_image_of_a_name_is_taken_and_looked_up_again_later(aws: Account) -> None:
    subject, ours = provider(aws), pool(aws, image={"name": "build-agent-*", "owner": "self"})
    subject.launch(request(ours, 1, "i1"))
    newer = publish(aws.strict.raw, "build-agent-2")
    stamps = iter(["2027-01-01T00:00:00.000Z", "2027-02-01T00:00:00.000Z"])
    aws.strict._correct_DescribeImages = lambda parsed, _: [  # type: ignore[assignment,method-assign]
        image.update(CreationDate=next(stamps))
        for image in sorted(parsed["Images"], key=lambda one: one["Name"])
    ]
    subject.launch(request(ours, 1, "i2"))
    aws.clock.sleep(301)
    subject.launch(request(ours, 1, "i3"))
    used = [
        call.parameters["LaunchTemplateData"]["ImageId"]
        for call in aws.strict.calls
        if call.operation in ("CreateLaunchTemplate", "CreateLaunchTemplateVersion")
    ]
    assert used == [aws.image, newer]


def test_an_image_by_parameter_and_by_tags(aws: Account) -> None:
    aws.clients.ssm.put_parameter(Name="/images/agent", Value=aws.image, Type="String")
    aws.clients.ec2.create_tags(Resources=[aws.image], Tags=[{"Key": "role", "Value": "agent"}])
    subject = provider(aws)
    for number, image in enumerate(["ssm:/images/agent", {"tags": {"role": "agent"}, "owner": "self"}]):
        assert subject.launch(request(pool(aws, image=image), 1, f"i{number}")).instances


def test_a_parameter_that_holds_no_image_is_told(aws: Account) -> None:
    aws.clients.ssm.put_parameter(Name="/images/agent", Value="latest", Type="String")
    with pytest.raises(Denied, match="/images/agent holds 'latest'"):
        launch(aws, image="ssm:/images/agent")


def test_while_images_cannot_be_looked_up_the_last_one_is_used(aws: Account) -> None:
    subject = provider(aws)
    subject.launch(request(pool(aws), 1, "i1"))
    aws.clock.sleep(301)
    aws.strict.faults = [Fault("RequestLimitExceeded", operation="DescribeImages")]
    assert subject.launch(request(pool(aws), 1, "i2")).instances


def test_an_image_that_is_gone_is_looked_up_anew(aws: Account) -> None:
    subject, ours = provider(aws), pool(aws, image={"name": "build-agent-*", "owner": "self"})
    subject.launch(request(ours, 1, "i1"))
    aws.strict.raw.deregister_image(ImageId=aws.image)
    publish(aws.strict.raw, "build-agent-2")
    with pytest.raises(Denied, match="no such image"):
        subject.launch(request(ours, 1, "i2"))
    assert subject.launch(request(ours, 1, "i3")).instances


def test_long_user_data_is_compressed_and_what_is_too_long_is_told(aws: Account) -> None:
    subject = provider(aws)
    long = pool(aws, user_data="\n".join(f"echo step {number}" for number in range(700)))
    assert subject.launch(request(long, 1)).instances
    (made,) = asked(aws, "CreateLaunchTemplate")
    packed = base64.b64decode(made["LaunchTemplateData"]["UserData"])
    assert b"echo step 699" in gzip.decompress(packed)
    dense = replace(
        long,
        user_data=base64.b64encode(bytes(range(256)) * 90).decode() + "".join(map(chr, range(200, 9000))),
    )
    with pytest.raises(Denied, match="put more of the pool's user_data into the image"):
        subject.launch(request(dense, 1, "i2"))
