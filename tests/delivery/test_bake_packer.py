"""The engine `packer`: what it makes of a template, what Packer says, and a build by the real one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bake_command import Server, start
from bake_world import World, world

from delivery import tags as words
from delivery.bake.packer import filled, spoken
from delivery.errors import DeliveryError

pytestmark = pytest.mark.slow

__all__ = ["server"]

BUILDER = {"type": "amazon-ebs", "communicator": "none", "instance_type": "t3.micro", "ami_name": "theirs"}
needs_packer = pytest.mark.skipif(shutil.which("packer") is None, reason="needs packer")


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(0.05)
    made.begin_anew()
    yield made
    made.close()


def template(folder: Path, **more: Any) -> Path:
    file = folder / "template.json"
    file.write_text(json.dumps({"variables": {"own": "1"}, "builders": [{**BUILDER, **more}]}))
    return file


def test_machine_readable_lines_are_understood() -> None:
    lines = [
        "1600000000,,ui,say,==> amazon-ebs: Prevalidating%!(PACKER_COMMA) twice\\n    amazon-ebs: ok\n",
        "1600000000,amazon-ebs,artifact,0,builder-id,mitchellh.amazonebs\n",
        "1600000000,amazon-ebs,artifact,0,id,eu-west-1:ami-1%!(PACKER_COMMA)us-east-1:ami-2\n",
        "1600000000,,ui,error,it went wrong\n",
        "no line of Packer\n",
        "\n",
    ]
    assert [*spoken(lines)] == [
        ("say", "==> amazon-ebs: Prevalidating, twice"),
        ("say", "amazon-ebs: ok"),
        ("image", "eu-west-1:ami-1,us-east-1:ami-2"),
        ("error", "it went wrong"),
    ]


def test_the_bake_decides_over_the_template(aws: World) -> None:
    seen: list[dict[str, Any]] = []
    from delivery.bake import context, pipeline

    order = aws.order(engine="packer", template=template(aws.folder, source_ami_filter={"owners": ["self"]}))

    class Engine:
        name = "packer"

        def inputs(self, work: context.BakeContext) -> dict[str, str]:
            return {}

        def check(self, work: context.BakeContext) -> list[Any]:
            seen.append(
                filled({"builders": [{**BUILDER, "source_ami_filter": {}}]}, work, "subnet-1", Path("/p"))
            )
            raise DeliveryError("enough")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(DeliveryError, match="enough"):
        patch.setattr(pipeline, "engine", lambda name: Engine())
        aws.bake(order)
    (builder,) = seen[0]["builders"]
    assert (builder["source_ami"], builder["subnet_id"], builder["instance_type"]) == (
        aws.base,
        "subnet-1",
        "t3.micro",
    )
    assert builder["ami_name"].startswith("hello-1.2.0-")
    assert "source_ami_filter" not in builder
    assert builder["tags"][words.STATE] == words.BAKING
    assert builder["run_tags"][words.BAKE] == "bake-1"
    assert seen[0]["variables"]["package_path"] == "/p"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "template"),
        ("[]", "no template of Packer"),
        ('{"builders": [{"type": "docker"}]}', "one builder, of the type amazon-ebs"),
    ],
)
def test_a_bad_template_is_told(aws: World, content: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    file = aws.folder / "t.json"
    file.write_text(content)
    with pytest.raises(DeliveryError, match=said) as told:
        aws.bake(aws.order(engine="packer", template=file))
    assert told.value.exit_code == 1
    assert not aws.images.launched


def test_without_packer_there_is_a_way_out(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DeliveryError, match="no packer on this host"):
        aws.bake(aws.order(engine="packer", template=template(aws.folder)))
    with pytest.raises(DeliveryError, match="which template"):
        aws.bake(aws.order(engine="packer"))


@needs_packer
def test_packer_builds_an_image(server: Server, tmp_path: Path) -> None:
    file = template(tmp_path)
    process = start(server, tmp_path, "--engine", "packer", "--template", str(file), "--json", "--no-encrypt")
    said, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    result = json.loads(said)
    (image,) = server.ec2.describe_images(ImageIds=[result["image"]])["Images"]
    tags = words.read(image["Tags"])
    assert tags[words.STATE] == words.READY
    assert tags[words.BAKE] == result["bake_id"]
    assert image["Name"] == result["image_name"]
    assert not server.alive()


@needs_packer
def test_what_packer_says_of_a_failure_is_told(server: Server, tmp_path: Path) -> None:
    file = template(tmp_path, instance_type="t3.micro", no_such_key="1")
    process = start(server, tmp_path, "--engine", "packer", "--template", str(file))
    said, told = process.communicate(timeout=120)
    assert process.returncode in (1, 2)
    assert "no_such_key" in told.splitlines()[-2]
    assert "Traceback" not in told
    assert said == ""
