"""Options that several commands of `dynaslave` share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from jobdsl.cli.options import controller_options, isolation_option

__all__ = ["manager_options", "name_option"]

Command = TypeVar("Command", bound=Callable[..., Any])
name_option = click.option(
    "--name", help="Name of the manager, which ends only its own agents. [default: pools.manager, else main]"
)


def manager_options(command: Command) -> Command:
    """Everything a manager is put together from, but the estate."""
    options = (
        click.option(
            "--provider",
            type=click.Choice(["ec2", "local", "simulated"]),
            help="Where agents run: EC2, processes of this host, or nowhere but in memory. "
            "[default: pools.provider, else ec2]",
        ),
        name_option,
        click.option("--agents-url", help="URL of the controller for agents. [default: --url]"),
        click.option(
            "--websocket/--tcp",
            default=True,
            help="How agents connect to a controller: through its web port, or its TCP agent port.",
        ),
        click.option("--lease", "lease_table", help="DynamoDB table that lets one manager act at a time."),
        click.option("--region", help="AWS region. [default: pools.region, else as AWS tools do]"),
        click.option("--profile", help="AWS profile. [env: AWS_PROFILE]"),
        click.option("--queue", default="", help="URL of the SQS queue with EC2 events."),
        click.option("--secrets-key", default="", help="KMS key for the agents' secrets in SSM."),
        click.option(
            "--run-directory",
            type=click.Path(file_okay=False, path_type=Path),
            help="Working directory of local agents. [default: ~/.local/state/dynaslave/NAME]",
        ),
        click.option(
            "--agent-command",
            default="java",
            show_default=True,
            help="Local agents: java, stand-in (for a simulated controller), or the command, with {url}, "
            "{node}, {secret_file}, {workdir}, {jar}.",
        ),
        click.option("--slots", type=click.IntRange(1), help="Maximum number of local agents on this host."),
        isolation_option,
    )
    for option in reversed(options):
        command = option(command)
    return controller_options(command)
