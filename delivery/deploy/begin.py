"""What a new deploy is: its checks, and the group it makes, whose tags say from then on what it is for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, Meaning, asking, meaning
from delivery.clock import iso
from delivery.deploy import capacity, first
from delivery.deploy.extras import Extras, extras_of
from delivery.deploy.model import Cluster, Group, Size, State
from delivery.deploy.plan import Facts
from delivery.deploy.removal import check_room, surplus
from delivery.deploy.shapes import fitting
from delivery.deploy.template import Launch, launch_of, lost, make_launch
from delivery.errors import FAILED, USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.site import Site
    from delivery.deploy.traffic import Traffic

__all__ = ["Intent", "facts_of", "intend", "make", "previous_of"]

_SET = frozenset(
    {
        "AutoScalingGroupName", "MinSize", "MaxSize", "DesiredCapacity", "LaunchTemplate",
        "MixedInstancesPolicy", "LaunchConfigurationName", "LoadBalancerNames", "TargetGroupARNs",
        "TrafficSources", "Tags", "AvailabilityZoneIds", "DeletionProtection", "Operator",
    }
)  # fmt: skip
"""What of a group's description is not taken over as it is."""
_RACES = 5
"""Names that others may take before us."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A deploy that nothing was done for yet."""

    cluster: Cluster
    group: str
    image: str
    strategy: str
    size: Size
    launch: Launch
    previous: Group | None
    places: Mapping[str, str]
    """Tags that say what the group will take traffic from."""
    settings: Mapping[str, Any]
    """Arguments of CreateAutoScalingGroup beside those."""
    extras: Extras = field(default_factory=Extras)
    change_request: str = ""
    lost: tuple[str, ...] = ()
    """What the new launch template version cannot say, in words."""


def intend(site: Site, traffic: Traffic, image: str, strategy: str, change_request: str = "") -> Intent:
    """What a deploy of this image would be, all checks made but policy's. DeliveryError, NameProblem."""
    cluster = site.read()
    old = previous_of(traffic, cluster)
    _check_image(site, image)
    check_room(site, cluster, {one.name for one in surplus(cluster, site.deploy.keep)})
    size = _size(site, old)
    launch = launch_of(site.aws, old) if old else first.launch(site, image)
    return Intent(
        cluster,
        cluster.next_name(),
        image,
        strategy,
        size,
        launch,
        old,
        traffic.wanted(old),
        _settings(site, old) if old else first.settings(site),
        extras_of(site.aws, old) if old else Extras(),
        change_request,
        tuple(lost(site, launch)),
    )


def previous_of(traffic: Traffic, cluster: Cluster) -> Group | None:
    """The group that takes traffic now; None if none does. DeliveryError if there are several."""
    taking = [one for one in cluster.alive if traffic.takes(one)]
    if len(taking) > 1:
        several = " and ".join(one.name for one in taking)
        raise DeliveryError(
            f"{several} take traffic: which one is to be replaced?",
            f"delivery rollback --cluster {cluster.name} takes {taking[-1].name} out",
            USAGE,
        )
    if not taking and (parked := [one for one in cluster.alive if one.state is State.disabled]):
        raise DeliveryError(
            f"no group of {cluster.name} takes traffic, and {parked[-1].name} is kept for a rollback",
            f"delivery rollback --cluster {cluster.name} --to {parked[-1].name} gives it traffic",
            USAGE,
        )
    return taking[0] if taking else None


def _check_image(site: Site, image: str) -> None:
    hint = "is it the right region and account? delivery bake tells what it made"
    try:
        with asking(f"looking at image {image}"):
            found = site.aws.ec2.describe_images(ImageIds=[image])["Images"]
    except AwsError as error:
        if meaning(error) is not Meaning.NotFound and "Malformed" not in error.code:
            raise
        found = []
    if not found:
        where = f"{site.aws.account}, {site.aws.region}"
        raise DeliveryError(f"there is no image {image} to be seen in {where}", hint, USAGE)
    if found[0].get("State", "available") != "available":
        raise DeliveryError(f"image {image} is {found[0]['State']}", "wait until it is available", USAGE)


def _size(site: Site, old: Group | None) -> Size:
    """The settings' sizes, else the previous group's."""
    wanted = site.deploy
    before = old.unpinned if old else Size(1, max(1, wanted.min or 1), 1)
    desired = before.desired if wanted.desired is None else wanted.desired
    low = min(before.min, desired) if wanted.min is None else wanted.min
    high = max(before.max, desired) if wanted.max is None else wanted.max
    if not low <= desired <= high:
        text = f"min = {low}, desired = {desired}, max = {high}: not in that order"
        raise DeliveryError(
            text, "min, desired and max in the settings; what they leave out is as before", USAGE
        )
    if desired < 1:
        copied = old.name if old and wanted.desired is None else ""
        where = f"DesiredCapacity of {copied} is 0" if copied else "desired = 0 in the settings"
        raise DeliveryError(
            f"a group of no instances is never healthy: {where}",
            f"desired = 1, or more, in [clusters.{site.cluster}]",
            USAGE,
        )
    if old and desired < capacity.kept(old.in_service):
        raise DeliveryError(
            f"desired = {desired} is less than nine tenths of the {old.in_service} that serve in {old.name}",
            "make it smaller after the deploy",
            USAGE,
        )
    return Size(low, desired, high)


def _settings(site: Site, old: Group) -> dict[str, Any]:
    """Everything of the previous group a new one can be told."""
    shape = site.aws.autoscaling.meta.service_model.shape_for("CreateAutoScalingGroupType")
    said, _ = fitting(shape, {key: one for key, one in old.raw.items() if key not in _SET})
    if said.get("VPCZoneIdentifier"):
        said.pop("AvailabilityZones", None)  # the subnets say which
    said["Tags"] = [
        {key: tag[key] for key in ("Key", "Value", "PropagateAtLaunch") if key in tag}
        for tag in old.raw.get("Tags", ())
        if not tag["Key"].startswith(("delivery:", "aws:"))
    ]
    return {key: one for key, one in said.items() if one not in ("", [])}


def facts_of(site: Site, intent: Intent) -> Facts:
    """What the plan of a deploy says."""
    template, previous = intent.launch.template, intent.previous.name if intent.previous else None
    return Facts(
        intent.group,
        intent.image,
        intent.strategy,
        intent.size.desired,
        site.deploy,
        previous,
        intent.previous.size.desired if intent.previous else 0,
        tuple(key.rpartition("/")[2] for key in intent.places),
        tuple(intent.extras.told()),
        f"launch template {template.name}, all of version {template.version}",
        str(intent.size),
        tuple(one.name for one in surplus(intent.cluster, site.deploy.keep, previous)),
    )


def make(site: Site, intent: Intent) -> Group:
    """Make the group, without instances yet. DeliveryError.

    If another run has taken the name, it gets the next one.
    """
    with site.timeline.step("template", facts_of(site, intent).source):
        launch = make_launch(site, intent.launch, intent.image, site.deploy.instance_type)
    deploy = f"d-{secrets.token_hex(6)}"
    taken: tuple[str, ...] = ()
    for _ in range(_RACES):
        name = intent.cluster.next_name(taken)
        with site.timeline.step("group", f"{name}, min/desired/max {intent.size}") as told:
            if _created(site, name, intent, launch, deploy):
                return site.group(name)
            told.note("another run has made a group of that name")
        taken = (*taken, name)
    raise DeliveryError(f"{_RACES} names of {site.cluster} were taken by others", "", FAILED)


def _created(site: Site, name: str, intent: Intent, launch: Mapping[str, Any], deploy: str) -> bool:
    """Whether the group is there and ours. An answer may have been lost: then the group itself tells."""
    said = {
        **intent.settings,
        **launch,
        "AutoScalingGroupName": name,
        "MinSize": 0,
        "DesiredCapacity": 0,
        "MaxSize": intent.size.max,
        "Tags": [*intent.settings.get("Tags", ()), *_tags(site, intent, deploy)],
    }
    try:
        with site.changing(f"creating group {name}"):
            site.aws.autoscaling.create_auto_scaling_group(**said)
    except AwsError as error:
        if error.meaning not in (Meaning.AlreadyExists, Meaning.Unavailable):
            raise
        found = site.find(name)
        ours = found is not None and found.tags.get(tags.DEPLOY) == deploy
        if not ours and error.meaning is Meaning.Unavailable:
            raise
        return ours
    return True


def _tags(site: Site, intent: Intent, deploy: str) -> list[dict[str, Any]]:
    said = {
        tags.DEPLOY: deploy,
        tags.STATE: State.deploying,
        tags.STEP: "group",
        tags.STRATEGY: intent.strategy,
        tags.SIZE: str(intent.size),
        tags.PIN: str(intent.size.min),
        tags.IMAGE: intent.image,
        tags.CHANGE_REQUEST: intent.change_request,
        tags.BEGUN: iso(site.clock.now()),
        **intent.places,
    }
    if intent.previous:
        said |= {tags.PREVIOUS: intent.previous.name, tags.PREVIOUS_IMAGE: intent.launch.template.image}
    return [{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in said.items() if value]
