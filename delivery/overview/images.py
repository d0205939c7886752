"""The images of an account and region: version, where they were tested, with whom they are shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.clean.images import own_images
from delivery.provenance import release_of
from delivery.table import age

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["HEAD", "account_names", "image_rows", "image_values", "row", "users_of"]

HEAD = ("IMAGE", "VERSION", "ACCOUNT", "REGION", "AGE", "TESTED IN", "SHARED WITH", "IN USE BY", "NAME")
Values = dict[str, Any]


def account_names(settings: DeliverySettings) -> dict[str, str]:
    """Return the names of the accounts of the settings, by their twelve digits."""
    return {account.id: name for name, account in settings.accounts.items() if account.id}


def image_rows(aws: Aws, accounts: Mapping[str, str], now: float) -> list[Values]:
    """Read all images this account owns, and with which of the other accounts each is shared. AwsError.

    Args:
        aws: the account and region.
        accounts: names of the accounts of the settings, by their twelve digits.
        now: seconds since the epoch.
    """
    images = own_images(aws)
    shared: dict[str, list[str]] = {image["ImageId"]: [] for image in images}
    for id, name in accounts.items():
        if images and id != aws.account_id:
            for image in own_images(aws, ExecutableUsers=[id]):
                if not image.get("Public"):
                    shared[image["ImageId"]].append(name)
    return [image_values(aws, image, now) | {"shared_with": shared[image["ImageId"]]} for image in images]


def image_values(aws: Aws, image: Mapping[str, Any], now: float) -> Values:
    """Return an image as JSON values; with whom it is shared is not known."""
    image_tags, release = tags.read(image.get("Tags")), release_of(image)
    created = datetime.fromisoformat(image["CreationDate"]).timestamp()
    prefix = tags.tested_in("").removesuffix("/")
    tested = {key.removeprefix(prefix): at for key, at in image_tags.items() if key.startswith(prefix)}
    return {
        **release.values,
        "account": aws.account,
        "region": aws.region,
        "owner": image.get("OwnerId"),
        "state": image.get("State"),
        "architecture": image.get("Architecture"),
        "created": image["CreationDate"],
        "age_seconds": round(max(0.0, now - created)),
        "tested_in": tested,
        "public": bool(image.get("Public")),
        "shared_with": None,
    }


def users_of(image: str, groups: Iterable[Values]) -> list[Values]:
    """List the groups that were made of an image, those in traffic first."""
    keys = ("name", "account", "region", "state", "takes_traffic", "instances")
    users = [{key: group[key] for key in keys} for group in groups if group["image"] == image]
    return sorted(users, key=lambda group: not group["takes_traffic"])


def row(values: Values) -> tuple[str, ...]:
    """Render an image as a row of the table."""
    shared = ["all"] if values["public"] else values["shared_with"] or []
    return (
        values["image"],
        values["version"] or "?",
        values["account"],
        values["region"],
        age(values["age_seconds"]),
        ", ".join(sorted(values["tested_in"])) or "-",
        ", ".join(shared) or "-",
        ", ".join(f"{group['name']} ({group['account']})" for group in values["used_by"]) or "-",
        values["image_name"] or "",
    )
