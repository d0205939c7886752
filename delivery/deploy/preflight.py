"""What a new deploy is, with everything checked that can be checked before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.deploy import first_group
from delivery.deploy.account_image import AccountImage
from delivery.deploy.admission import check_admission
from delivery.deploy.attachments import Extras, extras_of
from delivery.deploy.canary_analysis import check_installed
from delivery.deploy.checks import (
    Network,
    check_alarms,
    check_health_checks,
    check_network,
    check_owner,
    check_tags,
    image_of,
)
from delivery.deploy.copied import copied_settings
from delivery.deploy.fleet import fleet_of
from delivery.deploy.group_tags import tags_of
from delivery.deploy.instance_types import check_quotas, check_types, counts_of, types_of
from delivery.deploy.intent import Intent
from delivery.deploy.launch_changes import LaunchDifference, differences, security_groups_of
from delivery.deploy.model import NEVER_COPIED, Group, Size
from delivery.deploy.plan import judged_sizes
from delivery.deploy.previous import previous_of
from delivery.deploy.refusals import Refusals
from delivery.deploy.removal import check_room, surplus
from delivery.deploy.scaling_policy import missing_policy, with_policy
from delivery.deploy.sizing import size_of
from delivery.deploy.template import (
    LaunchSource,
    Template,
    data_of,
    launch_of,
    lost,
    overrides_of,
    sent,
    source_of,
)
from delivery.deploy.traffic import taking as taking_tags
from delivery.errors import REFUSED, DeliveryError
from delivery.health.places import recorded_in
from delivery.provenance import Release
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.traffic import Traffic

__all__ = ["intend"]


def intend(
    site: Site,
    traffic: Traffic,
    image: str,
    strategy: str,
    *,
    permit: Callable[[], None] | None = None,
    rolled_back: str = "",
) -> Intent:
    """Plan a deploy of this image, with all checks made and nothing done.

    Args:
        permit: raises what policy has against it; None where policy is not asked.
        rolled_back: the group that is rolled back by it, where it only brings an image back: alarms that ring
            are no reason against that.

    Raises:
        DeliveryError: everything against it at once.
    """
    refusals = Refusals()
    if permit is not None:
        refusals.of(permit, None)
    cluster = site.read()
    facts = site.known_image or refusals.of(lambda: image_of(site.aws, site.settings, image), None)
    if not rolled_back:
        refusals.add(check_owner(facts, site.cluster.app) if facts else (), REFUSED)
        refusals.add(check_alarms(site))
        refusals.add(refusals.of(lambda: [*check_admission(site)], []), REFUSED)
    refusals.of(
        lambda: check_room(site, cluster, {group.name for group in surplus(cluster, site.deploy.keep)}), None
    )
    taking = [group for group in cluster.alive if traffic.takes(group)]
    try:
        old = previous_of(cluster, taking)
        before = launch_of(site.aws, old) if old else None
    except DeliveryError as error:
        refusals.errors.append(error)
        refusals.finish()
        raise
    nothing: tuple[Size, list[str]] = (Size(1, 1, 1), [])
    size, notes = refusals.of(lambda: size_of(site.deploy, str(site.cluster), old), nothing)
    launch = refusals.of(lambda: source_of(site, before) if before else first_group.launch(site, image), None)
    none: dict[str, Any] = {}
    places = refusals.of(lambda: traffic.wanted(old), none)
    group = refusals.of(lambda: _settings(site, old) if old else first_group.settings(site), none)
    intent = Intent(
        cluster=cluster,
        group=cluster.next_name(),
        image=image,
        strategy=strategy,
        size=size,
        launch=launch or LaunchSource(Template("", "", 0)),
        previous=old,
        places=places,
        settings=group,
        extras=with_policy(extras_of(site.aws, old) if old else Extras(), site.deploy),
        release=facts.release if facts else Release(image=image),
        before=before,
        rolled_back=rolled_back,
        is_judged=refusals.of(lambda: _is_judged(site, strategy, old), False),
    )
    if launch is not None:
        refusals.add(_against(site, intent, facts))
    refusals.finish()
    differences = tuple(_differences(site, intent, before)) if before else ()
    unknown = [] if rolled_back else _against_quotas(site, intent, refusals)
    refusals.finish()
    gone = {group.name for group in surplus(cluster, site.deploy.keep, old.name if old else None)}
    fleet = fleet_of(cluster, old, size.desired, site.deploy, strategy=strategy, deleted=gone)
    fleet = replace(fleet, new=max(fleet.new, _most(site, intent)))
    overridden = [f"{site.trigger.change_request} overrides: {reason}" for reason in site.overridden]
    notices = (*overridden, *notes, *unknown, *_notes(site, intent, taking))
    return replace(intent, notes=notices, differences=differences, fleet=fleet)


def _is_judged(site: Site, strategy: str, old: Group | None) -> bool:
    """Return whether metrics decide about a canary or a ramp. DeliveryError if they cannot."""
    is_possible = old is not None and judged_sizes(strategy, site.deploy, 1)
    if not is_possible or site.settings.analysis_of(site.deploy) is None:
        return False
    check_installed()
    return True


def _against_quotas(site: Site, intent: Intent, refusals: Refusals) -> list[str]:
    data = data_of(site, intent.launch, intent.image)
    counts = counts_of(intent.launch, data, _most(site, intent))
    return check_quotas(site, types_of(intent.launch, data), counts, refusals)


def _most(site: Site, intent: Intent) -> int:
    """Count the instances that a deploy adds at most: the new group, or a part of it and its baseline."""
    count = count_of(intent)
    judged = judged_sizes(intent.strategy, site.deploy, count) if intent.is_judged else []
    return max(count, *(2 * size for size in judged)) if judged else count


def count_of(intent: Intent) -> int:
    """Count the instances of the new group in full use."""
    old = intent.previous
    return old.instances(intent.size.desired) if old else intent.size.desired


def _against(site: Site, intent: Intent, image: AccountImage | None) -> Iterator[Problem]:
    """What AWS would have against the group."""
    data, subnets = data_of(site, intent.launch, intent.image), intent.settings.get("VPCZoneIdentifier", "")
    arns, names = recorded_in(intent.places)
    old = intent.previous
    network = Network(
        subnets=subnets.split(",") if subnets else (),
        security_groups=security_groups_of(data),
        target_groups=arns,
        load_balancers=names,
        addresses=_most(site, intent),
    )
    yield from check_network(site.aws, network)
    yield from check_health_checks(intent.settings, old)
    yield from check_tags(
        intent.group, (tag["Key"] for tag in intent.settings.get("Tags", ())), _all_tags(site, intent)
    )
    if old is not None and site.deploy.traffic == "none" and "Terminate" in old.suspended:
        yield Problem(
            f"Terminate is suspended on {old.name}: its instances would go on next to the new ones",
            hint=f"aws autoscaling resume-processes --auto-scaling-group-name {old.name} "
            "--scaling-processes Terminate",
        )
    if old is not None:
        later = taking_tags(old.target_groups, old.load_balancers)
        yield from check_tags(old.name, old.tags, {**dict.fromkeys(tags.OF_GROUPS, ""), **later})
    if not intent.rolled_back:
        yield from check_types(site, types_of(intent.launch, data), image.architecture if image else "")


def _all_tags(site: Site, intent: Intent) -> dict[str, str]:
    """Every tag a deploy writes on its group, sooner or later."""
    return {**dict.fromkeys(tags.OF_GROUPS, ""), **tags_of(site, intent.group, intent, "")}


def _notes(site: Site, intent: Intent, taking: Sequence[Group]) -> Iterator[str]:
    old = intent.previous
    others = [group.name for group in taking if old is not None and group.name != old.name]
    if others:
        yield f"{', '.join(others)}, which no deploy made, takes traffic too, and stays in it"
    yield from site.deploy.unused
    yield from lost(site, intent.launch)
    if old is not None:
        yield from _not_copied(old)
        return
    if missing := missing_policy(intent.extras, site.deploy, intent.group, intent.size):
        yield missing
    if intent.strategy in ("canary", "ramp"):
        yield f"the first group of a cluster gets all traffic at once: {intent.strategy} needs one before it"


def _not_copied(old: Group) -> Iterator[str]:
    if lost := sorted(old.own_suspended & {*NEVER_COPIED}):
        yield f"{', '.join(lost)} suspended on {old.name}, and not on the new group"
    protection = old.raw.get("DeletionProtection", "none")
    if protection != "none":
        yield f"DeletionProtection ({protection}) of {old.name} is not copied: deploys delete what they made"
    for source in old.raw.get("TrafficSources", ()):
        if source.get("Type") not in ("elb", "elbv2", None):
            yield f"traffic source {source['Identifier']} ({source['Type']}) of {old.name} is not copied"


def _differences(site: Site, intent: Intent, before: LaunchSource) -> Iterator[LaunchDifference]:
    """How the new group differs from the one before, but for its image."""
    old = intent.previous
    assert old is not None
    data = {**data_of(site, intent.launch, intent.image), "ImageId": ""}
    yield from differences({**sent(site, before.template), "ImageId": ""}, data)
    yield from differences({"types": overrides_of(before)}, {"types": overrides_of(intent.launch)})
    settings = {key: value for key, value in intent.settings.items() if key != "Tags"}
    yield from differences({key: old.raw.get(key) for key in settings}, settings)
    yield from differences({"min/desired/max": str(old.unpinned)}, {"min/desired/max": str(intent.size)})
    was = taking_tags(old.target_groups, old.load_balancers)
    yield from differences({"traffic from": _names(was)}, {"traffic from": _names(intent.places)})


def _names(places: Mapping[str, str]) -> str:
    return ", ".join(sorted(key.rpartition("/")[2] for key in places))


def _settings(site: Site, old: Group) -> dict[str, Any]:
    """Everything of the previous group that a new one can have, and what the settings change of it."""
    copied = copied_settings(site.aws, old)
    if site.deploy.subnets is not None:
        copied["VPCZoneIdentifier"] = ",".join(site.deploy.subnets)
    if copied.get("VPCZoneIdentifier"):
        copied.pop("AvailabilityZones", None)  # the subnets say which
    if site.deploy.health_check_grace_seconds is not None:
        copied["HealthCheckGracePeriod"] = site.deploy.health_check_grace_seconds
    return {key: value for key, value in copied.items() if value not in ("", [])}
