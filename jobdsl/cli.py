"""The command line: `jobdsl render | lint | plan | apply | import | bootstrap`.

Exit codes: 0 done, or nothing to do; 1 an error, also one of usage; 2 changes are pending (`plan`);
130 interrupted. Everything but click is imported by the command that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from jobdsl.errors import JobdslError

if TYPE_CHECKING:
    from jobdsl.jenkins import Controller
    from jobdsl.plan import Plan
    from jobdsl.workflow import Planned

__all__ = ["cli", "main"]

Command = TypeVar("Command", bound=Callable[..., Any])
PENDING = 2
ESTATE = click.argument("estate", type=click.Path(exists=True, file_okay=False, path_type=Path))


class _Stop(Exception):  # noqa: N818  # no error: how a command ends
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


@cli.command()
@ESTATE
@controller_options
@REFRESH
@ADOPT
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--markdown", is_flag=True, help="Print the plan as Markdown, for a review comment.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as a page.")
@REPORTS
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan, for `jobdsl apply plan.json`.",
)
@click.option("--diffs", type=click.IntRange(0), help="How many differences to show. [default: 50]")
@WORKERS
@isolation_option
def plan(
    estate: Path,
    url: str | None,
    user: str | None,
    token: str | None,
    refresh: bool,
    adopt: tuple[str, ...],
    as_json: bool,
    markdown: bool,
    html: Path | None,
    reports: tuple[Path, ...],
    out: Path | None,
    diffs: int | None,
    workers: int,
    isolation: str | None,
) -> None:
    """Say what `apply` would do, and why. Exits with 0 when there is nothing to do, 2 when there is."""
    from jobdsl import planfile, workflow

    access = workflow.Access(url, user, token)
    planned = workflow.plan(
        estate, access, isolation=isolation, adopt=adopt, refresh=refresh, workers=workers, diffs=diffs
    )
    made = planned.plan
    for path in (*reports, *([html] if html else [])):
        workflow.write_report(path, made, planned.diffs)
    if as_json:
        click.echo(workflow.plan_json(made, planned.diffs), nl=False)
    elif markdown:
        from jobdsl.report_markdown import to_markdown

        click.echo(to_markdown(made, planned.diffs), nl=False)
    else:
        _print_plan(planned)
    _say_findings(planned)
    if planned.blocking:
        raise _Stop(1)
    if out is not None:
        out.write_text(
            planfile.dumps(made, planned.checked.inventory, planned.checked.controller.url), "utf-8"
        )
    raise _Stop(PENDING if made.changes else 0)


def _print_plan(planned: Planned) -> None:
    from jobdsl import report

    colour = sys.stdout.isatty()
    click.echo(report.to_text(planned.plan, planned.diffs, colour=colour), nl=False, color=colour)


def _say_findings(planned: Planned) -> None:
    """What lint and policy found; problems of the plan itself are part of its text."""
    from jobdsl.console import say_problems

    say_problems(planned.checked.findings.problems)
    click.echo(f"loaded {planned.checked.estate.isolation}", err=True)


@cli.command()
@click.argument("source", metavar="ESTATE|plan.json", type=click.Path(exists=True, path_type=Path))
@controller_options
@REFRESH
@ADOPT
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-verify", is_flag=True, help="Do not read back what was changed.")
@click.option("--verify-all", is_flag=True, help="Read back every document, not the first few of each shape.")
@click.option(
    "--secrets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Secrets file, for a plan.json.",
)
@REPORTS
@WORKERS
@isolation_option
def apply(
    source: Path,
    url: str | None,
    user: str | None,
    token: str | None,
    refresh: bool,
    adopt: tuple[str, ...],
    yes: bool,
    no_verify: bool,
    verify_all: bool,
    secrets: Path | None,
    reports: tuple[Path, ...],
    workers: int,
    isolation: str | None,
) -> None:
    """Bring the controller up to date with an estate, or carry out a saved plan exactly.

    Nothing is written before the whole estate has loaded, passed lint and policy, and been planned.
    Running it again after an interruption finishes the work.
    """
    from jobdsl import workflow
    from jobdsl.secrets import Secrets

    access = workflow.Access(url, user, token)
    if source.is_file():
        made, controller = workflow.saved_plan(source, access, workers)
        fill = Secrets.load(secrets).fill if secrets else Secrets().fill
        diffs: dict[Any, list[str]] = {}
    else:
        planned = workflow.plan(
            source, access, isolation=isolation, adopt=adopt, refresh=refresh, workers=workers
        )
        made, controller, fill = planned.plan, planned.checked.controller, planned.checked.secrets.fill
        diffs = dict(planned.diffs)
        _print_plan(planned)
        _say_findings(planned)
    for path in reports:
        workflow.write_report(path, made, diffs)
    if not source.is_file() and planned.blocking:
        click.echo("nothing was changed", err=True)
        raise _Stop(1)
    if made.changes:
        _confirm(yes, len(made.changes), controller.url)
        verify = "none" if no_verify else "all" if verify_all else "shapes"
        _carry_out(made, controller, workers=workers, verify=verify, finish=fill)


def _confirm(yes: bool, changes: int, url: str) -> None:
    from jobdsl.console import count

    if yes:
        return
    if not sys.stdin.isatty():
        raise JobdslError("nobody is there to ask", hint="look at the plan first, then run again with --yes")
    if not click.confirm(f"Make {count(changes, 'change')} on {url}?", err=True):
        click.echo("nothing was changed", err=True)
        raise _Stop(PENDING)


def _carry_out(made: Plan, controller: Controller, **options: Any) -> None:
    """Apply a plan, telling each outcome; stops with 1 unless all went well."""
    from jobdsl import report
    from jobdsl.apply import Outcome
    from jobdsl.apply import apply as carry_out
    from jobdsl.console import Progress
    from jobdsl.plugins import plugin_of

    progress = Progress(len(made.changes), "applied")

    def tell(outcome: Outcome) -> None:
        if outcome.status != "queued":
            progress.advance()
        if not (progress.live and outcome.ok):
            progress.line(report.outcome_line(outcome, colour=progress.live))

    result = carry_out(made, controller, report=tell, plugin_of=plugin_of, **options)
    click.echo(report.result_line(result))
    raise _Stop(0 if result.ok else 1)


@cli.command("import")
@click.argument("source", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@controller_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Directory for the estate.")
@click.option(
    "--templates/--no-templates",
    default=True,
    help="Look for loops and templates. (Not yet: every job is written out.)",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what became of each document, as JSON.",
)
@click.option("--force", is_flag=True, help="Write into a directory that is not empty.")
def import_(
    source: Path | None,
    url: str | None,
    user: str | None,
    token: str | None,
    out: Path,
    templates: bool,
    report: Path | None,
    force: bool,
) -> None:
    """Make DSL files from existing jobs: those of a controller (--url), or SRC/full/name.xml files.

    Every document is rendered again and compared: what comes back is equal, or named as not.
    A broken document is named with its error, and the others go on; exits with 1 only if none was
    imported.
    """
    from jobdsl import config, workflow
    from jobdsl.importer import import_estate

    if source is None:
        found: Path | Controller = workflow.connect(workflow.Access(url, user, token), config.Settings())
    else:
        found = source
    result = import_estate(
        found,
        out,
        report=report,
        templates=templates,
        force=force,
        echo=lambda line: click.echo(line, err=True),
    )
    raise _Stop(0 if result.equal else 1)


@cli.command()
@controller_options
@click.option("--repo", required=True, metavar="GIT_URL", help="Repository of the estate.")
@click.option("--branch", default="main", show_default=True, help="Its branch.")
@click.option("--path", default=".", show_default=True, help="Where in the repository the estate is.")
@click.option("--name", default="jobdsl-seed", show_default=True, help="Full name of the seed job.")
@click.option(
    "--credentials",
    default="jobdsl-seed",
    show_default=True,
    help="Jenkins id of the seed's user and API token.",
)
@click.option("--git-credentials", help="Jenkins id of the credentials for the repository.")
@click.option("--agent", help="Label of the agents it runs on.")
@click.option(
    "--poll",
    default="H/5 * * * *",
    show_default=True,
    help="When the repository is looked at; pushes are told at once.",
)
@click.option("--github-push", is_flag=True, help="Also start it by GitHub's own webhook.")
@click.option("--install", help="Pip requirement of jobdsl on the agent. [default: this version]")
@click.option("--tool", help="Command of a jobdsl that is installed on the agents, instead.")
@click.option("--controller-url", help="URL the seed job uses. [default: the one Jenkins tells its builds]")
@click.option(
    "--seed-name", default="main", show_default=True, help="Name of the estate's seed, as jobdsl.toml says."
)
@click.option(
    "--timeout-minutes", default=30, show_default=True, type=click.IntRange(1), help="When a run is given up."
)
@click.option("--builds", default=50, show_default=True, type=click.IntRange(1), help="Builds that are kept.")
@click.option(
    "--html-page",
    is_flag=True,
    help="Publish the plan as a page of the job (needs the plugin htmlpublisher).",
)
@click.option(
    "--check/--no-check",
    default=True,
    help="Look whether the controller has what the job needs. [default: check]",
)
@ADOPT
@click.option("--yes", is_flag=True, help="Do not ask.")
def bootstrap(
    url: str | None,
    user: str | None,
    token: str | None,
    check: bool,
    adopt: tuple[str, ...],
    yes: bool,
    **options: Any,
) -> None:
    """Create the seed job on a controller, or bring it up to date.

    The seed job checks out the repository, runs lint and apply, and publishes the plan. It runs
    this command first, and so keeps itself up to date.
    """
    from jobdsl import bootstrap as seeding
    from jobdsl import config, report, workflow
    from jobdsl.console import say_problems

    controller = workflow.connect(workflow.Access(url, user, token), config.Settings())
    made = seeding.prepare(controller, adopt=adopt, check=check, **options)
    say_problems(one for one in made.problems)
    if made.errors:
        click.echo("nothing was changed", err=True)
        raise _Stop(1)
    if not made.changes:
        click.echo(f"the seed job {options['name']} is up to date")
        return
    click.echo(report.to_text(made, colour=sys.stdout.isatty()), nl=False)
    _confirm(yes or not sys.stdin.isatty(), len(made.changes), controller.url)
    _carry_out(made, controller)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete jobdsl's commands: eval "$(jobdsl completion bash)"."""
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(cli, {}, "jobdsl", "_JOBDSL_COMPLETE").source())


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
