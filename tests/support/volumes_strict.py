"""EC2 as a bake in a change root meets it: volumes that take time, and appear as devices of a host that is played.

A volume is a file: made of the file behind its snapshot, seen as a device while it is attached, and kept as the
file behind the snapshot that is made of it. So what is installed in a "device" is really there.
"""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

from images_strict import ACCOUNT, REGION, Images
from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import Volume

from delivery.chroot.devices import Devices

__all__ = ["Volumes", "metadata_service"]


@dataclass
class Volumes(Images):
    """Volumes, snapshots and registered images behind moto's API."""

    host: Path = Path("/nonexistent")
    """Where the devices of this host are played: `dev` and `sys` in it."""
    working: float = 20.0
    """How long making, attaching, detaching a volume takes, and a snapshot."""
    files: dict[str, Path] = field(default_factory=dict)
    """What is in volumes and snapshots."""
    since: dict[str, float] = field(default_factory=dict)
    """When what a volume or snapshot is doing began."""
    leaving: set[str] = field(default_factory=set)
    """Volumes that are being detached."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    plugged: dict[str, str] = field(default_factory=dict)
    """Disks by volume; no name is given twice."""
    registered: list[dict[str, Any]] = field(default_factory=list)
    """What images were registered with."""
    xen: bool = False

    @contextmanager
    def standing(self) -> Iterator[Images]:
        with patch.object(Volume, "status", property(self._status)), super().standing():
            yield self

    def devices(self) -> Devices:
        """The played host."""
        (self.host / "dev").mkdir(parents=True, exist_ok=True)
        (self.host / "sys/block").mkdir(parents=True, exist_ok=True)
        return Devices(self.host / "dev", self.host / "sys")

    def _status(self, volume: Any) -> str:
        if volume.attachment:
            return "in-use"
        return "creating" if self._busy(volume.id) else "available"

    def _busy(self, id: str) -> bool:
        return self.now() < self.since.get(id, 0.0) + self.working

    def tick(self) -> None:
        super().tick()
        for backend in self.backends():
            for volume in backend.volumes.values():
                if volume.attachment and volume.id in self.since and not self._busy(volume.id):
                    self._settle(backend, volume)
            for snapshot in backend.snapshots.values():
                if snapshot.id in self.since:
                    snapshot.status = "pending" if self._busy(snapshot.id) else "completed"

    def _settle(self, backend: Any, volume: Any) -> None:
        name = volume.attachment.device
        if volume.id in self.leaving:
            self.leaving.discard(volume.id)
            backend.detach_volume(volume.id, volume.attachment.instance.id, name)
            self._unplug(volume.id)
        elif volume.attachment.status == "attaching":
            volume.attachment.status = "attached"
            self._plug(volume.id, name)

    def _plug(self, volume: str, name: str) -> None:
        self.devices()
        disk = f"xvd{name[-1]}" if self.xen else f"nvme{next(self.numbers)}n1"
        self.plugged[volume] = disk
        entry = self.host / "sys/block" / disk / "device"
        entry.mkdir(parents=True)
        if not self.xen:
            (entry / "serial").write_text(volume.replace("-", "") + "\n")
        if volume in self.files:
            (self.host / "dev" / disk).symlink_to(self.files[volume])
        else:
            (self.host / "dev" / disk).touch()

    def _unplug(self, volume: str) -> None:
        disk = self.plugged.pop(volume, "")
        if not disk:
            return  # it had not appeared yet
        shutil.rmtree(self.host / "sys/block" / disk)
        (self.host / "dev" / disk).unlink()

    # What is asked for.

    def _do_create_volume(self, response: Any, original: Any) -> Any:
        snapshot = response._get_param("SnapshotId")
        if snapshot not in response.ec2_backend.snapshots:
            raise EC2ClientError("InvalidSnapshot.NotFound", f"The snapshot '{snapshot}' does not exist.")
        result = original(response)
        made = result.result if hasattr(result, "result") else result._result
        assert _tags(made), "a volume without tags is found by nobody"
        self.since[made.id] = self.now()
        if snapshot in self.files:
            self.files[made.id] = self._copy(self.files[snapshot], made.id)
        return result

    def _copy(self, source: Path, name: str) -> Path:
        return Path(shutil.copy(source, source.with_name(name)))

    def _do_attach_volume(self, response: Any, original: Any) -> Any:
        backend, device = response.ec2_backend, response._get_param("Device")
        volume = backend.get_volume(response._get_param("VolumeId"))
        instance = backend.get_instance(response._get_param("InstanceId"))
        if volume.status != "available":
            raise EC2ClientError("IncorrectState", f"{volume.id} is not 'available'.")
        if device in instance.block_device_mapping:
            text = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
            raise EC2ClientError("InvalidParameterValue", text)
        result = original(response)
        volume.attachment.status = "attaching"
        self.since[volume.id] = self.now()
        return result

    def _do_detach_volume(self, response: Any, _: Any) -> Any:
        volume = response.ec2_backend.get_volume(response._get_param("VolumeId"))
        if not volume.attachment:
            raise EC2ClientError("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
        self.leaving.add(volume.id)
        volume.attachment.status, self.since[volume.id] = "detaching", self.now()
        return ActionResult({"VolumeId": volume.id, "State": "detaching"})

    def _do_create_snapshot(self, response: Any, original: Any) -> Any:
        volume = response.ec2_backend.get_volume(response._get_param("VolumeId"))
        assert volume.status == "available", "a snapshot of a volume somebody writes on"
        result = original(response)
        made = result.result if hasattr(result, "result") else result._result
        assert _tags(made), "a snapshot without tags is found by nobody"
        self.since[made.id], made.status = self.now(), "pending"
        if volume.id in self.files:
            self.files[made.id] = self._copy(self.files[volume.id], made.id)
        return result

    def _do_delete_snapshot(self, response: Any, original: Any) -> Any:
        id = response._get_param("SnapshotId")
        for ami in response.ec2_backend.amis.values():
            if ami.ebs_snapshot.id == id:
                raise EC2ClientError(
                    "InvalidSnapshot.InUse", f"The snapshot {id} is currently in use by {ami.id}"
                )
        return original(response)

    def _do_register_image(self, response: Any, original: Any) -> Any:
        mappings = response._get_param("BlockDeviceMappings", [])
        if not mappings:
            return original(response)  # a base
        backend, name = response.ec2_backend, response._get_param("Name")
        self._name(backend, name)
        root = response._get_param("RootDeviceName")
        (snapshot,) = [one["Ebs"]["SnapshotId"] for one in mappings if one["DeviceName"] == root]
        if backend.snapshots[snapshot].status != "completed":
            raise EC2ClientError("InvalidSnapshot.NotFound", f"Snapshot {snapshot} is not completed")
        made = backend.register_image(name, response._get_param("Description", ""))
        del backend.snapshots[made.ebs_snapshot.id]
        made.ebs_snapshot, made.root_device_name = backend.snapshots[snapshot], root
        keys = (
            "Architecture",
            "BootMode",
            "EnaSupport",
            "ImdsSupport",
            "RootDeviceName",
            "VirtualizationType",
        )
        self.registered.append(
            {key: response._get_param(key) for key in keys} | {"BlockDeviceMappings": mappings}
        )
        made.imds_support = response._get_param("ImdsSupport")
        if made.ebs_snapshot.encrypted:
            self.encrypted[made.id] = "default"
        return self._new(response, made)


def _tags(resource: Any) -> list[dict[str, str]]:
    return list(resource.get_tags())


@contextmanager
def metadata_service(instance: str, arch: str, region: str = REGION) -> Iterator[str]:
    """A metadata service that wants a token (IMDSv2); gives its address."""
    document = {"instanceId": instance, "region": region, "availabilityZone": f"{region}a",
                "accountId": ACCOUNT, "architecture": arch}  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            good = self.path == "/latest/api/token" and "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
            self._answer(200 if good else 400, b"secret-token")

        def do_GET(self) -> None:
            allowed = self.headers["X-aws-ec2-metadata-token"] == "secret-token"
            self._answer(200 if allowed else 401, json.dumps(document).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
