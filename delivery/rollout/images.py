"""Copies of an image in the regions of a rollout: all asked for at once, then waited for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import asking
from delivery.bake.fingerprint import token
from delivery.bake.lookup import Described, image, images_of
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.deploy.context import Site
    from delivery.timeline import TimelineStep

__all__ = ["copied", "known_copies"]

_POLL_S = 15.0
_TIMEOUT_S = 3_600.0
_TESTED = tags.tested_in("", "").rstrip("/") + "/"


def known_copies(home: Aws, source: str, regions: Iterable[str]) -> dict[str, str]:
    """Return ids by region of copies that are there or on the way, and of the image itself. AwsError."""
    described = image(home, source)
    ids = {home.region: source}
    for region in regions:
        if region != home.region and (copy := _copy(home, home.in_region(region), source, described)):
            ids[region] = str(copy["ImageId"])
    return ids


def _copy(home: Aws, target: Aws, source: str, described: Described | None) -> Described | None:
    filters: Any = [
        {"Name": f"tag:{tags.COPY_OF}", "Values": [f"{home.region}/{source}"]},
        {"Name": "state", "Values": ["available", "pending"]},
    ]
    with asking(f"looking for a copy of image {source} in {target.region}"):
        copies: Any = target.ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
    if copies:
        return dict(min(copies, key=lambda copy: copy["ImageId"]))
    copy_tags = tags.read((described or {}).get("Tags"))
    if tags.KEY in copy_tags and tags.BAKE in copy_tags:  # a bake has copied it
        return next(iter(images_of(target, copy_tags[tags.KEY], copy_tags[tags.BAKE])), None)
    return None


def copied(site: Site, source: str, regions: Iterable[str]) -> dict[str, str]:
    """Copy an image to the regions that lack it, wait for all copies, and return ids by region.

    May be done again after a kill: copies are found by their tag, and a token makes a second call harmless.
    DeliveryError.
    """
    home, targets = site.aws, [region for region in dict.fromkeys(regions) if region != site.aws.region]
    if not targets:
        return {home.region: source}
    described = image(home, source)
    if described is None:
        raise DeliveryError(f"there is no image {source} in {home.account}, {home.region}")
    with site.timeline.step("copy", f"{source} in {', '.join(targets)}") as step:
        known = known_copies(home, source, targets)
        for region in targets:
            if region in known:
                step.note(f"{region}: {known[region]} is there already")
            else:
                known[region] = _ask(site, home.in_region(region), described)
        for region in targets:
            copy = _await(site, step, home.in_region(region), known[region])
            _hand_on(site, home.in_region(region), described, copy)
    return known


def _ask(site: Site, target: Aws, described: Mapping[str, Any]) -> str:
    source = described["ImageId"]
    copy_tags = {**tags.read(described.get("Tags")), tags.COPY_OF: f"{site.aws.region}/{source}"}
    own: Any = tags.written({key: value for key, value in copy_tags.items() if not key.startswith("aws:")})
    with site.changing(f"copying image {source} to {target.region}"):
        return target.ec2.copy_image(
            Name=described["Name"],
            Description=described.get("Description", ""),
            SourceImageId=source,
            SourceRegion=site.aws.region,
            ClientToken=token(source, target.region),
            TagSpecifications=[{"ResourceType": kind, "Tags": own} for kind in ("image", "snapshot")],
        )["ImageId"]


def _await(site: Site, step: TimelineStep, target: Aws, id: str) -> Described:
    until = site.clock.now() + _TIMEOUT_S
    while True:
        described = image(target, id)
        state = described["State"] if described else "pending"
        step.note(f"{target.region}: {id} is {state}")
        if described and state == "available":
            return described
        if state not in ("pending", "transient"):
            reason = (described or {}).get("StateReason", {}).get("Message", "AWS does not say why")
            raise DeliveryError(f"copy {id} in {target.region} is {state}: {reason}")
        if site.clock.now() >= until:
            hint = "delivery waves resume waits on"
            raise DeliveryError(f"copy {id} in {target.region} is not available after an hour", hint)
        site.lock.sleep(_POLL_S)


def _hand_on(site: Site, target: Aws, described: Mapping[str, Any], copy: Mapping[str, Any]) -> None:
    """Write where the image was tested since it was copied on the copy: it has the same content."""
    present = tags.read(copy.get("Tags"))
    later = {
        key: value
        for key, value in tags.read(described.get("Tags")).items()
        if key.startswith(_TESTED) and key not in present
    }
    if later:
        with site.changing(f"tagging image {copy['ImageId']} in {target.region}"):
            target.ec2.create_tags(Resources=[copy["ImageId"]], Tags=tags.written(later))
