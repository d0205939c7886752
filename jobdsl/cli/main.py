"""The command line: `jobdsl render | lint | show | plan | apply | import | graph | stats | ...`.

docs/exit-codes.md explains the exit codes. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from jobdsl.cli import controller_commands, convert_command, estate_commands, exit_codes, overview, places
from jobdsl.cli.words import words

__all__ = ["cli", "main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Jenkins jobs as a short Python file: one edit, one run, every job.

    An ESTATE is a directory of DSL files with a jobdsl.toml. Nothing is written to a controller
    but by `apply` and `bootstrap`.
    """


for _command in (
    estate_commands.render,
    estate_commands.lint,
    estate_commands.show,
    controller_commands.plan,
    controller_commands.apply,
    estate_commands.import_,
    convert_command.convert,
    controller_commands.bootstrap,
    words,
    overview.graph,
    overview.stats,
    estate_commands.completion,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; gives its exit code."""
    places.use(None)
    return exit_codes.run(cli, "jobdsl", arguments)


if __name__ == "__main__":
    main()
