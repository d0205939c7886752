"""Checks the policy on AWS: reads what `policy` judges, and refuses a deploy before anything is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery import tags
from delivery.aws import ErrorMeaning, asking, meaning, open_aws
from delivery.change_requests import ask
from delivery.errors import DeliveryError, PolicyError
from delivery.policy import DeployRequest, refusals

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import Account, DeliverySettings

__all__ = ["image_tags", "permit"]


def permit(
    settings: DeliverySettings,
    aws: Aws,
    *,
    app: str,
    image: str,
    change_request: str = "",
    jenkins_user: str = "",
) -> None:
    """Check whether an image may be deployed to the account of `aws`. PolicyError with all reasons if not.

    AwsError if it is unknown.
    """
    account = settings.account(aws.account)
    request = DeployRequest(
        app,
        image,
        _caller(settings, account, app, aws),
        change_request,
        _tags(settings, account, aws, image),
        jenkins_user,
    )
    problems = refusals(settings, account, request)
    if account.change_request_url and not any(problem.rule == "change-request" for problem in problems):
        unfit = ask(account.change_request_url, change_request, account.name)
        problems += [unfit] if unfit else []
    if problems:
        raise PolicyError(problems)


def _tags(settings: DeliverySettings, account: Account, aws: Aws, image: str) -> dict[str, str] | None:
    """Read the image's tags in the account in which it must have run."""
    where = settings.tested_in(account)
    return {} if where is None else image_tags(open_aws(settings, where, aws.region), image)


def _caller(settings: DeliverySettings, account: Account, app: str, aws: Aws) -> str:
    """Return the caller; only read where the settings need it."""
    of_app = settings.apps[app].deployers if app in settings.apps else None
    return aws.caller if account.deployers is not None or of_app is not None else ""


def image_tags(aws: Aws, image: str) -> dict[str, str] | None:
    """Read an image's tags in this account; None if it is not there. AwsError."""
    try:
        with asking(f"reading image {image} in {aws.account}"):
            images = aws.ec2.describe_images(ImageIds=[image])["Images"]
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return None
        raise
    return tags.read(images[0].get("Tags")) if images else None
