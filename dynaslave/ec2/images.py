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
        """Size of its root volume: a launch may ask for more, not for less. None if it has no EBS root."""
        return dict(self.volumes).get(self.root_device)


class Images:
    """Images by what a pool says of them. `clock` counts seconds."""

    def __init__(self, clients: Clients, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._clock = clock
        self._kept: dict[Image, tuple[float, ImageDescription]] = {}

    def find(self, image: Image) -> ImageDescription:
        """The newest image that fits; Denied if none does. While nobody answers, the last one is used."""
        kept = self._kept.get(image)
        if kept and 0 < kept[0] - self._clock() <= _KEPT:  # not after a clock that was set back
            return kept[1]
        try:
            found = self._look(image)
        except (Throttled, Unavailable) as error:
            if kept is None:
                raise
            log.warning("image %s: the last one found is used: %s", image, error)
            return kept[1]
        self._kept[image] = (self._clock() + _KEPT, found)
        return found

    def forget(self) -> None:
        """Look everything up anew: a launch was told that its image is gone."""
        self._kept.clear()

    def _look(self, image: Image) -> ImageDescription:
        with asking(f"looking for image {image}"):
            if image.ssm or image.id:
                found = self._described(ImageIds=[image.id or self._from_parameter(image.ssm)])
            else:
                found = self._described(Owners=[image.owner], Filters=_filters(image))
        if not found:
            raise Denied(
                f"there is no image {image} (correct the pool's image, or share it with this account)"
            )
        return _found(max(found, key=lambda one: (one.get("CreationDate", ""), one["ImageId"])))

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
    found = re.match(r"(?:1\.)?(\d+)", tags.get("java", ""))
    return int(found[1]) if found else None
