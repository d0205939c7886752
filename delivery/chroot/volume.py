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
        """Attach it to this instance and return its device. DeliveryError."""
        before, taken = devices.seen(), _taken(work.aws, self._baker.instance)
        name = self._attach(work, [name for name in NAMES if name not in taken])
        work.wait(step, f"volume {self.id} to be attached", lambda: self._is(work.aws, "in-use") or None)
        with asking(f"setting volume {self.id} to be deleted with this instance"):
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
            f"all device names of {self._baker.instance} are taken ({NAMES[0]} to {NAMES[-1]})",
            "delivery clean bakes frees those of killed bakes; or run fewer bakes at a time on this host",
        )

    def detach(self, work: BakeContext, step: TimelineStep) -> None:
        """Detach it from this instance, so that all data is written to it. DeliveryError."""
        with asking(f"detaching volume {self.id}"):
            work.aws.ec2.detach_volume(VolumeId=self.id, InstanceId=self._baker.instance)
        work.wait(step, f"volume {self.id} to be detached", lambda: self._is(work.aws, "available") or None)

    def _is(self, aws: Aws, state: str) -> bool:
        with asking(f"reading volume {self.id}"):
            (described,) = aws.ec2.describe_volumes(VolumeIds=[self.id])["Volumes"]
        if described["State"] == "error":
            hint = "run the same command again to create another"
            raise DeliveryError(f"volume {self.id} is in state error", hint)
        attached = [attachment.get("State") for attachment in described.get("Attachments", ())]
        return described["State"] == state and (state != "in-use" or attached == ["attached"])


def parameters(work: BakeContext, snapshot: str, zone: str) -> dict[str, Any]:
    """Return parameters of CreateVolume."""
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
    """Create a volume of a snapshot in the zone of this instance. DeliveryError."""
    with work.signals.held(), asking("creating a volume of the base"):
        id = work.aws.ec2.create_volume(**parameters(work, snapshot, baker.zone))["VolumeId"]
        work.undo.temporary(f"removing volume {id}", lambda: free(work.aws, work.clock, id))
    created = Volume(id, baker)
    step.note(id)
    work.wait(step, f"volume {id}", lambda: created._is(work.aws, "available") or None)
    return created


def free(aws: Aws, clock: HostClock, id: str) -> None:
    """Detach a volume, if it is attached, and remove it; a deleted one counts as removed. DeliveryError."""
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
    """Return the instances a volume is attached to, or being detached from."""
    with asking(f"reading volume {id}"):
        volumes = aws.ec2.describe_volumes(VolumeIds=[id])["Volumes"]
    return [each["InstanceId"] for volume in volumes for each in volume.get("Attachments", ())]


def _taken(aws: Aws, instance: str) -> set[str]:
    with asking(f"reading the devices of {instance}"):
        reservations = aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    mappings = [
        instance.get("BlockDeviceMappings", []) for group in reservations for instance in group["Instances"]
    ]
    names = {mapping.get("DeviceName", "") for each in mappings for mapping in each}
    return names | {name.replace("/dev/xvd", "/dev/sd") for name in names}


def snapshot(work: BakeContext, step: TimelineStep, volume: str) -> str:
    """Take a snapshot of a detached volume and return its id. DeliveryError."""
    specs: Any = [spec for spec in work.image_specs() if spec["ResourceType"] == "snapshot"]
    with work.signals.held(), asking(f"creating a snapshot of volume {volume}"):
        id = work.aws.ec2.create_snapshot(
            VolumeId=volume, Description=f"{work.name} ({work.bake})", TagSpecifications=specs
        )["SnapshotId"]
        work.undo.made(f"removing snapshot {id}", lambda: _remove_snapshot(work.aws, id))
    step.note(id)
    work.wait(step, f"snapshot {id}", lambda: _complete(work.aws, id) or None)
    return id


def _complete(aws: Aws, id: str) -> bool:
    with asking(f"reading snapshot {id}"):
        (described,) = aws.ec2.describe_snapshots(SnapshotIds=[id])["Snapshots"]
    if described["State"] == "error":
        raise DeliveryError(f"snapshot {id} failed: {described.get('StateMessage', 'AWS gives no reason')}")
    return described["State"] == "completed"


def _remove_snapshot(aws: Aws, id: str) -> None:
    try:
        with asking(f"removing snapshot {id}"):
            aws.ec2.delete_snapshot(SnapshotId=id)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound:
            raise
