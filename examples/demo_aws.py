"""AWS as the demo needs it, as a server: `python examples/demo_aws.py PORT SECONDS`; prints the port.

moto, with images and instances as the tests play them (SECONDS to boot, to install, to become available),
and with what it leaves out: the notifications of groups, and the quotas of an account.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.servicequotas.models import ServiceQuotasBackend

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from images_strict import serve


def no_notifications(_: AutoScalingResponse) -> Any:
    """DescribeNotificationConfigurations: nobody is told of anything."""
    return ActionResult({"NotificationConfigurations": []})


def account_limits(response: AutoScalingResponse) -> Any:
    """DescribeAccountLimits: as many groups as AWS allows at first."""
    groups = len(response.autoscaling_backend.autoscaling_groups)
    return ActionResult({"MaxNumberOfAutoScalingGroups": 500, "NumberOfAutoScalingGroups": groups})


def service_quota(_: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    """GetServiceQuota: vCPUs enough."""
    return {"ServiceCode": service_code, "QuotaCode": quota_code, "Value": 256.0}


if __name__ == "__main__":
    setattr(AutoScalingResponse, "describe_notification_configurations", no_notifications)  # noqa: B010
    setattr(AutoScalingResponse, "describe_account_limits", account_limits)  # noqa: B010
    setattr(ServiceQuotasBackend, "get_service_quota", service_quota)  # noqa: B010
    serve(int(sys.argv[1]), float(sys.argv[2]))
