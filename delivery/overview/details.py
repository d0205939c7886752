"""All details of one group, instance or image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.clean.usage import shares
from delivery.deploy.context import read_group
from delivery.overview.groups import instances_of, rows_of
from delivery.overview.images import account_names, image_values
from delivery.provenance import recorded_release, recorded_trigger

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["group_details", "image_details", "instance_details"]

_ACTIVITIES = 5
"""Newest scaling activities of a group."""
_OF_GROUP = "aws:autoscaling:groupName"
"""Tag that Auto Scaling gives instances."""
Values = dict[str, Any]


def group_details(aws: Aws, settings: DeliverySettings, name: str, now: float) -> Values | None:
    """Read a group, its instances and newest activities; None if there is none. AwsError."""
    group = read_group(aws, name)
    if group is None:
        return None
    (values,) = rows_of(aws, settings, [group], now)
    described = {each["InstanceId"]: each for each in instances_of(aws, (each.id for each in group.members))}
    with asking(f"reading the activities of {name}"):
        activities = aws.autoscaling.describe_scaling_activities(
            AutoScalingGroupName=name, MaxRecords=_ACTIVITIES
        )["Activities"]
    return {
        "kind": "group",
        **values,
        "members": [
            {
                "id": member.id,
                "lifecycle": member.lifecycle,
                "health": member.health,
                "type": described.get(member.id, {}).get("InstanceType"),
                "zone": described.get(member.id, {}).get("Placement", {}).get("AvailabilityZone"),
                "image": described.get(member.id, {}).get("ImageId"),
            }
            for member in group.members
        ],
        "suspended": sorted(group.suspended),
        "activities": [
            {
                "at": each["StartTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "status": each["StatusCode"],
                "text": each.get("Description"),
                "message": each.get("StatusMessage"),
            }
            for each in activities
        ],
        "tags": dict(group.tags),
    }


def instance_details(aws: Aws, id: str) -> Values | None:
    """Read an instance; None if there is none. AwsError."""
    for instance in instances_of(aws, [id]):
        own_tags = tags.read(instance.get("Tags"))
        release = recorded_release(own_tags).values
        return {
            "kind": "instance",
            "id": id,
            "account": aws.account,
            "region": aws.region,
            "state": instance["State"]["Name"],
            "state_reason": instance.get("StateReason", {}).get("Message") or None,
            "type": instance.get("InstanceType"),
            "zone": instance.get("Placement", {}).get("AvailabilityZone"),
            "private_ip": instance.get("PrivateIpAddress"),
            "public_ip": instance.get("PublicIpAddress"),
            "launched": instance["LaunchTime"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "group": own_tags.get(_OF_GROUP),
            **release,
            "image": instance.get("ImageId"),
            **recorded_trigger(own_tags).values,
            "tags": own_tags,
        }
    return None


def image_details(aws: Aws, settings: DeliverySettings, id: str, now: float) -> Values | None:
    """Read an image as this account sees it; None if it does not.

    Only its owner can read with whom it is shared. AwsError.
    """
    query: Any = [{"Name": "image-id", "Values": [id]}]
    with asking(f"reading image {id}"):
        images = aws.ec2.describe_images(Filters=query)["Images"]
    if not images:
        return None
    values = image_values(aws, images[0], now)
    if values["owner"] == aws.account_id:
        names = account_names(settings)
        users = _shares(aws, id)
        values["shared_with"] = users and [names.get(user, user) for user in users]
    return {"kind": "image", **values, "tags": tags.read(images[0].get("Tags"))}


def _shares(aws: Aws, id: str) -> list[str] | None:
    try:
        return shares(aws, id)
    except AwsError as error:
        if error.meaning in (ErrorMeaning.Denied, ErrorMeaning.NotFound):
            return None
        raise
