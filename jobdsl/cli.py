"""The command line: `jobdsl render | lint | plan | apply | import | bootstrap`.

Exit codes: 0 done, or nothing to do; 1 an error, also one of usage; 2 changes are pending (`plan`);
130 interrupted. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from jobdsl.errors import JobdslError

__all__ = ["cli", "main"]

Command = TypeVar("Command", bound=Callable[..., Any])
PENDING = 2
ESTATE = click.argument("estate", type=click.Path(exists=True, file_okay=False, path_type=Path))


class _Stop(Exception):
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
        help="How DSL files are kept apart: the strongest the host offers (auto), that or nothing (required), "
        "or a plain child process. [default: jobdsl.toml, else auto]",
    )(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="jobdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Jenkins jobs as a short Python file: one edit, one run, every job.

    An ESTATE is a directory of DSL files with a jobdsl.toml. Nothing is written to a controller
    but by `apply` and `bootstrap`.
    """


@cli.command()
@ESTATE
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Directory for the documents.")
@isolation_option
def render(estate: Path, out: Path, isolation: str | None) -> None:
    """Write every job's config.xml to DIR/full/name.xml; a folder's own to DIR/full/name/config.xml."""
    from jobdsl import workflow
    from jobdsl.console import count

    loaded, renderer, stale = workflow.render(estate, out, isolation)
    removed = f", {count(len(stale), 'file')} of an earlier run removed" if stale else ""
    click.echo(f"{count(len(renderer.written), 'document')} in {out}{removed}")
    click.echo(f"loaded {count(loaded.files, 'file')}; {loaded.isolation}", err=True)


@cli.command()
@ESTATE
@click.option(
    "--plugins", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Saved list of plugins."
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings as a JUnit report."
)
@controller_options
@isolation_option
def lint(
    estate: Path,
    plugins: Path | None,
    as_json: bool,
    junit: Path | None,
    url: str | None,
    user: str | None,
    token: str | None,
    isolation: str | None,
) -> None:
    """Check the whole estate: plugins, names of other jobs, schedules, labels, policy.

    With a controller (--url) its plugins, jobs and labels are asked; without one, what
    jobdsl.toml and --plugins say is used.
    """
    from jobdsl import workflow
    from jobdsl.console import count, say_problems

    found = workflow.findings(estate, workflow.Access(url, user, token), isolation, plugins)
    if junit is not None:
        from jobdsl.junit import junit as as_junit

        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_text(as_junit(found.problems, found.checked), "utf-8")
    if as_json:
        import json

        click.echo(
            json.dumps([workflow.problem_json(one) for one in found.problems], indent=2, ensure_ascii=False)
        )
    else:
        say_problems(found.problems)
        click.echo(f"{count(len(found.checked), 'job')} checked", err=True)
    raise _Stop(1 if found.failed else 0)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run one command; gives its exit code. Nothing it raises on purpose leaves a traceback."""
    from jobdsl.console import say_problems

    try:
        code = cli.main(args=arguments, prog_name="jobdsl", standalone_mode=False)
    except _Stop as stop:
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
