"""The command line: `jobdsl render | lint | plan | apply | import | bootstrap`.

Exit codes: 0 done, or nothing to do; 1 an error, also one of usage; 2 changes are pending (`plan`);
130 interrupted. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from jobdsl.cli import controlling as cli_controller
from jobdsl.cli import estate as cli_estate
from jobdsl.cli.options import Stop
from jobdsl.errors import JobdslError

__all__ = ["cli", "main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Jenkins jobs as a short Python file: one edit, one run, every job.

    An ESTATE is a directory of DSL files with a jobdsl.toml. Nothing is written to a controller
    but by `apply` and `bootstrap`.
    """


for _command in (
    cli_estate.render,
    cli_estate.lint,
    cli_controller.plan,
    cli_controller.apply,
    cli_estate.import_,
    cli_controller.bootstrap,
    cli_estate.completion,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; gives its exit code. Nothing it raises on purpose leaves a traceback."""
    from jobdsl.cli.console import say_problems

    try:
        code = cli.main(args=arguments, prog_name="jobdsl", standalone_mode=False)
    except Stop as stop:
        return stop.code
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 1
    except JobdslError as error:
        say_problems(error.problems)
        return error.exit_code
    except BrokenPipeError:
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
