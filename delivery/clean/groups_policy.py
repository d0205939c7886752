"""Which groups of which clusters may go, and which pins are left of dead deploys. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from delivery import tags
from delivery.clock import iso
from delivery.deploy.model import OPEN, Pin, group_of
from delivery.names import GroupName, parse_group

__all__ = ["RetiredDecision", "SeenGroup", "cluster_of", "decide", "pinned_minimum", "seen"]

Action = Literal["delete", "unpin", "keep"]
_FROZEN = {"Launch", "Terminate"}
PREVENT_ALL = "prevent-all-deletion"
"""DeletionProtection under which a group cannot be deleted at all."""


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """A group as it stands."""

    name: str
    created: float
    """Seconds since the epoch."""
    tags: Mapping[str, str] = field(default_factory=dict)
    in_service: int = 0
    """Instances in service."""
    size: int = 0
    """Instances, and those it wishes to have."""
    protected: int = 0
    """Instances that something protects from scale-in, one by one."""
    protection: str = "none"
    """Its DeletionProtection."""
    frozen: bool = False
    """Whether it neither launches nor terminates."""
    status: str = ""
    """`Delete in progress`, or empty."""
    serving: str = ""
    """Why it takes traffic; empty if it does not."""
    balanced: bool = True
    """Whether any group of its cluster has a load balancer."""
    unknown: str = ""
    """Why its load balancers could not be asked; then it is kept."""


@dataclass(frozen=True, slots=True)
class RetiredDecision:
    """What is done with a group, and why."""

    group: str
    action: Action
    reason: str
    cluster: str = ""


def seen(
    group: Mapping[str, Any], serving: str = "", *, balanced: bool = True, unknown: str = ""
) -> SeenGroup:
    """A group as DescribeAutoScalingGroups gives it, and what its load balancers say of it."""
    instances = group.get("Instances", ())
    suspended = {one["ProcessName"] for one in group.get("SuspendedProcesses", ())}
    return SeenGroup(
        group["AutoScalingGroupName"],
        group["CreatedTime"].timestamp(),
        tags.read(group.get("Tags")),
        sum(1 for one in instances if one["LifecycleState"] == "InService"),
        max(len(instances), group["DesiredCapacity"]),
        len(group_of(group).protected),
        group.get("DeletionProtection", "none"),
        suspended >= _FROZEN,
        group.get("Status", ""),
        serving,
        balanced,
        unknown,
    )


def decide(groups: Iterable[SeenGroup], now: float, pin_hours: float) -> list[RetiredDecision]:
    """What may be done with each group a deploy has made or worked on, in the order of their names.

    `pin_hours` after the newest group of a cluster was made, its deploy counts as dead.
    """
    clusters: defaultdict[str, list[SeenGroup]] = defaultdict(list)
    for one in groups:
        if cluster := cluster_of(one.name, one.tags):
            clusters[cluster].append(one)
    decisions = [
        replace(said, cluster=cluster)
        for cluster, members in clusters.items()
        for said in _cluster(members, now, pin_hours)
    ]
    return sorted(decisions, key=lambda one: one.group)


def cluster_of(name: str, group_tags: Mapping[str, str]) -> str:
    """Name the cluster of a group; a baseline's is that of its canary. Empty if its name has none."""
    parsed: GroupName | None = parse_group(group_tags.get(tags.BASELINE_OF, name))
    return str(parsed.cluster) if parsed is not None else ""


def _cluster(groups: Sequence[SeenGroup], now: float, pin_hours: float) -> Iterator[RetiredDecision]:
    newest = max(one.created for one in groups)
    for one in groups:
        if not {tags.DEPLOY, tags.PIN, tags.DISABLED_AT, tags.BASELINE_OF} & one.tags.keys():
            continue  # no deploy has made it, or worked on it
        others = [other for other in groups if other is not one and not other.status]
        if tags.BASELINE_OF in one.tags:
            yield _baseline(one, others)
            continue
        against = _against(one, others, now)
        if not against:
            yield RetiredDecision(one.name, "delete", f"kept until {one.tags[tags.DELETE_AFTER]}")
        elif tags.PIN in one.tags and not one.status and now >= newest + pin_hours * 3600:
            yield RetiredDecision(one.name, "unpin", "pinned by a deploy that has not ended")
        else:
            yield RetiredDecision(one.name, "keep", against)


def _baseline(one: SeenGroup, others: Sequence[SeenGroup]) -> RetiredDecision:
    """Decide about the baseline of a canary: it goes once the deploy of that is over, however it ended."""
    name = one.tags[tags.BASELINE_OF]
    canary = next((other for other in others if other.name == name), None)
    if one.status:
        return RetiredDecision(one.name, "keep", f"it is being deleted ({one.status})")
    if canary is not None and canary.tags.get(tags.STATE) in OPEN:
        return RetiredDecision(one.name, "keep", f"the deploy of {name} is not over")
    if protection := _protection(one):
        return RetiredDecision(one.name, "keep", protection)
    if not any(other.in_service for other in others if tags.BASELINE_OF not in other.tags):
        return RetiredDecision(one.name, "keep", "no other group of its cluster has instances in service")
    return RetiredDecision(one.name, "delete", f"the deploy of {name} is over")


def _against(one: SeenGroup, others: Sequence[SeenGroup], now: float) -> str:
    """The first thing against deleting a group."""
    if one.status:
        return f"it is being deleted ({one.status})"
    if one.unknown:
        return f"whether it takes traffic is not known: {one.unknown}"
    if serving := _serving(one):
        return f"takes traffic: {serving}"
    after = one.tags.get(tags.DELETE_AFTER)
    if after is None:
        return "was not taken out by a deploy"
    due = _time(after)
    if due is None:
        return f"{tags.DELETE_AFTER} is no time: {after!r}"
    if now < due:
        return f"kept until {iso(due)}"
    if protection := _protection(one):
        return protection
    if not others:
        return "the last group of its cluster"
    if not any(other.in_service for other in others):
        return "no other group of its cluster has instances in service"
    return ""


def _protection(one: SeenGroup) -> str:
    """What AWS is told to protect of a group."""
    if one.protection == PREVENT_ALL:
        return f"DeletionProtection is {one.protection}"
    return f"{one.protected} of its instances are protected from scale-in" if one.protected else ""


def _serving(one: SeenGroup) -> str:
    """Without load balancers a group that may launch and has instances counts as serving."""
    if one.serving or one.balanced or one.frozen or not one.size:
        return one.serving
    return "its cluster has no load balancer, and it is not frozen"


def _time(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def pinned_minimum(value: str, now: int) -> int | None:
    """Give the minimum size without a pin, where it is `now`; None if the tag has no pin."""
    pin = Pin.parse(value)
    return None if pin is None else pin.released(now)
