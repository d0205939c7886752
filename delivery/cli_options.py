"""Options that all commands of `delivery` have: where the settings are, which account, which region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.settings import DeliverySettings

__all__ = ["CommonOptions", "place_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class CommonOptions:
    """The common options; settings and connections are made when first used."""

    settings_file: Path | None = None
    account_name: str | None = None
    region_name: str | None = None

    @cached_property
    def settings(self) -> DeliverySettings:
        """`delivery.toml`. SettingsError."""
        from delivery.settings import load_settings

        return load_settings(self.settings_file)

    @cached_property
    def aws(self) -> Aws:
        """The account and region. DeliveryError."""
        return self.open(self.account_name)

    def open(self, account: str | None) -> Aws:
        """Open another account in the region of --region."""
        from delivery.aws import open_aws

        return open_aws(self.settings, account, self.region_name)


def place_options(command: Command) -> Command:
    """--settings, --account and --region; pass them to the command as `place`, a `CommonOptions`."""

    @click.option(
        "--settings",
        "settings_file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Settings file. [env: DELIVERY_SETTINGS; default: delivery.toml]",
    )
    @click.option("--account", help="Name of the account in the settings. [default: the only one]")
    @click.option(
        "--region",
        help="AWS region. [default: the account's only region, else that of the AWS configuration]",
    )
    @wraps(command)
    def with_place(settings_file: Path | None, account: str | None, region: str | None, **rest: Any) -> Any:
        return command(place=CommonOptions(settings_file, account, region), **rest)

    return with_place  # type: ignore[return-value]
