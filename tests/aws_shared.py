"""Clients of AWS that all tests of a process share: making one takes longer than most tests do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from typing import Any

import boto3

from delivery.aws import Aws, open_aws
from delivery.settings import Settings

__all__ = ["SERVICES", "listen", "ours", "raw"]

SERVICES = ("ec2", "autoscaling", "elb", "elbv2", "cloudwatch", "ssm", "sts", "dynamodb", "s3", "kms")


@cache
def raw(service: str, region: str) -> Any:
    """A client nobody listens to."""
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def ours(region: str) -> Aws:
    """The account of the environment as commands open it, with clients that are there already."""
    made = open_aws(Settings(), None, region)
    made._made |= {service: _client(service, region) for service in SERVICES}
    return made


@cache
def _client(service: str, region: str) -> Any:
    return getattr(open_aws(Settings(), None, region), service)


def listen(until: ExitStack, client: Any, event: str, handler: Callable[..., Any]) -> None:
    """Have a handler called at an event of all calls of a client, until the stack is closed."""
    name = f"{event}.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register(name, handler)
    until.callback(client.meta.events.unregister, name, handler)
