"""What is there of a bake: images and instances, by tags and ids."""

from __future__ import annotations

from typing import Any

from delivery import tags as words
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.bake.context import BakeContext

__all__ = [
    "ALIVE",
    "image",
    "image_named",
    "images_of",
    "instance",
    "instances_of",
    "names_like",
    "snapshots_of",
]

ALIVE = ("pending", "running", "stopping", "stopped")
Described = dict[str, Any]


def images_of(aws: Aws, key: str, bake: str = "") -> list[Described]:
    """Images of a key that are there or coming, those ready for use first, then the newest. AwsError."""
    query = [_is(f"tag:{words.KEY}", key), _is("state", "available", "pending")]
    with asking(f"looking for images of the same key in {aws.region}"):
        pages = aws.ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=query)
        found: list[Any] = [one for page in pages for one in page["Images"]]
    wanted = [one for one in found if not bake or words.read(one.get("Tags")).get(words.BAKE) == bake]
    wanted.sort(key=lambda one: (one.get("CreationDate", ""), one["ImageId"]), reverse=True)
    return sorted(wanted, key=lambda one: words.read(one.get("Tags")).get(words.STATE) != words.READY)


def instances_of(aws: Aws, value: str, tag: str = words.KEY) -> list[Described]:
    """Instances of a key, or another tag's value, dead ones included, the oldest first. AwsError."""
    query = [_is(f"tag:{tag}", value)]
    with asking("looking for a bake of the same key"):
        pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=query)
        found: list[Any] = [
            one for page in pages for group in page["Reservations"] for one in group["Instances"]
        ]
    return sorted(found, key=lambda one: (one["LaunchTime"], one["InstanceId"]))


def instance(work: BakeContext, id: str) -> Described | None:
    """An instance as AWS shows it; None if it does not. AwsError."""
    found: Any = []
    try:
        with asking(f"looking at instance {id}"):
            found = work.aws.ec2.describe_instances(InstanceIds=[id])["Reservations"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    return next((dict(one) for group in found for one in group["Instances"]), None)


def image(aws: Aws, id: str) -> Described | None:
    """An image as AWS shows it; None if it does not. AwsError."""
    found: Any = []
    try:
        with asking(f"looking at image {id} in {aws.region}"):
            found = aws.ec2.describe_images(ImageIds=[id])["Images"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    return next((dict(one) for one in found), None)


def image_named(aws: Aws, name: str) -> Described | None:
    """Our image of that very name. AwsError."""
    with asking(f"looking for image {name}"):
        found: Any = aws.ec2.describe_images(Owners=["self"], Filters=[_is("name", name)])["Images"]
    return next((dict(one) for one in found), None)


def names_like(aws: Aws, name: str) -> set[str]:
    """Names of our images that begin so. AwsError."""
    with asking("looking for images of the same name"):
        found = aws.ec2.describe_images(Owners=["self"], Filters=[_is("name", f"{name}*")])["Images"]
    return {one["Name"] for one in found if "Name" in one}


def snapshots_of(described: Described) -> list[str]:
    """Ids of an image's snapshots, as far as it has them already."""
    volumes = [one.get("Ebs", {}) for one in described.get("BlockDeviceMappings", ())]
    return [one["SnapshotId"] for one in volumes if "SnapshotId" in one]


def _is(name: str, *values: str) -> Any:
    return {"Name": name, "Values": [*values]}
