"""Everything that would keep a pool from launching, found before it launches and reported together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.ec2.images import ImageDescription, Images
from dynaslave.ec2.subnets import Subnets
from dynaslave.ec2.templates import packed
from dynaslave.pools.defaults import missing
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import ProviderError
from jobdsl.errors import Problem

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeInfoTypeDef, SubnetTypeDef

__all__ = ["Check"]

Problems = Iterator[tuple[str, str]]
"""What is wrong, and the way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Checks what a pool names. `script` makes its user data."""

    clients: Clients
    images: Images
    subnets: Subnets
    script: Callable[[AgentPool], str]

    def check(self, pool: AgentPool, java: int | None = None) -> list[Problem]:
        """Find all problems of a pool, at its line. Reads only; starts and changes nothing.

        java: the release the controller's agents need, None where that is unknown.
        """
        findings: list[tuple[str, str]] = []
        for look in (_settings, self._image, self._types, self._network, self._profile, self._user_data):
            try:
                findings += look(pool)
            except ProviderError as error:
                findings.append((error.message, ""))
        problems = [
            Problem(f"pool {pool.name}: {says}", where=pool.where, hint=hint, rule="ec2")
            for says, hint in findings
        ]
        return problems + list(self._java(pool, java))

    def _java(self, pool: AgentPool, needed: int | None) -> Iterator[Problem]:
        """Check an image's Java, which its tag `java` has; an image without the tag is a warning."""
        image = self._found(pool)
        if needed is None or image is None:
            return
        name, has = f"pool {pool.name}: image {image.id}", image.java
        if has is None:
            message = f"{name} does not say which Java it has, and the controller's agents need {needed}"
            hint = f'tag it "java" = "{needed}" if it has that, or a later one'
            yield Problem(message, pool.where, hint, "warning", rule="ec2")
        elif has < needed:
            message = f"{name} has Java {has}, and the controller's agents need {needed}"
            yield Problem(message, pool.where, f"bake one with Java {needed}", rule="ec2")

    def _image(self, pool: AgentPool) -> Problems:
        if pool.image is None:
            return
        image = self.images.find(pool.image)
        name = f"image {pool.image}" if image.id == str(pool.image) else f"image {pool.image} ({image.id})"
        if image.state != "available":
            yield f"{name} is {image.state}", "wait for it, or name another"
        if image.windows:
            yield f"{name} is a Windows image", "agents start by a shell script: take a Linux image"
        if image.root_gb is None:
            yield f"{name} has no EBS root volume", "take an image with one"
        elif pool.root_volume_gb and pool.root_volume_gb < image.root_gb:
            hint = f"root_volume_gb={image.root_gb} or more, or leave it out"
            yield f"root_volume_gb is {pool.root_volume_gb}, and {name} needs {image.root_gb}", hint

    def _types(self, pool: AgentPool) -> Problems:
        known = {row["InstanceType"]: row for row in self._described(pool)}
        for name in pool.instance_types:
            if name not in known:
                yield f"there is no instance type {name} in this region", "correct instance_types"
        image = self._found(pool)
        for name, info in known.items():
            yield from _fits(name, info, image, pool)

    def _found(self, pool: AgentPool) -> ImageDescription | None:
        """Find the image; anything else about it is reported once."""
        try:
            return self.images.find(pool.image) if pool.image else None
        except ProviderError:
            return None

    def _described(self, pool: AgentPool) -> list[InstanceTypeInfoTypeDef]:
        """By a filter: asked for by name, a single wrong one hides all others."""
        if not pool.instance_types:
            return []
        with asking("looking at instance types"):
            pages = self.clients.ec2.get_paginator("describe_instance_types").paginate(
                Filters=[{"Name": "instance-type", "Values": list(pool.instance_types)}]
            )
            return [row for page in pages for row in page["InstanceTypes"]]

    def _network(self, pool: AgentPool) -> Problems:
        subnets = self.subnets.described(pool.subnets) if pool.subnets else []
        for lost in sorted(set(pool.subnets) - {subnet["SubnetId"] for subnet in subnets}):
            yield f"there is no subnet {lost}", "correct subnets, or the region"
        networks = {subnet["VpcId"] for subnet in subnets}
        if len(networks) > 1:
            yield (
                f"its subnets are of several networks: {', '.join(sorted(networks))}",
                "one network per pool",
            )
        for subnet in subnets:
            if not subnet["AvailableIpAddressCount"]:
                yield f"subnet {subnet['SubnetId']} has no free address", "name more subnets, or larger ones"
        yield from self._groups(pool, networks)
        yield from self._offered(pool, subnets)

    def _groups(self, pool: AgentPool, networks: set[str]) -> Problems:
        if not pool.security_groups:
            return
        with asking("looking at security groups"):
            pages = self.clients.ec2.get_paginator("describe_security_groups").paginate(
                Filters=[{"Name": "group-id", "Values": list(pool.security_groups)}]
            )
            groups = {
                group["GroupId"]: group.get("VpcId", "") for page in pages for group in page["SecurityGroups"]
            }
        for name in pool.security_groups:
            if name not in groups:
                yield f"there is no security group {name}", "correct security_groups, or the region"
            elif len(networks) == 1 and groups[name] not in networks:
                other = f"{groups[name]}, and its subnets of {next(iter(networks))}"
                yield f"security group {name} is of network {other}", "take both from one network"

    def _offered(self, pool: AgentPool, subnets: list[SubnetTypeDef]) -> Problems:
        """Types no zone of the pool sells. That some zones do not is what several zones are for."""
        if not pool.instance_types or not subnets:
            return
        zones = sorted({subnet["AvailabilityZone"] for subnet in subnets})
        with asking("looking at what the zones offer"):
            pages = self.clients.ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone",
                Filters=[
                    {"Name": "instance-type", "Values": list(pool.instance_types)},
                    {"Name": "location", "Values": zones},
                ],
            )
            sold = {offering["InstanceType"] for page in pages for offering in page["InstanceTypeOfferings"]}
        for name in pool.instance_types:
            if name not in sold:
                yield f"{name} is not sold in {', '.join(zones)}", "name subnets of other zones"

    def _profile(self, pool: AgentPool) -> Problems:
        if not pool.instance_profile:
            return
        try:
            with asking(f"looking at instance profile {pool.instance_profile}"):
                profile = self.clients.iam.get_instance_profile(InstanceProfileName=pool.instance_profile)
        except ProviderError as error:
            if error.code != "NoSuchEntity":
                raise
            yield f"there is no instance profile {pool.instance_profile}", "correct instance_profile"
        else:
            if not profile["InstanceProfile"]["Roles"]:
                yield f"instance profile {pool.instance_profile} has no role", "add the agents' role to it"

    def _user_data(self, pool: AgentPool) -> Problems:
        packed(self.script(pool))
        yield from ()


def _settings(pool: AgentPool) -> Problems:
    for name in missing(pool):
        yield f"EC2 needs {name}", "set it in the pool, or in [pools.defaults] of jobdsl.toml"


def _fits(
    name: str, info: InstanceTypeInfoTypeDef, image: ImageDescription | None, pool: AgentPool
) -> Problems:
    architectures = info.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    if image and image.architecture and image.architecture not in architectures:
        yield f"{name} cannot run an image for {image.architecture}", f"it runs {', '.join(architectures)}"
    if pool.spot != "no" and "spot" not in info.get("SupportedUsageClasses", ["spot"]):
        yield f"{name} is not sold on the spot market", "spot=False, or other types"
