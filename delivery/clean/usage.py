"""Users of images: instances, launch templates and configurations, groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from delivery import tags
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.deploy.template import is_of_deploys, specifications
from delivery.errors import DeliveryError

__all__ = ["shares", "used"]

_LIVE = ["pending", "running", "stopping", "stopped", "shutting-down"]
_PARAMETER = "resolve:ssm:"


def used(aws: Aws) -> dict[str, str]:
    """Return the users of images here, by image id. DeliveryError if a query fails."""
    users: dict[str, str] = {}
    for id, who in _all(aws):
        users.setdefault(id, who)
    return users


def _all(aws: Aws) -> Iterator[tuple[str, str]]:
    yield from _instances(aws)
    yield from _configurations(aws)
    groups = list(_groups(aws))
    for group in groups:
        for key, image in tags.read(group.get("Tags")).items():
            if key in (tags.IMAGE, tags.PREVIOUS_IMAGE):
                yield image, f"a rollback of group {group['AutoScalingGroupName']}"
        for override in _overrides(group):
            if "ImageId" in override:
                yield override["ImageId"], f"group {group['AutoScalingGroupName']}"
    yield from _templates(aws, groups)


def _instances(aws: Aws) -> Iterator[tuple[str, str]]:
    query: Any = [{"Name": "instance-state-name", "Values": _LIVE}]
    with asking(f"listing instances in {aws.region}"):
        for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=query):
            for reservation in page["Reservations"]:
                for instance in reservation["Instances"]:
                    yield instance["ImageId"], f"instance {instance['InstanceId']}"


def _configurations(aws: Aws) -> Iterator[tuple[str, str]]:
    with asking(f"listing launch configurations in {aws.region}"):
        for page in aws.autoscaling.get_paginator("describe_launch_configurations").paginate():
            for configuration in page["LaunchConfigurations"]:
                yield (
                    configuration["ImageId"],
                    f"launch configuration {configuration['LaunchConfigurationName']}",
                )


def _groups(aws: Aws) -> Iterator[Mapping[str, Any]]:
    with asking(f"listing groups in {aws.region}"):
        for page in aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate():
            yield from page["AutoScalingGroups"]


def _overrides(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    template = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    return list(template.get("Overrides", ()))


def _specifications(group: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every launch template, with its version, that a group or one of its instances names."""
    yield from specifications(group)
    yield from (
        instance["LaunchTemplate"]
        for instance in group.get("Instances", ())
        if instance.get("LaunchTemplate")
    )


def _templates(aws: Aws, groups: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield images of the newest and default version of each launch template, and of those groups name.

    Versions that deploys have made count only where a group names them: nothing else launches them.
    """
    with asking(f"listing launch templates in {aws.region}"):
        pages = aws.ec2.get_paginator("describe_launch_templates").paginate()
        names = {
            template["LaunchTemplateId"]: template["LaunchTemplateName"]
            for page in pages
            for template in page["LaunchTemplates"]
        }
    ids = {name: id for id, name in names.items()}
    used_by_groups: dict[str, set[str]] = {id: set() for id in names}
    for group in groups:
        for specification in _specifications(group):
            id = specification.get("LaunchTemplateId") or ids.get(
                specification.get("LaunchTemplateName", ""), ""
            )
            if id in used_by_groups:
                used_by_groups[id].add(specification.get("Version") or "$Default")
    for id, named in used_by_groups.items():
        versions = list(_versions(aws, id, sorted({"$Latest", "$Default", *named})))
        newest = max((version["VersionNumber"] for version in versions), default=0)
        for version in versions:
            image = version["LaunchTemplateData"].get("ImageId")
            if image and (not is_of_deploys(version) or _named_so(version, newest) & named):
                yield (
                    _resolved(aws, image),
                    f"launch template {names[id]}, version {version['VersionNumber']}",
                )


def _named_so(version: Mapping[str, Any], newest: int) -> set[str]:
    """Return every form in which a group may name a version."""
    number = version["VersionNumber"]
    ways = {str(number)}
    ways |= {"$Default"} if version.get("DefaultVersion") else set()
    return ways | ({"$Latest"} if number == newest else set())


def _versions(aws: Aws, template: str, numbers: list[str]) -> Iterator[Mapping[str, Any]]:
    try:
        with asking(f"reading launch template {template}"):
            pages = aws.ec2.get_paginator("describe_launch_template_versions").paginate(
                LaunchTemplateId=template, Versions=numbers
            )
            versions = [version for page in pages for version in page["LaunchTemplateVersions"]]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        if len(numbers) > 1:  # one that does not exist hides the others
            for version in numbers:
                yield from _versions(aws, template, [version])
        return
    yield from versions


def _resolved(aws: Aws, image: str) -> str:
    """Resolve `resolve:ssm:NAME` to an image id (perhaps with a version or label)."""
    if not image.startswith(_PARAMETER):
        return image
    name = image.removeprefix(_PARAMETER)
    try:
        with asking(f"reading parameter {name}"):
            return aws.ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
        return ""  # nothing can be launched with it


def shares(aws: Aws, image: str) -> list[str]:
    """Return the accounts an image is shared with: ids of accounts, `all`, or ARNs. DeliveryError."""
    with asking(f"reading the launch permissions of {image}"):
        attribute = aws.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
    permissions = []
    for permission in attribute.get("LaunchPermissions", ()):
        values = [value for value in permission.values() if isinstance(value, str)]
        if not values:
            raise DeliveryError(f"image {image} is shared in an unknown way: {permission}")
        permissions += values
    return permissions
