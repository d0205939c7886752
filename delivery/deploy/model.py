"""A cluster as a deploy sees it: its groups, how large they are, and the content of their tags. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from delivery import names, tags

__all__ = ["NEVER_COPIED", "OPEN", "Cluster", "DeployState", "Group", "Member", "Pin", "Size", "group_of"]


class DeployState(StrEnum):
    """How far the deploy of a group is, by its tag `delivery:state`."""

    deploying = "deploying"
    waiting = "waiting"
    """A canary that waits for promote or rollback."""
    rolling_back = "rolling-back"
    active = "active"
    disabled = "disabled"
    """Out of traffic, and kept for a rollback."""
    failed = "failed"
    """Rolled back before its deploy was done; it has no instances any more."""
    unknown = ""
    """Not made by us, or by something else since."""


OPEN = frozenset({DeployState.deploying, DeployState.waiting, DeployState.rolling_back})
"""States of a group whose deploy is not over."""


NEVER_COPIED = ("Launch", "Terminate", "AddToLoadBalancer")
"""Suspended processes a new group does not inherit: it could not start."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a group may be and is wished to be, in instances (or in the group's capacity units)."""

    min: int
    desired: int
    max: int

    def __str__(self) -> str:
        return f"{self.min}/{self.desired}/{self.max}"

    @classmethod
    def parse(cls, text: str) -> Size | None:
        """Parse the size in a tag; None if it has none."""
        parts = text.split("/")
        return (
            cls(*(int(part) for part in parts)) if len(parts) == 3 and all(map(str.isdigit, parts)) else None
        )


@dataclass(frozen=True, slots=True)
class Pin:
    """A minimum that a deploy holds up: the one a group had, and those the deploy has set since."""

    minimum: int
    held: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "/".join(map(str, (self.minimum, *self.held)))

    @classmethod
    def parse(cls, text: str) -> Pin | None:
        """Read a tag; None if it has no pin."""
        parts = text.split("/")
        return cls(int(parts[0]), tuple(map(int, parts[1:]))) if all(map(str.isdecimal, parts)) else None

    def holding(self, minimum: int) -> Pin:
        """Add a minimum that is about to be set."""
        return self if minimum in self.held else replace(self, held=(*self.held, minimum))

    def released(self, now: int) -> int:
        """Give the minimum without the pin: one that something else has set meanwhile stays."""
        return self.minimum if not self.held or now in self.held else now


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a group."""

    id: str
    lifecycle: str
    health: str
    weight: int = 1
    """How much of the group's capacity it is."""
    is_protected: bool = False
    """Whether Auto Scaling must not choose it when the group shrinks."""

    @property
    def in_service(self) -> bool:
        """Whether it serves, as far as Auto Scaling knows."""
        return self.lifecycle == "InService" and self.health.lower() == "healthy"


@dataclass(frozen=True, slots=True)
class Group:
    """One Auto Scaling group."""

    name: str
    created: datetime
    size: Size
    members: tuple[Member, ...] = ()
    target_groups: tuple[str, ...] = ()
    """ARNs of those it is attached to."""
    load_balancers: tuple[str, ...] = ()
    """Names of the classic ones it is attached to."""
    suspended: frozenset[str] = frozenset()
    """Names of its suspended processes."""
    tags: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """Its description by AWS."""

    @property
    def state(self) -> DeployState:
        """How far its deploy is."""
        state = self.tags.get(tags.STATE, "")
        return DeployState(state) if state in DeployState._value2member_map_ else DeployState.unknown

    @property
    def open(self) -> bool:
        """Whether its deploy is not over."""
        return self.state in OPEN and not self.deleting

    @property
    def attached(self) -> bool:
        """Whether any load balancer sends it traffic."""
        return bool(self.target_groups or self.load_balancers)

    @property
    def in_service(self) -> int:
        """Instances that serve, as far as Auto Scaling knows."""
        return sum(member.in_service for member in self.members)

    @property
    def finished(self) -> bool:
        """Whether its deploy was once done."""
        return self.tags.get(tags.STEP, "done") == "done"

    @property
    def is_decided_on(self) -> bool:
        """Whether a user may promote it: a canary, or a ramp whose stages are judged."""
        strategy = self.tags.get(tags.STRATEGY)
        return strategy == "canary" or (strategy == "ramp" and tags.BASELINE in self.tags)

    @property
    def unpinned(self) -> Size:
        """Its size as it is, but with the minimum it has without a pin."""
        pin = self.pin
        return replace(self.size, min=pin.released(self.size.min)) if pin else self.size

    @property
    def pin(self) -> Pin | None:
        """What a deploy holds its minimum up from; None if it is not pinned."""
        return Pin.parse(self.tags.get(tags.PIN, ""))

    @property
    def protects_new(self) -> bool:
        """Whether every instance is protected from scale-in as soon as it is launched."""
        return bool(self.raw.get("NewInstancesProtectedFromScaleIn"))

    @property
    def protected(self) -> tuple[str, ...]:
        """Ids of instances that something protects from scale-in, one by one."""
        return () if self.protects_new else tuple(member.id for member in self.members if member.is_protected)

    @property
    def wished(self) -> Size:
        """Its size in full use: by its tag, else as it is."""
        return Size.parse(self.tags.get(tags.SIZE, "")) or self.unpinned

    @property
    def parked(self) -> bool:
        """Whether a user has begun to take it out of traffic."""
        return tags.DISABLED_AT in self.tags

    @property
    def own_suspended(self) -> frozenset[str]:
        """The processes its owners have suspended, without those a parked group has suspended besides."""
        if not self.parked:
            return self.suspended
        return frozenset(self.tags.get(tags.SUSPENDED, "").split()) - {"none"}

    def instances(self, capacity: int) -> int:
        """How many instances make this capacity; they differ where instance types have weights."""
        weight = sum(member.weight for member in self.members)
        if not self.members or weight == len(self.members):
            return capacity
        return max(1, min(capacity, math.ceil(capacity * len(self.members) / weight)))


@dataclass(frozen=True, slots=True)
class Cluster:
    """The groups of one application, stack and detail, in the order they were created."""

    name: names.ClusterName
    groups: tuple[Group, ...] = ()

    def get(self, name: str) -> Group | None:
        """A group by its name; one that is being deleted is no group any more."""
        return next((group for group in self.groups if group.name == name and not group.deleting), None)

    @property
    def alive(self) -> tuple[Group, ...]:
        """Those not being deleted."""
        return tuple(group for group in self.groups if not group.deleting)

    @property
    def unfinished(self) -> Group | None:
        """The group whose deploy is not over, the newest if there are several."""
        return next((group for group in reversed(self.groups) if group.open), None)

    def next_name(self, beside: tuple[str, ...] = ()) -> str:
        """The name of the next push. NameProblem."""
        taken = [*(group.name for group in self.groups), *beside]
        newest = self.groups[-1].name if self.groups else None
        return str(names.next_group(self.name, taken, newest))


def group_of(raw: Mapping[str, Any]) -> Group:
    """A group as Auto Scaling describes it."""
    return Group(
        name=raw["AutoScalingGroupName"],
        created=raw.get("CreatedTime") or datetime.fromtimestamp(0, UTC),
        size=Size(raw["MinSize"], raw["DesiredCapacity"], raw["MaxSize"]),
        members=tuple(
            Member(
                instance["InstanceId"],
                instance["LifecycleState"],
                instance["HealthStatus"],
                int(instance.get("WeightedCapacity") or 1),
                bool(instance.get("ProtectedFromScaleIn")),
            )
            for instance in raw.get("Instances", ())
        ),
        target_groups=tuple(raw.get("TargetGroupARNs", ())),
        load_balancers=tuple(raw.get("LoadBalancerNames", ())),
        suspended=frozenset(process["ProcessName"] for process in raw.get("SuspendedProcesses", ())),
        tags=tags.read(raw.get("Tags")),
        deleting=bool(raw.get("Status")),
        raw=raw,
    )
