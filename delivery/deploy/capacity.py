"""How much serves: growing a group, pinning its minimum while others share its traffic, and what may go.

A pin raises a group's minimum to what it has, so that less traffic does not shrink it; the minimum it had is
written in a tag first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from delivery import tags
from delivery.aws import asking
from delivery.deploy.model import Pin
from delivery.errors import DeliveryError
from delivery.health import InTraffic

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.health import Gate, HealthVerdict, Look

__all__ = [
    "RATIO",
    "CapacityError",
    "grow",
    "guard",
    "healthy",
    "kept",
    "pin",
    "serving",
    "soak",
    "still",
    "unpin",
]

RATIO = 0.9
"""What must stay of the capacity that is taken out."""
_BLIND = 3
"""Polls without an answer, before that counts as no."""
Note = Callable[[str], None]


class CapacityError(DeliveryError):
    """Too few of a group serve that others left their traffic to."""


def kept(in_service: int) -> int:
    """How many must stay where so many serve; at least one."""
    return max(1, math.ceil(in_service * RATIO))


def pin(site: Site, group: Group) -> None:
    """Keep a group from shrinking. AwsError."""
    before, size = group.pin or Pin(group.size.min, (group.size.min,)), group.size
    _hold(site, group, before.holding(size.desired) if size.min < size.desired else before)
    if size.min < size.desired:
        site.resize(group.name, min=size.desired)


def _hold(site: Site, group: Group, pin: Pin) -> None:
    """Write down a minimum before it is set, so that one that something else sets can be distinguished."""
    if group.pin != pin:
        site.tag(group.name, {tags.PIN: str(pin)})


def unpin(site: Site, name: str) -> bool:
    """Give a group the minimum back it had; False if it was not pinned or is gone. AwsError.

    A minimum that a scheduled action or a user has set meanwhile stays.
    """
    group = site.find(name)
    if group is None or tags.PIN not in group.tags:
        return False
    pin, after = group.pin, group.unpinned.min
    if after != group.size.min:
        site.resize(name, min=after)
    elif pin is not None and pin.held and after not in (pin.minimum, *pin.held):
        site.say_once(f"the minimum of {name} was changed to {after} while it was pinned, and stays so")
    site.untag(name, [tags.PIN])
    return True


def grow(site: Site, group: Group, capacity: int) -> None:
    """Wish for so many, and for no fewer until the pin is undone. The maximum is raised if need be."""
    size = group.size
    if size.min < capacity:
        _hold(site, group, (group.pin or Pin(group.wished.min)).holding(capacity))
    if min(size.min, size.desired, size.max) < capacity:
        if size.max < capacity:
            site.say_once(
                f"the maximum of {group.name} is raised from {size.max} to {capacity}, and stays so"
            )
        site.resize(
            group.name,
            min=max(size.min, capacity),
            desired=max(size.desired, capacity),
            max=max(size.max, capacity),
        )


def _gate(site: Site, *, balancers: bool, alarms: bool = True) -> Gate:
    gate = site.gate if balancers else site.gate.without("target-groups", "elb")
    return gate if alarms else replace(gate, settings=replace(gate.settings, alarms=()))


def healthy(
    site: Site,
    name: str,
    wished: int,
    note: Note,
    *,
    balancers: bool,
    alarms: bool = True,
    traffic: InTraffic | None = None,
) -> float:
    """Wait until a group is healthy; DeliveryError with the reason if it does not become healthy.

    Gives how many seconds its instances took at least, from in service to healthy everywhere.

    `balancers`: whether its load balancers are asked, too. `alarms`: whether the settings' alarms count.
    `traffic`: the capacity that has traffic already; with less the wait has failed at once.
    """
    gate = _gate(site, balancers=balancers, alarms=alarms)
    proven = traffic and InTraffic(*(gate.required(share) if share else 0 for share in astuple(traffic)))
    deadline = site.clock.now() + site.deploy.timeout_minutes * 60
    boot = _Boot(gate.required(wished))

    def each(verdict: HealthVerdict) -> None:
        boot.see(verdict.look)
        _each(site, note, verdict)

    verdict = gate.wait(name, gate.required(wished), each=each, traffic=proven)
    if verdict.state != "healthy":
        late = site.clock.now() >= deadline
        how = (
            f"is not healthy after {site.deploy.timeout_minutes:g} minutes"
            if late
            else "did not stay healthy"
        )
        raise DeliveryError(f"{name} {how}: {verdict}{_failed_launch(site, name)}")
    return max(0.0, boot.seconds - site.deploy.poll_seconds)


@dataclass
class _Boot:
    """How long instances take from in service to healthy, as polls see it."""

    required: int
    in_service_at: float = math.inf
    healthy_at: float = math.inf

    def see(self, look: Look) -> None:
        """Take a poll into account."""
        groups = [report.instances or {} for report in look.answers if report.source == "group"]
        running = sum(not wrong for instances in groups for wrong in instances.values())
        if running >= self.required:
            self.in_service_at = min(self.in_service_at, look.at)
        if look.good(self.required):
            self.healthy_at = min(self.healthy_at, look.at)

    @property
    def seconds(self) -> float:
        """The time between; 0 if it was not seen."""
        return self.healthy_at - self.in_service_at if self.healthy_at < math.inf else 0.0


def soak(site: Site, name: str, wished: int, minutes: float, note: Note, *, balancers: bool) -> None:
    """Watch a healthy group for so many minutes; DeliveryError as soon as it is healthy no more."""
    gate = _gate(site, balancers=balancers)
    verdict = gate.soak(name, gate.required(wished), minutes, each=lambda poll: _each(site, note, poll))
    if verdict.state != "healthy":
        raise DeliveryError(f"{name} did not stay healthy: {verdict}{_failed_launch(site, name)}")


def _each(site: Site, note: Note, verdict: HealthVerdict) -> None:
    site.lock.check()
    site.say_deleted(verdict.look.deleted)
    site.evidence.see(verdict.look)
    note(str(verdict))


def _failed_launch(site: Site, name: str) -> str:
    """Return Auto Scaling's message of a launch that failed; empty if none has."""
    with asking(f"reading the activities of {name}"):
        answer = site.aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=5)
    failed = [activity for activity in answer["Activities"] if activity["StatusCode"] == "Failed"]
    return f" ({failed[0].get('StatusMessage', '')[:300]})" if failed else ""


def serving(site: Site, name: str, *, balancers: bool) -> tuple[int, str]:
    """How many instances of a group serve now, and what is wrong with the others. AwsError."""
    gate = _gate(site, balancers=balancers, alarms=False)
    for _ in range(_BLIND):
        look = gate.look(name)
        if not look.unknown:
            break
        site.lock.sleep(site.deploy.poll_seconds)
    return len(look.healthy), "; ".join(look.reasons(max(1, len(look.instances))))


def still(site: Site, name: str, needed: int, note: Note, *, balancers: bool) -> None:
    """Check again a group that others left their traffic to.

    Raises:
        CapacityError: fewer than needed serve, in as many polls in a row as make a group healthy.
    """
    for number in range(site.deploy.looks):
        if number:
            site.lock.sleep(site.deploy.poll_seconds)
        healthy, why = serving(site, name, balancers=balancers)
        if healthy >= needed:
            return
        note(f"{healthy} of {needed} healthy: {why}")
    raise CapacityError(f"{name} no longer serves: {healthy} of {needed} healthy: {why}")


def guard(site: Site, out: str, stay: str, *, balancers: bool, least: int = 1) -> int:
    """Refuse to take a group out if what stays is less than `RATIO` of what serves in it. DeliveryError.

    Nor may it be less than that of the capacity `least`. It takes as many bad polls as anywhere to refuse.
    Gives how many must still serve in the other once it is out.
    """
    if out == stay:
        raise DeliveryError(f"{out} cannot be taken out in favour of itself")
    for number in range(site.deploy.looks):
        if number:
            site.lock.sleep(site.deploy.poll_seconds)
        going, _ = serving(site, out, balancers=balancers)
        staying, why = serving(site, stay, balancers=balancers)
        needed = max(kept(going), kept(site.gate.required(least)))
        if staying >= needed:
            return needed
    raise DeliveryError(
        f"{out} stays in traffic, with {going} that serve: {stay} has {staying}, "
        f"and {needed} would be needed: {why}",
        "run delivery status for the current state",
    )
