"""EC2 as a bake meets it: moto, with what it leaves out put right behind its API.

It works in the moto of this process, and as a server for other processes: `python tests/support/images_strict.py PORT`.
Instances are pending for a while, run their user data (a function plays it), stop, and say on their console how
it went; images and copies are pending; names are unique and legal; a client token stands for one request;
tags, encryption and permissions are what AWS makes of them. Calls are recorded; each can be refused.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import sys
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

import moto_faster  # noqa: F401

REGION = "eu-west-1"
ACCOUNT = "123456789012"
LEGAL = re.compile(r"[a-zA-Z0-9()\[\] ./\-'@_]{3,128}")
PACKAGES = "bash 5.2.15-2 amd64\nhello 1.2.0-h15.abc1234 amd64\n"
ACTIONS = [
    "run_instances", "describe_instances", "describe_instance_status", "terminate_instances", "stop_instances",
    "get_console_output", "create_image", "copy_image", "describe_images", "deregister_image",
    "modify_image_attribute", "modify_snapshot_attribute", "delete_snapshot", "create_tags", "describe_subnets",
    "get_ebs_encryption_by_default", "get_ebs_default_kms_key_id", "describe_snapshots", "describe_volumes",
    "register_image", "create_snapshot", "create_volume", "attach_volume", "detach_volume", "delete_volume",
]  # fmt: skip


@dataclass
class Played:
    """What became of user data: what the console says, and the tag the instance wrote on itself."""

    console: str = ""
    tag: str = ""
    stops: bool = True


Player = Callable[[str, str], Played]
"""Plays the user data of an instance: (id, user data) -> what became of it."""


def bake_of(user_data: str) -> str:
    """The id of the bake, as the script has it."""
    found = re.search(r"^bake='(\S+)'$", user_data, re.M)
    return found[1] if found else ""


def console_of(bake: str, result: str = "ok", packages: str = PACKAGES) -> str:
    """A console as cloud-init leaves it, with times and names before each line."""
    packed = base64.encodebytes(gzip.compress(packages.encode())).decode().splitlines()
    lines = ["BAKE-STEP: install", "Setting up hello (1.2.0-h15.abc1234) ...", "BAKE-MANIFEST-BEGIN", *packed]
    lines += ["BAKE-MANIFEST-END"] if result == "ok" else []
    lines = lines if result == "ok" else lines[:2]
    said = [f"[   {number}.123456] cloud-init[812]: {line}" for number, line in enumerate(lines, 20)]
    return "\r\n".join([*said, f"BAKE-RESULT: {result.replace('BAKE', bake)} {bake}".rstrip(), ""])


def plays_well(id: str, user_data: str) -> Played:
    """The package is installed; an instance whose role allows it says so on itself too."""
    bake = bake_of(user_data)
    tag = f"ok {bake}" if 'on_instance.py" tag' in user_data else ""
    return Played(console_of(bake), tag)


@dataclass
class Images:
    """What stands behind the API; times are seconds of `now`."""

    now: Callable[[], float] = time.time
    player: Player = plays_well
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
    """Subnets in zones that do not have the type; AWS says so of a dry run of a launch as well."""
    full: set[str] = field(default_factory=set)
    """Subnets without capacity."""
    calls: list[str] = field(default_factory=list)
    """Actions so far."""
    launched: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What was asked for, by instance."""
    born: dict[str, float] = field(default_factory=dict)
    """Instances and images."""
    played: dict[str, Played] = field(default_factory=dict)
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
    def standing(self) -> Iterator[Images]:
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
        return [one for one in ec2_backends[ACCOUNT].values() if one.amis or one.reservations]

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
            self.played[instance.id] = Played(stops=False)  # a player may call, which lets time go by
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
            one.id for backend in self.backends() for one in backend.all_instances()
            if one._state.name == "terminated"
        }  # fmt: skip
        return bool(gone) or ami.name in self.fails

    # Instances.

    def _do_run_instances(self, response: Any, original: Any) -> Any:
        asked = _asked(response)
        self._wrong(response.ec2_backend, asked)
        if asked["subnet"] in self.unsold:
            raise EC2ClientError(
                "Unsupported",
                "Your requested instance type (t3.small) is not supported in your requested Availability Zone "
                "(eu-west-1a). Please retry your request by not specifying an Availability Zone or choosing "
                "eu-west-1b.",
            )
        if response._get_param("DryRun", False):
            return original(response)
        if asked["subnet"] in self.full:
            raise EC2ClientError(
                "InsufficientInstanceCapacity", "We currently do not have sufficient capacity"
            )
        token = response._get_param("ClientToken", "")
        assert token, "a launch without a token may happen twice"
        said = json.dumps([asked, response._get_param("TagSpecifications", [])], sort_keys=True, default=str)
        if before := self.tokens.get(token):
            if before[0] != said:
                raise EC2ClientError("IdempotentParameterMismatch", "Arguments are inconsistent")
            return ActionResult(_reservation_of(response.ec2_backend, before[1]))
        result = original(response)
        (instance,) = result.result.instances if hasattr(result, "result") else result._result.instances
        self.born[instance.id], self.launched[instance.id] = self.now(), asked
        self.tokens[token] = (said, instance.id)
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
            for id, one in backend.reservations.items()
            if any(self.born.get(each.id, 0.0) + self.lag > self.now() for each in one.instances)
        ]
        hidden = {id: backend.reservations.pop(id) for id in young}
        try:
            return original(response)
        finally:
            backend.reservations.update(hidden)

    def _do_describe_instance_status(self, response: Any, original: Any) -> Any:
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

    # Images.

    def _do_create_image(self, response: Any, _: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("Name")
        instance = backend.get_instance(response._get_param("InstanceId"))
        self._name(backend, name)
        if instance._state.name not in ("running", "stopped"):
            raise EC2ClientError("IncorrectInstanceState", f"Instance is {instance._state.name}")
        made = backend.create_image(instance.id, name, response._get_param("Description", ""), [])
        made.root_device_name, made.root_device_type = "/dev/xvda", "ebs"
        self.made_of[made.id] = instance.id
        if instance.id in self.encrypted:
            self.encrypted[made.id] = self.encrypted[instance.id]
        return self._new(response, made)

    def _do_register_image(self, response: Any, original: Any) -> Any:
        result = original(response)
        for ami in response.ec2_backend.amis.values():
            ami.root_device_type = "ebs"
        return result

    def _do_copy_image(self, response: Any, _: Any) -> Any:
        backend, name = response.ec2_backend, response._get_param("Name")
        source, region = response._get_param("SourceImageId"), response._get_param("SourceRegion")
        there = ec2_backends[ACCOUNT][region].amis.get(source)
        if there is None or there.state != "available":
            raise EC2ClientError("InvalidAMIID.NotFound", f"The image ID '{source}' does not exist")
        token = response._get_param("ClientToken", "")
        assert token
        said = json.dumps([source, region, name, response._get_param("TagSpecifications", [])], default=str)
        if before := self.tokens.get(token):
            if before[0] != said:
                raise EC2ClientError("IdempotentParameterMismatch", "Arguments are inconsistent")
            return ActionResult({"ImageId": before[1]})
        self._name(backend, name)
        made = backend.copy_image(source, region, name, response._get_param("Description", ""))
        made.root_device_name, made.root_device_type = there.root_device_name, "ebs"
        self.tokens[token] = (said, made.id)
        if response._get_param("Encrypted", False) or source in self.encrypted:
            self.encrypted[made.id] = response._get_param("KmsKeyId") or "default"
        return self._new(response, made)

    def _name(self, backend: Any, name: str) -> None:
        if not LEGAL.fullmatch(name):
            raise EC2ClientError("InvalidAMIName.Malformed", f"AMI name {name} is invalid")
        if any(one.name == name and one.owner_id == ACCOUNT for one in backend.amis.values()):
            raise EC2ClientError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use")

    def _new(self, response: Any, made: Any) -> Any:
        made.state, self.born[made.id] = "pending", self.now()
        for one in response._get_param("TagSpecifications", []):
            to = {"image": made, "snapshot": made.ebs_snapshot}[one["ResourceType"]]
            assert len(one["Tags"]) <= 50
            for tag in one["Tags"]:
                assert 0 < len(tag["Value"]) <= 256
                assert not tag["Key"].startswith("aws:")
                to.add_tag(tag["Key"], tag["Value"])
        return ActionResult({"ImageId": made.id})

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
        owners = {one.ebs_snapshot.id: one.id for one in response.ec2_backend.amis.values()}
        if self.encrypted.get(owners.get(id, "")) == "default":
            raise EC2ClientError(
                "InvalidParameter", "Snapshot is encrypted with the default key and cannot be shared"
            )
        return original(response)


def _asked(response: Any) -> dict[str, Any]:
    """What a launch asks for, as far as it matters here."""
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
        one for one in backend.reservations.values() if any(each.id == instance for each in one.instances)
    )


def _set(instance: Any, code: int, name: str) -> None:
    instance._state.code, instance._state.name = code, name


def publish(ec2: Any, name: str = "debian-12", **more: str) -> str:
    """A base image of ours."""
    id: str = ec2.register_image(Name=name, RootDeviceName="/dev/xvda", Architecture="x86_64")["ImageId"]
    if more:
        ec2.create_tags(Resources=[id], Tags=[{"Key": key, "Value": value} for key, value in more.items()])
    return id


def serve(port: int, speed: float) -> None:
    """A moto server with all of this, in which waits take `speed` seconds; runs until it is killed."""
    from moto.server import ThreadedMotoServer

    images = Images(boot=speed, install=speed, stopping=speed / 2, console_lag=speed, pending=speed)
    with images.standing():
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
        server.start()
        sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.2)
