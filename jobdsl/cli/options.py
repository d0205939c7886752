"""What several commands share: how a command ends, and the options that mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from jobdsl.cli import places

__all__ = [
    "ADOPT",
    "ALLOW_REMOVALS",
    "ALLOW_REPLACE",
    "ESTATE",
    "ONLY",
    "REFRESH",
    "REPORTS",
    "WORKERS",
    "Stop",
    "controller_options",
    "isolation_option",
    "planning_options",
]

Command = TypeVar("Command", bound=Callable[..., Any])


def _remember(_context: click.Context, _parameter: click.Parameter, estate: Path) -> Path:
    """Let messages show the estate's files as seen from the current directory."""
    places.use(estate)
    return estate


ESTATE = click.argument(
    "estate",
    default=".",
    callback=_remember,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)


class Stop(Exception):  # noqa: N818  # no error: how a command ends
    """End the command with this exit code; its output is complete."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def controller_options(command: Command) -> Command:
    """Add the options for the controller and the user."""

    @wraps(command)
    def with_token(*arguments: Any, token: str | None, token_file: Path | None, **options: Any) -> Any:
        from jobdsl.cli.token import token_of

        estate = options.get("estate")
        return command(*arguments, token=token_of(token, token_file, estate), **options)

    for option in (
        click.option(
            "--token-file",
            type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
            help="File that holds the API token, or password; - reads standard input.",
        ),
        click.option(
            "--token",
            envvar="JENKINS_TOKEN",
            help="The same as text. Deprecated on the command line, where other processes can read it. "
            "[env: JENKINS_TOKEN]",
        ),
        click.option("--user", envvar="JENKINS_USER", help="User at the controller. [env: JENKINS_USER]"),
        click.option("--url", envvar="JENKINS_URL", help="URL of the controller. [env: JENKINS_URL]"),
    ):
        with_token = option(with_token)
    return cast(Command, with_token)


def isolation_option(command: Command) -> Command:
    """Add the option for the isolation of DSL files."""
    return click.option(
        "--isolation",
        type=click.Choice(["auto", "required", "process"]),
        help="Isolation of DSL files: the strongest the host supports (auto), the same but failing where it "
        "is incomplete (required), or a plain child process (process). [default: jobdsl.toml, else auto]",
    )(command)


def planning_options(command: Command) -> Command:
    """Add the options for planning."""
    for option in (isolation_option, WORKERS, ALLOW_REPLACE, ALLOW_REMOVALS, ADOPT, REFRESH, ONLY):
        command = option(command)
    return command


REPORTS = click.option(
    "--write",
    "reports",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to a file: .html, .md, .json or .txt. May be given more than once.",
)
ADOPT = click.option(
    "--adopt", multiple=True, metavar="GLOB", help="Take over objects made by hand, by full name."
)
ONLY = click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="Plan only the objects of these full names, and the folders they need. May be given more than once.",
)
ALLOW_REMOVALS = click.option(
    "--allow-removals",
    type=click.IntRange(0),
    metavar="N",
    help="Allow N removals in this run, whatever the limits in jobdsl.toml.",
)
ALLOW_REPLACE = click.option(
    "--allow-replace",
    multiple=True,
    metavar="NAME",
    help="Delete this item, with its builds, and create it again, where its kind has changed.",
)
REFRESH = click.option(
    "--refresh", is_flag=True, help="Compare the live documents too: finds what was changed in Jenkins."
)
WORKERS = click.option(
    "--workers",
    default=8,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Maximum number of concurrent requests.",
)
