"""Calls that a deploy makes and moto does not answer: notifications of groups, and quotas of an account."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.servicequotas.models import ServiceQuotasBackend

__all__ = ["answer_omitted_calls"]

_VCPUS = 256.0
_GROUPS = 500
"""Quotas: vCPUs as for an account in use, groups as AWS allows at first."""


def answer_omitted_calls() -> None:
    """Let moto answer them from now on, in this process."""
    setattr(AutoScalingResponse, "describe_notification_configurations", _notifications)  # noqa: B010
    setattr(AutoScalingResponse, "describe_account_limits", _account_limits)  # noqa: B010
    setattr(ServiceQuotasBackend, "get_service_quota", _service_quota)  # noqa: B010


def _notifications(_: AutoScalingResponse) -> Any:
    return ActionResult({"NotificationConfigurations": []})


def _account_limits(response: AutoScalingResponse) -> Any:
    groups = len(response.autoscaling_backend.autoscaling_groups)
    return ActionResult({"MaxNumberOfAutoScalingGroups": _GROUPS, "NumberOfAutoScalingGroups": groups})


def _service_quota(_: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": _VCPUS}
