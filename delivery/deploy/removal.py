"""Groups that are deleted, with the alarms that were theirs alone: never the active, never the last one.

A deploy leaves as many as `keep`, so that any number of deploys finds room; those that another user has
made are left to `delivery clean groups`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from delivery import tags
from delivery.clock import iso
from delivery.deploy.ending import end
from delivery.deploy.model import DeployState
from delivery.deploy.plan import tidying
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Cluster, Group
    from delivery.deploy.traffic import Traffic

__all__ = ["check_room", "protected", "remove", "surplus", "tidy"]


def protected(traffic: Traffic, cluster: Cluster, group: Group) -> str:
    """Why a group must not be deleted; empty if it may be. By what load balancers have, not by tags."""
    if group.deleting:
        return f"{group.name} is being deleted already"
    if traffic.takes(group):
        return f"{group.name} takes traffic"
    if group.open:
        return f"the deploy of {group.name} is not over"
    if not any(candidate.name != group.name and traffic.takes(candidate) for candidate in cluster.alive):
        return f"no other group of {cluster.name} takes traffic"
    return ""


def remove(site: Site, traffic: Traffic, group: Group, patience_seconds: float) -> str:
    """Delete a group and its instances; waits for its termination hooks.

    Returns:
        Why it still exists, if its hooks take longer; a later run deletes it then.

    Raises:
        DeliveryError: it must not be deleted, or AWS refuses.
    """
    reason = protected(traffic, site.read(), group)
    if reason:
        raise DeliveryError(reason)
    until = site.clock.now() + patience_seconds
    present: Group | None = group
    while present is not None and (waits := end(site.aws, site.changing, present)):
        if site.clock.now() >= until:
            site.tag(group.name, {tags.DELETE_AFTER: iso(site.clock.now())})
            return waits
        site.lock.sleep(site.deploy.poll_seconds)
        present = site.find(group.name)
    return ""


def surplus(cluster: Cluster, keep: int, previous: str | None = None) -> tuple[Group, ...]:
    """Groups that deploys have made and taken out, beyond those kept beside the active one; pure.

    Those kept were in traffic last. `previous` counts as taken out, if it is not yet.
    """
    out = [group for group in cluster.alive if group.state is DeployState.disabled and group.name != previous]
    out.sort(key=lambda group: group.tags.get(tags.DISABLED_AT, ""), reverse=True)
    line = [group for group in cluster.alive if group.name == previous] + out
    return tuple(group for group in line[keep - 1 :] if tags.DEPLOY in group.tags)


def tidy(site: Site, traffic: Traffic, cluster: Cluster) -> list[str]:
    """Delete the surplus; gives the names of what went, or is going. What cannot go is reported, no error."""
    gone = []
    for group in surplus(cluster, site.deploy.keep):
        with site.timeline.step(*tidying(group.name, site.deploy)) as entry:
            try:
                waits = remove(site, traffic, group, site.deploy.drain_seconds)
            except DeliveryError as error:
                entry.note(f"{group.name} is not deleted: {error.message}")
            else:
                gone.append(group.name)
                if waits:
                    entry.note(f"{group.name} is not deleted yet: {waits}")
    return gone


def check_room(site: Site, cluster: Cluster, going: Collection[str]) -> None:
    """Is there room for one more group once those that are `going` are gone? DeliveryError.

    Not counted are failed groups without instances, which are only there to be read, those that keep them
    because a user asked for it, and groups that no deploy has made, which none may delete either.
    """
    counted = [group.name for group in cluster.alive if _counts(group) and group.name not in going]
    if len(counted) >= site.deploy.max_groups:
        raise DeliveryError(
            f"{cluster.name} has {len(counted)} groups already: {', '.join(counted)}",
            "delivery clean groups deletes unneeded ones; max_groups, more than keep, allows more",
            USAGE,
        )


def _counts(group: Group) -> bool:
    if tags.DEPLOY not in group.tags or (
        group.state is DeployState.failed and tags.KEEP_FAILED in group.tags
    ):
        return False
    return group.state is not DeployState.failed or group.size.desired > 0
