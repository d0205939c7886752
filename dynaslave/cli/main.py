"""The command line: `dynaslave run | once | status | drain | request | simulate | history`.

Exit codes: 0 done; 1 an error, also one of usage; 2 there is something to do (`once --dry-run`);
130 interrupted. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys

import click

from dynaslave.cli import look as cli_look
from dynaslave.cli import manage as cli_manager
from dynaslave.cli import plan as cli_plan
from dynaslave.cli import simulate as cli_simulate
from jobdsl.cli.options import Stop
from jobdsl.errors import JobdslError

__all__ = ["cli", "main", "run"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Build agents that follow the queue.

    Teams declare pools with agent_pool(...) in the DSL files of an ESTATE; the manager starts agents when
    builds wait for them and ends those nobody needs.
    """


for _command in (
    cli_manager.run_command,
    cli_manager.once,
    cli_look.status,
    cli_look.drain,
    cli_plan.request,
    cli_simulate.simulate,
    cli_plan.history,
):
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; gives its exit code. Nothing it raises on purpose leaves a traceback."""
    from dynaslave.provider import ProviderError
    from jobdsl.cli.console import say_problems

    try:
        code = cli.main(args=arguments, prog_name="dynaslave", standalone_mode=False)
    except Stop as stop:
        return stop.code
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return 1
    except JobdslError as error:
        say_problems(error.problems)
        return error.exit_code
    except ProviderError as error:
        click.echo(f"error: {error.message}", err=True)
        return 1
    except BrokenPipeError:
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
