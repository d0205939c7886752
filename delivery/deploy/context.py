"""Where a deploy works: the account, the lock that is looked at before every change, reading groups, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from delivery import names, tags
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.deploy.evidence import Evidence
from delivery.deploy.model import Cluster, Group, group_of
from delivery.health import Gate, HealthVerdict
from delivery.notify.event import DeployEvent, EventName
from delivery.provenance import Release, RunOrigin, recorded_release, recorded_trigger

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.deploy.account_image import AccountImage
    from delivery.lock import Lock
    from delivery.notify.notifier import Notifier
    from delivery.settings import DeliverySettings, Deploy
    from delivery.timeline import Timeline

__all__ = ["Site", "read_cluster", "read_group", "read_groups"]

_PAGE = 100


@dataclass
class Site:
    """One cluster's surroundings while a command works on it."""

    aws: Aws
    clock: HostClock
    lock: Lock
    settings: DeliverySettings
    deploy: Deploy
    """How this cluster is deployed."""
    timeline: Timeline
    cluster: names.ClusterName
    trigger: RunOrigin = field(default_factory=RunOrigin)
    """The starter of this run."""
    release: Release = field(default_factory=Release)
    """What is deployed or taken out by this run, once that is known."""
    ignored_alarms: tuple[str, ...] = ()
    """Names of alarms that are not watched in this deploy."""
    notifier: Notifier | None = None
    """Recipients of notifications of this run."""
    begun: float | None = None
    """When its begin was reported; None if it was not."""
    rollout: str = ""
    """Of a deploy in waves: the tag that its group gets."""
    known_image: AccountImage | None = None
    """Of a deploy in waves: the image where it is looked up, before it is copied here."""
    overridden: list[str] = field(default_factory=list)
    """What stood against this deploy, and its change request has overridden."""
    evidence: Evidence = field(default_factory=Evidence)
    """Why the group of this run failed, if it did."""
    report_directory: Path | None = None
    """Where reports of this run are written, besides those of the settings."""
    reported: set[str] = field(default_factory=set)
    """What was reported once, and is not repeated."""

    def ignore_alarms(self, names: Iterable[str]) -> None:
        """Watch these alarms no longer, in this run."""
        self.ignored_alarms = tuple(dict.fromkeys([*self.ignored_alarms, *names]))
        watched = tuple(alarm for alarm in self.deploy.alarms if alarm not in self.ignored_alarms)
        self.deploy = replace(self.deploy, alarms=watched)

    def say_once(self, text: str) -> None:
        """Report something that every poll would find again."""
        if text not in self.reported:
            self.reported.add(text)
            self.timeline.say(text)

    def say_deleted(self, balancers: Iterable[str]) -> None:
        """Report load balancers that do not exist."""
        for name in balancers:
            self.say_once(f"{name} was deleted: it counts as not there, and the other load balancers decide")

    @contextmanager
    def changing(self, doing: str) -> Iterator[None]:
        """A call that changes something: first the lock, then the call. LockedError, AwsError."""
        self.lock.check()
        with asking(doing):
            yield

    @property
    def gate(self) -> Gate:
        """What groups of this cluster must pass; the lock is kept while it waits."""
        return Gate.of(self.aws, self.deploy, self.clock, self.timeline.current)

    def keep(self, verdict: HealthVerdict) -> None:  # noqa: ARG002  # the gate calls it with each verdict
        """Keep the lock while something is waited for. LockedError."""
        self.lock.check()

    def report_begin(self, command: str) -> None:
        """Inform services that this run changes something from now on; the first call counts."""
        if self.begun is None:
            self.begun = self.clock.now()
            release = f" of {self.release}" if str(self.release) else ""
            self._report("begin", f"{command}{release} begins")

    def report_decision(self, text: str) -> None:
        """Inform services of a decision."""
        self._report("decision", text)

    def report_end(self, outcome: str, text: str) -> None:
        """Inform services how a run ended whose begin was reported."""
        if self.begun is not None:
            self._report("end", text, outcome)

    def _report(self, event: EventName, text: str, outcome: str = "") -> None:
        if self.notifier is None:
            return
        now = self.clock.now()
        self.notifier.send(
            DeployEvent(
                event=event,
                text=text,
                application=self.cluster.app,
                cluster=str(self.cluster),
                account=self.aws.account,
                region=self.aws.region,
                release=str(self.release),
                outcome=outcome,
                user=self.trigger.who,
                change_request=self.trigger.change_request,
                build_url=self.trigger.build_url,
                at=now,
                begun=now if self.begun is None else self.begun,
            )
        )

    def about(self, group: Group) -> None:
        """Take what this run is about from the tags of the group it works on."""
        self.release = recorded_release(group.tags)
        if not self.trigger.change_request:
            recorded = recorded_trigger(group.tags).change_request
            self.trigger = replace(self.trigger, change_request=recorded)

    def read(self) -> Cluster:
        """The cluster as it is now. AwsError."""
        return read_cluster(self.aws, self.cluster)

    def find(self, name: str) -> Group | None:
        """A group as it is now; None if it is not there or being deleted. AwsError."""
        group = read_group(self.aws, name)
        return None if group is None or group.deleting else group

    def group(self, name: str) -> Group:
        """A group that must be there. AwsError."""
        group = self.find(name)
        if group is None:
            hint = f"delivery status --cluster {self.cluster} shows the groups there are"
            raise AwsError(f"group {name} was deleted", hint, "", ErrorMeaning.NotFound)
        return group

    def tag(self, group: str, new_tags: Mapping[str, str]) -> None:
        """Write tags on a group; instances do not get them. AwsError."""
        with self.changing(f"writing tags on {group}"):
            self.aws.autoscaling.create_or_update_tags(Tags=[_tag(group, *tag) for tag in new_tags.items()])

    def untag(self, group: str, keys: Iterable[str]) -> None:
        """Remove tags from a group; those it has not do no harm. AwsError."""
        filters: list[Any] = [
            {"ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key} for key in keys
        ]
        if filters:
            with self.changing(f"removing tags from {group}"):
                self.aws.autoscaling.delete_tags(Tags=filters)

    def resize(
        self, group: str, *, min: int | None = None, desired: int | None = None, max: int | None = None
    ) -> None:
        """Change sizes of a group, in one call. AwsError."""
        sizes: dict[str, Any] = {"MinSize": min, "DesiredCapacity": desired, "MaxSize": max}
        with self.changing(f"changing the size of {group}"):
            self.aws.autoscaling.update_auto_scaling_group(
                AutoScalingGroupName=group, **{key: size for key, size in sizes.items() if size is not None}
            )


def _tag(group: str, key: str, value: str) -> Any:
    return {
        "ResourceId": group,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": tags.fit(value),
        "PropagateAtLaunch": False,
    }


def read_group(aws: Aws, name: str) -> Group | None:
    """A group, also one that is being deleted; None if there is none. AwsError."""
    with asking(f"looking at group {name}"):
        answer = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    groups = answer["AutoScalingGroups"]
    return group_of(groups[0]) if groups else None


def read_cluster(aws: Aws, cluster: names.ClusterName) -> Cluster:
    """All groups of a cluster. AWS finds groups by whole names only: all of the account are paged through.

    AwsError.
    """
    groups: list[Group] = []
    with asking(f"looking for the groups of {cluster}"):
        for group in _all_groups(aws):
            parsed = names.parse_group(group.name)
            if parsed and parsed.cluster == cluster:
                groups.append(group)
    groups.sort(key=lambda group: (group.created, group.name))
    return Cluster(cluster, tuple(groups))


def read_groups(aws: Aws) -> list[Group]:
    """Read all groups of an account and region, a hundred by a call. AwsError."""
    with asking(f"looking at all groups in {aws.region}"):
        return list(_all_groups(aws))


def _all_groups(aws: Aws) -> Iterator[Group]:
    pages = aws.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
        PaginationConfig={"PageSize": _PAGE}
    )
    for page in pages:
        yield from map(group_of, page["AutoScalingGroups"])
