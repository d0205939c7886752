"""How far a rollout is: read from the tags of the groups of its places. Pure.

A group that is deployed in waves has a tag with the id of the rollout and the image that it deploys. What a
run does next follows from these tags alone, so that any run goes on where another was killed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from delivery import tags
from delivery.deploy.model import DeployState, Group

if TYPE_CHECKING:
    from delivery.deploy.model import Cluster

__all__ = ["PlaceProgress", "PlaceState", "Rollout", "is_open", "newest", "progress_of", "rollout_id"]

_TIME = "%Y%m%dT%H%M%SZ"


class Rollout(NamedTuple):
    """One deploy of an image in waves."""

    id: str
    image: str
    """Id of the image where it was asked for; other regions have copies."""

    @property
    def tag(self) -> str:
        """The tag of its groups."""
        return f"{self.id} {self.image}"

    @property
    def begun(self) -> str:
        """When it began (UTC, ISO)."""
        return f"{datetime.strptime(self.id.split('-')[1], _TIME).replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"


class PlaceState(StrEnum):
    """What became of a rollout in a place."""

    pending = "pending"
    """It has not begun."""
    already = "already"
    """It has not begun, and what serves is the image."""
    unfinished = "unfinished"
    """The deploy is not over."""
    waiting = "waiting"
    """A canary waits for a decision."""
    going_back = "going back"
    done = "done"
    replaced = "replaced"
    """A later deploy, which is not part of the rollout, has replaced it."""
    failed = "failed"
    """It was rolled back."""


class PlaceProgress(NamedTuple):
    """What became of a rollout in a place, and the group it has there."""

    state: PlaceState
    group: Group | None = None

    @property
    def is_good(self) -> bool:
        """Whether the next place may follow."""
        return self.state in (PlaceState.done, PlaceState.already, PlaceState.replaced)

    @property
    def is_unmarked(self) -> bool:
        """Whether the deploy is over and its run ended before it marked the group as done."""
        group = self.group
        return self.state is PlaceState.done and group is not None and tags.WAVE_DONE not in group.tags

    @property
    def is_begun(self) -> bool:
        """Whether the rollout has a group there that a rollback takes out."""
        return self.state in (
            PlaceState.done,
            PlaceState.unfinished,
            PlaceState.waiting,
            PlaceState.going_back,
        )


def rollout_id(now: float, suffix: str) -> str:
    """Make the id of a rollout; ids sort by the time they begin."""
    return f"w-{datetime.fromtimestamp(now, UTC).strftime(_TIME)}-{suffix}"


def _recorded(group: Group) -> Rollout | None:
    id, _, image = group.tags.get(tags.ROLLOUT, "").partition(" ")
    try:
        return Rollout(id, image) if Rollout(id, image).begun and image else None
    except (ValueError, IndexError):
        return None  # a user has written the tag


def newest(groups: Iterable[Group]) -> Rollout | None:
    """Return the rollout that began last, of those that groups name."""
    return max(filter(None, map(_recorded, groups)), default=None)


def progress_of(rollout: Rollout, cluster: Cluster, taking: Sequence[Group], images: str) -> PlaceProgress:
    """Return what became of a rollout in a cluster.

    Args:
        rollout: which one.
        cluster: the groups as they are.
        taking: those that take traffic.
        images: id of the image there; empty if it has no copy yet.
    """
    groups = [group for group in cluster.alive if _recorded(group) == rollout]
    active = taking[-1] if taking else None
    if not groups:
        is_there = active is not None and active.finished and active.tags.get(tags.IMAGE) == images
        return PlaceProgress(PlaceState.already if is_there and images else PlaceState.pending)
    group = groups[-1]
    if group.state is DeployState.rolling_back:
        return PlaceProgress(PlaceState.going_back, group)
    if group.open:
        is_waiting = group.state is DeployState.waiting
        return PlaceProgress(PlaceState.waiting if is_waiting else PlaceState.unfinished, group)
    if active is not None and active.name == group.name:
        return PlaceProgress(PlaceState.done, group)
    is_older = active is not None and active.created > group.created
    if active is not None and is_older and active.tags.get(tags.ROLLED_BACK) != group.name:
        return PlaceProgress(PlaceState.replaced, group)
    return PlaceProgress(PlaceState.failed, group)


def is_open(states: Mapping[str, PlaceProgress], *, rolls_back: bool) -> bool:
    """Return whether a rollout has something left to do.

    Args:
        states: what became of it, by place.
        rolls_back: whether a failure in one place rolls the others back.
    """
    reached = {progress.state for progress in states.values()}
    if reached & {PlaceState.unfinished, PlaceState.waiting, PlaceState.going_back}:
        return True
    if PlaceState.failed in reached:
        return rolls_back and PlaceState.done in reached
    return PlaceState.pending in reached or any(progress.is_unmarked for progress in states.values())
