"""Target groups and classic load balancers that a user deleted while groups are still attached to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from delivery import tags
from delivery.aws import ErrorMeaning, asking, meaning
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = ["deleted_balancers", "deleted_target_groups", "name_of", "recorded_in"]


def name_of(arn: str) -> str:
    """The name of a target group, of its ARN."""
    return arn.split("/")[1] if "/" in arn else arn


def recorded_in(tagged: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """ARNs of the target groups, and names of the classic load balancers, in these tags."""
    arns = [value for key, value in tagged.items() if key.startswith(tags.TARGET_GROUP)]
    names = [key for key in tagged if key.startswith(tags.LOAD_BALANCER)]
    return sorted(arns), sorted(name.removeprefix(tags.LOAD_BALANCER) for name in names)


def deleted_target_groups(aws: Aws, arns: Iterable[str]) -> list[str]:
    """ARNs of those of these target groups that do not exist. AwsError."""
    return [arn for arn in arns if not _exists(aws, arn, "")]


def deleted_balancers(aws: Aws, names: Iterable[str]) -> list[str]:
    """Names of those of these classic load balancers that do not exist. AwsError."""
    return [name for name in names if not _exists(aws, "", name)]


def _exists(aws: Aws, arn: str, balancer: str) -> bool:
    try:
        with asking(f"looking for {name_of(arn) or balancer}"):
            if arn:
                aws.elbv2.describe_target_health(TargetGroupArn=arn)
            else:
                aws.elb.describe_instance_health(LoadBalancerName=balancer)
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return False
    return True
