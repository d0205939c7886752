"""One launch template per pool: what all launches of a pool have in common, as numbered versions.

A version is whole (AWS merges nothing into it that we did not write), and its description is a digest of
it: so an equal version is found again by any manager, and launches name a number, never `$Latest`.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
from typing import TYPE_CHECKING, Any

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.ec2.images import ImageDescription
from dynaslave.ec2.tags import MANAGER, POOL
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Denied, ProviderError
from jobdsl.aws.tags import read, written

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import LaunchTemplateVersionTypeDef, RequestLaunchTemplateDataTypeDef

__all__ = ["Templates", "digest_of", "packed", "template_data"]

log = logging.getLogger(__name__)

_MOST_USER_DATA = 16_384
"""Bytes EC2 takes, before base64."""
_KEPT_VERSIONS = 3
"""Older ones are deleted; the newest few may be in a launch that is under way."""
Version = tuple[str, str]
"""Id of a template, number of a version."""


class Templates:
    """The launch templates of one manager."""

    def __init__(self, clients: Clients, manager: str) -> None:
        self._clients = clients
        self._manager = manager
        self._known: dict[str, tuple[str, Version]] = {}

    def ensure(self, pool: AgentPool, data: RequestLaunchTemplateDataTypeDef) -> Version:
        """Return the version that has exactly `data`, made if there is none."""
        digest = digest_of(data)
        known = self._known.get(pool.name)
        if known and known[0] == digest:
            return known[1]
        with asking(f"preparing the launch template of pool {pool.name}"):
            version = self._find(pool, data, digest)
        self._known[pool.name] = (digest, version)
        return version

    def forget(self, pool: AgentPool) -> None:
        """Forget the template: a launch was refused because it does not exist."""
        self._known.pop(pool.name, None)

    def sweep(self, pools: frozenset[str]) -> None:
        """Delete templates of this manager whose pool is none of `pools`."""
        with asking("looking for unused launch templates"):
            pages = self._clients.ec2.get_paginator("describe_launch_templates").paginate(
                Filters=[{"Name": f"tag:{MANAGER}", "Values": [self._manager]}]
            )
            templates = [template for page in pages for template in page["LaunchTemplates"]]
            for template in templates:
                if read(template.get("Tags")).get(POOL) not in pools:
                    self._clients.ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])

    def _name(self, pool: AgentPool) -> str:
        return f"dynaslave-{self._manager}-{pool.name}"

    def _find(self, pool: AgentPool, data: RequestLaunchTemplateDataTypeDef, digest: str) -> Version:
        versions = self._versions(pool)
        for version in versions:
            if version.get("VersionDescription") == digest:
                return version["LaunchTemplateId"], str(version["VersionNumber"])
        if not versions:
            return self._create(pool, data, digest)
        return self._add(versions, data, digest)

    def _versions(self, pool: AgentPool) -> list[LaunchTemplateVersionTypeDef]:
        from botocore.exceptions import ClientError

        try:
            pages = self._clients.ec2.get_paginator("describe_launch_template_versions").paginate(
                LaunchTemplateName=self._name(pool)
            )
            return [version for page in pages for version in page["LaunchTemplateVersions"]]
        except ClientError as error:
            if error.response["Error"].get("Code", "").startswith("InvalidLaunchTemplateName.NotFound"):
                return []
            raise

    def _create(self, pool: AgentPool, data: RequestLaunchTemplateDataTypeDef, digest: str) -> Version:
        tags = written({MANAGER: self._manager, POOL: pool.name})
        created = self._clients.ec2.create_launch_template(
            LaunchTemplateName=self._name(pool),
            VersionDescription=digest,
            LaunchTemplateData=data,
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )["LaunchTemplate"]
        return created["LaunchTemplateId"], str(created["LatestVersionNumber"])

    def _add(
        self,
        versions: list[LaunchTemplateVersionTypeDef],
        data: RequestLaunchTemplateDataTypeDef,
        digest: str,
    ) -> Version:
        ec2, template = self._clients.ec2, versions[0]["LaunchTemplateId"]
        created = ec2.create_launch_template_version(
            LaunchTemplateId=template, VersionDescription=digest, LaunchTemplateData=data
        )["LaunchTemplateVersion"]
        number = created["VersionNumber"]
        older = sorted((version["VersionNumber"] for version in versions), reverse=True)
        try:
            with asking("cleaning up versions of a launch template"):
                self._clean(template, number, older[_KEPT_VERSIONS - 1 :])
        except ProviderError as error:  # the launch goes on; the next change tries again
            log.warning("%s", error)
        return template, str(number)

    def _clean(self, template: str, newest: int, old: list[int]) -> None:
        """The default cannot be deleted, so the newest becomes the default."""
        ec2 = self._clients.ec2
        ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion=str(newest))
        if old:
            ec2.delete_launch_template_versions(
                LaunchTemplateId=template, Versions=[str(number) for number in old[:200]]
            )


def template_data(pool: AgentPool, image: ImageDescription, script: str) -> RequestLaunchTemplateDataTypeDef:
    """What all launches of a pool have in common. Types, subnets, tags and market are each launch's own."""
    data: dict[str, Any] = {
        "ImageId": image.id,
        "UserData": base64.b64encode(packed(script)).decode(),
        "BlockDeviceMappings": [_volume(pool, image, *volume) for volume in image.volumes],
        # One hop: what runs in a container on the agent has no business with the instance's role.
        "MetadataOptions": {
            "HttpEndpoint": "enabled",
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
        },
        "InstanceInitiatedShutdownBehavior": "terminate",
        "SecurityGroupIds": list(pool.security_groups),
        "IamInstanceProfile": {"Name": pool.instance_profile},
    }
    unset = {"SecurityGroupIds": pool.security_groups, "IamInstanceProfile": pool.instance_profile}
    return {key: data[key] for key in data if unset.get(key, True)}  # type: ignore[return-value]


def packed(script: str) -> bytes:
    """User data as EC2 takes it: compressed if it is long, which cloud-init knows. Denied if too long."""
    plain = script.encode()
    if len(plain) <= _MOST_USER_DATA:
        return plain
    small = gzip.compress(plain, mtime=0)
    if len(small) <= _MOST_USER_DATA:
        return small
    raise Denied(
        f"the user data has {len(small):,} bytes even compressed, and EC2 takes {_MOST_USER_DATA:,}"
        " (put more of the pool's user_data into the image)"
    )


def _volume(pool: AgentPool, image: ImageDescription, device: str, size: int) -> dict[str, Any]:
    """Encrypted, and gone with the instance, whatever the image has."""
    ebs: dict[str, Any] = {"Encrypted": True, "DeleteOnTermination": True, "VolumeSize": size}
    if device == image.root_device:
        ebs |= {"VolumeType": "gp3", "VolumeSize": pool.root_volume_gb or size}
    return {"DeviceName": device, "Ebs": ebs}


def digest_of(data: RequestLaunchTemplateDataTypeDef) -> str:
    """Return a digest of the data of a version of a template."""
    return "sha256:" + hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
