"""The simulated images of `delivery.testing`, with sessions and calls that are quick."""

from __future__ import annotations

from typing import Any

import moto_faster  # noqa: F401
from delivery.testing.simulated_images import ACCOUNT, REGION
from delivery.testing.simulated_images import SimulatedImages as Images
from delivery.testing.user_data import PACKAGES, bake_of, console_of
from delivery.testing.user_data import UserDataRun as Played

__all__ = ["ACCOUNT", "PACKAGES", "REGION", "Images", "Played", "bake_of", "console_of", "publish"]


def publish(ec2: Any, name: str = "debian-12", **more: str) -> str:
    """A base image of ours."""
    id: str = ec2.register_image(Name=name, RootDeviceName="/dev/xvda", Architecture="x86_64")["ImageId"]
    if more:
        ec2.create_tags(Resources=[id], Tags=[{"Key": key, "Value": value} for key, value in more.items()])
    return id
