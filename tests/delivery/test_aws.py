from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError
from moto import mock_aws

from delivery.aws import AwsError, ErrorMeaning, asking, code_of, meaning, open_aws
from delivery.errors import FAILED, USAGE, DeliveryError
from delivery.settings import DeliverySettings, loads

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


def refusal(code: str, message: str = "", status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Something")


@pytest.mark.parametrize(
    ("code", "means"),
    [
        ("InvalidAMIID.NotFound", ErrorMeaning.NotFound),
        ("InvalidAMIID.Unavailable", ErrorMeaning.NotFound),
        ("NoSuchBucket", ErrorMeaning.NotFound),
        ("404", ErrorMeaning.NotFound),
        ("TargetGroupNotFound", ErrorMeaning.NotFound),
        ("ResourceNotFoundException", ErrorMeaning.NotFound),
        ("AlreadyExists", ErrorMeaning.AlreadyExists),
        ("InvalidAMIName.Duplicate", ErrorMeaning.AlreadyExists),
        ("InvalidLaunchTemplateName.AlreadyExistsException", ErrorMeaning.AlreadyExists),
        ("RequestLimitExceeded", ErrorMeaning.Throttled),
        ("ThrottlingException", ErrorMeaning.Throttled),
        ("RequestThrottledException", ErrorMeaning.Throttled),
        ("EC2ThrottledException", ErrorMeaning.Throttled),
        ("UnauthorizedOperation", ErrorMeaning.Denied),
        ("AccessDeniedException", ErrorMeaning.Denied),
        ("AuthFailure", ErrorMeaning.Denied),
        ("InsufficientInstanceCapacity", ErrorMeaning.NoCapacity),
        ("VcpuLimitExceeded", ErrorMeaning.NoCapacity),
        ("InvalidSnapshot.InUse", ErrorMeaning.InUse),
        ("ResourceInUse", ErrorMeaning.InUse),
        ("ScalingActivityInProgress", ErrorMeaning.InUse),
        ("UnknownParameter", ErrorMeaning.Other),
        ("InvalidParameterValue", ErrorMeaning.Other),
        ("ConditionalCheckFailedException", ErrorMeaning.Other),
    ],
)
def test_codes_have_a_meaning(code: str, means: ErrorMeaning) -> None:
    assert meaning(refusal(code)) == means
    assert code_of(refusal(code)) == code


@pytest.mark.parametrize(
    ("message", "means"),
    [
        ("AutoScalingGroup name not found - no such group: a-v001", ErrorMeaning.NotFound),
        ("AutoScalingGroup by this name already exists", ErrorMeaning.AlreadyExists),
        ("Min must be below max", ErrorMeaning.Other),
    ],
)
def test_auto_scaling_tells_by_its_words_alone(message: str, means: ErrorMeaning) -> None:
    assert meaning(refusal("ValidationError", message)) == means


def test_what_nobody_knows_the_end_of_is_unavailable() -> None:
    assert meaning(refusal("InternalError", status=503)) == ErrorMeaning.Unavailable
    assert meaning(EndpointConnectionError(endpoint_url="https://ec2")) == ErrorMeaning.Unavailable
    assert meaning(NoCredentialsError()) == ErrorMeaning.Denied
    assert meaning(ValueError()) == ErrorMeaning.Other


def test_errors_say_what_was_being_done_and_the_way_out() -> None:
    with pytest.raises(AwsError) as caught, asking("sharing ami-1"):
        raise refusal("UnauthorizedOperation", "You may not. Encoded authorization failure message: xyz")
    assert caught.value.message == "sharing ami-1: UnauthorizedOperation: You may not."
    assert "docs/delivery" in caught.value.hint
    assert (caught.value.meaning, meaning(caught.value), code_of(caught.value)) == (
        ErrorMeaning.Denied,
        ErrorMeaning.Denied,
        "UnauthorizedOperation",
    )
    with pytest.raises(AwsError) as caught, asking("looking"):
        raise NoCredentialsError
    assert caught.value.exit_code == FAILED
    with pytest.raises(AwsError, match="no answer from AWS: no XML") as caught, asking("looking"):
        raise ResponseParserError("no XML")
    with pytest.raises(AwsError) as caught, asking("reading a quota"):
        raise refusal("404", "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<p>not here</p>")
    assert caught.value.message == "reading a quota: 404: 404 Not Found not here"
    with pytest.raises(AwsError) as caught, asking("looking"):
        raise ResponseParserError(
            "Unable to parse response: invalid XML received:\nb'<html><h1>Bad gateway</h1>'"
        )
    assert "\n" not in caught.value.message
    assert "<" not in caught.value.message
    assert (caught.value.meaning, meaning(ResponseParserError())) == (ErrorMeaning.Unavailable,) * 2


def test_the_page_of_a_proxy_is_no_part_of_the_message() -> None:
    with pytest.raises(AwsError) as caught, asking("reading the limit"):
        raise ResponseParserError("Unable to parse response, invalid XML received:\nb'<!doctype html>...'")
    expected = "reading the limit: no answer from AWS: Unable to parse response, invalid XML received"
    assert caught.value.message == expected


def test_what_moto_does_not_know_is_no_traceback() -> None:
    aws = open_aws(DeliverySettings(), region=REGION)
    with pytest.raises(AwsError, match=r"looking: .* not been implemented") as caught, asking("looking"):
        aws.autoscaling.describe_notification_configurations()
    assert caught.value.meaning == ErrorMeaning.Unavailable


def test_a_role_is_assumed_and_the_account_checked() -> None:
    role = "arn:aws:iam::222222222222:role/deployer"
    text = f'[accounts.live]\nid = "222222222222"\nrole = "{role}"\nregions = ["{REGION}"]\n'
    aws = open_aws(loads(text), "live")
    assert (aws.account, aws.region, aws.account_id) == ("live", REGION, "222222222222")
    assert aws.sts.get_caller_identity()["Arn"].endswith(":assumed-role/deployer/delivery")
    assert aws.caller == open_aws(DeliverySettings(), region=REGION).caller  # who began, whatever the role
    assert aws.ec2 is aws.ec2
    assert aws.in_region(REGION) is aws
    assert aws.in_region("us-east-1").autoscaling.meta.region_name == "us-east-1"
    with pytest.raises(DeliveryError) as caught:
        open_aws(loads(text.replace('"222222222222"', '"333333333333"')))
    assert caught.value.message == (
        "account 'live' is 333333333333, but the credentials belong to 222222222222"
    )
    assert caught.value.exit_code == USAGE


def test_the_region_is_what_is_asked_for_or_the_only_one_or_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = loads('[accounts.a]\nregions = ["eu-west-1", "us-east-1"]')
    assert open_aws(some, region="us-east-1").region == "us-east-1"
    with pytest.raises(DeliveryError, match="no region is given") as which:
        open_aws(some)
    assert which.value.hint == "set --region to one of eu-west-1, us-east-1"
    with pytest.raises(DeliveryError) as wrong:
        open_aws(some, region="us-esat-1")
    assert (wrong.value.hint, wrong.value.exit_code) == ('did you mean "us-east-1"?', FAILED)
    with pytest.raises(DeliveryError, match="no region is given"):
        open_aws(DeliverySettings())
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert open_aws(some).region == open_aws(DeliverySettings()).region == "eu-west-1"


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError, match="connecting to account 'a': The config profile") as caught:
        open_aws(loads('[accounts.a]\nprofile = "nobody"\nregions = ["eu-west-1"]'))
    assert caught.value.exit_code == FAILED
