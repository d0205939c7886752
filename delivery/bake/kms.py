"""The keys an image and its copies are encrypted with: are they there, and may other accounts use them?"""

from __future__ import annotations

from delivery.aws import Aws, AwsError, ErrorMeaning, asking
from delivery.bake.base import BaseImage
from delivery.bake.request import Order
from delivery.sharing import key_problems
from jobdsl.errors import Problem

__all__ = ["problems_of_keys"]


def problems_of_keys(aws: Aws, order: Order, base: BaseImage) -> list[Problem]:
    """Return what is wrong with the keys of all regions: checked now, not after the image was baked.

    AwsError.
    """
    problems = []
    for region in (aws.region, *order.regions):
        regional = aws.in_region(region)
        if order.encrypted and order.kms_key:
            problems += _own(regional, order)
        elif order.share and (order.encrypted or base.encrypted or _by_default(regional)):
            problems += key_problems(regional, _default(regional), order.share)
    return problems


def _own(aws: Aws, order: Order) -> list[Problem]:
    try:
        return key_problems(aws, order.kms_key, order.share)
    except AwsError as error:
        if error.meaning is not ErrorMeaning.NotFound and "Invalid" not in error.code:
            raise
    hint = "an alias (alias/images) may name another key in each region; a key's id is of one region"
    return [Problem(f"there is no key {order.kms_key} in {aws.region}", hint=hint)]


def _by_default(aws: Aws) -> bool:
    with asking(f"asking whether volumes are encrypted by default in {aws.region}"):
        return aws.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"]


def _default(aws: Aws) -> str:
    with asking(f"asking for the default key of volumes in {aws.region}"):
        return aws.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
