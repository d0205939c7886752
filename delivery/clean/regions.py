"""The regions a clean-up reads: the one that is requested, else all of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.aws import open_aws

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.cli_options import CommonOptions

__all__ = ["regions"]


def regions(place: CommonOptions) -> list[Aws]:
    """Open the account in each of its regions. DeliveryError."""
    settings, account = place.settings, place.settings.account(place.account_name)
    if place.region_name or not account.regions:
        return [place.aws]
    first = open_aws(settings, account.name, account.regions[0])
    return [first.in_region(region) for region in account.regions]
