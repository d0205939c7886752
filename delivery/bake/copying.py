"""Copies of an image in other regions: all requested at once, then awaited."""

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
        copy_ids = {region: _copy(work, step, work.aws.in_region(region), source) for region in regions}
        return {
            region: await_available(work, step, work.aws.in_region(region), id)
            for region, id in copy_ids.items()
        }


def _copy(work: BakeContext, step: TimelineStep, target: Aws, source: Described) -> str:
    """Request a copy, unless this bake has one; gives its id. The token makes a second call harmless."""
    for copy in images_of(target, work.key, work.bake):
        step.note(f"{target.region}: {copy['ImageId']} exists already")
        return str(copy["ImageId"])
    order, tags = work.order, words.read(source.get("Tags"))
    same: Any = words.written({**tags, words.STATE: words.BAKING})
    encryption: dict[str, Any] = {"Encrypted": True} if order.encrypted else {}
    if order.encrypted and order.kms_key:
        encryption["KmsKeyId"] = order.kms_key
    with work.signals.held(), asking(f"copying image {source['ImageId']} to {target.region}"):
        answer = target.ec2.copy_image(
            Name=source["Name"],
            Description=source.get("Description", ""),
            SourceImageId=source["ImageId"],
            SourceRegion=work.aws.region,
            ClientToken=token(source["ImageId"], target.region),
            TagSpecifications=[{"ResourceType": kind, "Tags": same} for kind in ("image", "snapshot")],
            **encryption,
        )
        id = answer["ImageId"]
        work.undo.made(f"removing image {id} in {target.region}", lambda: remove(target, id))
    return id
