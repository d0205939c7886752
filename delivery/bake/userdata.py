"""The user data of an instance that is baked: a shell script that installs, proves itself, and shuts down."""

from __future__ import annotations

import base64
import gzip
import hashlib
import textwrap
from collections.abc import Mapping

from delivery.bake import scripts
from delivery.bake.package import Package
from delivery.errors import DeliveryError

__all__ = ["LIMIT", "PROOF", "digest", "fits", "script"]

LIMIT = 16_384
"""Bytes of user data, before it is encoded (EC2)."""
PROOF = "delivery:proof"
"""Tag an instance writes on itself, where its role may: `ok BAKE`, or `failed BAKE ...`."""


def script(
    bake: str,
    package: Package,
    *,
    facts: Mapping[str, str],
    minutes: int,
    url: str = "",
    content: bytes | None = None,
    tag_itself: bool = False,
) -> str:
    """The script for one bake: with the package in it, or with the URL it is fetched from. No secrets.

    `minutes` is the deadline after which the instance stops itself. DeliveryError if it is too long.
    """
    embedded = _packed(content) if content is not None else ""
    text = scripts.template("provision.sh.j2").render(
        bake=bake,
        package=package,
        version=package.full_version,
        facts={key: value.replace("\n", " ") for key, value in facts.items()},
        minutes=minutes,
        url=url,
        embedded=embedded,
        tag_itself=tag_itself,
        proof_tag=PROOF,
        on_instance=scripts.read("on_instance.py").rstrip("\n"),
        mark="END-" + hashlib.sha256(bake.encode()).hexdigest()[:8],
    )
    if len(text.encode()) > LIMIT:
        raise DeliveryError(
            f"package {package.source} is too large for user data, of which EC2 takes {LIMIT} bytes",
            "[bake] bucket, or --bucket, names one that packages are handed over in; or give its URL",
        )
    return text


def fits(content: bytes) -> bool:
    """Return whether a package is small enough for the user data."""
    ours = sum(
        len(scripts.read(name).encode()) for name in ("on_instance.py", "provision.sh.j2", scripts.STEPS)
    )
    room = LIMIT - ours - 1024
    return len(_packed(content)) < room


def digest() -> str:
    """Return a digest of how packages are installed: it is part of an image's key."""
    return scripts.digest("provision.sh.j2", "on_instance.py")


def _packed(content: bytes) -> str:
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return "\n".join(textwrap.wrap(packed, 120))
