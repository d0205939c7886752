"""Reads the secrets of senders: from the environment, Parameter Store or Secrets Manager."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from delivery.aws import asking
from delivery.errors import DeliveryError

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = ["read_secret"]


def read_secret(aws: Aws, reference: str) -> str:
    """Read `env:NAME`, `ssm:NAME` or `secretsmanager:NAME`. DeliveryError, which never has the secret."""
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = os.environ.get(name, "")
        if not value:
            raise DeliveryError(f"environment variable {name} is not set")
    elif kind == "ssm":
        with asking(f"reading parameter {name}"):
            value = aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    else:
        with asking(f"reading secret {name}"):
            value = aws.secretsmanager.get_secret_value(SecretId=name).get("SecretString", "")
    return value.strip()
