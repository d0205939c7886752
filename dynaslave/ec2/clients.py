"""Clients of AWS for one manager: one session, made when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynaslave.ec2.errors import asking
from jobdsl.aws.sessions import AwsClients, environment_region, open_session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

__all__ = ["Clients"]

_READ_SECONDS = 20.0
"""How long an answer may take: polls go on without it."""
_ATTEMPTS = 3
"""Calls in all: what fails is tried again at the next poll."""


class Clients:
    """Region, profile and endpoint as everywhere (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL), or as given.

    `ProviderError` when a client cannot be made.
    """

    def __init__(
        self, *, region: str | None = None, profile: str | None = None, endpoint: str | None = None
    ) -> None:
        self._clients = AwsClients(
            lambda: open_session(profile, region or environment_region()),
            program="dynaslave",
            attempts=_ATTEMPTS,
            read_seconds=_READ_SECONDS,
            asking=asking,
            endpoint=endpoint,
        )
        self._account = ""

    @property
    def ec2(self) -> EC2Client:
        """Instances, templates, images, subnets, tags."""
        return self._clients.client("ec2")  # type: ignore[no-any-return]

    @property
    def dynamodb(self) -> DynamoDBClient:
        """The table of the lease."""
        return self._clients.client("dynamodb")  # type: ignore[no-any-return]

    @property
    def ssm(self) -> SSMClient:
        """Parameters."""
        return self._clients.client("ssm")  # type: ignore[no-any-return]

    @property
    def sqs(self) -> SQSClient:
        """Queues."""
        return self._clients.client("sqs")  # type: ignore[no-any-return]

    @property
    def iam(self) -> IAMClient:
        """Instance profiles."""
        return self._clients.client("iam")  # type: ignore[no-any-return]

    def instance_arn(self, id: str) -> str:
        """Return the ARN of an instance of this account. The caller's identity is fetched once."""
        if not self._account:
            with asking("asking AWS who we are"):
                self._account = self._clients.client("sts").get_caller_identity()["Account"]
        region = self.ec2.meta.region_name
        partition = self.ec2.meta.partition
        return f"arn:{partition}:ec2:{region}:{self._account}:instance/{id}"

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()
