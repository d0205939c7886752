"""The gate a group must pass: polls it until `judge` has made up its mind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning
from delivery.health import probes, sources
from delivery.health.judge import (
    HealthReport,
    HealthRule,
    HealthVerdict,
    InTraffic,
    Look,
    judge,
    required,
    watch,
)
from delivery.health.places import name_of
from delivery.names import parse_group

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import Deploy

__all__ = ["Gate"]

Each = Callable[[HealthVerdict], None]
_PASSING = (ErrorMeaning.Throttled, ErrorMeaning.Unavailable)
"""Errors that are not about the group."""


def _nothing(_: HealthVerdict) -> None:
    pass


@dataclass(frozen=True)
class Gate:
    """How a cluster's groups are polled. `aws`, `clock`, and the settings."""

    aws: Aws
    clock: HostClock
    settings: Deploy
    step: str = ""
    """Name of the deploy's step that polls."""

    @classmethod
    def of(cls, aws: Aws, settings: Deploy, clock: HostClock, step: str = "") -> Gate:
        """The gate of a cluster with these settings."""
        return cls(aws, clock, settings, step)

    def required(self, wished: int) -> int:
        """How many of the wished instances must be healthy; at least one."""
        return required(wished, self.settings.healthy_percent)

    def without(self, *gates: str) -> Gate:
        """The same gate, not asking these: before a group takes traffic no load balancer knows it."""
        remaining = tuple(side for side in self.settings.gates if side not in gates)
        return replace(self, settings=replace(self.settings, gates=remaining))

    def look(
        self,
        group: str,
        target_groups: Sequence[str] | None = None,
        load_balancers: Sequence[str] | None = None,
    ) -> Look:
        """Check a group once, from every side the settings name.

        Its load balancers are those it is attached to or takes traffic from by its tags, or the ones given
        (ARNs of target groups, names of classic load balancers). AwsError for what no later poll can fix.
        """
        now = self.clock.now()
        try:
            members = sources.members(self.aws, group)
            answers, deleted = self._answers(members, target_groups, load_balancers)
        except AwsError as error:
            if error.meaning not in _PASSING:
                raise
            return Look(now, unknown=f"health could not be read: {error.message}")
        return Look(now, tuple(answers), deleted=tuple(deleted))

    def wait(
        self,
        group: str,
        required: int,
        *,
        each: Each = _nothing,
        target_groups: Sequence[str] | None = None,
        load_balancers: Sequence[str] | None = None,
        traffic: InTraffic | None = None,
    ) -> HealthVerdict:
        """Poll until the group is healthy or the settings' timeout is over.

        One that is in `traffic` fails as soon as it loses what it had, or an alarm goes off.
        """
        deadline = self.clock.now() + self.settings.timeout_minutes * 60
        rule = HealthRule(required, self.settings.looks, deadline, traffic)
        return self._until(
            lambda: self.look(group, target_groups, load_balancers), lambda looks: judge(looks, rule), each
        )

    def soak(
        self,
        group: str,
        required: int,
        minutes: float,
        *,
        each: Each = _nothing,
        target_groups: Sequence[str] | None = None,
        load_balancers: Sequence[str] | None = None,
    ) -> HealthVerdict:
        """Check a healthy group for so many minutes; ends early once it has failed."""
        until = self.clock.now() + minutes * 60
        rule = HealthRule(required, self.settings.looks, until + self.settings.timeout_minutes * 60)
        return self._until(
            lambda: self.look(group, target_groups, load_balancers),
            lambda looks: watch(looks, rule, until),
            each,
        )

    def _until(
        self, look: Callable[[], Look], decide: Callable[[Sequence[Look]], HealthVerdict], each: Each
    ) -> HealthVerdict:
        looks: list[Look] = []
        while True:
            looks = [*looks, look()][-100:]  # no rule looks back further
            verdict = decide(looks)
            each(verdict)
            if verdict.state != "waiting":
                return verdict
            self.clock.sleep(self.settings.poll_seconds)

    def _answers(
        self,
        members: sources.Members,
        target_groups: Sequence[str] | None,
        load_balancers: Sequence[str] | None,
    ) -> tuple[list[HealthReport], list[str]]:
        """Return the answers of all sides, and the names of load balancers that do not exist."""
        gates = self.settings.gates
        answers = [members.answer]
        if not members.ids:  # nobody else can tell anything of nothing
            return answers, []
        if "ec2" in gates:
            answers.append(sources.ec2_status(self.aws, members.ids))
        balancers: list[tuple[str, HealthReport | None]] = []
        if "target-groups" in gates:
            arns = members.all_target_groups if target_groups is None else target_groups
            balancers += [(name_of(arn), sources.target_group(self.aws, arn, members.ids)) for arn in arns]
        if "elb" in gates:
            names = members.all_load_balancers if load_balancers is None else load_balancers
            balancers += [(name, sources.classic(self.aws, name, members.ids)) for name in names]
        present = [answer for _, answer in balancers if answer is not None]
        deleted = [name for name, answer in balancers if answer is None]
        if deleted and not present:
            present = [
                HealthReport("load balancers", wrong=f"{', '.join(deleted)} deleted, and there is no other")
            ]
        return [*answers, *present, *self._own(members), *self._alarms()], deleted

    def _alarms(self) -> list[HealthReport]:
        names = self.settings.alarms
        return [sources.alarms(self.aws, names)] if names else []

    def _own(self, members: sources.Members) -> list[HealthReport]:
        """Return the answers of the service itself."""
        url, command = self.settings.gate_url, self.settings.gate_command
        if not url and not command:
            return []
        at = sources.addresses(self.aws, members.ids)
        answers = [probes.urls(url, at)] if url else []
        if command:
            answers.append(probes.command(command, self._facts(members, at)))
        return answers

    def _facts(self, members: sources.Members, at: Sequence[sources.Address]) -> dict[str, str]:
        """Environment of the gate command: the group, and the one it takes over from, if that is there."""
        parsed, tag = parse_group(members.name), members.tags.get
        previous = tag(tags.PREVIOUS, "")
        old = sources.members(self.aws, previous).ids if previous else ()
        old_at = sources.addresses(self.aws, old) if old else []
        since = tag(tags.TRAFFIC_SINCE, "")
        seconds = self.clock.now() - datetime.fromisoformat(since).timestamp() if since else 0.0
        return {
            "DELIVERY_ACCOUNT": self.aws.account,
            "DELIVERY_REGION": self.aws.region,
            "DELIVERY_CLUSTER": str(parsed.cluster) if parsed else "",
            "DELIVERY_STEP": self.step,
            "DELIVERY_GROUP": members.name,
            "DELIVERY_IMAGE": tag(tags.IMAGE, ""),
            "DELIVERY_VERSION": tag(tags.VERSION, ""),
            "DELIVERY_SECONDS_IN_TRAFFIC": str(max(0, int(seconds))),
            "DELIVERY_INSTANCES": " ".join(address.instance_id for address in at),
            "DELIVERY_ADDRESSES": " ".join(address.private_ip for address in at),
            "DELIVERY_OLD_GROUP": previous,
            "DELIVERY_OLD_INSTANCES": " ".join(address.instance_id for address in old_at),
            "DELIVERY_OLD_ADDRESSES": " ".join(
                address.private_ip for address in old_at if address.private_ip
            ),
        }
