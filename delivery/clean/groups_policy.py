"""Decides which groups may be deleted, and which pins of dead deploys are removed. Pure."""

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
    """A group as it was read."""

    name: str
    created: float
    """Seconds since the epoch."""
    tags: Mapping[str, str] = field(default_factory=dict)
    in_service: int = 0
    """Instances in service."""
    size: int = 0
    """Instances, or the desired capacity where that is larger."""
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
    """Why its load balancers could not be read; it is kept then."""


@dataclass(frozen=True, slots=True)
class RetiredDecision:
    """The action for a group, and the reason."""

    group: str
    action: Action
    reason: str
    cluster: str = ""


def seen(
    group: Mapping[str, Any], serving: str = "", *, balanced: bool = True, unknown: str = ""
) -> SeenGroup:
    """Parse a group of DescribeAutoScalingGroups, with the state of its load balancers."""
    instances = group.get("Instances", ())
    suspended = {process["ProcessName"] for process in group.get("SuspendedProcesses", ())}
    return SeenGroup(
        name=group["AutoScalingGroupName"],
        created=group["CreatedTime"].timestamp(),
        tags=tags.read(group.get("Tags")),
        in_service=sum(1 for instance in instances if instance["LifecycleState"] == "InService"),
        size=max(len(instances), group["DesiredCapacity"]),
        protected=len(group_of(group).protected),
        protection=group.get("DeletionProtection", "none"),
        frozen=suspended >= _FROZEN,
        status=group.get("Status", ""),
        serving=serving,
        balanced=balanced,
        unknown=unknown,
    )


def decide(groups: Iterable[SeenGroup], now: float, pin_hours: float) -> list[RetiredDecision]:
    """Decide about each group a deploy has made or worked on, in the order of their names.

    `pin_hours` after the newest group of a cluster was made, its deploy counts as dead.
    """
    clusters: defaultdict[str, list[SeenGroup]] = defaultdict(list)
    for group in groups:
        if cluster := cluster_of(group.name, group.tags):
            clusters[cluster].append(group)
    decisions = [
        replace(decision, cluster=cluster)
        for cluster, members in clusters.items()
        for decision in _cluster(members, now, pin_hours)
    ]
    return sorted(decisions, key=lambda decision: decision.group)


def cluster_of(name: str, group_tags: Mapping[str, str]) -> str:
    """Name the cluster of a group; a baseline's is that of its canary. Empty if its name has none."""
    parsed: GroupName | None = parse_group(group_tags.get(tags.BASELINE_OF, name))
    return str(parsed.cluster) if parsed is not None else ""


def _cluster(groups: Sequence[SeenGroup], now: float, pin_hours: float) -> Iterator[RetiredDecision]:
    newest = max(group.created for group in groups)
    for group in groups:
        if not {tags.DEPLOY, tags.PIN, tags.DISABLED_AT, tags.BASELINE_OF} & group.tags.keys():
            continue  # no deploy has made it, or worked on it
        others = [other for other in groups if other is not group and not other.status]
        if tags.BASELINE_OF in group.tags:
            yield _baseline(group, others)
            continue
        against = _against(group, others, now)
        if not against:
            yield RetiredDecision(group.name, "delete", f"kept until {group.tags[tags.DELETE_AFTER]}")
        elif tags.PIN in group.tags and not group.status and now >= newest + pin_hours * 3600:
            yield RetiredDecision(group.name, "unpin", "pinned by a deploy that has not ended")
        else:
            yield RetiredDecision(group.name, "keep", against)


def _baseline(group: SeenGroup, others: Sequence[SeenGroup]) -> RetiredDecision:
    """Decide about the baseline of a canary: it is deleted once the canary's deploy is over."""
    name = group.tags[tags.BASELINE_OF]
    canary = next((other for other in others if other.name == name), None)
    if group.status:
        return RetiredDecision(group.name, "keep", f"it is being deleted ({group.status})")
    if canary is not None and canary.tags.get(tags.STATE) in OPEN:
        return RetiredDecision(group.name, "keep", f"the deploy of {name} is not over")
    if protection := _protection(group):
        return RetiredDecision(group.name, "keep", protection)
    if not any(other.in_service for other in others if tags.BASELINE_OF not in other.tags):
        return RetiredDecision(group.name, "keep", "no other group of its cluster has instances in service")
    return RetiredDecision(group.name, "delete", f"the deploy of {name} is over")


def _against(group: SeenGroup, others: Sequence[SeenGroup], now: float) -> str:
    """Return the first reason against deleting a group."""
    if group.status:
        return f"it is being deleted ({group.status})"
    if group.unknown:
        return f"it is unknown whether it takes traffic: {group.unknown}"
    if serving := _serving(group):
        return f"takes traffic: {serving}"
    after = group.tags.get(tags.DELETE_AFTER)
    if after is None:
        return "it was not disabled by a deploy"
    due = _time(after)
    if due is None:
        return f"{tags.DELETE_AFTER} is not a time: {after!r}"
    if now < due:
        return f"kept until {iso(due)}"
    if protection := _protection(group):
        return protection
    if not others:
        return "the last group of its cluster"
    if not any(other.in_service for other in others):
        return "no other group of its cluster has instances in service"
    return ""


def _protection(group: SeenGroup) -> str:
    """Return what AWS protects of a group."""
    if group.protection == PREVENT_ALL:
        return f"DeletionProtection is {group.protection}"
    return f"{group.protected} of its instances are protected from scale-in" if group.protected else ""


def _serving(group: SeenGroup) -> str:
    """Return why a group serves; without load balancers one that may launch and has instances does."""
    if group.serving or group.balanced or group.frozen or not group.size:
        return group.serving
    return "its cluster has no load balancer, and its Launch and Terminate processes are not suspended"


def _time(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None


def pinned_minimum(value: str, now: int) -> int | None:
    """Return the minimum size without a pin, where it is `now`; None if the tag has no pin."""
    pin = Pin.parse(value)
    return None if pin is None else pin.released(now)
