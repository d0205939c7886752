"""The first group of a cluster: there is no previous one, so the settings say what it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from delivery.aws import Meaning, asking, meaning
from delivery.deploy.template import Launch, Template, named
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.site import Site

__all__ = ["launch", "settings"]


def launch(site: Site, image: str) -> Launch:
    """The launch template of the settings; else the cluster's own, made of image and type. DeliveryError."""
    name, kind = site.deploy.launch_template, site.deploy.instance_type
    if name:
        return Launch(named(site.aws, name))
    own = str(site.cluster)
    try:
        return Launch(named(site.aws, own))
    except DeliveryError as error:
        if meaning(error) is not Meaning.NotFound:
            raise
    if not kind:
        raise DeliveryError(
            f"{own} has no group yet: what is its first one to be made of?",
            f'launch_template = "NAME" or instance_type = "m7i.large", in [apps.{site.cluster.app}]',
            USAGE,
        )
    return Launch(Template("", own, 0, {"ImageId": image, "InstanceType": kind}))


def settings(site: Site) -> dict[str, Any]:
    """Where the group is; health as its load balancers see it, if it has any. DeliveryError."""
    subnets = site.deploy.subnets
    if not subnets:
        raise DeliveryError(
            f"{site.cluster} has no group yet: in which subnets is its first one to be?",
            f'subnets = ["subnet-..."] in [apps.{site.cluster.app}]',
            USAGE,
        )
    with asking(f"looking at subnets {', '.join(subnets)}"):
        site.aws.ec2.describe_subnets(SubnetIds=list(subnets))
    said: dict[str, Any] = {"VPCZoneIdentifier": ",".join(subnets)}
    if site.deploy.traffic != "none":
        said |= {"HealthCheckType": "ELB", "HealthCheckGracePeriod": 300}
    return said
