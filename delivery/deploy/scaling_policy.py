"""The scaling policy of a group whose cluster has none yet: from the settings. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from delivery.deploy.attachments import Extras
    from delivery.deploy.model import Size
    from delivery.settings import Deploy

__all__ = ["missing_policy", "with_policy"]

_NAME = "cpu"


def with_policy(extras: Extras, settings: Deploy) -> Extras:
    """Add the policy of the settings where there is no scaling policy to copy."""
    target = settings.scaling_cpu_percent
    if extras.policies or target is None or settings.scaling == "none":
        return extras
    policy = {
        "PolicyName": _NAME,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
            "TargetValue": target,
        },
    }
    return replace(extras, policies=(policy,))


def missing_policy(extras: Extras, settings: Deploy, group: str, size: Size) -> str:
    """Report that a group has no scaling policy, unless the settings want none; else an empty text."""
    if extras.policies or settings.scaling == "none":
        return ""
    return (
        f"{group} gets no scaling policy and stays at {size.desired}: scaling_cpu_percent = 50 in the "
        'settings makes one, scaling = "none" says that none is wanted'
    )
