"""The first group of a cluster: there is no previous one, so it is made from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from delivery.aws import ErrorMeaning, meaning
from delivery.deploy.launch_changes import retyped
from delivery.deploy.template import LaunchSource, Template, named, source_of
from delivery.errors import USAGE, DeliveryError
from delivery.setup.app_stack import target_group_name

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = ["launch", "settings", "target_groups"]

_GRACE_SECONDS = 300
"""How long a new instance may be ill by default."""


def launch(site: Site, image: str) -> LaunchSource:
    """The launch template of the settings; else the cluster's own, made of image and type. DeliveryError."""
    deploy = site.deploy
    own = str(site.cluster)
    try:
        return source_of(site, LaunchSource(named(site.aws, deploy.launch_template or own)))
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound or deploy.launch_template:
            raise
    if not deploy.instance_type and not deploy.instance_types:
        raise DeliveryError(
            f"{own} has no group yet: what is its first one to be made of?",
            f'launch_template = "NAME" or instance_type = "m7i.large", in [apps.{site.cluster.app}]',
            USAGE,
        )
    mixed, _ = retyped(None, deploy)
    return LaunchSource(Template("", own, 0, {"ImageId": image}), mixed)


def settings(site: Site) -> dict[str, Any]:
    """Where the group is; health as its load balancers see it, if it has any. DeliveryError."""
    subnets = site.deploy.subnets
    if not subnets:
        raise DeliveryError(
            f"{site.cluster} has no group yet: in which subnets is its first one to be?",
            f'subnets = ["subnet-..."] in [apps.{site.cluster.app}]',
            USAGE,
        )
    parameters: dict[str, Any] = {"VPCZoneIdentifier": ",".join(subnets)}
    if site.deploy.traffic != "none":
        grace = site.deploy.health_check_grace_seconds
        parameters |= {
            "HealthCheckType": "ELB",
            "HealthCheckGracePeriod": _GRACE_SECONDS if grace is None else grace,
        }
    return parameters


def target_groups(site: Site) -> list[str]:
    """Return the name of the target group that `delivery setup app` makes for a cluster, or nothing."""
    cluster, deploy = site.cluster, site.deploy
    app = site.settings.apps.get(cluster.app)
    is_named = deploy.target_groups is not None or deploy.load_balancers is not None
    if app is None or app.port is None or is_named or str(cluster) != cluster.app:
        return []
    return [target_group_name(cluster.app)]
