"""Choose what a rollback does: which group leaves traffic, and which gets it back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from delivery import tags
from delivery.deploy.model import Cluster, DeployState, Group
from delivery.deploy.previous import deciding
from delivery.errors import USAGE, DeliveryError, UnknownNameError

__all__ = ["Target", "choose", "leftover"]

Kind = Literal["back", "anew", "cancel", "settle"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a rollback does."""

    kind: Kind
    """`back`: traffic from `leaving` to `returning`. `anew`: `returning` was deleted, its image is deployed.
    `cancel`: the rollback under way is turned around. `settle`: `returning` is all there is."""
    leaving: Group | None
    returning: str
    """Name of the group that gets its traffic back."""


def leftover(cluster: Cluster, taking: Sequence[Group]) -> Group | None:
    """The only group in traffic, if a run that was cut short left marks of a disabled or pinned one on it.

    Only where no deploy is unfinished: the group of that one was deleted.
    """
    ours = deciding(taking)
    if cluster.unfinished is not None or len(ours) != 1:
        return None
    (group,) = ours
    marked = group.parked or tags.PIN in group.tags or group.state is DeployState.disabled
    return group if marked else None


def choose(
    cluster: Cluster, taking: Sequence[Group], to: str | None = None, *, cancel: bool = False
) -> Target:
    """Choose what a rollback does; `taking` are the groups in traffic now.

    Raises:
        DeliveryError: with exit code 2; nothing was done.
    """
    unfinished, taking = cluster.unfinished, deciding(taking)
    if to is not None and cluster.get(to) is None:
        return _to_deleted(cluster, unfinished or next(reversed(taking), None), to)
    if cancel:
        if unfinished is None or unfinished.state is not DeployState.rolling_back:
            raise _refused(
                f"no rollback of {cluster.name} is under way", "run delivery status for the current state"
            )
        return _cancelled(cluster, unfinished)
    if unfinished is not None:
        return _of_unfinished(cluster, taking, unfinished, to)
    group = leftover(cluster, taking)
    if group is not None and to in (None, group.name):
        return Target("settle", None, group.name)
    return _of_active(cluster, taking) if to is None else _named(cluster, taking, to)


def _to_deleted(cluster: Cluster, leaving: Group | None, to: str) -> Target:
    """A group that is not there can be deployed anew only where the one after it knows its image."""
    if leaving is None or leaving.tags.get(tags.PREVIOUS) != to:
        raise UnknownNameError(f"there is no group {to}", f"delivery status --cluster {cluster.name}")
    return Target("anew", leaving, to)


def _cancelled(cluster: Cluster, unfinished: Group) -> Target:
    previous = unfinished.tags.get(tags.PREVIOUS, "")
    other = cluster.get(previous) if previous != unfinished.name else None
    if other is None:
        return Target("settle", None, unfinished.name)
    return Target("cancel", other, unfinished.name)


def _of_unfinished(cluster: Cluster, taking: Sequence[Group], unfinished: Group, to: str | None) -> Target:
    """A deploy or rollback that is not over: its group leaves."""
    name = unfinished.name
    if to == name:
        if unfinished.state is DeployState.rolling_back and unfinished.finished:
            return _cancelled(cluster, unfinished)
        raise _refused(f"the deploy of {name} itself is not over: {unfinished.state}", _way(unfinished))
    if to is None:
        return _to_previous(cluster, unfinished)
    also = [group.name for group in taking if group.name not in (name, to)]
    if also:
        raise _refused(
            f"{' and '.join([*also, name])} take traffic while the deploy of {name} is not over",
            f"delivery rollback --cluster {cluster.name} first, then --to {to}",
        )
    _check_served(cluster, to)
    return Target("back", unfinished, to)


def _way(unfinished: Group) -> str:
    previous = unfinished.tags.get(tags.PREVIOUS)
    back = f"delivery rollback goes back to {previous}" if previous else "delivery rollback takes it out"
    if unfinished.state is DeployState.rolling_back:
        return f"delivery rollback --cancel keeps {unfinished.name}; {back}"
    on = "promote" if unfinished.state is DeployState.waiting else "resume"
    return f"delivery {on} goes on with it; {back}"


def _of_active(cluster: Cluster, taking: Sequence[Group]) -> Target:
    """No deploy is under way, and no group was named: from the newest in traffic to the one before it."""
    if not taking:
        out = [group for group in cluster.alive if group.state is DeployState.disabled]
        if not out:
            raise _refused(f"no group of {cluster.name} takes traffic", "delivery deploy makes one")
        last = max(out, key=lambda group: group.tags.get(tags.DISABLED_AT, "")).name
        return _from(_out_of_traffic(cluster, last), last)
    active = taking[-1]
    rolled_back = active.tags.get(tags.ROLLED_BACK)
    if rolled_back and len(taking) == 1:
        raise _refused(
            f"{rolled_back} is rolled back already, and {active.name} is active",
            f"--to {active.tags.get(tags.PREVIOUS, 'GROUP')} goes back further",
        )
    return _to_previous(cluster, active)


def _to_previous(cluster: Cluster, leaving: Group) -> Target:
    previous = leaving.tags.get(tags.PREVIOUS, "")
    if previous == leaving.name or (leaving.finished and not previous):
        raise _refused(
            f"{leaving.name} does not say what was before it", "--to GROUP names the group to go back to"
        )
    gone = previous and cluster.get(previous) is None
    return Target("anew" if gone else "back", leaving, previous)


def _named(cluster: Cluster, taking: Sequence[Group], to: str) -> Target:
    others = [group for group in taking if group.name != to]
    if taking and not others:
        raise _refused(
            f"{to} is active: it takes the traffic already", "--to GROUP names the group to go back to"
        )
    _check_served(cluster, to)
    return _from(others[-1] if others else _out_of_traffic(cluster, to), to)


def _from(leaving: Group | None, to: str) -> Target:
    return Target("settle", None, to) if leaving is None else Target("back", leaving, to)


def _out_of_traffic(cluster: Cluster, to: str) -> Group | None:
    """The newest group that a user has detached from its load balancers; it still counts as active."""
    out = (DeployState.disabled, DeployState.failed)
    return next(
        (group for group in reversed(cluster.alive) if group.name != to and group.state not in out), None
    )


def _check_served(cluster: Cluster, to: str) -> None:
    """Refuse a group that never was active: there is no sign that it serves."""
    group = cluster.get(to)
    if group is not None and group.state is DeployState.failed:
        raise _refused(
            f"{to} never was active: its deploy failed ({group.tags.get(tags.REASON, 'no reason is known')})",
            f"delivery deploy --image {group.tags.get(tags.IMAGE, 'AMI')} tries its image again",
        )


def _refused(message: str, hint: str) -> DeliveryError:
    return DeliveryError(message, hint, USAGE)
