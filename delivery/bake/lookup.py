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
    """Return images of a key that are available or pending, those ready for use first, then the newest.

    AwsError.
    """
    query = [_is(f"tag:{words.KEY}", key), _is("state", "available", "pending")]
    with asking(f"looking for images of the same key in {aws.region}"):
        pages = aws.ec2.get_paginator("describe_images").paginate(Owners=["self"], Filters=query)
        images: list[Any] = [image for page in pages for image in page["Images"]]
    matching = [
        image for image in images if not bake or words.read(image.get("Tags")).get(words.BAKE) == bake
    ]
    matching.sort(key=lambda image: (image.get("CreationDate", ""), image["ImageId"]), reverse=True)
    return sorted(matching, key=lambda image: words.read(image.get("Tags")).get(words.STATE) != words.READY)


def instances_of(aws: Aws, value: str, tag: str = words.KEY) -> list[Described]:
    """Return instances of a key, or of another tag's value, terminated ones included, the oldest first.

    AwsError.
    """
    query = [_is(f"tag:{tag}", value)]
    with asking("looking for a bake of the same key"):
        pages = aws.ec2.get_paginator("describe_instances").paginate(Filters=query)
        instances: list[Any] = [
            instance
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]
    return sorted(instances, key=lambda instance: (instance["LaunchTime"], instance["InstanceId"]))


def instance(work: BakeContext, id: str) -> Described | None:
    """Describe an instance; None if AWS does not list it. AwsError."""
    reservations: Any = []
    try:
        with asking(f"reading instance {id}"):
            reservations = work.aws.ec2.describe_instances(InstanceIds=[id])["Reservations"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    return next(
        (dict(described) for reservation in reservations for described in reservation["Instances"]), None
    )


def image(aws: Aws, id: str) -> Described | None:
    """Describe an image; None if AWS does not list it. AwsError."""
    images: Any = []
    try:
        with asking(f"reading image {id} in {aws.region}"):
            images = aws.ec2.describe_images(ImageIds=[id])["Images"]
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    return next((dict(described) for described in images), None)


def image_named(aws: Aws, name: str) -> Described | None:
    """Describe our image of exactly that name; None if there is none. AwsError."""
    with asking(f"looking for image {name}"):
        images: Any = aws.ec2.describe_images(Owners=["self"], Filters=[_is("name", name)])["Images"]
    return next((dict(described) for described in images), None)


def names_like(aws: Aws, name: str) -> set[str]:
    """Return the names of our images that begin so. AwsError."""
    with asking("looking for images of the same name"):
        images = aws.ec2.describe_images(Owners=["self"], Filters=[_is("name", f"{name}*")])["Images"]
    return {image["Name"] for image in images if "Name" in image}


def snapshots_of(described: Described) -> list[str]:
    """Return the ids of an image's snapshots, as far as they exist already."""
    volumes = [mapping.get("Ebs", {}) for mapping in described.get("BlockDeviceMappings", ())]
    return [volume["SnapshotId"] for volume in volumes if "SnapshotId" in volume]


def _is(name: str, *values: str) -> Any:
    return {"Name": name, "Values": [*values]}
