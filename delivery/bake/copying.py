"""Copies of an image in other regions: all asked for at once, then waited for."""

from __future__ import annotations

from typing import Any

from delivery import tags as words
from delivery.aws import Aws, asking
from delivery.bake.context import BakeContext
from delivery.bake.fingerprint import token
from delivery.bake.imaging import await_available, remove
from delivery.bake.lookup import Described, images_of
from delivery.timeline import TimelineStep

__all__ = ["copies"]


def copies(work: BakeContext, source: Described) -> dict[str, Described]:
    """The copies by region, those that are there already included. DeliveryError."""
    regions = work.order.regions
    if not regions:
        return {}
    with work.timeline.step("copy", f"copy to {', '.join(regions)}") as step:
        asked = {region: _copy(work, step, work.aws.in_region(region), source) for region in regions}
        return {
            region: await_available(work, step, work.aws.in_region(region), id)
            for region, id in asked.items()
        }


def _copy(work: BakeContext, step: TimelineStep, there: Aws, source: Described) -> str:
    """Ask for a copy, unless this bake has one; gives its id. The token makes a second call harmless."""
    for one in images_of(there, work.key, work.bake):
        step.note(f"{there.region}: {one['ImageId']} is there already")
        return str(one["ImageId"])
    order, tags = work.order, words.read(source.get("Tags"))
    same: Any = words.written({**tags, words.STATE: words.BAKING})
    said: dict[str, Any] = {"Encrypted": True} if order.encrypted else {}
    if order.encrypted and order.kms_key:
        said["KmsKeyId"] = order.kms_key
    with work.signals.held(), asking(f"copying image {source['ImageId']} to {there.region}"):
        made = there.ec2.copy_image(
            Name=source["Name"],
            Description=source.get("Description", ""),
            SourceImageId=source["ImageId"],
            SourceRegion=work.aws.region,
            ClientToken=token(source["ImageId"], there.region),
            TagSpecifications=[{"ResourceType": kind, "Tags": same} for kind in ("image", "snapshot")],
            **said,
        )
        id = made["ImageId"]
        work.undo.made(f"removing image {id} in {there.region}", lambda: remove(there, id))
    return id
