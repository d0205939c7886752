"""What several commands share: how a command ends, and the options that mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = [
    "ADOPT",
    "ESTATE",
    "PENDING",
    "REFRESH",
    "REPORTS",
    "WORKERS",
    "Stop",
    "controller_options",
    "isolation_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])
PENDING = 2
ESTATE = click.argument("estate", type=click.Path(exists=True, file_okay=False, path_type=Path))


class Stop(Exception):  # noqa: N818  # no error: how a command ends
    """End the command with this exit code; everything has been said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def controller_options(command: Command) -> Command:
    """The options that say which controller, and who asks."""
    for option in (
        click.option("--token", envvar="JENKINS_TOKEN", help="API token, or password. [env: JENKINS_TOKEN]"),
        click.option("--user", envvar="JENKINS_USER", help="User at the controller. [env: JENKINS_USER]"),
        click.option("--url", envvar="JENKINS_URL", help="URL of the controller. [env: JENKINS_URL]"),
    ):
        command = option(command)
    return command


def isolation_option(command: Command) -> Command:
    """How DSL files are kept apart while they run."""
    return click.option(
        "--isolation",
        type=click.Choice(["auto", "required", "process"]),
        help="How DSL files are kept apart: the strongest the host offers (auto), that or nothing "
        "(required), or a plain child process. [default: jobdsl.toml, else auto]",
    )(command)


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
REFRESH = click.option(
    "--refresh", is_flag=True, help="Look at the live documents too: finds what was changed in Jenkins."
)
WORKERS = click.option(
    "--workers", default=8, show_default=True, type=click.IntRange(1, 64), help="Requests at once."
)
