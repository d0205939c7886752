"""The key of a bake: the same key, the same image. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from delivery.bake.base import BaseImage
from delivery.bake.request import Order

__all__ = ["bake_key", "token"]


def bake_key(order: Order, base: BaseImage, engine: Mapping[str, str]) -> str:
    """SHA-256 of everything that goes into an image, as 64 hexadecimal digits.

    The base counts by its id and the package by its content: neither a moved parameter nor a replaced file
    goes unseen. What is done with the image afterwards (copies, shares, tests, tags) does not count.
    """
    package = order.package
    parts = {
        "base": base.id,
        "package": package.sha256,
        "kind": package.kind,
        "name": package.name,
        "version": package.version,
        "release": package.release,
        "root_gb": max(order.root_gb, base.root_gb),
        "encrypted": order.encrypted,
        "kms_key": order.kms_key if order.encrypted else "",
        "engine": order.engine,
        "inputs": dict(engine),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def token(*parts: str) -> str:
    """Return a client token for these parts: AWS executes requests with the same token only once."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:64]
