"""EC2 for bakes: moto, with what it leaves out.

Instances are pending for a while, run their user data (a function plays it), stop, and show the result on
their console; images and copies are pending; names are unique and legal; a client token stands for one
request; tags, encryption and permissions follow AWS. Calls are recorded; each can be refused.
"""

from __future__ import annotations

import base64
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami
from moto.ec2.responses import EC2Response

from delivery.testing.user_data import UserDataPlayer, UserDataRun, run_user_data

REGION = "eu-west-1"
ACCOUNT = "123456789012"
LEGAL = re.compile(r"[a-zA-Z0-9()\[\] ./\-'@_]{3,128}")
ACTIONS = [
    "run_instances", "describe_instances", "describe_instance_status", "terminate_instances",
    "stop_instances", "get_ebs_encryption_by_default", "get_ebs_default_kms_key_id", "describe_snapshots",
    "get_console_output", "create_image", "copy_image", "describe_images", "deregister_image",
    "modify_image_attribute", "modify_snapshot_attribute", "delete_snapshot", "create_tags",
    "describe_subnets", "describe_volumes",
    "register_image", "create_snapshot", "create_volume", "attach_volume", "detach_volume", "delete_volume",
]  # fmt: skip


@dataclass
class SimulatedImages:
    """What stands behind the API; times are seconds of `now`."""

    now: Callable[[], float] = time.time
    player: UserDataPlayer = run_user_data
    boot: float = 20.0
    install: float = 60.0
    stopping: float = 10.0
    console_lag: float = 30.0
    """After an instance has stopped, its console is shown so much later."""
    pending: float = 90.0
    """Until an image or a copy is available."""
    lag: float = 0.0
    """Until something new is shown."""
    denied: set[str] = field(default_factory=set)
    """Actions that are refused (`create_image`)."""
    unsold: set[str] = field(default_factory=set)
    """Subnets in zones that do not have the type; AWS refuses a dry run of a launch as well."""
    full: set[str] = field(default_factory=set)
    """Subnets without capacity."""
    calls: list[str] = field(default_factory=list)
    """Actions so far."""
    launched: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was asked for, by instance."""
    born: dict[str, float] = field(default_factory=dict)
    """Instances and images."""
    played: dict[str, UserDataRun] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)
    """Instance by image."""
    encrypted: dict[str, str] = field(default_factory=dict)
    """Key by image or volume's instance: `default`, or the key's name; missing if it is not encrypted."""
    default_key: str = "alias/aws/ebs"
    fails: set[str] = field(default_factory=set)
    """Names of images that AWS fails to make."""
    user_data: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def standing(self) -> Iterator[SimulatedImages]:
        """Behind moto's API for as long as the block runs."""
        with ExitStack() as stack:
            for action in ACTIONS:
                stack.enter_context(patch.object(EC2Response, action, self._around(action), create=True))
            mappings = property(lambda ami: self._mappings(ami))
            stack.enter_context(patch.object(Ami, "block_device_mappings", mappings))
            stack.enter_context(patch.dict(os.environ, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}))
            yield self

    def backends(self) -> list[Any]:
        """Of all regions there is something in."""
        return [backend for backend in ec2_backends[ACCOUNT].values() if backend.amis or backend.reservations]

    def _around(self, action: str) -> Callable[[Any], Any]:
        original, own = getattr(EC2Response, action, None), getattr(self, f"_do_{action}", None)

        def answer(response: Any) -> Any:
            with self.lock:
                self.calls.append(action)
                if action in self.denied:
                    raise EC2ClientError("UnauthorizedOperation", "You are not authorized to do that.")
                self.tick()
                if own is not None:
                    return own(response, original)
                assert original is not None
                return original(response)

        return answer

    def _mappings(self, ami: Any) -> list[dict[str, Any]]:
        volume = {
            "SnapshotId": ami.ebs_snapshot.id,
            "VolumeSize": 8,
            "DeleteOnTermination": True,
            "VolumeType": "gp3",
            "Encrypted": ami.id in self.encrypted,
        }
        return [{"DeviceName": ami.root_device_name, "Ebs": volume}]

    # Time goes by.

    def tick(self) -> None:
        """What has become of everything by now."""
        for backend in self.backends():
            for instance in backend.all_instances():
                if instance.id in self.launched:
                    self._instance(instance)
            for ami in list(backend.amis.values()):
                if ami.state == "pending" and self.now() >= self.born[ami.id] + self.pending:
                    ami.state = "failed" if self._failed(ami) else "available"

    def _instance(self, instance: Any) -> None:
        if instance._state.name in ("terminated", "stopped"):
            return
        age = self.now() - self.born[instance.id]
        if age < self.boot:
            _set(instance, 0, "pending")
            return
        text = self.launched[instance.id]["user_data"]
        if instance.id not in self.played and text:
            self.played[instance.id] = UserDataRun(stops=False)  # a player may call, which lets time go by
            self.played[instance.id] = self.player(instance.id, text)
        _set(instance, 16, "running")
        played = self.played.get(instance.id)
        if played is None or not played.stops or age < self.boot + self.install:
            return
        if played.tag:
            instance.add_tag("delivery:proof", played.tag)
        if age < self.boot + self.install + self.stopping:
            _set(instance, 64, "stopping")
            return
        instance.stop()
        instance.state_reason.code = "Client.InstanceInitiatedShutdown"
        instance.state_reason.message = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"
        self.stopped[instance.id] = self.born[instance.id] + self.boot + self.install + self.stopping

    def _failed(self, ami: Any) -> bool:
        """An image whose instance went before it was done is no good."""
        source = self.made_of.get(ami.id)
        gone = source is not None and self.backends() and source in {
            instance.id for backend in self.backends() for instance in backend.all_instances()
            if instance._state.name == "terminated"
        }  # fmt: skip
        return bool(gone) or ami.name in self.fails

    # Instances.

    def _do_run_instances(self, response: Any, original: Any) -> Any:
        asked = _asked(response)
        self._wrong(response.ec2_backend, asked)
        if asked["subnet"] in self.unsold:
            raise EC2ClientError(
                "Unsupported",
                "Your requested instance type (t3.small) is not supported in your requested Availability "
                "Zone (eu-west-1a). Please retry your request by not specifying an Availability Zone or "
                "choosing eu-west-1b.",
            )
        if response._get_param("DryRun", False):
            return original(response)
        if asked["subnet"] in self.full:
            raise EC2ClientError(
                "InsufficientInstanceCapacity", "We currently do not have sufficient capacity"
            )
        token = response._get_param("ClientToken", "")
        assert token, "a launch without a token may happen twice"
        request = json.dumps(
            [asked, response._get_param("TagSpecifications", [])], sort_keys=True, default=str
        )
        if before := self.tokens.get(token):
            if before[0] != request:
                raise EC2ClientError("IdempotentParameterMismatch", "Arguments are inconsistent")
            return ActionResult(_reservation_of(response.ec2_backend, before[1]))
        result = original(response)
        (instance,) = result.result.instances if hasattr(result, "result") else result._result.instances
        self.born[instance.id], self.launched[instance.id] = self.now(), asked
        self.tokens[token] = (request, instance.id)
        self.user_data.append(asked["user_data"])
        if asked["key"]:
            self.encrypted[instance.id] = asked["key"]
        elif asked["image"] in self.encrypted:
            self.encrypted[instance.id] = self.encrypted[asked["image"]]
        _set(instance, 0, "pending")
        return result

    def _wrong(self, backend: Any, asked: dict[str, Any]) -> None:
        """What AWS has against such a launch, tried or meant."""
        image = asked["image"]
        amis = backend.amis
        if image not in amis:
            raise EC2ClientError("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
        if amis[image].state != "available":
            raise EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image}' is not available")
        if len(asked["user_data"].encode()) > 16_384:
            raise EC2ClientError("InvalidParameterValue", "User data is limited to 16384 bytes")
        if asked["subnet"] and asked["subnet"] not in _subnets(backend):
            raise EC2ClientError(
                "InvalidSubnetID.NotFound", f"The subnet ID '{asked['subnet']}' does not exist"
            )

    def _do_describe_instances(self, response: Any, original: Any) -> Any:
        backend = response.ec2_backend
        young = [
            id
            for id, reservation in backend.reservations.items()
            if any(self.born.get(each.id, 0.0) + self.lag > self.now() for each in reservation.instances)
        ]
        hidden = {id: backend.reservations.pop(id) for id in young}
        try:
            return original(response)
        finally:
            backend.reservations.update(hidden)

    def _do_describe_instance_status(self, response: Any, _: Any) -> Any:
        statuses = []
        for id in response._get_param("InstanceIds", []):
            instance = response.ec2_backend.get_instance(id)
            well = self.now() >= self.born[id] + self.boot * 2
            status = {"Status": "ok" if well else "initializing"}
            state = {"Code": instance._state.code, "Name": instance._state.name}
            statuses.append(
                {"InstanceId": id, "InstanceState": state, "SystemStatus": status, "InstanceStatus": status}
            )
        return ActionResult({"InstanceStatuses": statuses})

    def _do_get_console_output(self, response: Any, _: Any) -> Any:
        id = response._get_param("InstanceId")
        response.ec2_backend.get_instance(id)
        shown = id in self.stopped and self.now() >= self.stopped[id] + self.console_lag
        text = self.played[id].console if shown else ""
        return ActionResult({"InstanceId": id, "Output": base64.b64encode(text.encode()).decode()})

    # SimulatedImages.

    def _do_create_image(self, response: Any, _: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("Name")
        instance = backend.get_instance(response._get_param("InstanceId"))
        self._name(backend, name)
        if instance._state.name not in ("running", "stopped"):
            raise EC2ClientError("IncorrectInstanceState", f"Instance is {instance._state.name}")
        ami = backend.create_image(instance.id, name, response._get_param("Description", ""), [])
        ami.root_device_name, ami.root_device_type = "/dev/xvda", "ebs"
        self.made_of[ami.id] = instance.id
        if instance.id in self.encrypted:
            self.encrypted[ami.id] = self.encrypted[instance.id]
        return self._new(response, ami)

    def _do_register_image(self, response: Any, original: Any) -> Any:
        result = original(response)
        for ami in response.ec2_backend.amis.values():
            ami.root_device_type = "ebs"
        return result

    def _do_copy_image(self, response: Any, _: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("Name")
        source, region = response._get_param("SourceImageId"), response._get_param("SourceRegion")
        source_ami = ec2_backends[ACCOUNT][region].amis.get(source)
        if source_ami is None or source_ami.state != "available":
            raise EC2ClientError("InvalidAMIID.NotFound", f"The image ID '{source}' does not exist")
        token = response._get_param("ClientToken", "")
        assert token
        request = json.dumps(
            [source, region, name, response._get_param("TagSpecifications", [])], default=str
        )
        if before := self.tokens.get(token):
            if before[0] != request:
                raise EC2ClientError("IdempotentParameterMismatch", "Arguments are inconsistent")
            return ActionResult({"ImageId": before[1]})
        self._name(backend, name)
        ami = backend.copy_image(source, region, name, response._get_param("Description", ""))
        ami.root_device_name, ami.root_device_type = source_ami.root_device_name, "ebs"
        self.tokens[token] = (request, ami.id)
        if response._get_param("Encrypted", False) or source in self.encrypted:
            self.encrypted[ami.id] = response._get_param("KmsKeyId") or "default"
        return self._new(response, ami)

    def _name(self, backend: Any, name: str) -> None:
        if not LEGAL.fullmatch(name):
            raise EC2ClientError("InvalidAMIName.Malformed", f"AMI name {name} is invalid")
        if any(ami.name == name and ami.owner_id == ACCOUNT for ami in backend.amis.values()):
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use")

    def _new(self, response: Any, ami: Any) -> Any:
        ami.state, self.born[ami.id] = "pending", self.now()
        for specification in response._get_param("TagSpecifications", []):
            to = {"image": ami, "snapshot": ami.ebs_snapshot}[specification["ResourceType"]]
            assert len(specification["Tags"]) <= 50
            for tag in specification["Tags"]:
                assert 0 < len(tag["Value"]) <= 256
                assert not tag["Key"].startswith("aws:")
                to.add_tag(tag["Key"], tag["Value"])
        return ActionResult({"ImageId": ami.id})

    def _do_describe_images(self, response: Any, original: Any) -> Any:
        backend = response.ec2_backend
        young = [id for id in backend.amis if self.born.get(id, 0.0) + self.lag > self.now()]
        hidden = {id: backend.amis.pop(id) for id in young}
        try:
            return original(response)
        finally:
            backend.amis.update(hidden)

    def _do_get_ebs_default_kms_key_id(self, *_: Any) -> Any:
        return ActionResult({"KmsKeyId": self.default_key})

    def _do_modify_image_attribute(self, response: Any, original: Any) -> Any:
        if response._get_param("Attribute") == "imdsSupport":
            image = response.ec2_backend.amis[response._get_param("ImageId")]
            image.imds_support = response._get_param("ImdsSupport")["Value"]
            return ActionResult({})
        return original(response)

    def _do_modify_snapshot_attribute(self, response: Any, original: Any) -> Any:
        id = response._get_param("SnapshotId")
        owners = {ami.ebs_snapshot.id: ami.id for ami in response.ec2_backend.amis.values()}
        if self.encrypted.get(owners.get(id, "")) == "default":
            raise EC2ClientError(
                "InvalidParameter", "Snapshot is encrypted with the default key and cannot be shared"
            )
        return original(response)


def _asked(response: Any) -> dict[str, Any]:
    """Return the request of a launch, as far as it matters here."""
    text = response._get_param("UserData") or ""
    mappings = response._get_param("BlockDeviceMappings", [])
    volume = (mappings[0] if mappings else {}).get("Ebs", {})
    encrypted = str(volume.get("Encrypted", "")).lower() == "true"
    return {
        "image": response._get_param("ImageId"),
        "user_data": base64.b64decode(text).decode(),
        "subnet": response._get_param("SubnetId") or "",
        "profile": response._get_param("IamInstanceProfile.Name") or "",
        "tokens": response._get_param("MetadataOptions", {}).get("HttpTokens", ""),
        "shutdown": response._get_param("InstanceInitiatedShutdownBehavior") or "",
        "key": (volume.get("KmsKeyId") or "default") if encrypted else "",
        "type": response._get_param("InstanceType"),
    }


def _subnets(backend: Any) -> set[str]:
    return {id for by_id in backend.subnets.values() for id in by_id}


def _reservation_of(backend: Any, instance: str) -> Any:
    return next(
        reservation
        for reservation in backend.reservations.values()
        if any(each.id == instance for each in reservation.instances)
    )


def _set(instance: Any, code: int, name: str) -> None:
    instance._state.code, instance._state.name = code, name
