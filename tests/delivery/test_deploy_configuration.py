"""What a deploy may change of a group: template, types, network, user data, sizes; and how it is shown."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from delivery.deploy.intent import Intent
from delivery.deploy.preflight import intend
from delivery.deploy.traffic import traffic_of
from delivery.errors import USAGE, DeliveryError, SettingsError
from delivery.settings import Deploy, loads, overridden
from deploy_case import NEW, OLD, TOML, Case, Make, cases
from jobdsl.exit_codes import WRONG_USAGE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


def settings(one: Case, toml: str) -> None:
    one.settings = loads(f"{TOML}[clusters.shop]\n{toml}")


def raw_group(one: Case, name: str) -> dict[str, Any]:
    described = one.world.raw("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    group: dict[str, Any] = described["AutoScalingGroups"][0]
    return group


def launched(one: Case, name: str) -> Mapping[str, Any]:
    """The data of the launch template version a group has."""
    group = raw_group(one, name)
    part = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    spec = part.get("LaunchTemplateSpecification") or group["LaunchTemplate"]
    (version,) = one.world.raw("ec2").describe_launch_template_versions(
        LaunchTemplateId=spec["LaunchTemplateId"], Versions=[spec["Version"]]
    )["LaunchTemplateVersions"]
    data: Mapping[str, Any] = version["LaunchTemplateData"]
    return data


def planned(one: Case) -> Intent:
    site = one.site()
    return intend(site, traffic_of(site), one.image, "red-black")


def second_subnet(one: Case) -> str:
    made = one.world.raw("ec2").create_subnet(
        VpcId=one.world.vpc, CidrBlock="10.0.7.0/24", AvailabilityZone="eu-west-1b"
    )
    return str(made["Subnet"]["SubnetId"])


def security_group(one: Case) -> str:
    made = one.world.raw("ec2").create_security_group(GroupName="web", Description="web", VpcId=one.world.vpc)
    return str(made["GroupId"])


def test_everything_a_group_is_made_of_can_be_changed_at_once(make: Make) -> None:
    one = make()
    subnet, guard = second_subnet(one), security_group(one)
    settings(
        one,
        f'instance_type = "m7i.large"\nsubnets = ["{subnet}"]\nsecurity_groups = ["{guard}"]\n'
        'instance_profile = "shop"\nuser_data = "#!/bin/sh\\necho two"\nhealth_check_grace_seconds = 120\n'
        "min = 1\nmax = 6\ndesired = 3\n",
    )
    differences = {one.setting: (one.before, one.after) for one in planned(one).differences}
    assert differences["InstanceType"] == ("m5.large", "m7i.large")
    assert differences["VPCZoneIdentifier"] == (one.world.subnet, subnet)
    assert differences["SecurityGroupIds"] == ("none", guard)
    assert differences["IamInstanceProfile"][0] == "none"
    assert differences["UserData"][1].startswith("18 bytes, sha256 ")
    assert differences["min/desired/max"] == ("0/2/4", "1/3/6")
    assert differences["HealthCheckGracePeriod"][1] == "120"
    assert one.deploy().outcome == "deployed"
    data, group = launched(one, NEW), raw_group(one, NEW)
    assert (data["ImageId"], data["InstanceType"], data["SecurityGroupIds"]) == (
        one.image,
        "m7i.large",
        [guard],
    )
    assert data["IamInstanceProfile"] == {"Name": "shop"}
    assert base64.b64decode(data["UserData"]) == b"#!/bin/sh\necho two"
    assert (group["VPCZoneIdentifier"], group["HealthCheckGracePeriod"]) == (subnet, 120)
    assert one.state()[NEW]["size"] == (1, 3, 6, 3)
    assert one.rollback().outcome == "rolled back"
    assert raw_group(one, OLD)["VPCZoneIdentifier"] == one.world.subnet


def test_without_changes_a_plan_shows_none(make: Make) -> None:
    one = make()
    intent = planned(one)
    assert (intent.differences, intent.notes) == ((), ())


def test_the_template_of_the_settings_goes_before_that_of_the_group(make: Make) -> None:
    one = make()
    ec2 = one.world.raw("ec2")
    data: dict[str, Any] = {"ImageId": one.old_image, "InstanceType": "m5.large", "KeyName": "ops"}
    ec2.create_launch_template(LaunchTemplateName="golden", LaunchTemplateData=data)
    settings(one, 'launch_template = "golden"\n')
    assert [str(each) for each in planned(one).differences] == ["KeyName: none -> ops"]
    assert one.deploy().outcome == "deployed"
    assert launched(one, NEW)["KeyName"] == "ops"
    ec2.create_launch_template_version(
        LaunchTemplateName="golden", LaunchTemplateData={**data, "KeyName": "new"}
    )
    ec2.modify_launch_template(LaunchTemplateName="golden", DefaultVersion="2")
    one.world.clock.sleep(3600)
    one.image = ec2.register_image(Name="shop-3.0")["ImageId"]
    assert [str(each) for each in planned(one).differences] == ["KeyName: ops -> new"]
    settings(one, 'launch_template = "golden:1"\n')
    assert planned(one).differences == ()
    settings(one, 'launch_template = "golden"\n')
    assert one.deploy().outcome == "deployed"
    assert launched(one, "shop-v002")["KeyName"] == "new"


def test_a_key_that_is_taken_away_is_really_gone(make: Make) -> None:
    one = make()
    settings(one, 'user_data = "echo one"\n')
    one.deploy()
    assert "UserData" in launched(one, NEW)
    one.world.clock.sleep(3600)
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    settings(one, 'user_data = "none"\n')
    assert one.deploy().outcome == "deployed"
    assert "UserData" not in launched(one, "shop-v002")


@pytest.mark.parametrize(
    ("toml", "types"),
    [
        ('instance_types = ["m7i.large", "m5.large"]\n', ["m7i.large", "m5.large"]),
        ('instance_type = "m7i.large"\n', ["m7i.large"]),
    ],
)
def test_types_of_a_policy_of_mixed_instances_are_replaced(make: Make, toml: str, types: list[str]) -> None:
    one = make()
    raw = one.world.raw("autoscaling")
    raw.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    spec = {"LaunchTemplateName": "shop", "Version": "1"}
    overrides = [{"InstanceType": "m5.large"}, {"InstanceType": "m5a.large"}]
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": spec, "Overrides": overrides},
              "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 50}}  # fmt: skip
    raw.create_auto_scaling_group(
        AutoScalingGroupName=OLD, MinSize=0, MaxSize=4, DesiredCapacity=2, VPCZoneIdentifier=one.world.subnet,
        TargetGroupARNs=[one.places["web"]], MixedInstancesPolicy=policy,
    )  # fmt: skip
    one.strict.adopt()
    settings(one, toml)
    assert any("m5a.large" in str(each) for each in planned(one).differences)
    assert one.deploy().outcome == "deployed"
    made = raw_group(one, NEW)["MixedInstancesPolicy"]
    assert [each["InstanceType"] for each in made["LaunchTemplate"]["Overrides"]] == types
    assert made["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"] == 50


def test_several_types_make_a_policy_of_mixed_instances(make: Make) -> None:
    one = make()
    settings(one, 'instance_types = ["m7i.large", "m6i.large"]\n')
    assert one.deploy().outcome == "deployed"
    part = raw_group(one, NEW)["MixedInstancesPolicy"]["LaunchTemplate"]
    assert [each["InstanceType"] for each in part["Overrides"]] == ["m7i.large", "m6i.large"]
    assert launched(one, NEW)["ImageId"] == one.image


def test_a_group_that_has_scaled_up_can_be_deployed_to(make: Make) -> None:
    one = make(size=6)
    settings(one, "min = 1\ndesired = 2\nmax = 4\n")
    intent = planned(one)
    assert str(intent.size) == "1/6/6"
    assert [note.partition(" is less")[0] for note in intent.notes] == [
        "desired = 2 in the settings",
        "max = 4 in the settings",
    ]
    one.strict.floor = 6
    assert one.deploy().outcome == "deployed"
    assert one.state()[NEW]["size"] == (1, 6, 6, 6)


def test_user_data_stays_when_a_later_deploy_says_nothing_of_it(make: Make) -> None:
    one = make()
    settings(one, 'user_data = "echo one"\n')
    one.deploy()
    one.world.clock.sleep(3600)
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    settings(one, "")
    assert one.deploy().outcome == "deployed"
    assert base64.b64decode(launched(one, "shop-v002")["UserData"]) == b"echo one"


@pytest.mark.parametrize("kept", [True, False])
def test_a_rollback_to_a_deleted_group_launches_as_that_group_did(make: Make, kept: bool) -> None:
    one = make()
    settings(one, 'user_data = "exit 1"\ninstance_type = "m7i.large"\n')
    one.deploy()
    raw = one.world.raw("autoscaling")
    raw.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    one.world.clock.sleep(600)
    if not kept:
        one.world.raw("ec2").delete_launch_template(LaunchTemplateName="shop")
    assert one.rollback().outcome == "deployed"
    (active,) = one.taking()
    data = launched(one, active)
    assert data["ImageId"] == one.old_image
    assert ("UserData" in data, data["InstanceType"]) == (
        (False, "m5.large") if kept else (True, "m7i.large")
    )


def test_what_has_no_effect_is_reported(make: Make) -> None:
    one = make()
    settings(one, 'listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/x/1/2"\n')
    assert planned(one).notes == ('listener has no effect with traffic = "attach"',)


# Options and settings, without AWS.


def test_a_later_layer_replaces_the_other_way_to_name_types() -> None:
    text = '[defaults]\ninstance_types = ["m5.large", "m6i.large"]\n[clusters.shop]\ninstance_type = "m7i.large"\n'
    deploy = loads(text).deploy("default", "shop", "shop")
    assert (deploy.instance_type, deploy.instance_types) == ("m7i.large", None)
    with pytest.raises(SettingsError, match="defaults has instance_type and instance_types"):
        loads('[defaults]\ninstance_type = "m5.large"\ninstance_types = ["m5.large"]\n')


def test_options_go_before_the_settings(tmp_path: Any) -> None:
    script = tmp_path / "start.sh"
    script.write_text('#!/bin/sh\necho "hello"\n')
    before = Deploy(instance_type="m5.large", desired=2)
    after = overridden(
        before,
        [
            "instance_types=m7i.large,m6i.large",
            "desired=4",
            "subnets=subnet-1",
            f"user_data=@{script}",
            "min = 1",
        ],
    )
    assert (after.instance_type, after.instance_types) == (None, ("m7i.large", "m6i.large"))
    assert (after.desired, after.min, after.subnets) == (4, 1, ("subnet-1",))
    assert after.user_data == '#!/bin/sh\necho "hello"\n'


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("soak_minutes=3", "unknown key soak_minutes"),
        ("instance_typ=m5.large", 'did you mean "instance_type"?'),
        ("desired=many", "desired must be a whole number"),
        ("subnets=eu-west-1a", "subnets must have ids as in"),
        ("subnets", "--set subnets: no value"),
        ("user_data=@/nowhere/start.sh", "cannot be read"),
        ("=", "--set =: no key"),
        ("a b=1", "--set a b=1: no key"),
    ],
)
def test_a_wrong_option_is_refused(option: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        overridden(Deploy(), [option])
    assert caught.value.exit_code == WRONG_USAGE
    assert message in str([str(problem) for problem in caught.value.problems])


def test_a_template_that_does_not_exist_is_refused(make: Make) -> None:
    one = make()
    for name in ("golden", "golden:7", "shop:9"):
        settings(one, f'launch_template = "{name}"\n')
        with pytest.raises(DeliveryError) as caught:
            one.start()
        assert caught.value.exit_code == USAGE
        assert [*one.strict.groups] == [OLD]
