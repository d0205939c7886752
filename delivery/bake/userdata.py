"""The user data of an instance that is baked: a shell script that installs, proves itself, and shuts down."""

from __future__ import annotations

import base64
import gzip
import hashlib
import shlex
import textwrap
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from delivery.bake.package import Package
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    import jinja2

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
    text = _template().render(
        bake=bake,
        package=package,
        version=package.full_version,
        facts={key: value.replace("\n", " ") for key, value in facts.items()},
        minutes=minutes,
        url=url,
        embedded=embedded,
        tag_itself=tag_itself,
        proof_tag=PROOF,
        on_instance=_read("on_instance.py").rstrip("\n"),
        mark="END-" + hashlib.sha256(bake.encode()).hexdigest()[:8],
    )
    if len(text.encode()) > LIMIT:
        raise DeliveryError(
            f"package {package.source} is too large for user data, of which EC2 takes {LIMIT} bytes",
            "[bake] bucket, or --bucket, names one that packages are handed over in; or give its URL",
        )
    return text


def fits(content: bytes) -> bool:
    """Whether a package is small enough to travel in the user data."""
    room = LIMIT - len(_read("on_instance.py").encode()) - len(_read("provision.sh.j2").encode()) - 1024
    return len(_packed(content)) < room


@cache
def digest() -> str:
    """Stands for how packages are installed: with another script an image is another."""
    return hashlib.sha256((_read("provision.sh.j2") + _read("on_instance.py")).encode()).hexdigest()


def _packed(content: bytes) -> str:
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    return "\n".join(textwrap.wrap(packed, 120))


def _quoted(value: object) -> str:
    """Always in quotes: a plain word such as bake-1 looks like arithmetic to shellcheck."""
    text = shlex.quote(str(value))
    return text if text.startswith("'") else f"'{text}'"


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - shell, not HTML
    )
    environment.filters["shell"] = _quoted
    return environment.from_string(_read("provision.sh.j2"))


def _read(name: str) -> str:
    return resources.files("delivery.bake").joinpath(name).read_text("utf-8")
