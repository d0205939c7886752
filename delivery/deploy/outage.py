"""A cluster of which no group takes traffic: what that means, and the command that changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.deploy.model import Cluster, DeployState, Group

if TYPE_CHECKING:
    from delivery.deploy.traffic import Traffic

__all__ = ["without_traffic"]


def without_traffic(cluster: Cluster, traffic: Traffic) -> str:
    """Report that no group takes traffic, and the command that changes it; empty if one does. AwsError."""
    alive = cluster.alive
    if any(traffic.takes(group) for group in alive):
        return ""
    if not alive:
        return f"{cluster.name} has no group: delivery deploy makes one"
    served = [group for group in alive if group.state is not DeployState.failed]
    if not served:
        return f"no group of {cluster.name} takes traffic, and none ever did: delivery deploy makes one"
    last = max(served, key=_out_since).name
    way = f"delivery rollback --cluster {cluster.name} --to {last} gives it to {last}"
    return f"no group of {cluster.name} takes traffic: {way}"


def _out_since(group: Group) -> tuple[bool, str, float]:
    """Order groups by when they took traffic: those that no deploy has taken out did so last."""
    is_out = group.state is DeployState.disabled
    return not is_out, group.tags.get(tags.DISABLED_AT, "") if is_out else "", group.created.timestamp()
