"""What a bake writes on its image: its name and its tags. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from delivery import tags as words
from delivery.bake.base import BaseImage
from delivery.bake.request import Order
from delivery.clock import iso
from delivery.names import app_version, image_name, parse_app_version

__all__ = ["app_version_of", "image_tags", "name_of"]


def name_of(order: Order, base: BaseImage, now: float, taken: Collection[str] = ()) -> str:
    """The name of the image that is baked now: no other of the account has it."""
    package = order.package
    minute = "".join(digit for digit in iso(now)[:16] if digit.isdigit())
    return image_name(package.name, package.version, package.release, base.arch, minute, taken)


def app_version_of(order: Order) -> str:
    """Return `name-version-hBUILD.commit/job/BUILD`, from the package or from its build."""
    package, origin = order.package, order.origin
    own = f"{package.name}-{package.full_version}"
    if parsed := parse_app_version(own):
        job = f"/{origin.job.rpartition('/')[2]}/{parsed.build}" if origin.job else ""
        return own + job
    if origin.build and origin.commit:
        return app_version(package.name, package.version, origin.build, origin.commit[:12], origin.job)
    return own


def image_tags(order: Order, base: BaseImage, bake: str, key: str, name: str, now: float) -> dict[str, str]:
    """Return the tags of an image, its snapshots and copies. Empty values are left out."""
    package, origin = order.package, order.origin
    ours = {
        "Name": name,
        "appversion": app_version_of(order),
        "application": order.app,
        "version": package.version,
        "release": package.release,
        "build_number": origin.build,
        "build_job": origin.job,
        "build_url": origin.url,
        "commit": origin.commit,
        "base_ami_id": base.id,
        "base_ami_name": base.name,
        "base_ami_version": _version_of(base.tags),
        "creation_time": iso(now),
        "creator": origin.owner,
        "jenkins_user": origin.jenkins_user,
        "change_request": origin.change_request,
        "package": package.file,
        "package_sha256": package.sha256,
        words.BAKE: bake,
        words.KEY: key,
        words.CREATED: iso(now),
        words.OWNER: origin.owner,
    }
    known = {key: words.fit(value) for key, value in ours.items() if value}
    return {**order.tags, **known}


def _version_of(tags: Mapping[str, str]) -> str:
    return tags.get("appversion") or tags.get("version") or tags.get("base_ami_version") or ""
