"""The engine `packer`: a team's own JSON template, with what a bake decides put into its amazon-ebs builder.

The base, the image's name, network and tags are the bake's; how the package gets in is the template's. What
a provisioner cannot do fails the build, so its success is the proof. Written for Packer 1.6 and newer.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from delivery import tags as words
from delivery.bake import fetching, launching
from delivery.bake.context import BakeContext
from delivery.bake.engine import Built
from delivery.bake.imaging import remove
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep
from jobdsl.errors import Problem
from jobdsl.exit_codes import WRONG_USAGE

__all__ = ["PackerEngine", "filled", "spoken"]

_BUILDER = "amazon-ebs"
_LEAVE_S = 2.0
"""Seconds Packer may take to clean up before it is killed: an interrupted bake has four."""


class PackerEngine:
    """One run of Packer a bake; the contract is in engine.py."""

    name = "packer"

    def __init__(self) -> None:
        self._subnets: list[str] = []

    def inputs(self, work: BakeContext) -> Mapping[str, str]:
        """The template's text."""
        return {"template": hashlib.sha256(_text(work).encode()).hexdigest()}

    def check(self, work: BakeContext) -> Sequence[Problem]:
        """Packer is there and can read the template as it will be run; the subnets are there."""
        packer = shutil.which("packer")
        if packer is None:
            return [Problem("there is no packer on this host", hint="install it, or --engine instance")]
        self._subnets, problems = launching.subnets_of(work)
        template = filled(json.loads(_text(work)), work, self._subnet, Path("package"))
        with _folder(template) as folder:
            done = subprocess.run(  # noqa: S603 - found on the PATH
                [packer, "validate", "-syntax-only", "template.json"],
                cwd=folder, env=_environment(work), capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            problems.append(Problem(f"template {work.order.template}: {(done.stdout + done.stderr).strip()}"))
        return problems

    def build(self, work: BakeContext) -> Built:
        """Run Packer and return its image. DeliveryError with its last lines of output."""
        package = work.order.package
        with work.timeline.step("packer", f"build {work.name} with {work.order.template}") as step:
            with _folder() as folder:
                file = folder / "package" / package.file
                file.parent.mkdir()
                fetching.save(work.aws, package, file)
                template = filled(json.loads(_text(work)), work, self._subnet, file)
                (folder / "template.json").write_text(json.dumps(template))
                image = _run(work, step, folder)
            work.undo.made(f"removing image {image}", lambda: remove(work.aws, image))
        return Built(image)

    @property
    def _subnet(self) -> str:
        return self._subnets[0] if self._subnets else ""


def filled(template: dict[str, Any], work: BakeContext, subnet: str, package: Path) -> dict[str, Any]:
    """Fill in what the bake decides in a template.

    Pure. DeliveryError unless it has one amazon-ebs builder.
    """
    builders = template.get("builders") or []
    if [builder.get("type") for builder in builders] != [_BUILDER]:
        raise DeliveryError(f"template {work.order.template} needs one builder, of the type {_BUILDER}")
    order, base = work.order, work.base
    (image, _), temporary = work.image_specs(), work.temporary_tags("bake")
    root = {"device_name": base.root_device, "delete_on_termination": True, "encrypted": True}
    size = {"volume_size": order.root_gb} if order.root_gb else {}
    key = {"kms_key_id": order.kms_key} if order.kms_key else {}
    ours = {
        "region": work.aws.region,
        "source_ami": base.id,
        "ami_name": work.name,
        "tags": words.read(image["Tags"]),
        "snapshot_tags": words.read(image["Tags"]),
        "run_tags": temporary,
        "run_volume_tags": temporary,
        **({"subnet_id": subnet} if subnet else {}),
        **({"security_group_ids": list(order.security_groups)} if order.security_groups else {}),
        **({"iam_instance_profile": order.instance_profile} if order.instance_profile else {}),
        **({"launch_block_device_mappings": [{**root, **size, **key}]} if order.encrypted else {}),
        **_endpoint(),
    }
    own = {
        key: value for key, value in builders[0].items() if key not in ("source_ami_filter", "ami_regions")
    }
    kind = launching.place(work)["InstanceType"]
    chosen = {"instance_type": kind} if order.instance_type or "instance_type" not in own else {}
    variables = {**template.get("variables", {}), **_variables(work, package)}
    return {**template, "variables": variables, "builders": [{**own, **ours, **chosen}]}


def _variables(work: BakeContext, package: Path) -> dict[str, str]:
    """Return the variables of provisioners: `{{user `package_path`}}` and so on."""
    package_request = work.order.package
    return {
        "package_path": str(package),
        "package_name": package_request.name,
        "package_version": package_request.full_version,
        "package_sha256": package_request.sha256,
        "bake_id": work.bake,
    }


def _endpoint() -> dict[str, Any]:
    """Packer 1.6 does not know the variable every other tool of AWS reads."""
    url = os.environ.get("AWS_ENDPOINT_URL_EC2") or os.environ.get("AWS_ENDPOINT_URL")
    if not url:
        return {}
    skip = ("skip_region_validation", "skip_metadata_api_check", "skip_credential_validation")
    return {"custom_endpoint_ec2": url, **dict.fromkeys(skip, True)}


def _text(work: BakeContext) -> str:
    file = work.order.template
    if file is None:
        raise DeliveryError("which template?", "--template goes with --engine packer", WRONG_USAGE)
    try:
        text = file.read_text("utf-8")
        known = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        hint = "a template of Packer as JSON; one in HCL is not read"
        raise DeliveryError(f"template {file}: {error}", hint) from error
    if not isinstance(known, dict):
        raise DeliveryError(f"template {file}: this is no template of Packer")
    return text


@contextmanager
def _folder(template: dict[str, Any] | None = None) -> Iterator[Path]:
    """Create a private folder (mode 700) with the template in it."""
    with tempfile.TemporaryDirectory(prefix="delivery-") as name:
        if template is not None:
            (Path(name) / "template.json").write_text(json.dumps(template))
        yield Path(name)


def _environment(work: BakeContext) -> dict[str, str]:
    """Return the environment with credentials: Packer does not find those of a role."""
    environment = {**os.environ, "AWS_REGION": work.aws.region, "CHECKPOINT_DISABLE": "1"}
    credentials = work.aws.session.get_credentials()
    if credentials is not None:
        frozen = credentials.get_frozen_credentials()
        environment |= {
            "AWS_ACCESS_KEY_ID": frozen.access_key or "",
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key or "",
        }
        environment |= {"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}
    return environment


def _run(work: BakeContext, step: TimelineStep, folder: Path) -> str:
    process = subprocess.Popen(  # noqa: S603 - found on the PATH
        [shutil.which("packer") or "packer", "build", "-machine-readable", "template.json"],
        cwd=folder, env=_environment(work), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    image = ""
    wrong: list[str] = []
    try:
        for kind, text in spoken(process.stdout or ()):
            if kind == "image":
                image = text.partition(f"{work.aws.region}:")[2].partition(",")[0] or image
                continue
            step.note(text)
            wrong += [text] if kind == "error" else []
        code = process.wait()
    except BaseException:
        _leave(process)
        raise
    if code or not image:
        raise DeliveryError(
            f"packer ended with {code}: {' '.join(wrong[:3])}", "the lines above are its output"
        )
    return image


def _leave(process: subprocess.Popen[str]) -> None:
    """Packer cleans up when it is interrupted."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_LEAVE_S)
    process.kill()


def spoken(lines: Any) -> Iterator[tuple[str, str]]:
    """Parse Packer's lines: (`image`, id with region), (`error`, line), or (`say`, line). Pure."""
    for line in lines:
        fields = [text.replace("%!(PACKER_COMMA)", ",") for text in line.rstrip("\n").split(",")]
        if len(fields) >= 6 and fields[2] == "artifact" and fields[4] == "id":
            yield "image", fields[5]
        elif len(fields) >= 5 and fields[2] == "ui":
            for text in ",".join(fields[4:]).replace("\\r", "").split("\\n"):
                if text.strip():
                    yield "error" if fields[3] == "error" else "say", text.strip()
