"""The group a deploy makes, whose tags have its purpose from then on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from delivery import tags
from delivery.aws import AwsError, ErrorMeaning
from delivery.deploy.group_tags import as_tags, baseline_name, tags_of
from delivery.deploy.model import Group
from delivery.deploy.plan import Facts
from delivery.deploy.removal import surplus
from delivery.deploy.retry import retried
from delivery.deploy.template import make_launch
from delivery.errors import FAILED, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.intent import Intent

__all__ = ["facts_of", "make"]

_RACES = 5
"""Names that others may take before us."""


def facts_of(site: Site, intent: Intent) -> Facts:
    """Return the facts of a deploy's plan."""
    template, previous = intent.launch.template, intent.previous.name if intent.previous else None
    return Facts(
        group=intent.group,
        release=intent.release,
        strategy=intent.strategy,
        capacity=intent.size.desired,
        settings=site.deploy,
        previous=previous,
        old_capacity=intent.previous.size.desired if intent.previous else 0,
        places=tuple(key.rpartition("/")[2] for key in intent.places),
        extras=tuple(intent.extras.reported()),
        source=f"launch template {template.name}, all of version {template.version}",
        size=str(intent.size),
        surplus=tuple(group.name for group in surplus(intent.cluster, site.deploy.keep, previous)),
        baseline=baseline_name(intent.group) if intent.is_judged else "",
    )


def make(site: Site, intent: Intent) -> Group:
    """Make the group, without instances yet. DeliveryError.

    If another run has taken the name, it gets the next one.
    """
    with site.timeline.step("template", facts_of(site, intent).source) as entry:
        launch = retried(site, lambda: make_launch(site, intent.launch, intent.image), entry.note)
    deploy = f"d-{secrets.token_hex(6)}"
    taken: tuple[str, ...] = ()
    for _ in range(_RACES):
        name = intent.cluster.next_name(taken)
        with site.timeline.step("group", f"{name}, min/desired/max {intent.size}") as entry:
            if retried(site, lambda: _created(site, name, intent, launch, deploy), entry.note):  # noqa: B023
                return retried(site, lambda: site.group(name), entry.note)  # noqa: B023
            entry.note("another run has made a group of that name")
        taken = (*taken, name)
    raise DeliveryError(f"{_RACES} names of {site.cluster} were taken by others", "", FAILED)


def _created(site: Site, name: str, intent: Intent, launch: Mapping[str, Any], deploy: str) -> bool:
    """Whether the group is there and ours. An answer may have been lost: then the group itself is read."""
    parameters = {
        **intent.settings,
        **launch,
        "AutoScalingGroupName": name,
        "MinSize": 0,
        "DesiredCapacity": 0,
        "MaxSize": intent.size.max,
        "Tags": [*intent.settings.get("Tags", ()), *as_tags(tags_of(site, name, intent, deploy))],
    }
    try:
        with site.changing(f"creating group {name}"):
            site.aws.autoscaling.create_auto_scaling_group(**parameters)
    except AwsError as error:
        if error.meaning not in (ErrorMeaning.AlreadyExists, ErrorMeaning.Unavailable):
            raise
        group = site.find(name)
        ours = group is not None and group.tags.get(tags.DEPLOY) == deploy
        if not ours and error.meaning is ErrorMeaning.Unavailable:
            raise
        return ours
    return True
