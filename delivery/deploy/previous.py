"""Which group a deploy replaces, by what takes traffic; groups that no deploy made never block one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from delivery import tags
from delivery.deploy.model import Cluster, DeployState, Group
from delivery.errors import USAGE, DeliveryError

__all__ = ["deciding", "is_ours", "previous_of"]


def is_ours(group: Group) -> bool:
    """Report whether a deploy made a group, or gave it its traffic."""
    return tags.DEPLOY in group.tags or group.state is not DeployState.unknown


def deciding(taking: Sequence[Group]) -> list[Group]:
    """Give the groups in traffic that deploys and rollbacks decide by: those of deploys, else the newest."""
    return [group for group in taking if is_ours(group)] or [*taking[-1:]]


def previous_of(cluster: Cluster, taking: Sequence[Group]) -> Group | None:
    """Find the group that is replaced; None if none takes traffic.

    Args:
        cluster: as it is now.
        taking: its groups in traffic, the oldest first.

    Raises:
        DeliveryError: several that deploys made take traffic, or none does and one is kept for a rollback.
    """
    ours = deciding(taking)
    if len(ours) > 1:
        several = " and ".join(group.name for group in ours)
        raise DeliveryError(
            f"{several} take traffic: which one is to be replaced?",
            f"delivery rollback --cluster {cluster.name} takes {ours[-1].name} out",
            USAGE,
        )
    candidates = [group for group in cluster.alive if group.state is DeployState.disabled]
    candidates = candidates or [group for group in cluster.alive if group.state is DeployState.active]
    if candidates and not ours:
        why = "was active" if candidates[-1].state is DeployState.active else "is kept for a rollback"
        raise DeliveryError(
            f"no group of {cluster.name} takes traffic, and {candidates[-1].name} {why}",
            f"delivery rollback --cluster {cluster.name} --to {candidates[-1].name} gives it traffic",
            USAGE,
        )
    return ours[0] if ours else None
