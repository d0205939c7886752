"""Decides what is abandoned: by the tags of its bake, and the age of the bake's youngest resource. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from delivery import tags as words
from delivery.clean.retention import kept_by_tag
from delivery.clean.verdict import CleanVerdict

__all__ = ["Thing", "decide"]

_HOUR = 3600.0
_FAILED = ("failed", "error", "invalid")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something a bake has made. Times are seconds since the epoch."""

    kind: str
    """`instance`, `volume`, `snapshot`, `image`, `package`."""
    id: str
    region: str
    created: float
    state: str
    tags: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    """Snapshots of an image; the instance a volume is attached to."""
    group: str = ""
    """The Auto Scaling group of an instance; bakes have none."""


def decide(things: Sequence[Thing], used: Mapping[str, str], hours: float, now: float) -> list[CleanVerdict]:
    """Decide about each thing that is not part of a finished image, nor a disk of an instance of a bake.

    A bake counts as running until `hours` after its youngest thing was made, and while AWS is making an image
    of it. Things of one bake in several regions count together. `used` has the users of each image.
    """
    youngest, pending = _by_bake(things)
    taken = {part for thing in things if thing.kind == "image" for part in thing.parts}
    instances = {thing.id for thing in things if thing.kind == "instance"}
    verdicts = []
    for thing in things:
        if not _temporary(thing, taken) or (thing.kind == "volume" and instances & {*thing.parts}):
            continue
        bake = _bake(thing)
        age = now - youngest[bake]
        against = next(_against(thing, used, bake in pending, age, hours), "")
        reason = against or f"bake {bake} has created nothing for {age / _HOUR:.0f} h"
        facts = {"bake": bake, "state": thing.state}
        action = "keep" if against else "remove"
        verdicts.append(
            CleanVerdict(
                kind=thing.kind,
                id=thing.id,
                place=thing.region,
                action=action,  # type: ignore[arg-type]
                reason=reason,
                name=_name(thing),
                facts=facts,
            )
        )
    return verdicts


def _bake(thing: Thing) -> str:
    return thing.tags.get(words.BAKE, "")


def _name(thing: Thing) -> str:
    return thing.tags.get(words.IMAGE_NAME) or thing.tags.get("Name", "")


def _by_bake(things: Iterable[Thing]) -> tuple[dict[str, float], set[str]]:
    """Return when the youngest thing of each bake was made, and the bakes AWS is making an image for."""
    youngest: dict[str, float] = {}
    pending = set()
    for thing in things:
        begun = _time(thing.tags.get(words.CREATED, ""))
        youngest[_bake(thing)] = max(youngest.get(_bake(thing), 0.0), thing.created, begun)
        if thing.kind == "image" and thing.state == "pending":
            pending.add(_bake(thing))
    return youngest, pending


def _time(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _temporary(thing: Thing, taken: set[str]) -> bool:
    """Return whether it is temporary. Images that are ready, and their snapshots, are not."""
    if thing.kind == "image":
        return thing.tags.get(words.STATE) != words.READY or thing.state in _FAILED
    if thing.kind == "snapshot":
        return thing.id not in taken
    return True


def _against(thing: Thing, used: Mapping[str, str], pending: bool, age: float, hours: float) -> Iterator[str]:
    """Yield every reason against removing it."""
    if kept_by_tag(thing.tags):
        yield f"{words.KEEP} is {thing.tags[words.KEEP]}"
    if not _bake(thing):
        yield f"it has no tag {words.BAKE}"
    if thing.group:
        yield f"it belongs to group {thing.group}"
    if pending:
        yield f"AWS is making an image of bake {_bake(thing)}"
    if age < hours * _HOUR:
        yield f"bake {_bake(thing)} may be running: it created a resource {age / _HOUR:.1f} h ago"
    if thing.id in used:
        yield f"in use by {used[thing.id]}"
