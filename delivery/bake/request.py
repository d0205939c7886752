"""The request for a bake: the package, the base, where and how; plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from delivery.bake.base import Wanted
from delivery.bake.package import Package

__all__ = ["PLACES", "Order", "Origin", "Smoke"]

PLACES = ("{private_ip}", "{public_ip}", "{instance_id}")
"""What is filled in in the URL of a try."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package comes from, for tags: all of it may be unknown."""

    build: str = ""
    commit: str = ""
    job: str = ""
    url: str = ""
    owner: str = ""
    """Originator of the bake: a build's URL, or a caller's ARN."""
    jenkins_user: str = ""
    """Id of the Jenkins user that started the build."""
    change_request: str = ""


@dataclass(frozen=True, slots=True)
class Smoke:
    """Smoke test of an image before it is shared: an instance must start and pass these checks."""

    command: str = ""
    """Run by /bin/sh on this host; its environment has IMAGE, INSTANCE_ID, PRIVATE_IP and PUBLIC_IP."""
    url: str = ""
    """Requested until it answers 200; `{private_ip}`, `{public_ip}` and `{instance_id}` are filled in."""


@dataclass(frozen=True, slots=True)
class Order:
    """A bake as it is requested. Times are seconds."""

    package: Package
    base: Wanted
    app: str
    """Application, for tags; default: the package's name."""
    engine: str = "instance"
    origin: Origin = field(default_factory=Origin)
    instance_type: str = ""
    instance_profile: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    root_gb: int = 0
    """Size of the root volume; 0 is the base's."""
    encrypted: bool = True
    kms_key: str = ""
    """Id, ARN or alias; empty is the account's default key. An alias is looked up in each region."""
    regions: tuple[str, ...] = ()
    share: tuple[str, ...] = ()
    """Twelve digits each."""
    smoke: Smoke | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    bucket: str = ""
    """Where a package of this host is handed over to instances."""
    template: Path | None = None
    """Of the engine `packer`."""
    keep_failed: bool = False
    """Leave what a failed bake made, for inspection."""
    again: bool = False
    """Do not take an image that exists."""
    resume: str = ""
    """Go on with this bake only."""
    timeout: float = 3600.0
    """Of each wait."""
    poll: float = 15.0
    """Between two polls."""
    proof_wait: float = 300.0
    """Longest wait for the result on the console of a stopped instance."""
