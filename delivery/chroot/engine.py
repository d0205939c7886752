"""The engine `chroot`: a volume with the base is attached to this instance, and installed in from here.

It needs root on an agent in EC2, and is quicker than an instance of its own: nothing boots.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from functools import partial

from delivery import tags as words
from delivery.aws import AwsError, ErrorMeaning, asking
from delivery.bake import fetching, imaging
from delivery.bake.context import BakeContext
from delivery.bake.engine import Built
from delivery.bake.lookup import Described, image
from delivery.chroot import pid_namespace, registering, volume
from delivery.chroot.baker import Baker, baker
from delivery.chroot.devices import Devices
from delivery.chroot.provision import Provisioning, digest, provision
from delivery.chroot.workdir import work_directory
from delivery.errors import DeliveryError
from jobdsl.errors import Problem

__all__ = ["ChrootEngine"]

_ARCHES = {"aarch64": "arm64"}
"""How the kernel calls architectures, where images have another word."""
_FACTS = ("appversion", "base_ami_id", "build_url", "commit", words.BAKE, words.KEY)


class ChrootEngine:
    """Volumes attached to this host; the contract is in bake/engine.py."""

    name = "chroot"

    def __init__(self, devices: Devices | None = None) -> None:
        self._devices = devices or Devices()

    def inputs(self, work: BakeContext) -> Mapping[str, str]:  # noqa: ARG002 - the contract
        """Return what else goes into an image: the script that installs packages."""
        return {"script": digest()}

    def check(self, work: BakeContext) -> Sequence[Problem]:
        """Check this host, the base's snapshot, and the permission to create a volume of it."""
        problems = pid_namespace.problems()
        arch = _ARCHES.get(platform.machine(), platform.machine())
        if arch != work.base.arch:
            hint = f"bake on an agent that is {work.base.arch}, or use --engine instance"
            problems.append(
                Problem(f"base {work.base.id} is {work.base.arch}, this host is {arch}", hint=hint)
            )
        try:
            host = baker()
        except DeliveryError as error:
            return [*problems, *error.problems]
        return [*problems, *_elsewhere(work, host), *self._base(work, host)]

    def _base(self, work: BakeContext, host: Baker) -> list[Problem]:
        base = _describe(work)
        problems = list(registering.problems(base))
        try:
            with asking("checking that a volume of the base can be created"):
                asked = volume.parameters(work, registering.root_snapshot(base), host.zone)
                work.aws.ec2.create_volume(**asked, DryRun=True)
        except AwsError as error:
            if error.meaning is ErrorMeaning.NotFound:
                hint = "its owner shares only the image; use --engine instance"
                problems.append(
                    Problem(f"the snapshot of base {work.base.id} cannot be read: {error}", hint=hint)
                )
            elif error.code != "DryRunOperation":
                problems.append(Problem(str(error), hint=error.hint))
        return problems

    def build(self, work: BakeContext) -> Built:
        """Create the volume, install, take a snapshot, and register an image of it."""
        host, base = baker(), _describe(work)
        with work.timeline.step("volume", f"make a volume of base {work.base.id}") as step:
            attached = volume.create(work, step, registering.root_snapshot(base), host)
            device = attached.attach(work, step, self._devices)
        with work_directory() as place, work.timeline.step("provision", "install the package") as step:
            facts = {fact.rpartition(":")[2]: work.tags[fact] for fact in _FACTS if fact in work.tags}
            grown = work.order.root_gb > work.base.root_gb
            job = Provisioning(device, work.order.package, facts, work.order.timeout, grown)
            fetch = partial(fetching.save, work.aws, work.order.package)
            manifest = provision(job, place, fetch, step, work.timeline.say)
        with work.timeline.step("snapshot", "take a snapshot of the volume") as step:
            attached.detach(work, step)
            snapshot = volume.snapshot(work, step, attached.id)
        with work.timeline.step("image", f"make image {work.name}"):
            size = max(work.order.root_gb, work.base.root_gb)
            parameters = registering.parameters(base, snapshot, size)
            id = imaging.create(work, partial(_register, work, parameters))
        return Built(id, manifest)


def _register(work: BakeContext, parameters: Mapping[str, object]) -> str:
    tags = [spec for spec in work.image_specs() if spec["ResourceType"] == "image"]
    registered = work.aws.ec2.register_image(
        Name=work.name,
        Description=imaging.description(work),
        TagSpecifications=tags,
        **parameters,  # type: ignore[arg-type]
    )
    return registered["ImageId"]


def _describe(work: BakeContext) -> Described:
    described = image(work.aws, work.base.id)
    if described is None:
        raise DeliveryError(f"base {work.base.id} does not exist")
    return described


def _elsewhere(work: BakeContext, host: Baker) -> list[Problem]:
    if host.region != work.aws.region:
        hint = f"--region {host.region}, and --copy-to {work.aws.region}"
        return [
            Problem(f"this agent is in {host.region}, the image would be in {work.aws.region}", hint=hint)
        ]
    if host.account != work.aws.account_id:
        hint = "bake with the credentials of the agent's own account, and share the image"
        return [Problem(f"this agent is in account {host.account}, not in {work.aws.account_id}", hint=hint)]
    return []
