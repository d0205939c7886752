"""What a new group launches: the version of a template that differs in its image alone, of whatever kind the old group was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from delivery.deploy.template import launch_of, make_launch
from delivery.errors import USAGE, DeliveryError
from delivery.settings import loads
from deploy_case import NEW, OLD, TOML, Case, Make, cases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def make() -> Iterator[Make]:
    with cases() as made:
        yield made


@dataclass
class Templates:
    """The launch templates of a cluster."""

    one: Case

    def create(self, name: str, **data: Any) -> str:
        made = self.one.world.raw("ec2").create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData=data
        )
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def data(self, group: str, override: int | None = None) -> dict[str, Any]:
        """What a group launches now, or by one of its overrides."""
        (found,) = self.one.world.raw("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[group]
        )["AutoScalingGroups"]
        part = found.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
        spec = part.get("LaunchTemplateSpecification") or found.get("LaunchTemplate")
        if override is not None:
            spec = part["Overrides"][override]["LaunchTemplateSpecification"]
        return self.version(spec)

    def newest(self, name: str) -> str:
        """The image of the newest version, which is what `$Latest` launches."""
        (version,) = self.one.world.raw("ec2").describe_launch_template_versions(
            LaunchTemplateName=name, Versions=["$Latest"]
        )["LaunchTemplateVersions"]
        return str(version["LaunchTemplateData"]["ImageId"])

    def version(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """What a version says, by its number."""
        assert not spec["Version"].startswith("$")
        (version,) = self.one.world.raw("ec2").describe_launch_template_versions(
            LaunchTemplateId=spec["LaunchTemplateId"], Versions=[spec["Version"]]
        )["LaunchTemplateVersions"]
        data: dict[str, Any] = version["LaunchTemplateData"]
        return data


def mixed(template: str, *own: str, version: str = "$Latest") -> dict[str, Any]:
    """A policy of several instance types; those behind `own` have templates of theirs."""
    types = ("m5.large", "m5a.large")
    overrides: list[Any] = [{"InstanceType": kind} for kind in types]
    overrides += [
        {
            "InstanceType": "m6i.large",
            "LaunchTemplateSpecification": {"LaunchTemplateId": id, "Version": version},
        }
        for id in own
    ]
    spec = {
        "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": version},
        "Overrides": overrides,
    }
    return {"LaunchTemplate": spec, "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 50}}


def regroup(one: Case, **how: Any) -> None:
    """Have the old group launched another way."""
    raw = one.world.raw("autoscaling")
    raw.delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    raw.create_auto_scaling_group(
        AutoScalingGroupName=OLD, MinSize=0, MaxSize=4, DesiredCapacity=2, VPCZoneIdentifier=one.world.subnet,
        TargetGroupARNs=[one.places["web"]], **how,
    )  # fmt: skip
    one.strict.adopt()


def refused(act: Callable[[], Any]) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        act()
    assert caught.value.exit_code == USAGE
    return caught.value


def test_all_of_a_template_stays_but_its_image(make: Make) -> None:
    one = make()
    templates = Templates(one)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "shop"}]}]
    full = {"ImageId": one.old_image, "InstanceType": "m5.large", "KeyName": "ops", "TagSpecifications": tags,
            "MetadataOptions": {"HttpTokens": "required"}, "UserData": "aGk="}  # fmt: skip
    id = templates.create("full", **full)
    regroup(one, LaunchTemplate={"LaunchTemplateId": id, "Version": "$Default"})
    site = one.site()
    launch = launch_of(site.aws, site.group(OLD))
    spec = make_launch(site, launch, one.image)["LaunchTemplate"]
    made = templates.version(spec)
    assert made["ImageId"] == one.image
    assert made["MetadataOptions"]["HttpTokens"] == "required"
    same = ("InstanceType", "KeyName", "TagSpecifications", "UserData")
    assert [made[key] for key in same] == [full[key] for key in same]


def made_templates(one: Case) -> list[str]:
    """The calls that made a template or a version of one."""
    return [name for name in one.strict.operations() if name.startswith("CreateLaunchTemplate")]


def test_the_same_image_again_takes_the_version_there_is(make: Make) -> None:
    one = make()
    before = one.deploy()
    one.rollback()
    one.world.raw("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=before.group, ForceDelete=True
    )
    one.world.clock.sleep(600)
    one.deploy()
    assert made_templates(one) == ["CreateLaunchTemplate"]


@pytest.mark.parametrize("version", ["$Latest", "$Default"])
@pytest.mark.parametrize("policy", [False, True], ids=["template", "mixed instances"])
def test_no_group_launches_anything_else_for_a_deploy(make: Make, version: str, policy: bool) -> None:
    """Neither the old one, nor another cluster's on the same template, nor one that follows the new."""
    one = make()
    templates = Templates(one)
    id = templates.create("shared", ImageId=one.old_image, InstanceType="m5.large")
    spec = {"LaunchTemplateId": id, "Version": version}
    how = {"MixedInstancesPolicy": mixed(id, id, version=version)} if policy else {"LaunchTemplate": spec}
    regroup(one, **how)
    one.deploy()
    assert templates.data(NEW)["ImageId"] == one.image
    assert one.rollback().outcome == "rolled back"
    assert templates.newest("shared") == one.old_image
    one.world.raw("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="batch-v000", MinSize=0, MaxSize=1, VPCZoneIdentifier=one.world.subnet,
        LaunchTemplate={"LaunchTemplateName": "delivery-shop", "Version": version},
    )  # fmt: skip
    follows = templates.newest("delivery-shop")
    one.strict.adopt()
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    one.world.clock.sleep(3600)
    assert one.deploy().outcome == "deployed"
    assert templates.data("shop-v002")["ImageId"] == one.image
    if version == "$Latest":
        assert templates.newest("delivery-shop") == follows
    assert templates.newest("shared") == one.old_image


def test_later_deploys_make_versions_of_the_clusters_own_template(make: Make) -> None:
    one = make()
    one.deploy()
    one.image = one.world.raw("ec2").register_image(Name="shop-3.0")["ImageId"]
    one.world.clock.sleep(3600)
    one.deploy()
    assert made_templates(one) == ["CreateLaunchTemplate", "CreateLaunchTemplateVersion"]
    assert Templates(one).newest("delivery-shop") == one.image


def test_mixed_instances_keep_their_types_and_templates_of_their_own(make: Make) -> None:
    one = make()
    templates = Templates(one)
    base, arm = (
        templates.create(name, ImageId=one.old_image, InstanceType="m5.large", KeyName=name)
        for name in ("base", "arm")
    )
    regroup(one, MixedInstancesPolicy=mixed(base, arm))
    assert one.deploy().outcome == "deployed"
    assert (templates.data(NEW)["ImageId"], templates.data(NEW)["KeyName"]) == (one.image, "base")
    assert (templates.data(NEW, 2)["ImageId"], templates.data(NEW, 2)["KeyName"]) == (one.image, "arm")
    policy = one.strict.groups[NEW].mixed_instances_policy
    assert policy is not None
    assert policy["InstancesDistribution"] == {"OnDemandPercentageAboveBaseCapacity": 50}
    assert one.rollback().outcome == "rolled back"


def test_one_image_cannot_replace_two(make: Make) -> None:
    one = make()
    templates = Templates(one)
    base = templates.create("base", ImageId=one.old_image, InstanceType="m5.large")
    arm = templates.create("arm", ImageId="ami-0123456789abcdef0", InstanceType="m6g.large")
    regroup(one, MixedInstancesPolicy=mixed(base, arm))
    assert "one image cannot replace both" in refused(one.deploy).message
    assert [*one.strict.groups] == [OLD]


def test_a_launch_configuration_is_refused_with_the_way_out(make: Make) -> None:
    one = make()
    one.world.raw("autoscaling").create_launch_configuration(
        LaunchConfigurationName="old", ImageId=one.old_image, InstanceType="m5.large"
    )
    regroup(one, LaunchConfigurationName="old")
    error = refused(one.deploy)
    assert "has a launch configuration, which EC2 no longer makes" in error.message
    assert "Copy to launch template" in error.hint


def test_a_type_of_the_settings_takes_the_place_of_requirements(make: Make) -> None:
    one = make()
    templates = Templates(one)
    needs = {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 2048}}
    id = templates.create("free", ImageId=one.old_image, InstanceRequirements=needs)
    regroup(one, LaunchTemplate={"LaunchTemplateId": id, "Version": "1"})
    one.settings = loads(f'{TOML}[clusters.shop]\ninstance_type = "m7i.large"\n')
    one.deploy()
    made = templates.data(NEW)
    assert (made["ImageId"], made["InstanceType"]) == (one.image, "m7i.large")
    assert "InstanceRequirements" not in made


# The first group of a cluster.


def first(one: Case, toml: str) -> Callable[[], Any]:
    """A deploy to a cluster that has no group."""
    one.world.raw("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=OLD, ForceDelete=True)
    one.world.clock.sleep(600)
    one.settings = loads(f"{TOML}[clusters.shop]\n{toml}")
    return one.start


def test_the_first_group_is_made_of_a_template_that_is_named(make: Make) -> None:
    one = make()
    Templates(one).create("golden", ImageId=one.old_image, InstanceType="m5.large", KeyName="ops")
    where = f'launch_template = "golden:1"\nsubnets = ["{one.world.subnet}"]\ntarget_groups = ["web"]\ndesired = 2\nmax = 3\n'
    assert first(one, where)().outcome == "deployed"
    (group,) = one.taking()
    made = Templates(one).data(group)
    assert (made["ImageId"], made["KeyName"]) == (one.image, "ops")
    assert one.state()[group]["size"] == (1, 2, 3, 2)


@pytest.mark.parametrize(
    ("toml", "message", "hint"),
    [
        ("", "no load balancer to take traffic from (this is its first group)", 'target_groups = ["NAME"]'),
        ('target_groups = ["web"]\n', "in which subnets", 'subnets = ["subnet-..."] in [apps.shop]'),
        (
            'traffic = "none"\nsubnets = ["subnet-1"]\ndesired = 0\n',
            "no instances is never healthy",
            "desired = 1",
        ),
        (
            'traffic = "none"\nsubnets = ["subnet-1"]\nmin = 3\nmax = 2\n',
            "min = 3, max = 2: not in that order",
            "as before",
        ),
    ],
)
def test_what_a_first_group_lacks_is_told(make: Make, toml: str, message: str, hint: str) -> None:
    one = make()
    error = refused(first(one, toml))
    assert message in error.message
    assert any(hint in each.hint for each in error.problems)
    assert one.strict.groups == {}


def test_nothing_to_make_a_first_group_of_is_told(make: Make) -> None:
    one = make()
    one.world.raw("ec2").delete_launch_template(LaunchTemplateName="shop")
    error = refused(first(one, f'target_groups = ["web"]\nsubnets = ["{one.world.subnet}"]\n'))
    assert "what is its first one to be made of?" in error.message
    assert "launch_template" in error.hint
