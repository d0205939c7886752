"""`delivery bake` as people and jobs run it: processes against a server, what they say, and how they end."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bake_command import SECRET, Server, start

from delivery import tags as words

pytestmark = [pytest.mark.slow, pytest.mark.sampled(2)]


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
        (["--tag", "team"], "frog", "does not describe an image\n  a base is ami-"),
        (["--tag", "team"], "frog", "error: --tag 'team' is not KEY=VALUE"),
        (["--share", "friend"], "", "the twelve digits of an account"),
        (["--sha256", "0" * 64], "", "expected is 000"),
        ([], "ami-00000000000000000", "there is no base image ami-00000000000000000 in eu-west-1"),
        (["--subnet", "subnet-0"], "", "subnet subnet-0 does not exist"),
        (["--smoke-url", "http://{ip}/"], "", "{private_ip}"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    server: Server, tmp_path: Path, options: list[str], base: str, words_: str
) -> None:
    process = start(server, tmp_path, *options, base=base)
    said, told = process.communicate(timeout=60)
    assert process.returncode in (1, 2, 64)
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
    assert "resources of this bake are being removed" in told
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
