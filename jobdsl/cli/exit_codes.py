"""How a command line ends: with one exit code for whatever a command gives or raises."""

from __future__ import annotations

import io
from collections.abc import Callable

import click

from jobdsl.cli.options import Stop
from jobdsl.errors import JobdslError
from jobdsl.exit_codes import FAILED, INTERRUPTED, WRONG_USAGE

__all__ = ["run"]


def run(
    command: click.Command,
    name: str,
    arguments: list[str] | None,
    *,
    report_error: Callable[[Exception], int | None] = lambda _: None,
) -> int:
    """Run a command under its name on the command line. Returns its exit code.

    `report_error` prints an exception in the tool's own form and returns its exit code, or None to leave it
    to this function: problems are printed in the common form, anything else is raised again.
    """
    try:
        code = command.main(args=arguments, prog_name=name, standalone_mode=False)
    except Stop as stop:
        return stop.code
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        from jobdsl.controller.address import without_logins
        from jobdsl.printable import printable

        text = io.StringIO()
        error.show(text)
        click.echo(
            printable(without_logins(text.getvalue())), err=True, nl=False
        )  # an address as a directory
        return WRONG_USAGE
    except BrokenPipeError:
        return FAILED
    except ModuleNotFoundError as error:
        return _not_installed(error, name)
    except Exception as error:  # noqa: BLE001 - raised again if unknown
        return _raised(error, report_error)
    return code if isinstance(code, int) else 0


def _not_installed(error: ModuleNotFoundError, name: str) -> int:
    """Report the extra that a command needs."""
    from jobdsl.cli.console import say_problems
    from jobdsl.cli.extras import missing_extra

    missing = missing_extra(error, name)
    if missing is None:
        raise error
    say_problems(missing.problems)
    return FAILED


def _raised(error: Exception, report_error: Callable[[Exception], int | None]) -> int:
    from jobdsl.cli.console import say_problems

    if (known := report_error(error)) is not None:
        return known
    if isinstance(error, JobdslError):
        say_problems(error.problems)
        return error.exit_code
    raise error
