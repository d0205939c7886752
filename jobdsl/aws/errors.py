"""What an error of AWS means, whichever service it comes from: one table of codes for all that call AWS.

What is to be done about an error depends on the caller: each caller makes an error of its own kind from an
`AwsFailure`, with a hint of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from jobdsl.printable import plain_words

__all__ = [
    "SETTINGS_HINT",
    "AwsFailure",
    "ErrorMeaning",
    "code_of",
    "failure_of",
    "is_of_the_clock",
    "meaning_of",
    "translated",
]

SETTINGS_HINT = "a role, a profile, AWS_REGION and the other AWS_* variables say who asks where"
"""What to do where boto3 lacks credentials, a region or a profile."""
_ENCODED = " Encoded authorization failure message"
"""Begins a kilobyte that only AWS can read."""


class ErrorMeaning(StrEnum):
    """What an error of AWS means."""

    NotFound = "not found"
    AlreadyExists = "already exists"
    Throttled = "throttled"
    Denied = "denied"
    NoCapacity = "no capacity"
    InUse = "in use"
    Unavailable = "unavailable"
    """AWS did not answer, or it is unknown whether it did what was requested."""
    Other = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsFailure:
    """An exception of boto3 as a value."""

    kind: Literal["refused", "settings", "silent"]
    """AWS answered with an error; boto3 has too little or wrong settings; there was no answer."""
    code: str
    """Code of the answer, such as `InvalidAMIID.NotFound`; the exception's name where there is none."""
    text: str
    """Message, as one line of plain words."""
    meaning: ErrorMeaning
    status: int = 400
    """HTTP status of the answer."""
    encoded: str = ""
    """The whole message where a part of it is for `aws sts decode-authorization-message` alone."""


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
        "RequestThrottled",
        "EC2Throttled",
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
_SIGNATURE = ("SignatureDoesNotMatch", "InvalidSignature", "RequestExpired", "RequestTimeTooSkewed",
              "RequestInTheFuture", "AuthFailure")  # fmt: skip
"""Codes, or their beginnings, that AWS answers with when the clock of the host that signed is wrong."""


def code_of(error: BaseException) -> str:
    """Return the code AWS gave an exception, such as `InvalidAMIID.NotFound`; empty where it has none."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def is_of_the_clock(code: str) -> bool:
    """Return whether AWS answers so where the clock of the caller is wrong."""
    return code.startswith(_SIGNATURE)


def meaning_of(code: str, text: str = "", status: int = 400) -> ErrorMeaning:
    """Return what the code of an answer means."""
    if code == "ValidationError":  # Auto Scaling answers so to everything; only its words differ
        return _by_words(text)
    if code == "Unsupported":  # of a launch: the zone of the subnet does not have this type
        return ErrorMeaning.NoCapacity
    for meaning in (ErrorMeaning.Throttled, ErrorMeaning.NoCapacity, ErrorMeaning.Denied):
        if code.startswith(_MEANINGS[meaning]):
            return meaning
    for meaning in (ErrorMeaning.AlreadyExists, ErrorMeaning.InUse, ErrorMeaning.NotFound):
        if any(word in code for word in _MEANINGS[meaning]):
            return meaning
    return ErrorMeaning.Unavailable if status >= 500 or code in _OUTAGES else ErrorMeaning.Other


def _by_words(text: str) -> ErrorMeaning:
    lowered = text.lower()
    if "already exists" in lowered:
        return ErrorMeaning.AlreadyExists
    missing = ("not found", "does not exist", "no group", "unable to find")
    return ErrorMeaning.NotFound if any(word in lowered for word in missing) else ErrorMeaning.Other


def failure_of(error: BaseException) -> AwsFailure | None:
    """Return an exception of boto3 as a value; None for any other exception."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError  # not one of the BotoCoreErrors

    if isinstance(error, ClientError):
        return _refused(error.response)
    name = type(error).__name__
    if isinstance(error, _settings_errors()):
        return AwsFailure(kind="settings", code=name, text=str(error), meaning=ErrorMeaning.Denied)
    if isinstance(error, BotoCoreError | ResponseParserError):
        reason = str(error).partition("\n")[0].rstrip(":")  # the page of a proxy follows
        return AwsFailure(
            kind="silent", code=name, text=plain_words(reason), meaning=ErrorMeaning.Unavailable
        )
    return None


def _refused(response: Any) -> AwsFailure:
    answer = response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    text, encoded, _ = message.partition(_ENCODED)
    return AwsFailure(
        kind="refused",
        code=code,
        text=plain_words(text),
        meaning=meaning_of(code, message, status),
        status=status,
        encoded=message if encoded else "",
    )


@cache
def _settings_errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises for too little or wrong settings; to repeat a call is of no use then."""
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


@contextmanager
def translated(translate: Callable[[AwsFailure], Exception]) -> Iterator[None]:
    """Raise what a function makes of an exception of boto3 in its place; other exceptions pass."""
    try:
        yield
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        raise translate(failure) from error
