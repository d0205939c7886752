"""Images of a bake: made, waited for, marked as ready, removed with their snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from delivery import tags as words
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.bake.context import BakeContext, GoneError
from delivery.bake.lookup import Described, image, image_named, snapshots_of
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep

__all__ = [
    "await_available",
    "create",
    "description",
    "mark",
    "of_instance",
    "remove",
    "require_tokens",
]

_NAMES = 20
"""Names that are tried: the requested name, then with a number appended."""
_SHOWN = 120.0
"""Seconds until AWS shows what it has just made."""


def create(work: BakeContext, make: Callable[[], str]) -> str:
    """Create an image by a call that returns its id, tag it and return the id. DeliveryError.

    `make` takes name and tags from `work`. A name that is taken gets a number behind it; nothing is ever
    removed to have a name. One that this very bake has taken is its image: the answer to an earlier call was
    lost, or another run was faster.
    """
    requested_name = work.name
    for number in range(_NAMES):
        work.name = f"{requested_name}-{number}" if number else requested_name
        work.tags = {**work.tags, "Name": work.name}
        try:
            with work.signals.held(), asking(f"making image {work.name}"):
                return _noted(work, make())
        except AwsError as error:
            if error.meaning not in (ErrorMeaning.AlreadyExists, ErrorMeaning.Unavailable):
                raise
            failed = error
        holder = _holder(work)
        if holder and words.read(holder.get("Tags")).get(words.BAKE) == work.bake:
            return _noted(work, holder["ImageId"])
        if failed.meaning is ErrorMeaning.Unavailable:
            raise failed
    raise DeliveryError(f"all names like {requested_name} are taken", "--version makes another name")


def _holder(work: BakeContext) -> Described | None:
    """Return the image that has the name: AWS may refuse the name before it lists that image."""
    end = work.clock.now() + _SHOWN
    while (holder := image_named(work.aws, work.name)) is None and work.clock.now() < end:
        work.clock.sleep(work.order.poll)
    return holder


def of_instance(work: BakeContext, instance: str) -> str:
    """An image of a stopped instance, for `create`."""
    return work.aws.ec2.create_image(
        InstanceId=instance,
        Name=work.name,
        Description=description(work),
        TagSpecifications=work.image_specs(),
    )["ImageId"]


def _noted(work: BakeContext, id: str) -> str:
    work.undo.made(f"removing image {id}", lambda: remove(work.aws, id))
    return id


def description(work: BakeContext) -> str:
    """Describe an image as Aminator does: other tools read the ancestor from it. 255 characters at most."""
    package, base = work.order.package, work.base
    text = f"name={package.name}, version={package.full_version}, arch={base.arch}, "
    text += f"ancestor_name={base.name}, ancestor_id={base.id}"
    version = work.tags.get("base_ami_version", "")
    text += f", ancestor_version={version}" if version else ""
    return "".join(character if 32 <= ord(character) < 127 else "_" for character in text)[:255]


def await_available(work: BakeContext, step: TimelineStep, aws: Aws, id: str) -> Described:
    """Wait until an image can be used. GoneError if it was removed or AWS failed."""
    until_shown = work.clock.now() + _SHOWN

    def poll() -> Described | None:
        described = image(aws, id)
        if described is None and work.clock.now() >= until_shown:
            raise GoneError(f"image {id} in {aws.region} does not exist")
        state = described["State"] if described else "pending"
        step.note(f"{aws.region}: {id} is {state}")
        if state in ("failed", "error", "invalid", "deregistered"):
            reason = (described or {}).get("StateReason", {}).get("Message", "AWS gives no reason")
            remove(aws, id)
            raise GoneError(f"image {id} in {aws.region} is {state}: {reason}")
        return described if state == "available" else None

    return work.wait(step, f"image {id} in {aws.region}", poll)


def require_tokens(aws: Aws, described: Described) -> None:
    """Require instances of an image to use session tokens for the metadata service (IMDSv2). AwsError."""
    if described.get("ImdsSupport") != "v2.0":
        with asking(f"requiring IMDSv2 of image {described['ImageId']}"):
            aws.ec2.modify_image_attribute(
                ImageId=described["ImageId"], Attribute="imdsSupport", ImdsSupport={"Value": "v2.0"}
            )


def mark(aws: Aws, described: Described, tags: dict[str, str]) -> None:
    """Write tags on an image and its snapshots. AwsError."""
    resources = [described["ImageId"], *snapshots_of(described)]
    with asking(f"tagging image {described['ImageId']} in {aws.region}"):
        written: Any = words.written(tags)
        aws.ec2.create_tags(Resources=resources, Tags=written)


def remove(aws: Aws, id: str) -> None:
    """Remove an image and its snapshots; one that was deleted already is no error. AwsError."""
    described = image(aws, id)
    try:
        with asking(f"removing image {id}"):
            aws.ec2.deregister_image(ImageId=id)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    for snapshot in snapshots_of(described or {}):
        try:
            with asking(f"removing snapshot {snapshot} of image {id}"):
                aws.ec2.delete_snapshot(SnapshotId=snapshot)
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NotFound:
                raise
