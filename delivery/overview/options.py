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
        click.option("--json", "as_json", is_flag=True, help="As JSON."),
        click.option("--region", help="Only this AWS region. [default: all of the settings]"),
        click.option("--account", help="Only this account, by its name in the settings. [default: all]"),
        click.option(
            "--settings",
            "settings_file",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Settings. [env: DELIVERY_SETTINGS; default: delivery.toml]",
        ),
    ):
        command = option(command)
    return command
