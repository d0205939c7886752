"""AWS's errors, by what they mean."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.parsers import ResponseParserError

from dynaslave.ec2.clients import Clients
from dynaslave.ec2.errors import asking, explain, meaning_of, table
from dynaslave.provider import Denied, NoCapacity, ProviderError, Throttled, Unavailable


@pytest.mark.parametrize(
    ("code", "kind", "reach"),
    [
        ("InsufficientInstanceCapacity", NoCapacity, "offer"),
        ("UnfulfillableCapacity", NoCapacity, "offer"),
        ("Unsupported", NoCapacity, "offer"),
        ("SpotMaxPriceTooLow", NoCapacity, "offer"),
        ("InsufficientFreeAddressesInSubnet", NoCapacity, "subnet"),
        ("MaxSpotInstanceCountExceeded", NoCapacity, "market"),
        ("VcpuLimitExceeded", NoCapacity, "type"),
        ("RequestLimitExceeded", Throttled, "all"),
        ("ThrottlingException", Throttled, "all"),
        ("UnauthorizedOperation", Denied, "offer"),
        ("ExpiredToken", Denied, "all"),
        ("OptInRequired", Denied, "all"),
        ("PendingVerification", Denied, "all"),
        ("InvalidAMIID.NotFound", Denied, "all"),
        ("InvalidSubnetID.NotFound", Denied, "subnet"),
        ("InvalidInstanceID.NotFound", Unavailable, "all"),
        ("IdempotentParameterMismatch", Unavailable, "all"),
    ],
)
def test_a_code_has_a_meaning_and_a_reach(code: str, kind: type[ProviderError], reach: str) -> None:
    meaning = meaning_of(code)
    assert (meaning.kind, meaning.reach) == (kind, reach)


def test_every_row_of_the_table_says_what_and_the_way_out() -> None:
    for code, meaning in table().items():
        assert meaning.says, code
        assert meaning.hint, code
        assert meaning.reach in ("offer", "type", "zone", "subnet", "market", "all"), code


def test_a_code_nobody_knows_is_judged_by_its_status() -> None:
    assert meaning_of("NewThing", 400).kind is Denied
    assert meaning_of("NewThing", 503).kind is Unavailable
    assert meaning_of("ServiceUnavailable", 400).kind is Unavailable
    assert meaning_of("ThrottlingOfSomethingNew", 400).kind is Throttled


def test_an_error_says_what_was_done_why_not_and_the_way_out() -> None:
    error = explain("VcpuLimitExceeded", "You have requested more vCPU capacity", "launching an agent")
    assert isinstance(error, NoCapacity)
    assert error.code == "VcpuLimitExceeded"
    assert error.message == (
        "launching an agent: the account's quota of vCPUs for this kind of type is used up (ask Service Quotas for"
        " more of Running On-Demand instances, or lower max_agents). AWS: VcpuLimitExceeded: You have requested"
        " more vCPU capacity"
    )


def test_an_encoded_message_is_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    text = (
        "You are not authorized to perform this operation. Encoded authorization failure message: "
        + "Q" * 900
    )
    with caplog.at_level(logging.WARNING):
        error = explain("UnauthorizedOperation", text, "launching an agent")
    assert "QQQ" not in error.message
    assert "decode-authorization-message" in error.message
    assert "Q" * 900 in caplog.text


@pytest.mark.parametrize(
    ("raised", "kind", "word"),
    [
        (ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "X"), Throttled, "slow"),
        (
            ClientError({"Error": {"Code": "Odd"}, "ResponseMetadata": {"HTTPStatusCode": 500}}, "X"),  # type: ignore[typeddict-item]
            Unavailable,
            "trouble",
        ),
        (EndpointConnectionError(endpoint_url="https://ec2"), Unavailable, "does not answer"),
        (ResponseParserError("invalid XML received:\nb'<html>'"), Unavailable, "invalid XML received "),
        (NoCredentialsError(), Denied, "credentials"),
        (NoRegionError(), Denied, "AWS_REGION"),
    ],
)
def test_what_boto3_raises_becomes_an_error_by_meaning(
    raised: Exception, kind: type[ProviderError], word: str
) -> None:
    with pytest.raises(kind, match=word), asking("looking"):
        raise raised


def test_a_kill_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt), asking("looking"):
        raise KeyboardInterrupt


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Denied, match="nobody"):
        _ = Clients(profile="nobody", region="eu-west-1").ec2


def test_no_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Denied, match="region"):
        _ = Clients().ec2


def test_clients_are_made_once_and_retry_adaptively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients = Clients(region="eu-west-1")
    assert clients.ec2 is clients.ec2
    assert clients.ec2.meta.endpoint_url == "http://127.0.0.1:9"
    retries = clients.ec2.meta.config.retries  # type: ignore[attr-defined]
    assert retries["mode"] == "adaptive"
    assert retries["total_max_attempts"] == 3
    clients.close()
