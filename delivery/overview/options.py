"""Options that all commands of the overview have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["location_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


def location_options(command: Command) -> Command:
    """Add --settings, --account, --region and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--region", help="The only AWS region to read. [default: all regions of the settings]"),
        click.option("--account", help="Name of the only account to read. [default: all accounts]"),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Settings file. [env: DELIVERY_SETTINGS; default: delivery.toml]",
        ),
    ):
        command = option(command)
    return command
