"""Clients of AWS that all tests of a process share: making one takes longer than most tests do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import boto3

import moto_faster  # noqa: F401
from delivery.aws import Aws, open_aws
from delivery.settings import DeliverySettings

__all__ = ["SERVICES", "listen", "ours", "raw"]

SERVICES = (
    "ec2",
    "autoscaling",
    "elb",
    "elbv2",
    "cloudwatch",
    "ssm",
    "sts",
    "dynamodb",
    "s3",
    "kms",
    "quotas",
)


@cache
def raw(service: str, region: str) -> Any:
    """A client nobody listens to."""
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def ours(region: str) -> Aws:
    """The account of the environment as commands open it, with clients that are there already.

    Whoever listened to them no longer does: what one test hangs on a client is not there for the next.
    """
    made = open_aws(DeliverySettings(), None, region)
    for service in SERVICES:
        client, events = _client(service, region)
        client.meta.events = copy.copy(events)
        made.clients.put(service, client)
    return made


@cache
def _client(service: str, region: str) -> tuple[Any, Any]:
    """A client, and its events as they are when nobody listens."""
    client = getattr(open_aws(DeliverySettings(), None, region), service)
    return client, copy.copy(client.meta.events)


def listen(client: Any, event: str, handler: Callable[..., Any]) -> None:
    """Have a handler called at an event of all calls of a client."""
    client.meta.events.register(f"{event}.{client.meta.service_model.service_id.hyphenize()}", handler)
