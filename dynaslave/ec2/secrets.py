"""What agents need to connect, as SecureStrings in SSM: one parameter per instance, which only it may read.

A parameter is named by the instance and tagged with its ARN; the agents' policy compares that tag with the
ARN of the caller. Its description names the node, so that a sweep need not read a single secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dynaslave.ec2.batches import batched
from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking
from dynaslave.ec2.tags import MANAGER, NODE
from dynaslave.provider import Hand
from jobdsl.aws.tags import written

if TYPE_CHECKING:
    from mypy_boto3_ssm.type_defs import ParameterMetadataTypeDef

__all__ = ["INSTANCE", "AgentSecrets", "prefix"]

INSTANCE = "dynaslave:instance"
"""The tag with the ARN of the instance that may read it."""
_MOST_DELETED = 10
"""Parameters one call deletes."""


def prefix(manager: str) -> str:
    """What the names of a manager's parameters begin with."""
    return f"/dynaslave/{manager}/"


class AgentSecrets:
    """Parameters of one manager. `arn_of` gives the ARN of an instance; `key` is a KMS key, or AWS's own."""

    def __init__(self, clients: Clients, manager: str, arn_of: Callable[[str], str], key: str = "") -> None:
        self._clients = clients
        self._manager = manager
        self._prefix = prefix(manager)
        self._arn_of = arn_of
        self._key: dict[str, Any] = {"KeyId": key} if key else {}

    def put(self, instance: str, hand: Hand) -> None:
        """Write, or write again, the parameters of an instance."""
        value = {
            "node": hand.node,
            "secret": hand.secret,
            "url": hand.url,
            "workdir": hand.workdir,
            "websocket": hand.websocket,
        }
        parameters: dict[str, Any] = {
            "Name": self._prefix + instance,
            "Description": hand.node,
            "Value": json.dumps(value),
            "Type": "SecureString",
            **self._key,
        }
        tags: Any = written({INSTANCE: self._arn_of(instance), MANAGER: self._manager, NODE: hand.node})
        ssm = self._clients.ssm
        with asking(f"handing node {hand.node} to {instance}"):
            try:
                ssm.put_parameter(**parameters, Tags=tags)
            except ssm.exceptions.ParameterAlreadyExists:
                # Tags and Overwrite exclude each other; the tag that protects it is there already.
                ssm.put_parameter(**parameters, Overwrite=True)

    def delete(self, instances: Sequence[str]) -> None:
        """Delete the parameters of instances; missing ones are no error."""
        with asking("deleting secrets of agents"):
            for batch in batched([self._prefix + instance for instance in instances], _MOST_DELETED):
                self._clients.ssm.delete_parameters(Names=list(batch))

    def sweep(self, nodes: frozenset[str]) -> None:
        """Delete the parameters for nodes that are not in `nodes`."""
        with asking("looking for unused secrets"):
            pages = self._clients.ssm.get_paginator("describe_parameters").paginate(
                ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": [self._prefix]}]
            )
            parameters = [parameter for page in pages for parameter in page["Parameters"]]
        self.delete(
            [
                _instance(parameter)
                for parameter in parameters
                if parameter.get("Description", "") not in nodes
            ]
        )


def _instance(parameter: ParameterMetadataTypeDef) -> str:
    return parameter.get("Name", "").rpartition("/")[2]
