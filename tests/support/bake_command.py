"""The command `delivery bake` as a process, at a strict moto server."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import requests

SUPPORT = Path(__file__).parent
SECRET = "AKIAEXAMPLEs3cret"


class Server:
    """A strict moto server in a process of its own."""

    def __init__(self, speed: float) -> None:
        command = [sys.executable, "-m", "delivery.testing", "--seconds", str(speed)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=SUPPORT.parents[1]
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip().partition("AWS_ENDPOINT_URL=")[2]
        self.base = ""

    def begin_anew(self) -> None:
        """As if it had just been started: there is nothing but a base."""
        requests.post(f"{self.url}/moto-api/reset", timeout=30).raise_for_status()
        image = self.ec2.register_image(Name="debian-12", RootDeviceName="/dev/xvda", Architecture="x86_64")
        self.base = image["ImageId"]

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "PATH": os.environ["PATH"],
            "BUILD_URL": "https://ci.test/15/",
            "AWS_POLL_DELAY_SECONDS": "1",  # of Packer
        }

    @cached_property
    def ec2(self) -> Any:
        """A client beside the command."""
        return boto3.client(
            "ec2",
            region_name="eu-west-1",
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def alive(self) -> list[dict[str, Any]]:
        """Instances that cost money."""
        states = ["pending", "running", "stopping", "stopped"]
        found = self.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": states}])
        return [one for group in found["Reservations"] for one in group["Instances"]]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def start(server: Server, folder: Path, *more: str, base: str = "") -> subprocess.Popen[str]:
    """The command, on a small script."""
    package = folder / "hello-1.2.0.sh"
    package.write_text("#!/bin/sh\necho installed\n")
    command = [sys.executable, "-m", "delivery.cli", "bake", "--package", str(package), "--poll", "0.02"]
    return subprocess.Popen(
        [*command, *(["--base", base or server.base] if base != "none" else []), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=server.environment,
        cwd=folder,
    )
