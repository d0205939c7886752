"""Retention of images on AWS: the images, their users here and where they are shared, and their removal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from delivery import tags as words
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.bake.lookup import snapshots_of
from delivery.clean.retention import Rules, SeenImage, decide
from delivery.clean.usage import shares, used
from delivery.clean.verdict import CleanVerdict
from delivery.errors import DeliveryError
from delivery.settings import DeliverySettings

__all__ = ["Elsewhere", "look", "own_images", "plan", "recheck", "remove", "remove_snapshot", "unless_gone"]

_PAGE = 500
"""Images in one answer."""
Elsewhere = Callable[[str, str], Aws]
"""Opens another account, by its name in the settings, in a region. DeliveryError."""


class _Others:
    """Users of images in the accounts they are shared with; each account is queried once."""

    def __init__(self, settings: DeliverySettings, region: str, elsewhere: Elsewhere) -> None:
        self._names = {account.id: name for name, account in settings.accounts.items() if account.id}
        self._region = region
        self._open = elsewhere
        self._used: dict[str, dict[str, str]] = {}

    def user(self, image: str, account: str) -> str:
        """Return users of it there, or empty. An account that cannot be queried counts as a user."""
        name = self._names.get(account)
        if name is None:
            return f"{account} that it is shared with, which is not in delivery.toml"
        if name not in self._used:
            self._used[name] = used(self._open(name, self._region))
        who = self._used[name].get(image)
        return f"{who} of account {name}" if who else ""


def look(aws: Aws) -> list[SeenImage]:
    """Read all images of this account, disabled ones too. DeliveryError."""
    return [_seen(image) for image in own_images(aws, IncludeDisabled=True)]


def own_images(aws: Aws, **more: Any) -> list[Any]:
    """Describe the images this account owns; `more` restricts them, as EC2 has it. AwsError."""
    with asking(f"listing images in {aws.region}"):
        pages = aws.ec2.get_paginator("describe_images").paginate(
            Owners=["self"], PaginationConfig={"PageSize": _PAGE}, **more
        )
        return [image for page in pages for image in page["Images"]]


def _seen(image: Any) -> SeenImage:
    launched = image.get("LastLaunchedTime")
    return SeenImage(
        id=image["ImageId"],
        name=image.get("Name", ""),
        created=_time(image["CreationDate"]),
        state=image.get("State", ""),
        tags=words.read(image.get("Tags")),
        launched=_time(launched) if launched else None,
        snapshots=tuple(snapshots_of(image)),
    )


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def plan(
    aws: Aws, settings: DeliverySettings, rules: Rules, now: float, elsewhere: Elsewhere
) -> list[CleanVerdict]:
    """Decide about each image in this account and region. DeliveryError if their users cannot be read."""
    seen, using = look(aws), used(aws)
    others = _Others(settings, aws.region, elsewhere)
    unlimited = Rules(rules.days, rules.keep, len(seen), rules.tag)
    for verdict in decide(seen, using, unlimited, aws.region, now):
        if verdict.action == "remove":
            using.update(_sharers(aws, others, verdict.id))
    return decide(seen, using, rules, aws.region, now)


def _sharers(aws: Aws, others: _Others, image: str) -> Iterator[tuple[str, str]]:
    for account in shares(aws, image):
        if who := others.user(image, account):
            yield image, who
            return


def recheck(
    aws: Aws, settings: DeliverySettings, verdicts: Sequence[CleanVerdict], elsewhere: Elsewhere
) -> None:
    """Check again, before anything is removed. DeliveryError if one is in use now: nothing was removed."""
    due = [verdict for verdict in verdicts if verdict.action == "remove"]
    if not due:
        return
    using, others = used(aws), _Others(settings, aws.region, elsewhere)
    for verdict in due:
        using.update(_sharers(aws, others, verdict.id))
    if taken := [f"{verdict.id} by {using[verdict.id]}" for verdict in due if verdict.id in using]:
        raise DeliveryError(
            f"images that were to be removed are in use now: {', '.join(taken)}",
            "nothing was removed; the next run decides again",
        )


def remove(aws: Aws, image: str) -> str:
    """Remove an image, then its snapshots; return a note. DeliveryError."""
    with asking(f"reading image {image}"):
        query: Any = [{"Name": "image-id", "Values": [image]}]
        images = aws.ec2.describe_images(Filters=query, Owners=["self"], IncludeDisabled=True)["Images"]
    snapshots = [snapshot for described in images for snapshot in snapshots_of(dict(described))]
    unless_gone(f"removing image {image}", lambda: aws.ec2.deregister_image(ImageId=image))
    return "; ".join(filter(None, [remove_snapshot(aws, snapshot) for snapshot in snapshots]))


def remove_snapshot(aws: Aws, id: str) -> str:
    """Remove a snapshot, unless an image needs it; return a note. DeliveryError."""
    try:
        unless_gone(f"removing snapshot {id}", lambda: aws.ec2.delete_snapshot(SnapshotId=id))
    except AwsError as error:
        if error.meaning is not ErrorMeaning.InUse:
            raise
        return f"snapshot {id} is kept: another image uses it"
    return ""


def unless_gone(doing: str, call: Callable[[], object]) -> None:
    """Make a call that removes something; a deleted resource counts as removed. AwsError."""
    try:
        with asking(doing):
            call()
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
