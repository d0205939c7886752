"""Resources that bakes left on AWS: found by their tags in each region, and removed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from delivery import tags as words
from delivery.aws import Aws, asking
from delivery.bake.lookup import ALIVE
from delivery.bake.upload import PREFIX
from delivery.chroot.volume import free
from delivery.clean import images
from delivery.clean.bakes_policy import Thing, decide
from delivery.clean.images import unless_gone
from delivery.clean.usage import used
from delivery.clean.verdict import CleanVerdict
from delivery.clock import HostClock

__all__ = ["look", "plan", "remove"]

_OURS: Any = [{"Name": "tag-key", "Values": [words.BAKE]}]


def plan(regions: Sequence[Aws], bucket: str | None, hours: float, now: float) -> list[CleanVerdict]:
    """Decide about all that bakes left in these regions, and in a bucket. DeliveryError."""
    things = [thing for aws in regions for thing in look(aws)]
    if bucket:
        things += _packages(regions[0], bucket)
    using: dict[str, str] = {}
    for aws in regions:
        if any(
            thing.kind == "image" and thing.region == aws.region and not _ready(thing) for thing in things
        ):
            using |= used(aws)
    return decide(things, using, hours, now)


def _ready(thing: Thing) -> bool:
    return thing.tags.get(words.STATE) == words.READY


def look(aws: Aws) -> list[Thing]:
    """Read everything with the tag of a bake, and all own images with their snapshots. DeliveryError."""
    with asking(f"listing resources of bakes in {aws.region}"):
        things = [*_instances(aws), *_images(aws), *_volumes(aws), *_snapshots(aws)]
        return [*things, *_of_packer(aws)]


def _instances(aws: Aws) -> Iterator[Thing]:
    for page in aws.ec2.get_paginator("describe_instances").paginate(Filters=_OURS):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                if instance["State"]["Name"] in ALIVE:
                    tags = words.read(instance.get("Tags"))
                    created, group = (
                        instance["LaunchTime"].timestamp(),
                        tags.get("aws:autoscaling:groupName", ""),
                    )
                    yield Thing(
                        kind="instance",
                        id=instance["InstanceId"],
                        region=aws.region,
                        created=created,
                        state=instance["State"]["Name"],
                        tags=tags,
                        parts=(),
                        group=group,
                    )


def _images(aws: Aws) -> Iterator[Thing]:
    """Read all images: those without the tag may have a snapshot with it, and are never removed."""
    for image in images.look(aws):
        tags = image.tags if words.BAKE in image.tags else {**image.tags, words.STATE: words.READY}
        yield Thing(
            kind="image",
            id=image.id,
            region=aws.region,
            created=image.created,
            state=image.state,
            tags=tags,
            parts=image.snapshots,
        )


def _volumes(aws: Aws) -> Iterator[Thing]:
    for page in aws.ec2.get_paginator("describe_volumes").paginate(Filters=_OURS):
        for volume in page["Volumes"]:
            tags = words.read(volume.get("Tags"))
            attached = tuple(each["InstanceId"] for each in volume.get("Attachments", ()))
            yield Thing(
                kind="volume",
                id=volume["VolumeId"],
                region=aws.region,
                created=volume["CreateTime"].timestamp(),
                state=volume["State"],
                tags=tags,
                parts=attached,
            )


def _snapshots(aws: Aws) -> Iterator[Thing]:
    for page in aws.ec2.get_paginator("describe_snapshots").paginate(Filters=_OURS, OwnerIds=["self"]):
        for snapshot in page["Snapshots"]:
            tags = words.read(snapshot.get("Tags"))
            yield Thing(
                "snapshot",
                snapshot["SnapshotId"],
                aws.region,
                snapshot["StartTime"].timestamp(),
                snapshot["State"],
                tags,
            )


def _of_packer(aws: Aws) -> Iterator[Thing]:
    """Key pairs and security groups Packer makes where it logs in; only their tags have their age."""
    for pair in aws.ec2.describe_key_pairs(Filters=_OURS)["KeyPairs"]:
        yield Thing("key-pair", pair["KeyName"], aws.region, 0.0, "", words.read(pair.get("Tags")))
    for page in aws.ec2.get_paginator("describe_security_groups").paginate(Filters=_OURS):
        for group in page["SecurityGroups"]:
            yield Thing(
                "security-group", group["GroupId"], aws.region, 0.0, "", words.read(group.get("Tags"))
            )


def _packages(aws: Aws, bucket: str) -> Iterator[Thing]:
    """Packages handed over in a bucket; each has the bake it belongs to."""
    with asking(f"listing packages in bucket {bucket}"):
        for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
            for stored in page.get("Contents", ()):
                object_tags = aws.s3.get_object_tagging(Bucket=bucket, Key=stored["Key"])["TagSet"]
                created, id = stored["LastModified"].timestamp(), f"s3://{bucket}/{stored['Key']}"
                yield Thing("package", id, aws.region, created, "", words.read(object_tags))


def remove(aws: Aws, clock: HostClock, verdict: CleanVerdict) -> str:
    """Remove one thing; return a note. A deleted one counts as removed. DeliveryError."""
    ec2, id = aws.ec2, verdict.id
    if verdict.kind == "image":
        return images.remove(aws, id)
    if verdict.kind == "snapshot":
        return images.remove_snapshot(aws, id)
    if verdict.kind == "volume":
        free(aws, clock, id)
        return ""
    bucket, _, key = id.removeprefix("s3://").partition("/")
    call = {
        "instance": lambda: ec2.terminate_instances(InstanceIds=[id]),
        "key-pair": lambda: ec2.delete_key_pair(KeyName=id),
        "security-group": lambda: ec2.delete_security_group(GroupId=id),
        "package": lambda: aws.s3.delete_object(Bucket=bucket, Key=key),
    }[verdict.kind]
    unless_gone(f"removing {verdict.kind} {id}", call)
    return ""
