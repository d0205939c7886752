"""The base image of a bake: by id, SSM parameter, name and owner, or tags; resolved again for each bake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from delivery import tags as words
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.errors import USAGE, DeliveryError
from jobdsl.errors import suggestion

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import ImageTypeDef

__all__ = ["BaseImage", "Wanted", "parse", "resolve"]

_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
_KEYS = ("owner", "name", "arch")
_FORMS = "ami-..., ssm:/NAME, owner=amazon,name=al2023-ami-2023.*-x86_64, or tag:role=base"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The base image as requested: exactly one of `id`, `ssm`, or a search."""

    text: str
    id: str = ""
    ssm: str = ""
    owner: str = ""
    filters: tuple[tuple[str, str], ...] = ()
    """Names and values as DescribeImages has them."""


@dataclass(frozen=True, slots=True)
class BaseImage:
    """The image everything is put on."""

    id: str
    name: str
    owner: str
    arch: str
    root_device: str
    root_gb: int
    encrypted: bool
    tags: Mapping[str, str]
    windows: bool = False


def parse(text: str) -> Wanted:
    """Parse the description of a base image. DeliveryError (exit code 2) lists the accepted forms."""
    if text.startswith("ami-"):
        if not _ID.fullmatch(text):
            raise DeliveryError(f"base {text!r}: an id has 8 or 17 hexadecimal digits after ami-", "", USAGE)
        return Wanted(text, id=text)
    if text.startswith(("ssm:", "resolve:ssm:")):
        return Wanted(text, ssm=text.partition("ssm:")[2])
    return _search(text)


def _search(text: str) -> Wanted:
    owner, filters = "", []
    for part in text.split(","):
        key, equals, value = (word.strip() for word in part.partition("="))
        if not equals or not value or not (key in _KEYS or key.startswith("tag:")):
            hint = (equals and suggestion(key, _KEYS)) or f"a base is {_FORMS}"
            raise DeliveryError(f"base {text!r}: {part!r} does not describe an image", hint, USAGE)
        if key == "owner":
            owner = value
        else:
            filters.append(({"arch": "architecture"}.get(key, key), value))
    if not owner and any(key == "name" for key, _ in filters):
        raise DeliveryError(
            f"base {text!r}: the owner is missing. Any account may give an image that name",
            "add owner=self, owner=amazon or owner=123456789012",
            USAGE,
        )
    if not any(key == "name" or key.startswith("tag:") for key, _ in filters):
        raise DeliveryError(f"base {text!r} names no image", f"a base is {_FORMS}", USAGE)
    return Wanted(text, owner=owner or "self", filters=tuple(filters))  # others' tags cannot be seen


def resolve(aws: Aws, request: Wanted) -> BaseImage:
    """Return the newest available image that matches.

    DeliveryError if none does, or if it cannot be baked on.
    """
    images: list[ImageTypeDef] = []
    try:
        with asking(f"looking for base {request.text}"):
            images = _matching_images(aws, request)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
    if not images:
        hint = "another account's image must be shared with this one; images of other regions do not count"
        raise DeliveryError(f"there is no base image {request.text} in {aws.region}", hint)
    return _base(max(images, key=lambda image: (image.get("CreationDate", ""), image["ImageId"])))


def _matching_images(aws: Aws, request: Wanted) -> list[ImageTypeDef]:
    if request.ssm or request.id:
        id = request.id or _from_parameter(aws, request.ssm)
        images = aws.ec2.describe_images(ImageIds=[id])["Images"]
        for image in images:
            if image.get("State", "available") != "available":
                raise DeliveryError(f"base {request.text} ({id}) is {image['State']}, not available")
        return images
    query: list[Any] = [{"Name": key, "Values": [value]} for key, value in request.filters]
    query.append({"Name": "state", "Values": ["available"]})
    pages = aws.ec2.get_paginator("describe_images").paginate(Owners=[request.owner], Filters=query)
    return [image for page in pages for image in page["Images"]]


def _from_parameter(aws: Aws, name: str) -> str:
    value = aws.ssm.get_parameter(Name=name)["Parameter"].get("Value", "")
    if not _ID.fullmatch(value):
        raise DeliveryError(f"SSM parameter {name} holds {value[:40]!r}, no id of an image")
    return value


def _base(image: ImageTypeDef) -> BaseImage:
    root = image.get("RootDeviceName", "")
    volumes = {
        mapping.get("DeviceName", ""): mapping["Ebs"]
        for mapping in image.get("BlockDeviceMappings", ())
        if "Ebs" in mapping
    }
    if root not in volumes:
        raise DeliveryError(
            f"base {image['ImageId']} has no root volume on EBS", "take one whose root device is ebs"
        )
    return BaseImage(
        id=image["ImageId"],
        name=image.get("Name", ""),
        owner=image.get("OwnerId", ""),
        arch=image.get("Architecture") or "x86_64",
        root_device=root,
        root_gb=volumes[root].get("VolumeSize", 0),
        encrypted=volumes[root].get("Encrypted", False),
        tags=words.read(image.get("Tags")),
        windows=image.get("Platform", "").lower() == "windows",
    )
