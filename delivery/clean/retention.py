"""Decides which images are removed: none that is new, in use, or tagged to be kept. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from delivery import tags as words
from delivery.clean.verdict import CleanVerdict
from delivery.clock import iso

__all__ = ["Rules", "SeenImage", "decide", "kept_by_tag"]

_DAY = 86_400.0
_NO = ("", "0", "false", "no")


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image of this account as it was read in a region. Times are seconds since the epoch."""

    id: str
    name: str
    created: float
    state: str = "available"
    tags: Mapping[str, str] = field(default_factory=dict)
    launched: float | None = None
    """When an instance of it was last launched, as far as AWS knows."""

    snapshots: tuple[str, ...] = ()

    @property
    def application(self) -> str:
        """Images of one application are counted together; those without a tag among themselves."""
        return self.tags.get("application", "")


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules for keeping images."""

    days: float = 30.0
    """An image must be so old, and so long not have been launched, as far as AWS knows."""
    keep: int = 5
    """The number of newest images kept per application."""
    limit: int = 50
    """The number of images removed in one run, at most."""
    tag: str = words.BAKE
    """Only images with this tag are considered: KEY, or KEY=VALUE."""

    def looks_at(self, image: SeenImage) -> bool:
        """Return whether an image has opted in."""
        key, equals, value = self.tag.partition("=")
        return key in image.tags and (not equals or image.tags[key] == value)


def kept_by_tag(tags: Mapping[str, str]) -> bool:
    """Return whether `delivery:keep` is set to anything but a clear no."""
    return tags.get(words.KEEP, "").strip().lower() not in _NO


def decide(
    images: Sequence[SeenImage], used: Mapping[str, str], rules: Rules, region: str, now: float
) -> list[CleanVerdict]:
    """Decide about each image that has opted in, the oldest first. `used` has the users of each, by id.

    `images` are all in the region: those that have not opted in may be made of those that have.
    """
    ours = sorted(
        (image for image in images if rules.looks_at(image)), key=lambda image: (image.created, image.id)
    )
    newest, parents = _newest(ours, rules.keep), _parents(images)
    verdicts, removed = [], 0
    for image in ours:
        against = next(_against(image, used, newest, parents, rules, now), "")
        if not against and removed >= rules.limit:
            against = f"the limit of {rules.limit} per run is reached; the next run removes it"
        removed += not against
        verdicts.append(_verdict(image, against, region, now))
    return verdicts


def _verdict(image: SeenImage, against: str, region: str, now: float) -> CleanVerdict:
    facts = {"application": image.application, "created": iso(image.created)}
    reason = against or f"{(now - image.created) / _DAY:.0f} days old and unused"
    return CleanVerdict(
        kind="image",
        id=image.id,
        place=region,
        action="keep" if against else "remove",
        reason=reason,
        name=image.name,
        facts=facts,
    )


def _newest(ours: Sequence[SeenImage], keep: int) -> set[str]:
    """Return the ids of the newest usable images of each application; `ours` are in order of age."""
    by_application: defaultdict[str, list[str]] = defaultdict(list)
    for image in ours:
        if image.state == "available" and image.tags.get(words.STATE) != words.BAKING:
            by_application[image.application].append(image.id)
    return {id for ids in by_application.values() for id in ids[len(ids) - min(keep, len(ids)) :]}


def _parents(images: Iterable[SeenImage]) -> dict[str, str]:
    """Return an image that was baked on each base, by the id of the base."""
    return {image.tags["base_ami_id"]: image.id for image in images if "base_ami_id" in image.tags}


def _against(
    image: SeenImage,
    used: Mapping[str, str],
    newest: set[str],
    parents: Mapping[str, str],
    rules: Rules,
    now: float,
) -> Iterator[str]:
    """Yield every reason against removing an image."""
    if kept_by_tag(image.tags):
        yield f"{words.KEEP} is {image.tags[words.KEEP]}"
    if image.tags.get(words.STATE) == words.BAKING:
        yield "its bake has not finished (delivery clean bakes removes it)"
    if image.state not in ("available", "disabled"):
        yield f"it is {image.state}"
    if image.id in used:
        yield f"in use by {used[image.id]}"
    if image.id in parents:
        yield f"image {parents[image.id]} is made of it"
    if image.id in newest:
        yield f"one of the newest {rules.keep} of {image.application or 'those without an application'}"
    if now - image.created < rules.days * _DAY:
        yield f"{(now - image.created) / _DAY:.0f} days old"
    if image.launched is not None and now - image.launched < rules.days * _DAY:
        yield f"launched {(now - image.launched) / _DAY:.0f} days ago"
