"""Which images may go: not the newest of an application, none in use, young, or wanted. Pure."""

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
    """An image of ours as it stands in a region. Times are seconds since the epoch."""

    id: str
    name: str
    created: float
    state: str = "available"
    tags: Mapping[str, str] = field(default_factory=dict)
    launched: float | None = None
    """When an instance of it was last launched, as far as AWS says."""

    snapshots: tuple[str, ...] = ()

    @property
    def application(self) -> str:
        """Images of one application are counted together; those without a tag among themselves."""
        return self.tags.get("application", "")


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept."""

    days: float = 30.0
    """An image must be so old, and so long not have been launched, as far as AWS says."""
    keep: int = 5
    """The newest so many of each application stay."""
    limit: int = 50
    """At most so many go in one run."""
    tag: str = words.BAKE
    """Only images with this tag are looked at: KEY, or KEY=VALUE."""

    def looks_at(self, one: SeenImage) -> bool:
        """Whether an image has opted in."""
        key, equals, value = self.tag.partition("=")
        return key in one.tags and (not equals or one.tags[key] == value)


def kept_by_tag(tags: Mapping[str, str]) -> bool:
    """Whether `delivery:keep` is set, to anything that is no clear no."""
    return tags.get(words.KEEP, "").strip().lower() not in _NO


def decide(
    images: Sequence[SeenImage], used: Mapping[str, str], rules: Rules, region: str, now: float
) -> list[CleanVerdict]:
    """What becomes of each image that has opted in, the oldest first. `used` tells who uses which, by id.

    `images` are all of ours in the region: those that have not opted in may be made of those that have.
    """
    ours = sorted((one for one in images if rules.looks_at(one)), key=lambda one: (one.created, one.id))
    newest, parents = _newest(ours, rules.keep), _parents(images)
    verdicts, removed = [], 0
    for one in ours:
        against = next(_against(one, used, newest, parents, rules, now), "")
        if not against and removed >= rules.limit:
            against = f"{rules.limit} go in one run; the next run comes to it"
        removed += not against
        verdicts.append(_verdict(one, against, region, now))
    return verdicts


def _verdict(one: SeenImage, against: str, region: str, now: float) -> CleanVerdict:
    facts = {"application": one.application, "created": iso(one.created)}
    reason = against or f"{(now - one.created) / _DAY:.0f} days old and unused"
    return CleanVerdict("image", one.id, region, "keep" if against else "remove", reason, one.name, facts)


def _newest(ours: Sequence[SeenImage], keep: int) -> set[str]:
    """Ids of the newest usable images of each application; `ours` are in order of age."""
    by_application: defaultdict[str, list[str]] = defaultdict(list)
    for one in ours:
        if one.state == "available" and one.tags.get(words.STATE) != words.BAKING:
            by_application[one.application].append(one.id)
    return {id for ids in by_application.values() for id in ids[len(ids) - min(keep, len(ids)) :]}


def _parents(images: Iterable[SeenImage]) -> dict[str, str]:
    """Which image is the base of which, by its id."""
    return {one.tags["base_ami_id"]: one.id for one in images if "base_ami_id" in one.tags}


def _against(
    one: SeenImage,
    used: Mapping[str, str],
    newest: set[str],
    parents: Mapping[str, str],
    rules: Rules,
    now: float,
) -> Iterator[str]:
    """Everything against removing an image."""
    if kept_by_tag(one.tags):
        yield f"{words.KEEP} is {one.tags[words.KEEP]}"
    if one.tags.get(words.STATE) == words.BAKING:
        yield "its bake is not done (delivery clean bakes)"
    if one.state not in ("available", "disabled"):
        yield f"it is {one.state}"
    if one.id in used:
        yield f"in use by {used[one.id]}"
    if one.id in parents:
        yield f"image {parents[one.id]} is made of it"
    if one.id in newest:
        yield f"one of the newest {rules.keep} of {one.application or 'those without an application'}"
    if now - one.created < rules.days * _DAY:
        yield f"{(now - one.created) / _DAY:.0f} days old"
    if one.launched is not None and now - one.launched < rules.days * _DAY:
        yield f"launched {(now - one.launched) / _DAY:.0f} days ago"
