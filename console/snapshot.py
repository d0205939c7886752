"""What the console knows: groups, instances and images of all accounts and regions. Values only."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

__all__ = [
    "ClusterKey",
    "ConsoleSnapshot",
    "GroupState",
    "InstanceRow",
    "LocationState",
    "Place",
    "StepState",
    "digest_of",
]

Values = Mapping[str, Any]


class Place(NamedTuple):
    """An account, by its name in the settings, and a region."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account}, {self.region}"


class ClusterKey(NamedTuple):
    """A cluster in an account and region."""

    account: str
    region: str
    cluster: str

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.account, self.region)


class InstanceRow(NamedTuple):
    """An instance, as its group lists it."""

    id: str
    group: str
    account: str
    region: str
    lifecycle: str
    health: str
    type: str
    zone: str
    is_protected: bool

    @property
    def in_service(self) -> bool:
        """Return whether it serves, as far as Auto Scaling knows."""
        return self.lifecycle == "InService" and self.health.lower() == "healthy"


class StepState(NamedTuple):
    """One step of a deploy and how far it is: `done`, `running`, `queued`, `failed`."""

    name: str
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class GroupState:
    """A group: its values as `delivery list --json` gives them, and what pages show besides."""

    values: Values
    instances: tuple[InstanceRow, ...] = ()
    configuration: Mapping[str, str] = field(default_factory=dict)
    """What it is made of, by names for people."""
    tags: Mapping[str, str] = field(default_factory=dict)
    suspended: tuple[str, ...] = ()
    steps: tuple[StepState, ...] = ()
    """Of its deploy, while that is not over."""
    digest: str = ""
    """Changes whenever anything but its age does."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values["name"])

    @property
    def key(self) -> ClusterKey:
        """The cluster it belongs to."""
        return ClusterKey(self.values["account"], self.values["region"], self.values["cluster"])

    @property
    def is_open(self) -> bool:
        """Return whether its deploy is not over."""
        return self.values["state"] in ("deploying", "waiting", "rolling-back")


def digest_of(*values: object) -> str:
    """Give a short text that changes when a value does."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class LocationState:
    """What was read of an account and region, and when."""

    place: Place
    groups: tuple[GroupState, ...] = ()
    images: tuple[Values, ...] = ()
    read_at: float | None = None
    """When its groups were last read completely; None if they never were."""
    images_at: float | None = None
    error: str = ""
    """Why it could not be read since; empty if it could."""
    hint: str = ""
    seconds: float = 0.0
    """How long the last complete pass over its groups took."""
    group_calls: Mapping[str, int] = field(default_factory=dict)
    """Calls of the last complete pass over its groups, by operation."""
    image_calls: Mapping[str, int] = field(default_factory=dict)
    """Calls of the last complete pass over its images, by operation."""

    def failed(self, error: str, hint: str) -> LocationState:
        """Keep what was read, with why it could not be read again."""
        return replace(self, error=error, hint=hint)

    def with_groups(self, fresh: Iterable[GroupState], missing: Iterable[str] = ()) -> LocationState:
        """Put single groups that were read again in the place of what was known of them."""
        by_name = {group.name: group for group in fresh}
        gone = {*missing} - by_name.keys()
        groups = [by_name.pop(group.name, group) for group in self.groups if group.name not in gone]
        return replace(self, groups=(*groups, *by_name.values()))


@dataclass(frozen=True, eq=False)
class ConsoleSnapshot:
    """All accounts and regions; indices are built when first asked for."""

    locations: Mapping[Place, LocationState] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Names of accounts by their twelve digits."""

    def with_location(self, state: LocationState) -> ConsoleSnapshot:
        """Give the snapshot with another state of one account and region."""
        return replace(self, locations={**self.locations, state.place: state})

    def groups(self) -> Iterator[GroupState]:
        """Give all groups."""
        for location in self.locations.values():
            yield from location.groups

    def images(self) -> Iterator[Values]:
        """Give all images."""
        for location in self.locations.values():
            yield from location.images

    @cached_property
    def clusters(self) -> Mapping[ClusterKey, tuple[GroupState, ...]]:
        """Groups by cluster, the newest first; clusters in the order of their names."""
        by_cluster: dict[ClusterKey, list[GroupState]] = defaultdict(list)
        for group in self.groups():
            by_cluster[group.key].append(group)
        ordered = sorted(by_cluster, key=lambda key: (key.cluster, key.account, key.region))
        return {
            key: tuple(
                sorted(by_cluster[key], key=lambda group: (group.values["created"], group.name), reverse=True)
            )
            for key in ordered
        }

    @cached_property
    def applications(self) -> Mapping[str, tuple[ClusterKey, ...]]:
        """Clusters by application; the empty name has groups that no application's name begins."""
        by_application: dict[str, list[ClusterKey]] = defaultdict(list)
        for key, groups in self.clusters.items():
            by_application[groups[0].values["application"] or ""].append(key)
        return {name: tuple(by_application[name]) for name in sorted(by_application)}

    @cached_property
    def instances(self) -> Mapping[str, InstanceRow]:
        """Instances by id."""
        return {instance.id: instance for group in self.groups() for instance in group.instances}

    @cached_property
    def group_names(self) -> Mapping[tuple[str, str, str], GroupState]:
        """Groups by account, region and name."""
        return {
            (group.values["account"], group.values["region"], group.name): group for group in self.groups()
        }

    @cached_property
    def images_by_id(self) -> Mapping[str, Values]:
        """Images by id, as the account that owns them describes them."""
        return {image["image"]: image for image in self.images()}

    @cached_property
    def users(self) -> Mapping[str, tuple[GroupState, ...]]:
        """Groups by the id of their image."""
        by_image: dict[str, list[GroupState]] = defaultdict(list)
        for group in self.groups():
            if group.values["image"]:
                by_image[group.values["image"]].append(group)
        return {image: tuple(groups) for image, groups in by_image.items()}

    @cached_property
    def open_groups(self) -> tuple[GroupState, ...]:
        """Groups whose deploy is not over."""
        return tuple(group for groups in self.clusters.values() for group in groups if group.is_open)

    @cached_property
    def digest(self) -> str:
        """Changes whenever anything that is shown but an age does."""
        return digest_of(sorted(group.digest for group in self.groups()), len(self.images_by_id))
