"""AWS for one account and region: clients made when first needed, and what its errors mean.

Only here boto3 comes in.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from delivery.errors import USAGE, DeliveryError
from jobdsl.printable import plain_words

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_autoscaling.client import AutoScalingClient
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_ec2.client import EC2Client
    from mypy_boto3_elb.client import ElasticLoadBalancingClient
    from mypy_boto3_elbv2.client import ElasticLoadBalancingv2Client
    from mypy_boto3_kms.client import KMSClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_ssm.client import SSMClient
    from mypy_boto3_sts.client import STSClient

    from delivery.settings import Account, DeliverySettings

__all__ = ["Aws", "AwsError", "ErrorMeaning", "asking", "code_of", "meaning", "open_aws"]

_CONNECT_S, _READ_S, _ATTEMPTS = 3.1, 30.0, 8


class ErrorMeaning(StrEnum):
    """What an error of AWS means for us."""

    NotFound = "not found"
    AlreadyExists = "already exists"
    Throttled = "throttled"
    Denied = "denied"
    NoCapacity = "no capacity"
    InUse = "in use"
    Unavailable = "unavailable"
    """AWS did not answer, or nobody knows whether it did what it was asked."""
    Other = "other"


class AwsError(DeliveryError):
    """An error of AWS with its code, what it means, and what was being done."""

    def __init__(self, message: str, hint: str, code: str, meaning: ErrorMeaning, exit_code: int = 1) -> None:
        super().__init__(message, hint, exit_code)
        self.code = code
        self.meaning = meaning


class Aws:
    """One account in one region.

    Calls are retried adaptively: throttled clients slow down by themselves. `AWS_ENDPOINT_URL`, profiles and
    the other settings apply as boto3 has them.
    """

    def __init__(self, account: str, region: str, session: Session, base: Session | None = None) -> None:
        self.account = account
        """Its name in the settings; `default` if there are none."""
        self.region = region
        self.session = session
        self._base = base or session
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    @property
    def ec2(self) -> EC2Client:
        """Instances, images, snapshots, launch templates, tags."""
        return self._client("ec2")  # type: ignore[no-any-return]

    @property
    def autoscaling(self) -> AutoScalingClient:
        """Auto Scaling groups."""
        return self._client("autoscaling")  # type: ignore[no-any-return]

    @property
    def elb(self) -> ElasticLoadBalancingClient:
        """Classic load balancers."""
        return self._client("elb")  # type: ignore[no-any-return]

    @property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Listeners and target groups."""
        return self._client("elbv2")  # type: ignore[no-any-return]

    @property
    def cloudwatch(self) -> CloudWatchClient:
        """Alarms."""
        return self._client("cloudwatch")  # type: ignore[no-any-return]

    @property
    def ssm(self) -> SSMClient:
        """Parameters."""
        return self._client("ssm")  # type: ignore[no-any-return]

    @property
    def sts(self) -> STSClient:
        """Who we are."""
        return self._client("sts")  # type: ignore[no-any-return]

    @property
    def dynamodb(self) -> DynamoDBClient:
        """The table of locks."""
        return self._client("dynamodb")  # type: ignore[no-any-return]

    @property
    def s3(self) -> S3Client:
        """Packages."""
        return self._client("s3")  # type: ignore[no-any-return]

    @property
    def quotas(self) -> Any:
        """Quotas of services; boto3's stubs have no type for it here."""
        return self._client("service-quotas")

    @property
    def kms(self) -> KMSClient:
        """Keys of encrypted snapshots."""
        return self._client("kms")  # type: ignore[no-any-return]

    @cached_property
    def caller(self) -> str:
        """ARN of who runs the command, before any role was assumed. AwsError."""
        if self._base is self.session:
            return str(self._identity["Arn"])
        with asking("asking AWS who we are"):
            return self._base.client("sts", region_name=self.region).get_caller_identity()["Arn"]

    @cached_property
    def account_id(self) -> str:
        """The twelve digits of the account. AwsError."""
        return str(self._identity["Account"])

    @cached_property
    def _identity(self) -> Any:
        with asking("asking AWS who we are"):
            return self.sts.get_caller_identity()

    def in_region(self, region: str) -> Aws:
        """The same account in another region."""
        return self if region == self.region else Aws(self.account, region, self.session, self._base)

    def _client(self, service: str) -> Any:
        with self._lock:  # making a client is not safe in threads; using one is
            if service not in self._made:
                with asking(f"connecting to AWS ({service})"):
                    self._made[service] = self._make(service)
            return self._made[service]

    def forget_clients(self) -> None:
        """Make clients anew from now on, with all that was registered at the session meanwhile."""
        with self._lock:
            self._made.clear()

    def _make(self, service: str) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
            user_agent_extra="delivery",
        )
        client: Any = self.session.client
        return client(service, region_name=self.region, config=config)


def open_aws(settings: DeliverySettings, account_name: str | None = None, region: str | None = None) -> Aws:
    """The account of that name in that region; None takes the only one there is, or that of the environment.

    DeliveryError (exit code 2) if there is no such account or region, or if the credentials are another
    account's than the settings say.
    """
    account = settings.account(account_name)
    base, session = _sessions(account)
    aws = Aws(account.name, _region(account, region, base), session, base)
    if account.id and aws.account_id != account.id:
        raise DeliveryError(
            f"account {account.name!r} is {account.id}, but the credentials are of {aws.account_id}",
            "profile, role or the AWS_* variables say whose credentials are taken",
            USAGE,
        )
    return aws


def _sessions(account: Account) -> tuple[Session, Session]:
    """That of the profile or the environment, and that of the role assumed from it, if there is one."""
    import boto3

    with asking(f"connecting to account {account.name!r}"):
        session = boto3.Session(profile_name=account.profile)
        return session, _assumed(session, account.role) if account.role else session


def _assumed(base: Session, role: str) -> Session:
    """A session of a role; its credentials are renewed by themselves, so that a long deploy outlives them."""
    import boto3
    import botocore.session
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

    plain: Any = botocore.session.get_session()
    source: Any = base
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=source._session.create_client,
        source_credentials=base.get_credentials(),
        role_arn=role,
        extra_args={"RoleSessionName": "delivery"},
    )
    plain._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=plain)


def _region(account: Account, wanted: str | None, session: Session) -> str:
    from jobdsl.errors import suggestion

    # boto3 reads AWS_DEFAULT_REGION alone; every other tool of AWS reads this one first.
    around = os.environ.get("AWS_REGION") or session.region_name
    region = wanted or (account.regions[0] if len(account.regions) == 1 else around)
    known = ", ".join(account.regions)
    if not region:
        hint = f"--region takes one of {known}" if known else "--region or AWS_REGION"
        raise DeliveryError(f"which region of account {account.name!r}?", hint, USAGE)
    if account.regions and region not in account.regions:
        hint = suggestion(region, account.regions) or f"its regions are {known}"
        raise DeliveryError(f"account {account.name!r} is not used in region {region!r}", hint, USAGE)
    return region


_MEANINGS: dict[ErrorMeaning, tuple[str, ...]] = {
    ErrorMeaning.NotFound: ("NotFound", "NoSuch", "InvalidAMIID.Unavailable", "404"),
    ErrorMeaning.AlreadyExists: (
        "AlreadyExists",
        "Duplicate",
        "IdempotentParameterMismatch",
        "AlreadyAssociated",
    ),
    ErrorMeaning.Throttled: (
        "Throttl",
        "RequestLimitExceeded",
        "TooManyRequests",
        "BandwidthLimitExceeded",
        "SlowDown",
        "ProvisionedThroughputExceeded",
        "PriorRequestNotComplete",
    ),
    ErrorMeaning.Denied: (
        "AccessDenied",
        "Unauthorized",
        "AuthFailure",
        "OptInRequired",
        "ExpiredToken",
        "InvalidClientTokenId",
        "UnrecognizedClient",
        "SignatureDoesNotMatch",
        "OperationNotPermitted",
        "NotAuthorized",
        "MissingAuthenticationToken",
        "InvalidSignature",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "RequestInTheFuture",
    ),
    ErrorMeaning.NoCapacity: (
        "InsufficientInstanceCapacity",
        "InsufficientCapacity",
        "InsufficientHostCapacity",
        "UnfulfillableCapacity",
        "InstanceLimitExceeded",
        "VcpuLimitExceeded",
        "MaxSpotInstanceCountExceeded",
        "InsufficientFreeAddressesInSubnet",
        "ResourceLimitExceeded",
        "LimitExceeded",
    ),
    ErrorMeaning.InUse: (
        "InUse",
        "ResourceInUse",
        "ResourceContention",
        "DependencyViolation",
        "IncorrectState",
        "IncorrectInstanceState",
        "ScalingActivityInProgress",
    ),
}
_OUTAGES = ("InternalError", "InternalFailure", "InternalServerError", "ServerInternal", "ServiceUnavailable",
            "Unavailable", "RequestTimeout")  # fmt: skip
"""Codes of a service that cannot answer now, whatever the status of the answer."""
_HINTS = {
    ErrorMeaning.Denied: "compare the role's policy with the one in docs/delivery",
    ErrorMeaning.Throttled: "AWS gets too many requests from this account; the same command continues",
    ErrorMeaning.NoCapacity: "name more instance types or subnets, or ask Service Quotas for more",
    ErrorMeaning.Unavailable: "the same command continues where this one stopped",
}


_SIGNATURE = ("SignatureDoesNotMatch", "InvalidSignature", "RequestExpired", "RequestTimeTooSkewed",
              "RequestInTheFuture", "AuthFailure")  # fmt: skip
"""Codes, or their beginnings, that AWS answers with when the clock of who signed is wrong."""
_CLOCK = (
    "is the clock of this host right (date -u)? AWS refuses signatures that are five minutes off; "
    "else the access key or its secret is wrong"
)


def hint_of(code: str, means: ErrorMeaning) -> str:
    """What to do about an error of AWS; empty if nothing is known."""
    return _CLOCK if code.startswith(_SIGNATURE) else _HINTS.get(means, "")


def code_of(error: BaseException) -> str:
    """The code AWS gave an error, such as `InvalidAMIID.NotFound`; empty if it is none of AWS."""
    if isinstance(error, AwsError):
        return error.code
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def meaning(error: BaseException) -> ErrorMeaning:
    """What an error of boto3, or an `AwsError`, means; Other for everything else."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    if isinstance(error, AwsError):
        return error.meaning
    if isinstance(error, ClientError):
        return _meaning_of(error)
    if isinstance(error, BotoCoreError):
        return ErrorMeaning.Denied if isinstance(error, _unsaid()) else ErrorMeaning.Unavailable
    return ErrorMeaning.Unavailable if isinstance(error, ResponseParserError) else ErrorMeaning.Other


def _meaning_of(error: Any) -> ErrorMeaning:
    answer = error.response.get("Error", {})
    code, text = str(answer.get("Code", "")), str(answer.get("Message", ""))
    if code == "ValidationError":  # Auto Scaling says so of everything; only its words tell what it means
        return _by_words(text)
    if code == "Unsupported":  # of a launch: the zone of the subnet does not have this type
        return ErrorMeaning.NoCapacity
    for means in (ErrorMeaning.Throttled, ErrorMeaning.NoCapacity, ErrorMeaning.Denied):
        if code.startswith(_MEANINGS[means]):
            return means
    for means in (ErrorMeaning.AlreadyExists, ErrorMeaning.InUse, ErrorMeaning.NotFound):
        if any(word in code for word in _MEANINGS[means]):
            return means
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return ErrorMeaning.Unavailable if status >= 500 or code in _OUTAGES else ErrorMeaning.Other


def _by_words(text: str) -> ErrorMeaning:
    lowered = text.lower()
    if "already exists" in lowered:
        return ErrorMeaning.AlreadyExists
    missing = ("not found", "does not exist", "no group", "unable to find")
    return ErrorMeaning.NotFound if any(word in lowered for word in missing) else ErrorMeaning.Other


@contextmanager
def asking(doing: str) -> Iterator[None]:
    """Turn whatever boto3 raises while `doing` something into an `AwsError`, which says so."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError  # not one of the BotoCoreErrors

    try:
        yield
    except exceptions.ClientError as error:
        answer = error.response.get("Error", {})
        code, text = answer.get("Code", ""), str(answer.get("Message", ""))
        text = text.partition(" Encoded authorization failure message")[0]  # a kilobyte only AWS can read
        text = plain_words(text)
        means = meaning(error)
        raise AwsError(f"{doing}: {code}: {text}", hint_of(code, means), code, means) from error
    except _unsaid() as error:
        hint = "a role, a profile, AWS_REGION and the other AWS_* variables say who asks where"
        name = type(error).__name__
        raise AwsError(f"{doing}: {error}", hint, name, ErrorMeaning.Denied, USAGE) from error
    except (exceptions.BotoCoreError, ResponseParserError) as error:
        means = meaning(error)
        reason = (
            str(error).partition("\n")[0].rstrip(":")
        )  # below stands the page that some proxy answered with
        raise AwsError(
            f"{doing}: AWS does not answer: {plain_words(reason)}", _HINTS[means], type(error).__name__, means
        ) from error
    except NotImplementedError as error:  # moto in this process; as a server it answers with status 500
        raise AwsError(f"{doing}: {error}", "", "NotImplemented", ErrorMeaning.Unavailable) from error


def _unsaid() -> tuple[type[Exception], ...]:
    """What boto3 raises when it is told too little or wrong things; asking again is of no use."""
    from botocore import exceptions

    return (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.NoRegionError,
        exceptions.InvalidRegionError,
        exceptions.InvalidEndpointConfigurationError,
        exceptions.ParamValidationError,
        exceptions.UnknownServiceError,
    )
