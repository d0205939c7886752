"""An account in which bakes are tried: strict images on moto, a base, a package, and what is left afterwards."""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from botocore.exceptions import ClientError, ReadTimeoutError
from images_strict import ACCOUNT, REGION, Images, publish
from moto import mock_aws
from moto.ec2.models import ec2_backends

import aws_shared
from delivery import tags as words
from delivery.aws import Aws
from delivery.bake import base, package, pipeline
from delivery.bake.request import Order, Origin
from delivery.bake.result import BakeResult
from delivery.clean import bakes as clean_bakes
from delivery.clock import FakeClock
from delivery.timeline import Timeline

OTHER = "us-east-1"
SERVICES = ("ec2", "ssm", "sts", "s3", "kms")


class KillError(BaseException):
    """The process is killed there: nothing after it runs, and no handler of exceptions sees it."""


@dataclass
class Fault:
    """Something that goes wrong at the call of this number: before it does anything, or after it did everything."""

    number: int
    error: BaseException | str
    when: Literal["before", "after"] = "before"


@dataclass
class World:
    """What there is, and what was called."""

    clock: FakeClock
    images: Images
    base: str
    subnets: tuple[str, ...]
    folder: Path
    calls: list[tuple[str, Any]] = field(default_factory=list)
    fault: Fault | None = None
    lines: list[str] = field(default_factory=list)
    clients: Aws | None = None

    def raw(self, service: str = "ec2", region: str = REGION) -> Any:
        """A client nobody watches."""
        return aws_shared.raw(service, region)

    def aws(self) -> Aws:
        """Clients, each call of which is recorded."""
        if self.clients:
            return self.clients
        made = aws_shared.ours(REGION)
        beside = {REGION: made, OTHER: aws_shared.ours(OTHER)}
        made.in_region = lambda region: beside[region]  # type: ignore[method-assign]
        for one in beside.values():
            for service in SERVICES:
                self._watch(getattr(one, service))
        self.clients = made
        return made

    def _watch(self, client: Any) -> None:
        def before(params: Any, model: Any, context: Any, **_: Any) -> None:
            context["number"] = len(self.calls)
            self.calls.append((model.name, copy.copy(params)))

        def call(context: Any, **_: Any) -> None:
            self._go_wrong("before", context["number"])

        def after(context: Any, **_: Any) -> None:
            self._go_wrong("after", context["number"])

        aws_shared.listen(client, "before-parameter-build", before)
        aws_shared.listen(client, "before-call", call)
        aws_shared.listen(client, "after-call", after)

    def _go_wrong(self, when: str, number: int) -> None:
        if self.fault is None or (self.fault.when, self.fault.number) != (when, number):
            return
        error, self.fault = self.fault.error, None
        if isinstance(error, str):
            if when == "after":
                raise ReadTimeoutError(endpoint_url="https://ec2.test")
            raise ClientError({"Error": {"Code": error, "Message": "asked for by the test"}}, "Any")
        raise error

    def order(self, **more: Any) -> Order:
        """A small package on the base."""
        content = more.pop("content", b"#!/bin/sh\necho installed\n")
        file = self.folder / more.pop("file", "hello-1.2.0.sh")
        file.write_bytes(content)
        parsed = package.parse(str(file))
        digested = package.digested(parsed, hashlib.sha256(content).hexdigest(), len(content))
        plain = Order(
            package=digested,
            base=base.parse(self.base),
            app="hello",
            origin=Origin("15", "abc1234", "shop/hello", "https://ci.test/15/", "https://ci.test/15/"),
            subnets=self.subnets,
        )
        return replace(plain, **more)

    def bake(self, order: Order, id: str = "bake-1", **more: Any) -> BakeResult:
        """Bake, as a process that has just been started."""
        timeline = Timeline(self.clock, self.lines.append)
        return pipeline.bake(self.aws(), order, id, clock=self.clock, timeline=timeline, **more)

    def operations(self) -> list[str]:
        """Names of the calls so far."""
        return [name for name, _ in self.calls]

    def tags(self, id: str, region: str = REGION) -> dict[str, str]:
        """Tags of anything."""
        found = self.raw(region=region).describe_tags(Filters=[{"Name": "resource-id", "Values": [id]}])
        return {one["Key"]: one["Value"] for one in found["Tags"]}

    def image(self, id: str, region: str = REGION) -> dict[str, Any]:
        """An image as it is."""
        (found,) = self.raw(region=region).describe_images(ImageIds=[id])["Images"]
        return dict(found)

    def alive(self) -> set[str]:
        """Instances that cost money."""
        return {
            one.id
            for backend in self.images.backends()
            for one in backend.all_instances()
            if one._state.name != "terminated"
        }

    def reap(self) -> None:
        """What `delivery clean bakes --apply` does when every bake was given up long ago."""
        regions = {region: self.aws().in_region(region) for region in (REGION, OTHER)}
        long_after = self.clock.now() + 365 * 24 * 3600
        for one in clean_bakes.plan([*regions.values()], None, 6.0, long_after):
            if one.action == "remove":
                clean_bakes.remove(regions[one.place], self.clock, one)

    def begin_anew(self) -> None:
        """Forget all but the base: moto takes the longer the more there is."""
        for region in (REGION, OTHER):
            backend = ec2_backends["123456789012"][region]
            for one in backend.all_instances():
                self.images.launched.pop(one.id, None)
            backend.reservations.clear()
            backend.volumes.clear()
            for id in [*backend.amis]:
                if id != self.base:
                    del backend.amis[id]
            for id in set(backend.tags) - {self.base}:
                del backend.tags[id]
            kept = {one.ebs_snapshot.id for one in backend.amis.values()}
            for id in set(backend.snapshots) - kept:
                del backend.snapshots[id]

    def leftovers(self) -> dict[str, dict[str, str]]:
        """Everything that is neither a base nor part of an image that is ready, with its tags."""
        found: dict[str, dict[str, str]] = {}
        for region in (REGION, OTHER):
            backend = ec2_backends["123456789012"][region]
            good = {self.base}
            for ami in backend.amis.values():
                if _tags(ami).get(words.STATE) == words.READY:
                    good |= {ami.id, ami.ebs_snapshot.id}
            good |= {one.ebs_snapshot.id for one in backend.amis.values() if one.id == self.base}
            volumes = {
                id
                for id, one in backend.volumes.items()
                if one.attachment is None or one.attachment.instance.id
            }
            resources: list[Any] = [*backend.amis.values(), *backend.snapshots.values()]
            resources += [one for id, one in backend.volumes.items() if id in volumes]
            resources += [one for one in backend.all_instances() if one._state.name != "terminated"]
            found |= {str(one.id): _tags(one) for one in resources if one.id not in good}
        return found


def _tags(resource: Any) -> dict[str, str]:
    return {one["key"]: one["value"] for one in resource.get_tags()}


@contextmanager
def world(folder: Path, kind: Callable[..., Images] = Images) -> Iterator[World]:
    """A strict account for as long as the block runs."""
    clock = FakeClock()
    images = kind(now=clock.now)
    environment = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", "AWS_REGION": REGION}
    with patch.dict(os.environ, environment), mock_aws(), images.standing():
        ec2 = aws_shared.raw("ec2", REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = tuple(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for number, zone in enumerate("ab")
        )
        made = World(clock, images, publish(ec2, version="12.7"), subnets, folder)
        images.calls.clear()
        yield made


FRIEND = "210987654321"


def own_key(aws: World, alias: str = "alias/images", region: str = "eu-west-1") -> str:
    kms = aws.raw("kms", region)
    principal = {"AWS": [f"arn:aws:iam::{one}:root" for one in (ACCOUNT, FRIEND)]}
    said = {"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [said]})
    kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"])
    return alias
