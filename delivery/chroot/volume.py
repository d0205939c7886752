"""A volume of EBS with a base in it: made, attached to this instance, and, baked, kept as a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.bake.context import BakeContext
from delivery.chroot.baker import Baker
from delivery.chroot.devices import NAMES, Devices
from delivery.clock import HostClock
from delivery.errors import DeliveryError
from delivery.timeline import TimelineStep

__all__ = ["Volume", "create", "free", "parameters", "snapshot"]

_FREE_LOOKS = 30
"""How often a detaching volume is polled before its removal is left to the reaper."""
_SHOWN = 60.0
"""Seconds until the kernel shows a volume that is attached."""


class Volume:
    """A volume of a bake, and where it is."""

    def __init__(self, id: str, baker: Baker) -> None:
        self.id = id
        self._baker = baker

    def attach(self, work: BakeContext, step: TimelineStep, devices: Devices) -> Path:
        """Attach it here; gives its device. DeliveryError."""
        before, taken = devices.seen(), _taken(work.aws, self._baker.instance)
        name = self._attach(work, [name for name in NAMES if name not in taken])
        work.wait(step, f"volume {self.id} to be attached", lambda: self._is(work.aws, "in-use") or None)
        with asking(f"having volume {self.id} go with this instance"):
            mapping: Any = {"DeviceName": name, "Ebs": {"DeleteOnTermination": True}}
            work.aws.ec2.modify_instance_attribute(
                InstanceId=self._baker.instance, BlockDeviceMappings=[mapping]
            )
        shown = f"the device of volume {self.id} to appear"
        device = work.wait(step, shown, lambda: devices.find(self.id, name, before), _SHOWN)
        step.note(f"{self.id} is {device}")
        return device

    def _attach(self, work: BakeContext, names: list[str]) -> str:
        """Attach by the first free name; another bake here may be faster."""
        for name in names:
            try:
                with work.signals.held(), asking(f"attaching volume {self.id} as {name}"):
                    work.aws.ec2.attach_volume(Device=name, InstanceId=self._baker.instance, VolumeId=self.id)
            except AwsError as error:
                if error.code != "InvalidParameterValue" or "already in use" not in error.message:
                    raise
            else:
                return name
        raise DeliveryError(
            f"all names of devices of {self._baker.instance} are taken ({NAMES[0]} to {NAMES[-1]})",
            "`delivery clean bakes` frees those of bakes that were killed; or bake fewer at a time here",
        )

    def detach(self, work: BakeContext, step: TimelineStep) -> None:
        """Take it away from here, so that all that was written is in it. DeliveryError."""
        with asking(f"detaching volume {self.id}"):
            work.aws.ec2.detach_volume(VolumeId=self.id, InstanceId=self._baker.instance)
        work.wait(step, f"volume {self.id} to be detached", lambda: self._is(work.aws, "available") or None)

    def _is(self, aws: Aws, state: str) -> bool:
        with asking(f"looking at volume {self.id}"):
            (described,) = aws.ec2.describe_volumes(VolumeIds=[self.id])["Volumes"]
        if described["State"] == "error":
            raise DeliveryError(f"volume {self.id} is broken", "the same command makes another")
        attached = [attachment.get("State") for attachment in described.get("Attachments", ())]
        return described["State"] == state and (state != "in-use" or attached == ["attached"])


def parameters(work: BakeContext, snapshot: str, zone: str) -> dict[str, Any]:
    """Parameters of CreateVolume."""
    order, base = work.order, work.base
    parameters: dict[str, Any] = {
        "AvailabilityZone": zone,
        "SnapshotId": snapshot,
        "Size": max(order.root_gb, base.root_gb),
        "VolumeType": "gp3",
        "TagSpecifications": work.specs("volume"),
    }
    if order.encrypted:
        parameters |= {"Encrypted": True, **({"KmsKeyId": order.kms_key} if order.kms_key else {})}
    return parameters


def create(work: BakeContext, step: TimelineStep, snapshot: str, baker: Baker) -> Volume:
    """A volume with what a snapshot holds, beside this instance. DeliveryError."""
    with work.signals.held(), asking("making a volume of the base"):
        id = work.aws.ec2.create_volume(**parameters(work, snapshot, baker.zone))["VolumeId"]
        work.undo.temporary(f"removing volume {id}", lambda: free(work.aws, work.clock, id))
    created = Volume(id, baker)
    step.note(id)
    work.wait(step, f"volume {id}", lambda: created._is(work.aws, "available") or None)
    return created


def free(aws: Aws, clock: HostClock, id: str) -> None:
    """Detach a volume, if it is attached, and remove it; one that is gone is as good. DeliveryError."""
    try:
        for instance in _attached(aws, id):
            with asking(f"detaching volume {id} from {instance}"):
                aws.ec2.detach_volume(VolumeId=id, InstanceId=instance)
        looks = 0
        while _attached(aws, id) and looks < _FREE_LOOKS:
            looks += 1
            clock.sleep(1.0)
        with asking(f"removing volume {id}"):
            aws.ec2.delete_volume(VolumeId=id)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise


def _attached(aws: Aws, id: str) -> list[str]:
    """Instances a volume is attached to, or about to leave."""
    with asking(f"looking at volume {id}"):
        volumes = aws.ec2.describe_volumes(VolumeIds=[id])["Volumes"]
    return [each["InstanceId"] for volume in volumes for each in volume.get("Attachments", ())]


def _taken(aws: Aws, instance: str) -> set[str]:
    with asking(f"looking at the devices of {instance}"):
        reservations = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    mappings = [
        instance.get("BlockDeviceMappings", []) for group in reservations for instance in group["Instances"]
    ]
    names = {mapping.get("DeviceName", "") for each in mappings for mapping in each}
    return names | {name.replace("/dev/xvd", "/dev/sd") for name in names}


def snapshot(work: BakeContext, step: TimelineStep, volume: str) -> str:
    """Keep what a detached volume holds; gives the id of the snapshot. DeliveryError."""
    specs: Any = [spec for spec in work.image_specs() if spec["ResourceType"] == "snapshot"]
    with work.signals.held(), asking(f"making a snapshot of volume {volume}"):
        id = work.aws.ec2.create_snapshot(
            VolumeId=volume, Description=f"{work.name} ({work.bake})", TagSpecifications=specs
        )["SnapshotId"]
        work.undo.made(f"removing snapshot {id}", lambda: _remove_snapshot(work.aws, id))
    step.note(id)
    work.wait(step, f"snapshot {id}", lambda: _complete(work.aws, id) or None)
    return id


def _complete(aws: Aws, id: str) -> bool:
    with asking(f"looking at snapshot {id}"):
        (described,) = aws.ec2.describe_snapshots(SnapshotIds=[id])["Snapshots"]
    if described["State"] == "error":
        raise DeliveryError(f"snapshot {id} failed: {described.get('StateMessage', 'AWS does not say why')}")
    return described["State"] == "completed"


def _remove_snapshot(aws: Aws, id: str) -> None:
    try:
        with asking(f"removing snapshot {id}"):
            aws.ec2.delete_snapshot(SnapshotId=id)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
