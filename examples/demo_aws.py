"""AWS as the demo needs it, as a server: `python examples/demo_aws.py PORT SECONDS`; prints the port.

moto, with images and instances as the tests play them (SECONDS to boot, to install, to become available),
and with the notifications of groups, which it leaves out.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from images_strict import serve


def no_notifications(_: AutoScalingResponse) -> Any:
    """DescribeNotificationConfigurations: nobody is told of anything."""
    return ActionResult({"NotificationConfigurations": []})


if __name__ == "__main__":
    setattr(AutoScalingResponse, "describe_notification_configurations", no_notifications)  # noqa: B010
    serve(int(sys.argv[1]), float(sys.argv[2]))
