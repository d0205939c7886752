"""What an account has before its first service: network, base image, launch template, target group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["create_starter_account"]

_SETTINGS = """\
# Written by `python -m delivery.testing`: an account on this machine.
[accounts.test]

[accounts.production]
production = true
change_request = "CHG[0-9]+"

[bake]
account = "test"
base = "owner=self,name=base-*"
poll_seconds = {poll}

[defaults]
launch_template = "service"
subnets = [{subnets}]
desired = 2
min = 2
max = 4
looks = 1
poll_seconds = {poll}
timeout_minutes = 1
drain_seconds = 0
scaling = "none"

[clusters.{app}]
target_groups = ["{app}"]

[clusters.{app}-test]
traffic = "none"
"""


def create_starter_account(client: Callable[[str], Any], app: str, poll_seconds: float = 1) -> str:
    """Create what a service needs in an account that has nothing yet.

    Args:
        client: makes the client of a service.
        app: the application; its target group has the same name.
        poll_seconds: between polls of a bake or a deploy.

    Returns:
        The text of a `delivery.toml` for it, with the accounts `test` and `production`.
    """
    ec2, elbv2 = client("ec2"), client("elbv2")
    ec2.register_image(Name="base-1", RootDeviceName="/dev/xvda", Architecture="x86_64")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)["Subnet"][
            "SubnetId"
        ]
        for number, zone in enumerate(_zones(ec2))
    ]
    ec2.create_launch_template(LaunchTemplateName="service", LaunchTemplateData={"InstanceType": "t3.small"})
    elbv2.create_target_group(Name=app, Protocol="HTTP", Port=80, VpcId=vpc)
    names = ", ".join(f'"{subnet}"' for subnet in subnets)
    return _SETTINGS.format(app=app, subnets=names, poll=f"{poll_seconds:g}")


def _zones(ec2: Any) -> list[str]:
    zones = ec2.describe_availability_zones()["AvailabilityZones"]
    return [zone["ZoneName"] for zone in zones[:2]]
