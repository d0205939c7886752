"""How a group gets traffic and loses it: attached to load balancers, by a listener's weights, or neither.

What a group takes traffic from stands in its tags before anything is taken away, so it can be given back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from delivery import tags
from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.deploy import first_group
from delivery.deploy.model import Cluster, Group
from delivery.deploy.weights import Weights
from delivery.errors import USAGE, DeliveryError
from delivery.health.places import deleted_balancers, deleted_target_groups, recorded_in

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = [
    "Attached",
    "NoTraffic",
    "Traffic",
    "Weighted",
    "detach",
    "has_traffic",
    "recorded",
    "taking",
    "traffic_of",
]


class Traffic(Protocol):
    """One way of giving traffic to the groups of a cluster."""

    joins: ClassVar[bool]
    """Whether a group is made known to its load balancers before it takes traffic."""
    switches: ClassVar[bool]
    """Whether a group can be taken out of traffic and still run."""

    def takes(self, group: Group) -> bool:
        """Whether it takes traffic now, by what the load balancers have."""
        ...

    def wanted(self, previous: Group | None) -> dict[str, str]:
        """Return the tags of what a new group will take traffic from. DeliveryError if that is nothing."""
        ...

    def join(self, group: Group, cluster: Cluster) -> None:
        """Make it known to its load balancers without any traffic."""
        ...

    def on(self, group: Group, share: float) -> None:
        """Give it traffic: `share` percent, where shares exist, or what it has if that is more."""
        ...

    def off(self, group: Group) -> None:
        """Take it out."""
        ...


def traffic_of(site: Site) -> Traffic:
    """The way the settings name. DeliveryError."""
    if site.deploy.traffic == "weighted":
        return Weighted(site)
    return NoTraffic() if site.deploy.traffic == "none" else Attached(site)


def has_traffic(group: Group, way: str, weights: Mapping[str, int]) -> bool:
    """Report whether a group takes traffic.

    Args:
        group: as it is now.
        way: the setting `traffic` of its cluster.
        weights: of the listener, by ARN of the target group, where traffic goes by weights.
    """
    if way == "weighted":
        return any(weights.get(arn, 0) > 0 for arn in group.target_groups)
    return group.size.desired > 0 if way == "none" else group.attached


def recorded(group: Group) -> tuple[list[str], list[str]]:
    """ARNs of the target groups, and names of the classic load balancers, in a group's tags."""
    return recorded_in(group.tags)


def taking(arns: Sequence[str], balancers: Sequence[str]) -> dict[str, str]:
    """Return the tags of a group with traffic from these: ARNs of target groups, names of classic ones."""
    new_tags = {f"{tags.TARGET_GROUP}{_name(arn)}": arn for arn in arns}
    return new_tags | {f"{tags.LOAD_BALANCER}{name}": "classic" for name in balancers}


def _name(arn: str) -> str:
    return arn.split("/")[1] if "/" in arn else arn


def _arns(aws: Aws, names_or_arns: Sequence[str]) -> list[str]:
    """ARNs of target groups that are named, or given as they are. DeliveryError."""
    names = [name for name in names_or_arns if not name.startswith("arn:")]
    known: dict[str, str] = {}
    if names:
        try:
            with asking(f"looking for target groups {', '.join(names)}"):
                targets = aws.elbv2.describe_target_groups(Names=names)["TargetGroups"]
        except AwsError as error:
            if error.meaning is not ErrorMeaning.NotFound:
                raise
            hint = "take what was deleted out of target_groups in the settings, or make it again"
            raise DeliveryError(error.message, hint, USAGE) from error
        known = {target["TargetGroupName"]: target["TargetGroupArn"] for target in targets}
    return [known.get(name, name) for name in names_or_arns]


class Attached:
    """A group has the traffic of the load balancers it is attached to: Auto Scaling registers instances."""

    joins: ClassVar[bool] = False
    switches: ClassVar[bool] = True

    def __init__(self, site: Site) -> None:
        self._site = site

    def takes(self, group: Group) -> bool:
        """Attached to anything."""
        return has_traffic(group, "attach", {})

    def wanted(self, previous: Group | None) -> dict[str, str]:
        """Those of the settings, else those of the previous group."""
        settings, site = self._site.deploy, self._site
        before = (previous.target_groups, previous.load_balancers) if previous else ((), ())
        arns, names = self._present(*before)
        if settings.target_groups is not None:
            arns = _arns(site.aws, settings.target_groups)
        if settings.load_balancers is not None:
            names = [*settings.load_balancers]
        if previous is None and not arns and not names:
            arns = _arns(site.aws, first_group.target_groups(site))
        if not arns and not names:
            raise _nothing(str(site.cluster), previous)
        return taking(arns, names)

    def join(self, group: Group, cluster: Cluster) -> None:
        """Nothing: what is attached takes traffic."""

    def on(self, group: Group, share: float) -> None:  # noqa: ARG002  # its instances are its share
        """Attach the places in its tags, as far as they exist."""
        known = recorded(group)
        arns, names = self._present(*known)
        if not arns and not names and (any(known) or not group.attached):
            raise DeliveryError(
                f"no load balancer that {group.name} took traffic from exists any more",
                "make one, and attach the group to it; delivery resume goes on",
            )
        client: Any = self._site.aws.autoscaling
        if missing := [arn for arn in arns if arn not in group.target_groups]:
            with self._site.changing(f"attaching {group.name} to {', '.join(map(_name, missing))}"):
                client.attach_load_balancer_target_groups(
                    AutoScalingGroupName=group.name, TargetGroupARNs=missing
                )
        if missing := [name for name in names if name not in group.load_balancers]:
            with self._site.changing(f"attaching {group.name} to {', '.join(missing)}"):
                client.attach_load_balancers(AutoScalingGroupName=group.name, LoadBalancerNames=missing)

    def _present(self, arns: Sequence[str], names: Sequence[str]) -> tuple[list[str], list[str]]:
        """Those that exist; the others are reported."""
        aws = self._site.aws
        gone = {*deleted_target_groups(aws, arns), *deleted_balancers(aws, names)}
        self._site.say_deleted(sorted(map(_name, gone)))
        return [arn for arn in arns if arn not in gone], [name for name in names if name not in gone]

    def off(self, group: Group) -> None:
        """Detach it from everything."""
        detach(self._site, group)


def detach(site: Site, group: Group) -> None:
    """Detach a group from all load balancers it is attached to. AwsError."""
    client: Any = site.aws.autoscaling
    if group.target_groups:
        with site.changing(f"detaching {group.name} from its target groups"):
            client.detach_load_balancer_target_groups(
                AutoScalingGroupName=group.name, TargetGroupARNs=list(group.target_groups)
            )
    if group.load_balancers:
        with site.changing(f"detaching {group.name} from its load balancers"):
            client.detach_load_balancers(
                AutoScalingGroupName=group.name, LoadBalancerNames=list(group.load_balancers)
            )


def _nothing(cluster: str, previous: Group | None) -> DeliveryError:
    where = f"{previous.name} is attached to none" if previous else "this is its first group"
    return DeliveryError(
        f"cluster {cluster}: no load balancer to take traffic from ({where})",
        'target_groups = ["NAME"] says which, or traffic = "none" that there is none',
        USAGE,
    )


class Weighted:
    """Two target groups behind one listener; each group has one of them, and traffic goes by weights."""

    joins: ClassVar[bool] = True
    switches: ClassVar[bool] = True

    def __init__(self, site: Site) -> None:
        self._site = site
        self._weights = Weights(site)

    def takes(self, group: Group) -> bool:
        """Its target group has a weight."""
        return has_traffic(group, "weighted", self._weights.read())

    def wanted(self, previous: Group | None) -> dict[str, str]:
        """The one of the two that the previous group has not."""
        pair = self._pair()
        theirs = [arn for arn in pair if previous is not None and arn in previous.target_groups]
        if previous is not None and len(theirs) != 1:
            raise DeliveryError(
                f"{previous.name} must be attached to one of {' and '.join(map(_name, pair))}",
                "the other one is for the new group",
                USAGE,
            )
        return taking([next(arn for arn in pair if arn not in theirs)], ())

    def join(self, group: Group, cluster: Cluster) -> None:
        """Attach it to its target group, which an older group may still have. Its weight is nothing.

        One that takes traffic has joined, and keeps it: a run that was stopped may do this again.
        """
        arn = self._of(group)
        if self.takes(group):
            return
        self.off(group)
        client = self._site.aws.autoscaling
        for other in cluster.alive:
            if other.name != group.name and arn in other.target_groups:
                with self._site.changing(f"detaching {other.name} from {_name(arn)}"):
                    client.detach_load_balancer_target_groups(
                        AutoScalingGroupName=other.name, TargetGroupARNs=[arn]
                    )
        if arn not in group.target_groups:
            with self._site.changing(f"attaching {group.name} to {_name(arn)}"):
                client.attach_load_balancer_target_groups(
                    AutoScalingGroupName=group.name, TargetGroupARNs=[arn]
                )

    def on(self, group: Group, share: float) -> None:
        """Give its target group that share, and the rest to the other."""
        mine, now = self._of(group), self._weights.read()
        if 100 * now.get(mine, 0) >= share * (sum(now.values()) or 1):
            return  # after a kill: less for it would be more for one that may be gone
        scale = 1 if share == int(share) else 10
        part = int(share * scale)
        self._weights.write({arn: part if arn == mine else 100 * scale - part for arn in self._pair()})

    def off(self, group: Group) -> None:
        """All to the other one."""
        mine = self._of(group)
        self._weights.write({arn: 0 if arn == mine else 100 for arn in self._pair()})

    def _of(self, group: Group) -> str:
        """The one of the two that is a group's, by its tag; else the one it is attached to."""
        candidates = recorded(group)[0] or [arn for arn in self._pair() if arn in group.target_groups]
        if len(candidates) != 1:
            raise DeliveryError(
                f"which of the two target groups is {group.name}'s cannot be told",
                "it must be attached to one of them",
            )
        return candidates[0]

    def _pair(self) -> list[str]:
        named = self._site.deploy.target_groups
        pair = list(self._weights.read()) if named is None else _arns(self._site.aws, named)
        if len(pair) != 2:
            raise DeliveryError(
                f'traffic = "weighted" needs two target groups, not {len(pair)}',
                'target_groups = ["BLUE", "GREEN"] names them',
                USAGE,
            )
        return pair


class NoTraffic:
    """No load balancer: instances find their work themselves. A group is taken out by having no instances."""

    joins: ClassVar[bool] = False
    switches: ClassVar[bool] = False

    def takes(self, group: Group) -> bool:
        """It works whenever it has instances."""
        return has_traffic(group, "none", {})

    def wanted(self, previous: Group | None) -> dict[str, str]:  # noqa: ARG002
        """Nothing."""
        return {}

    def join(self, group: Group, cluster: Cluster) -> None:
        """Nothing."""

    def on(self, group: Group, share: float) -> None:
        """Nothing: it works since it runs."""

    def off(self, group: Group) -> None:
        """Nothing: its instances are ended by the caller."""
