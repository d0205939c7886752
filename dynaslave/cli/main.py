"""The command line: `dynaslave run | once | status | drain | request | simulate | history`.

docs/exit-codes.md explains the exit codes. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from dynaslave.cli import look, manage, plan, simulate
from jobdsl.cli import exit_codes

__all__ = ["cli", "main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Build agents that follow the queue.

    Teams declare pools with agent_pool(...) in the DSL files of an ESTATE; the manager starts agents when
    builds wait for them and ends those that are not needed.
    """


for _command in (
    manage.run_command,
    manage.once,
    look.status,
    look.drain,
    plan.request,
    simulate.simulate,
    plan.history,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; gives its exit code."""
    return exit_codes.run(cli, "dynaslave", arguments, report_error=_told)


def _told(error: Exception) -> int | None:
    """Show the cloud's own words where it refused something."""
    from dynaslave.provider import ProviderError
    from jobdsl.cli.console import say

    if not isinstance(error, ProviderError):
        return None
    say(f"error: {error.message}", err=True)
    return 1


if __name__ == "__main__":
    main()
