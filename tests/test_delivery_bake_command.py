"""`delivery bake` as people and jobs run it: processes against a server, what they say, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from delivery import tags as words

TESTS = Path(__file__).parent
SECRET = "AKIAEXAMPLEs3cret"


class Server:
    """A strict moto server in a process of its own."""

    def __init__(self, speed: float) -> None:
        command = [sys.executable, str(TESTS / "images_strict.py"), "0", str(speed)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=TESTS.parent
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
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


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[[float], Server]]:
    """One for each speed; starting one takes longer than most tests."""
    started: dict[float, Server] = {}

    def get(speed: float) -> Server:
        if speed not in started:
            started[speed] = Server(speed)
        return started[speed]

    yield get
    for one in started.values():
        one.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: Callable[[float], Server]) -> Server:
    found = servers(getattr(request, "param", 0.05))
    found.begin_anew()
    return found


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


def test_the_result_is_said_and_written(server: Server, tmp_path: Path) -> None:
    files = ("--result", "out/bake.json", "--properties", "bake.properties", "--manifest", "packages.txt")
    process = start(server, tmp_path, *files, "--report", "report", "--copy-to", "us-east-1")
    said, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    result = json.loads((tmp_path / "out/bake.json").read_text())
    assert said == f"{result['image']}\n"
    assert result["image"].startswith("ami-")
    assert set(result["images"]) == {"eu-west-1", "us-east-1"}
    assert result["bake_id"].startswith("bake-2")
    lines = dict(line.split("=", 1) for line in (tmp_path / "bake.properties").read_text().splitlines())
    assert lines["IMAGE"] == lines["IMAGE_eu_west_1"] == result["image"]
    assert {"IMAGE_NAME", "REGION", "BAKE_ID", "BAKE_KEY", "APPVERSION", "IMAGE_us_east_1"} <= lines.keys()
    assert "hello 1.2.0" in (tmp_path / "packages.txt").read_text()
    assert (tmp_path / "report/timeline.svg").exists()
    assert "launch: launch an instance for hello 1.2.0" in told
    assert SECRET not in told + said + "".join(
        file.read_text() for file in tmp_path.rglob("*") if file.is_file()
    )
    again = start(server, tmp_path, "--json")
    said, told = again.communicate(timeout=60)
    assert json.loads(said)["image"] == result["image"], told


@pytest.mark.parametrize(
    ("options", "base", "words_"),
    [
        ([], "none", "error: which base?\n  --base, or base in [bake]"),
        (["--engine", "instnce"], "", 'did you mean "instance"?'),
        (["--tag", "team"], "", "like team=payments"),
        (["--tag", "team"], "frog", "says nothing of an image\n  a base is ami-"),
        (["--tag", "team"], "frog", "error: --tag 'team': no tag"),
        (["--share", "friend"], "", "the twelve digits of an account"),
        (["--sha256", "0" * 64], "", "expected is 000"),
        ([], "ami-00000000000000000", "there is no base image ami-00000000000000000 in eu-west-1"),
        (["--subnet", "subnet-0"], "", "there is no subnet subnet-0"),
        (["--smoke-url", "http://{ip}/"], "", "{private_ip}"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    server: Server, tmp_path: Path, options: list[str], base: str, words_: str
) -> None:
    process = start(server, tmp_path, *options, base=base)
    said, told = process.communicate(timeout=60)
    assert process.returncode in (1, 2)
    assert words_ in told
    assert "Traceback" not in told
    assert said == ""
    assert not server.alive()


def until(process: subprocess.Popen[str], word: str) -> None:
    """Read what the command says as far as a word."""
    assert process.stderr is not None
    for line in process.stderr:
        if word in line:
            return
    raise AssertionError(f"it ended before it said {word}")


@pytest.mark.parametrize("server", [30.0], indirect=True)
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_leave_asks_for_the_clean_up_first(
    server: Server, tmp_path: Path, kind: signal.Signals
) -> None:
    """Jenkins gives five seconds; the process itself ends after 3.5, so the limit here tells no more."""
    process = start(server, tmp_path)
    until(process, "is pending")
    process.send_signal(kind)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 128 + kind
    assert "removal of what this bake made is asked for" in told
    assert "Traceback" not in told
    assert not server.alive()


@pytest.mark.parametrize("server", [1.0], indirect=True)
def test_who_is_killed_leaves_what_the_next_one_goes_on_with(server: Server, tmp_path: Path) -> None:
    process = start(server, tmp_path)
    until(process, "is pending")
    process.kill()
    process.communicate()
    (left,) = server.alive()
    tags = words.read(left["Tags"])
    assert {words.BAKE, words.CREATED, words.OWNER, words.KEY} <= tags.keys()
    assert tags[words.OWNER] == "https://ci.test/15/"
    process = start(server, tmp_path, "--resume", tags[words.BAKE], "--json")
    said, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert json.loads(said)["bake_id"] == tags[words.BAKE]
    assert not server.alive()


@pytest.mark.parametrize("server", [30.0], indirect=True)
def test_no_secret_is_in_arguments_user_data_or_tags(server: Server, tmp_path: Path) -> None:
    process = start(server, tmp_path)
    until(process, "is pending")
    arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
    (instance,) = server.alive()
    said = server.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert SECRET not in arguments + json.dumps([said["UserData"], instance], default=str)
    process.kill()
    process.communicate()
