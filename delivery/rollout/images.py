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
    found = {home.region: source}
    for region in regions:
        if region != home.region and (copy := _copy(home, home.in_region(region), source, described)):
            found[region] = str(copy["ImageId"])
    return found


def _copy(home: Aws, there: Aws, source: str, described: Described | None) -> Described | None:
    wanted: Any = [
        {"Name": f"tag:{tags.COPY_OF}", "Values": [f"{home.region}/{source}"]},
        {"Name": "state", "Values": ["available", "pending"]},
    ]
    with asking(f"looking for a copy of image {source} in {there.region}"):
        copies: Any = there.ec2.describe_images(Owners=["self"], Filters=wanted)["Images"]
    if copies:
        return dict(min(copies, key=lambda copy: copy["ImageId"]))
    said = tags.read((described or {}).get("Tags"))
    if tags.KEY in said and tags.BAKE in said:  # a bake has copied it
        return next(iter(images_of(there, said[tags.KEY], said[tags.BAKE])), None)
    return None


def copied(site: Site, source: str, regions: Iterable[str]) -> dict[str, str]:
    """Copy an image to the regions that lack it, wait for all copies, and return ids by region.

    May be done again after a kill: copies are found by their tag, and a token makes a second call harmless.
    DeliveryError.
    """
    home, wanted = site.aws, [region for region in dict.fromkeys(regions) if region != site.aws.region]
    if not wanted:
        return {home.region: source}
    described = image(home, source)
    if described is None:
        raise DeliveryError(f"there is no image {source} in {home.account}, {home.region}")
    with site.timeline.step("copy", f"{source} in {', '.join(wanted)}") as step:
        known = known_copies(home, source, wanted)
        for region in wanted:
            if region in known:
                step.note(f"{region}: {known[region]} is there already")
            else:
                known[region] = _ask(site, home.in_region(region), described)
        for region in wanted:
            copy = _await(site, step, home.in_region(region), known[region])
            _hand_on(site, home.in_region(region), described, copy)
    return known


def _ask(site: Site, there: Aws, described: Mapping[str, Any]) -> str:
    source = described["ImageId"]
    said = {**tags.read(described.get("Tags")), tags.COPY_OF: f"{site.aws.region}/{source}"}
    own: Any = tags.written({key: value for key, value in said.items() if not key.startswith("aws:")})
    with site.changing(f"copying image {source} to {there.region}"):
        return there.ec2.copy_image(
            Name=described["Name"],
            Description=described.get("Description", ""),
            SourceImageId=source,
            SourceRegion=site.aws.region,
            ClientToken=token(source, there.region),
            TagSpecifications=[{"ResourceType": kind, "Tags": own} for kind in ("image", "snapshot")],
        )["ImageId"]


def _await(site: Site, step: TimelineStep, there: Aws, id: str) -> Described:
    until = site.clock.now() + _TIMEOUT_S
    while True:
        found = image(there, id)
        state = found["State"] if found else "pending"
        step.note(f"{there.region}: {id} is {state}")
        if found and state == "available":
            return found
        if state not in ("pending", "transient"):
            reason = (found or {}).get("StateReason", {}).get("Message", "AWS does not say why")
            raise DeliveryError(f"copy {id} in {there.region} is {state}: {reason}")
        if site.clock.now() >= until:
            hint = "delivery waves resume waits on"
            raise DeliveryError(f"copy {id} in {there.region} is not available after an hour", hint)
        site.lock.sleep(_POLL_S)


def _hand_on(site: Site, there: Aws, described: Mapping[str, Any], copy: Mapping[str, Any]) -> None:
    """Write where the image was tested since it was copied on the copy: it has the same content."""
    present = tags.read(copy.get("Tags"))
    later = {
        key: value
        for key, value in tags.read(described.get("Tags")).items()
        if key.startswith(_TESTED) and key not in present
    }
    if later:
        with site.changing(f"tagging image {copy['ImageId']} in {there.region}"):
            there.ec2.create_tags(Resources=[copy["ImageId"]], Tags=tags.written(later))
