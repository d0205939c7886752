"""All problems of an order, reported together and before anything costs money."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from delivery import tags as words
from delivery.aws import Aws
from delivery.bake.base import BaseImage
from delivery.bake.kms import problems_of_keys
from delivery.bake.request import PLACES, Order
from jobdsl.errors import Problem

__all__ = ["problems_of"]

_ARCHES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}
"""How packages call the architectures images have; others (`all`, `noarch`) fit everywhere."""
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
_TAGS = 50
_OURS = 26
"""Tags the bake writes itself, with room for those a later deploy adds."""


def problems_of(aws: Aws, order: Order, base: BaseImage) -> list[Problem]:
    """Return all problems of an order for this base. AwsError."""
    known = tuple(region for region in order.regions if _REGION.fullmatch(region) and region != aws.region)
    return [*_plain(aws, order, base), *problems_of_keys(aws, replace(order, regions=known), base)]


def _plain(aws: Aws, order: Order, base: BaseImage) -> Iterator[Problem]:
    package = order.package
    if base.windows:
        yield Problem(f"base {base.id} is Windows", hint="bakes know Linux")
    arch = _ARCHES.get(package.arch)
    if arch and arch != base.arch:
        yield Problem(f"package {package.file} is for {arch}, base {base.id} is {base.arch}")
    if order.root_gb and order.root_gb < base.root_gb:
        yield Problem(f"--root-gb {order.root_gb}: the base has {base.root_gb} GB, and volumes do not shrink")
    if not order.encrypted and order.kms_key:
        yield Problem("--kms-key goes with encryption, --no-encrypt without")
    if base.encrypted and not order.encrypted:
        yield Problem(
            f"base {base.id} is encrypted: what is made of it is too", hint="leave --no-encrypt out"
        )
    yield from _smoke(order)
    yield from _regions(aws, order)
    yield from _accounts(order)
    yield from _tags(order)


def _smoke(order: Order) -> Iterator[Problem]:
    url = order.smoke.url if order.smoke else ""
    if url and not url.startswith(("http://", "https://")):
        yield Problem(f"--smoke-url {url}: no URL", hint="like http://{private_ip}:8080/health")
    for name in re.findall(r"\{([^}]*)\}", url):
        if f"{{{name}}}" not in PLACES:
            yield Problem(f"--smoke-url {url}: {{{name}}} is nothing", hint=f"there are {', '.join(PLACES)}")


def _regions(aws: Aws, order: Order) -> Iterator[Problem]:
    for region in order.regions:
        if not _REGION.fullmatch(region):
            yield Problem(f"{region!r} is no region", hint="like eu-west-1")
        elif region == aws.region:
            yield Problem(f"the image is made in {region}: no copy goes there")


def _accounts(order: Order) -> Iterator[Problem]:
    for account in order.share:
        if not re.fullmatch(r"[0-9]{12}", account):
            hint = "the twelve digits of an account, or the name of one in delivery.toml that has an id"
            yield Problem(f"the image cannot be shared with {account!r}", hint=hint)


def _tags(order: Order) -> Iterator[Problem]:
    if unfit := words.unfit(order.origin.change_request):
        yield Problem(f"--change-request {unfit}", hint="it takes the number of the change request")
    if len(order.tags) > _TAGS - _OURS:
        yield Problem(f"{len(order.tags)} tags: an image has at most {_TAGS}, {_OURS} are the bake's own")
    for key, value in order.tags.items():
        if not key or len(key) > 128 or words.unfit(key):
            yield Problem(f"tag {key!r}: keys have 1 to 128 characters, none of them a control character")
        if unfit := words.unfit(value):
            yield Problem(f"tag {key!r}: its value {unfit}")
        if key.lower().startswith(("aws:", "delivery:")):
            yield Problem(f"tag {key!r}: such names are kept for {key.partition(':')[0].lower()}")
