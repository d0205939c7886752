"""What became of a run that was killed, by the tags of its cluster's groups. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy.status import way
from delivery.history.record import INTERRUPTED, GroupVersion, RunRecord
from delivery.provenance import recorded_release

if TYPE_CHECKING:
    from delivery.deploy.model import Cluster, Group

__all__ = ["interrupted", "version_of", "worked_on"]


def interrupted(record: RunRecord, cluster: Cluster, now: float, next_begun: str = "") -> RunRecord:
    """Close the record of a run that was killed.

    Args:
        record: as it was written at the begin of the run.
        cluster: the groups as they are now.
        now: when that was found, as the time of the kill is unknown.
        next_begun: when the next run of the cluster began; empty if there was none since.
    """
    group = worked_on(record, cluster.alive, next_begun)
    if group is None:
        state = "its group does not exist" if record.target.group else "it has made no group"
        if record.kind != "deploy":
            state = "no deploy is under way" if not next_begun else "another run has begun since"
    elif group.open:
        state = way(group, now)
    else:
        state = f"{group.name} is {group.state or 'not of a deploy'}"
    return replace(
        record,
        ended=iso(now),
        outcome=INTERRUPTED,
        message=f"the run was killed; {state}",
        target=version_of(group) if group is not None else record.target,
    )


def worked_on(record: RunRecord, groups: Iterable[Group], next_begun: str = "") -> Group | None:
    """Find the group that a run made or worked on; None if no tag names one.

    That is the group whose deploy began during the run; for a run that goes on with what another has begun,
    and that no run has followed, the group whose deploy is not over.
    """
    groups = tuple(groups)
    for group in groups:
        begun = group.tags.get(tags.BEGUN, "")
        if begun >= record.begun and (not next_begun or begun < next_begun):
            return group
    is_last = not next_begun and record.kind != "deploy"
    return next((group for group in reversed(groups) if group.open), None) if is_last else None


def version_of(group: Group) -> GroupVersion:
    """Return what a group contains, by its tags."""
    release = recorded_release(group.tags)
    return GroupVersion(group=group.name, image=release.image, version=release.version)
