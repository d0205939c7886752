"""The EC2 instance this process runs on, from its metadata service (IMDSv2)."""

from __future__ import annotations

import os
from typing import NamedTuple

from delivery.errors import USAGE, DeliveryError

__all__ = ["Baker", "baker"]

_DEFAULT = "http://169.254.169.254"
_TIMEOUT = (1.0, 5.0)
_LIFETIME = "60"


class Baker(NamedTuple):
    """Where the volumes of a bake are attached."""

    instance: str
    zone: str
    region: str
    account: str
    """Twelve digits."""
    arch: str


def baker() -> Baker:
    """Return this instance. DeliveryError if this host is not an EC2 instance.

    `AWS_EC2_METADATA_SERVICE_ENDPOINT` names another service, as the AWS SDKs have it.
    """
    import requests

    service = (os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _DEFAULT).rstrip("/")
    try:
        with requests.Session() as session:
            session.trust_env = False  # no proxy knows this address
            lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": _LIFETIME}
            token = session.put(f"{service}/latest/api/token", headers=lifetime, timeout=_TIMEOUT)
            token.raise_for_status()
            response = session.get(
                f"{service}/latest/dynamic/instance-identity/document",
                headers={"X-aws-ec2-metadata-token": token.text},
                timeout=_TIMEOUT,
            )
            response.raise_for_status()
            return _read(response.json())
    except (requests.RequestException, ValueError, KeyError) as error:
        raise DeliveryError(
            f"this host is not an EC2 instance to which a volume can be attached: {error}",
            "run the bake on an agent in EC2, or use --engine instance",
            USAGE,
        ) from error


def _read(document: dict[str, str]) -> Baker:
    return Baker(
        document["instanceId"],
        document["availabilityZone"],
        document["region"],
        document["accountId"],
        document["architecture"],
    )
