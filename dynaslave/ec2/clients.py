"""Clients of AWS for one manager: one session, made when first needed. Only here boto3 comes in."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from dynaslave.ec2.errors import asking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

__all__ = ["Clients"]

_CONNECT_S, _READ_S, _ATTEMPTS = 3.1, 20.0, 3


class Clients:
    """Region, profile and endpoint as everywhere (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL), or as given.

    Calls are retried twice, adaptively: throttled clients slow down by themselves. `ProviderError` when a
    client cannot be made.
    """

    def __init__(
        self, *, region: str | None = None, profile: str | None = None, endpoint: str | None = None
    ) -> None:
        # boto3 reads AWS_DEFAULT_REGION alone; every other tool of AWS reads this one first.
        region = region or os.environ.get("AWS_REGION") or None
        self._where: dict[str, Any] = {"region_name": region, "profile_name": profile}
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._account = ""

    @property
    def ec2(self) -> EC2Client:
        """Instances, templates, images, subnets, tags."""
        return self._client("ec2")  # type: ignore[no-any-return]

    @property
    def dynamodb(self) -> DynamoDBClient:
        """The table of the lease."""
        return self._client("dynamodb")  # type: ignore[no-any-return]

    @property
    def ssm(self) -> SSMClient:
        """Parameters."""
        return self._client("ssm")  # type: ignore[no-any-return]

    @property
    def sqs(self) -> SQSClient:
        """Queues."""
        return self._client("sqs")  # type: ignore[no-any-return]

    @property
    def iam(self) -> IAMClient:
        """Instance profiles."""
        return self._client("iam")  # type: ignore[no-any-return]

    def instance_arn(self, id: str) -> str:
        """The ARN of an instance of this account and region. Who we are is asked once, and always allowed."""
        if not self._account:
            with asking("asking AWS who we are"):
                self._account = self._client("sts").get_caller_identity()["Account"]
        region = self.ec2.meta.region_name
        partition = self.ec2.meta.partition
        return f"arn:{partition}:ec2:{region}:{self._account}:instance/{id}"

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()

    def _client(self, service: str) -> Any:
        with self._lock:  # making a client is not safe in threads; using one is
            if service not in self._made:
                with asking(f"connecting to AWS ({service})"):
                    self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        from boto3.session import Session
        from botocore.config import Config

        if self._session is None:
            self._session = Session(**self._where)
        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
            user_agent_extra="dynaslave",
        )
        return self._session.client(service, endpoint_url=self._endpoint, config=config)
