"""AWS for one account and region of the settings: its clients, and its errors as errors of `delivery`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from delivery.errors import USAGE, DeliveryError, UnknownNameError
from jobdsl.aws import errors
from jobdsl.aws.errors import ErrorMeaning, is_of_the_clock
from jobdsl.aws.sessions import AwsClients, assume_role, environment_region, open_session

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_autoscaling.client import AutoScalingClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_elb.client import ElasticLoadBalancingClient
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_iam.client import IAMClient
    from mypy_boto3_kms.client import KMSClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient
    from mypy_boto3_sts.client import STSClient

    from delivery.settings import Account, DeliverySettings

__all__ = ["Aws", "AwsError", "ErrorMeaning", "asking", "code_of", "meaning", "open_aws", "principal_of"]

_READ_SECONDS = 30.0
"""How long an answer may take: a deploy goes on for many minutes."""
_ATTEMPTS = 8
"""Calls in all: a deploy that gives up leaves work behind."""


class AwsError(DeliveryError):
    """An error of AWS with its code, its meaning, and the operation that failed."""

    def __init__(self, message: str, hint: str, code: str, meaning: ErrorMeaning, exit_code: int = 1) -> None:
        super().__init__(message, hint, exit_code)
        self.code = code
        self.meaning = meaning


class Aws:
    """One account in one region."""

    def __init__(self, account: str, region: str, session: Session, base: Session | None = None) -> None:
        self.account = account
        """Its name in the settings; `default` if there are none."""
        self.region = region
        self.session = session
        self._base = base or session
        self.clients = AwsClients(
            lambda: session,
            program="delivery",
            attempts=_ATTEMPTS,
            read_seconds=_READ_SECONDS,
            asking=asking,
            region=region,
        )

    @property
    def ec2(self) -> EC2Client:
        """Instances, images, snapshots, launch templates, tags."""
        return self.clients.client("ec2")  # type: ignore[no-any-return]

    @property
    def autoscaling(self) -> AutoScalingClient:
        """Auto Scaling groups."""
        return self.clients.client("autoscaling")  # type: ignore[no-any-return]

    @property
    def elb(self) -> ElasticLoadBalancingClient:
        """Classic load balancers."""
        return self.clients.client("elb")  # type: ignore[no-any-return]

    @property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Listeners and target groups."""
        return self.clients.client("elbv2")  # type: ignore[no-any-return]

    @property
    def cloudwatch(self) -> CloudWatchClient:
        """Alarms."""
        return self.clients.client("cloudwatch")  # type: ignore[no-any-return]

    @property
    def ssm(self) -> SSMClient:
        """Parameters."""
        return self.clients.client("ssm")  # type: ignore[no-any-return]

    @property
    def sts(self) -> STSClient:
        """The identity of the caller."""
        return self.clients.client("sts")  # type: ignore[no-any-return]

    @property
    def dynamodb(self) -> DynamoDBClient:
        """The table of locks."""
        return self.clients.client("dynamodb")  # type: ignore[no-any-return]

    @property
    def s3(self) -> S3Client:
        """Packages."""
        return self.clients.client("s3")  # type: ignore[no-any-return]

    @property
    def quotas(self) -> Any:
        """Quotas of services; boto3's stubs have no type for it here."""
        return self.clients.client("service-quotas")

    @property
    def sns(self) -> Any:
        """Topics that get messages about deploys; boto3's stubs have no type for it here."""
        return self.clients.client("sns")

    @property
    def secretsmanager(self) -> Any:
        """Secrets of the services that are notified of deploys; boto3's stubs have no type for it here."""
        return self.clients.client("secretsmanager")

    @property
    def cloudformation(self) -> Any:
        """Stacks; boto3's stubs have no type for it here."""
        return self.clients.client("cloudformation")

    @property
    def iam(self) -> IAMClient:
        """Roles and instance profiles."""
        return self.clients.client("iam")  # type: ignore[no-any-return]

    @property
    def logs(self) -> Any:
        """Log groups; boto3's stubs have no type for it here."""
        return self.clients.client("logs")

    @property
    def kms(self) -> KMSClient:
        """Keys of encrypted snapshots."""
        return self.clients.client("kms")  # type: ignore[no-any-return]

    @cached_property
    def caller(self) -> str:
        """Return the ARN of the command's user, before any role was assumed. AwsError."""
        if self._base is self.session:
            return str(self._identity["Arn"])
        with asking("reading the caller's identity (sts:GetCallerIdentity)"):
            return self._base.client("sts", region_name=self.region).get_caller_identity()["Arn"]

    @property
    def role_arn(self) -> str:
        """ARN of the user or role that calls, for IAM's simulation; empty for the root user. AwsError."""
        return principal_of(str(self._identity["Arn"]))

    @cached_property
    def account_id(self) -> str:
        """The twelve digits of the account. AwsError."""
        return str(self._identity["Account"])

    @cached_property
    def _identity(self) -> Any:
        with asking("reading the caller's identity (sts:GetCallerIdentity)"):
            return self.sts.get_caller_identity()

    def in_region(self, region: str) -> Aws:
        """Return the same account in another region."""
        return self if region == self.region else Aws(self.account, region, self.session, self._base)


def principal_of(caller: str) -> str:
    """Return the ARN of the user or role behind the ARN of a caller; empty for the root user."""
    session = re.fullmatch(r"(arn:[a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*", caller)
    if session:
        return f"{session[1]}:iam::{session[2]}:role/{session[3]}"
    return caller if ":user/" in caller or ":role/" in caller else ""


def open_aws(settings: DeliverySettings, account_name: str | None = None, region: str | None = None) -> Aws:
    """Open an account in a region; None takes the only one, or that of the environment.

    DeliveryError (exit code 2) if there is no such account or region, or if the credentials belong to
    another account than the settings name.
    """
    account = settings.account(account_name)
    base, session = _sessions(account)
    aws = Aws(account.name, _region(account, region, base), session, base)
    if account.id and aws.account_id != account.id:
        raise DeliveryError(
            f"account {account.name!r} is {account.id}, but the credentials belong to {aws.account_id}",
            "set profile or role of the account in the settings, or the AWS_* variables, to its credentials",
            USAGE,
        )
    return aws


def _sessions(account: Account) -> tuple[Session, Session]:
    """Return the session of the profile or environment, and that of the role assumed from it, if any."""
    with asking(f"connecting to account {account.name!r}"):
        session = open_session(account.profile)
        return session, assume_role(session, account.role, "delivery") if account.role else session


def _region(account: Account, requested: str | None, session: Session) -> str:
    from jobdsl.errors import suggestion

    around = environment_region() or session.region_name
    region = requested or (account.regions[0] if len(account.regions) == 1 else around)
    known = ", ".join(account.regions)
    if not region:
        hint = f"set --region to one of {known}" if known else "set --region or AWS_REGION"
        raise DeliveryError(f"no region is given for account {account.name!r}", hint, USAGE)
    if account.regions and region not in account.regions:
        hint = suggestion(region, account.regions) or f"its regions are {known}"
        raise UnknownNameError(f"account {account.name!r} is not used in region {region!r}", hint)
    return region


_HINTS = {
    ErrorMeaning.Denied: "compare the role's policy with the one in docs/delivery.md",
    ErrorMeaning.Throttled: "AWS throttles this account; run the same command again to continue",
    ErrorMeaning.NoCapacity: "name more instance types or subnets, or request a higher quota",
    ErrorMeaning.Unavailable: "run the same command again to continue where this one stopped",
}


_CLOCK = (
    "check the clock of this host (date -u): AWS refuses signatures that are five minutes off;  "
    "if it is right, the access key or its secret is wrong"
)


def hint_of(code: str, means: ErrorMeaning) -> str:
    """Return the hint for an error of AWS; empty if there is none."""
    return _CLOCK if is_of_the_clock(code) else _HINTS.get(means, "")


def code_of(error: BaseException) -> str:
    """Return the code AWS gave an error, such as `InvalidAMIID.NotFound`; empty for any other error."""
    return error.code if isinstance(error, AwsError) else errors.code_of(error)


def meaning(error: BaseException) -> ErrorMeaning:
    """Return what an error of boto3, or an `AwsError`, means; Other for everything else."""
    if isinstance(error, AwsError):
        return error.meaning
    failure = errors.failure_of(error)
    return failure.meaning if failure else ErrorMeaning.Other


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn whatever boto3 raises while `doing` something into an `AwsError` that names it."""
    try:
        with errors.translated(lambda failure: _error(doing, failure)):
            yield
    except NotImplementedError as error:  # moto in this process; as a server it answers with status 500
        raise AwsError(f"{doing}: {error}", "", "NotImplemented", ErrorMeaning.Unavailable) from error


def _error(doing: str, failure: errors.AwsFailure) -> AwsError:
    code, means = failure.code, failure.meaning
    if failure.kind == "refused":
        return AwsError(f"{doing}: {code}: {failure.text}", hint_of(code, means), code, means)
    if failure.kind == "settings":
        return AwsError(f"{doing}: {failure.text}", errors.SETTINGS_HINT, code, means)
    return AwsError(f"{doing}: no answer from AWS: {failure.text}", _HINTS[means], code, means)
