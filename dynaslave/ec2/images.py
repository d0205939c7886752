"""The machine image a pool means right now: looked up, kept for some minutes, looked up again."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.pools.images import Image
from dynaslave.provider import Denied, Throttled, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, ImageTypeDef

__all__ = ["ImageDescription", "Images"]

log = logging.getLogger(__name__)

_KEPT = 300.0
"""Seconds an answer is good for: a new image is used after at most five minutes."""


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """An image of the account or region, as far as a launch needs it."""

    id: str
    root_device: str
    volumes: tuple[tuple[str, int], ...]
    """Device names and sizes (GB) of all its EBS volumes, the root's included."""
    architecture: str
    windows: bool = False
    state: str = "available"
    java: int | None = None
    """The release of its Java, by its tag `java`; None if it has no such tag."""

    @property
    def root_gb(self) -> int | None:
        """Size of its root volume: a launch may request more, not less. None if it has no EBS root."""
        return dict(self.volumes).get(self.root_device)


class Images:
    """Images by a pool's description of them. `clock` counts seconds."""

    def __init__(self, clients: Clients, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._clock = clock
        self._kept: dict[Image, tuple[float, ImageDescription]] = {}

    def find(self, image: Image) -> ImageDescription:
        """Find the newest matching image; Denied if none is. While AWS does not answer, the last is used."""
        cached = self._kept.get(image)
        if cached and 0 < cached[0] - self._clock() <= _KEPT:  # not after a clock that was set back
            return cached[1]
        try:
            image_found = self._look(image)
        except (Throttled, Unavailable) as error:
            if cached is None:
                raise
            log.warning("image %s: the last one found is used: %s", image, error)
            return cached[1]
        self._kept[image] = (self._clock() + _KEPT, image_found)
        return image_found

    def forget(self) -> None:
        """Forget all images: a launch was refused because its image does not exist."""
        self._kept.clear()

    def _look(self, image: Image) -> ImageDescription:
        with asking(f"looking for image {image}"):
            if image.ssm or image.id:
                images = self._described(ImageIds=[image.id or self._from_parameter(image.ssm)])
            else:
                images = self._described(Owners=[image.owner], Filters=_filters(image))
        if not images:
            raise Denied(
                f"there is no image {image} (correct the pool's image, or share it with this account)"
            )
        return _found(max(images, key=lambda row: (row.get("CreationDate", ""), row["ImageId"])))

    def _described(self, **query: Any) -> list[ImageTypeDef]:
        pages = self._clients.ec2.get_paginator("describe_images").paginate(**query)
        return [image for page in pages for image in page["Images"]]

    def _from_parameter(self, name: str) -> str:
        value = self._clients.ssm.get_parameter(Name=name)["Parameter"].get("Value", "")
        if not value.startswith("ami-"):
            raise Denied(
                f"SSM parameter {name} holds {value[:40]!r}, no id of an image (correct the pool's image)"
            )
        return value


def _filters(image: Image) -> list[FilterTypeDef]:
    filters: list[FilterTypeDef] = [{"Name": "state", "Values": ["available"]}]
    if image.name:
        filters.append({"Name": "name", "Values": [image.name]})
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in image.tags]
    return filters


def _found(described: ImageTypeDef) -> ImageDescription:
    volumes = {
        mapping["DeviceName"]: mapping["Ebs"].get("VolumeSize", 0)
        for mapping in described.get("BlockDeviceMappings", ())
        if "DeviceName" in mapping and "Ebs" in mapping
    }
    return ImageDescription(
        id=described["ImageId"],
        root_device=described.get("RootDeviceName", ""),
        volumes=tuple(sorted(volumes.items())),
        architecture=described.get("Architecture", ""),
        windows=described.get("Platform", "").lower() == "windows",
        state=described.get("State", "available"),
        java=_java(described),
    )


def _java(described: ImageTypeDef) -> int | None:
    tags = {tag.get("Key", ""): tag.get("Value", "") for tag in described.get("Tags", ())}
    match = re.match(r"(?:1\.)?(\d+)", tags.get("java", ""))
    return int(match[1]) if match else None
