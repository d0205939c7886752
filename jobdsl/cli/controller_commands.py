"""Commands that change a controller, or show what they would change: `plan`, `apply`, `bootstrap`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jobdsl.cli.options import (
    ADOPT,
    ESTATE,
    REPORTS,
    Stop,
    controller_options,
    planning_options,
)
from jobdsl.errors import JobdslError
from jobdsl.exit_codes import PENDING, REFUSED_OBJECTS

if TYPE_CHECKING:
    from jobdsl.cli.planning import Planned
    from jobdsl.controller.jenkins import Controller
    from jobdsl.planning.plan import Plan

__all__ = ["apply", "bootstrap", "plan"]


@click.command()
@ESTATE
@controller_options
@planning_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
@click.option("--markdown", is_flag=True, help="Print the plan as Markdown, for a review comment.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan as an HTML page."
)
@REPORTS
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan, for `jobdsl apply plan.json`.",
)
@click.option("--diffs", type=click.IntRange(0), help="Maximum number of differences to show. [default: 50]")
def plan(
    estate: Path,
    url: str | None,
    user: str | None,
    token: str | None,
    as_json: bool,
    markdown: bool,
    html: Path | None,
    reports: tuple[Path, ...],
    out: Path | None,
    diffs: int | None,
    **options: Any,
) -> None:
    """Show what `apply` would change, and why.

    Exits with 0 when there is nothing to do, 2 when there is, 3 when `apply` would refuse single objects.
    """
    from jobdsl.cli import planning as planning
    from jobdsl.cli import workflow
    from jobdsl.planning import planfile

    access = workflow.Access(url, user, token)
    planned = planning.plan(
        estate, access, planning.PlanOptions(**options), diffs=diffs, to_save=out is not None
    )
    plan = planned.plan
    checked = planned.checked
    about = planning.about(checked.controller, estate) if reports or html else None
    values = checked.secrets.values
    for path in reports:
        planning.write_report(path, plan, planned.diffs, about=about, values=values)
    if html is not None:
        planning.write_report(html, plan, planned.diffs, ".html", about=about, values=values)
    if as_json:
        click.echo(planning.plan_json(plan, planned.diffs), nl=False)
    elif markdown:
        from jobdsl.reports.markdown import to_markdown

        click.echo(to_markdown(plan, planned.diffs), nl=False)
    else:
        _print_plan(planned)
    _print_findings(planned)
    if planned.blocking:
        raise Stop(1)
    if out is not None:
        _refuse_secrets(out, planned)
        saved = planfile.dumps(plan, checked.inventory, planned.documents, checked.controller.url)
        workflow.write_text(out, saved, private=True)
    raise Stop(REFUSED_OBJECTS if plan.refused else PENDING if plan.changes else 0)


def _refuse_secrets(out: Path, planned: Planned) -> None:
    """Refuse to save a plan whose documents hold secrets in plain text: saved plans are passed on and kept.

    Lint has named each of them, unless its rule is ignored: then they are meant to be no secrets.
    """
    sent = {change.full_name for change in planned.plan.changes if change.document}
    problems = planned.checked.findings.problems
    if any(problem.rule == "clear-secret" and problem.job in sent for problem in problems):
        raise JobdslError(
            f"{out} is not saved: it would hold what looks like a secret in plain text, named above",
            hint='put secret("a name") in its place; if it is none: [lint] ignore = ["clear-secret"]',
        )


def _print_plan(planned: Planned) -> None:
    from jobdsl.cli.places import seen_plan
    from jobdsl.reports import plans as report

    colour = sys.stdout.isatty()
    text = report.to_text(seen_plan(planned.plan), planned.diffs, colour=colour)
    click.echo(text, nl=False, color=colour)


def _print_findings(planned: Planned) -> None:
    """What lint and policy found; problems of the plan itself are part of its text."""
    from jobdsl.cli.console import count, say, say_problems

    findings = planned.checked.findings
    say_problems(findings.problems)
    if findings.no_policy:
        click.echo(findings.no_policy, err=True)
    estate = planned.checked.estate
    others = ", ".join(count(len(values), kind) for kind, values in estate.extra.items())
    say(f"loaded {estate.isolation}" + (f"; beside jobs: {others}" if others else ""), err=True)


@click.command()
@click.argument(
    "source", metavar="[ESTATE|plan.json]", default=".", type=click.Path(exists=True, path_type=Path)
)
@controller_options
@planning_options
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
@click.option("--no-verify", is_flag=True, help="Do not read changed objects back.")
@click.option("--verify-all", is_flag=True, help="Read back every document, not the first few of each shape.")
@click.option(
    "--secrets",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Secrets file, for a plan.json.",
)
@REPORTS
def apply(
    source: Path,
    url: str | None,
    user: str | None,
    token: str | None,
    yes: bool,
    no_verify: bool,
    verify_all: bool,
    secrets: Path | None,
    reports: tuple[Path, ...],
    **options: Any,
) -> None:
    """Bring the controller up to date with an estate, or carry out a saved plan exactly.

    Nothing is written before the whole estate has loaded, passed lint and policy, and been planned.
    Objects that are not this seed's are left alone, and the run ends with 3. Running it again after an
    interruption finishes the work. A saved plan is refused once anything it touches has changed on the
    controller.
    """
    from jobdsl.cli import places, workflow
    from jobdsl.cli import planning as planning
    from jobdsl.cli.console import say_problems
    from jobdsl.documents.secrets import Secrets

    access = workflow.Access(url, user, token)
    if source.is_file():
        _as_reviewed(options)
        plan, controller = planning.saved_plan(source, access, options["workers"])
        fill = Secrets.load(secrets).fill if secrets else Secrets().fill
        diffs: dict[Any, list[str]] = {}
        values: Mapping[str, str] = {}
        say_problems(plan.refused)
    else:
        places.use(source)
        planned = planning.plan(source, access, planning.PlanOptions(**options))
        plan, controller, fill = planned.plan, planned.checked.controller, planned.checked.secrets.fill
        diffs, values = dict(planned.diffs), planned.checked.secrets.values
        _print_plan(planned)
        _print_findings(planned)
    about = planning.about(controller, None if source.is_file() else source) if reports else None
    for path in reports:
        planning.write_report(path, plan, diffs, about=about, values=values)
    if not source.is_file() and planned.blocking:
        click.echo("nothing was changed", err=True)
        raise Stop(1)
    if plan.changes:
        _confirm(yes, len(plan.changes), controller.url)
        verify = "none" if no_verify else "all" if verify_all else "shapes"
        _carry_out(plan, controller, workers=options["workers"], verify=verify, finish=fill)
    raise Stop(_print_refused(plan))


def _as_reviewed(options: Mapping[str, Any]) -> None:
    """Refuse planning options: a saved plan is applied as it was reviewed."""
    words = {name: f"--{name.replace('_', '-')}" for name in options if name != "workers"}
    unset = (None, False, ())
    if refused := [
        word for name, word in words.items() if not any(options[name] is value for value in unset)
    ]:
        hint = "give them to the plan that makes it: jobdsl plan ESTATE --out plan.json"
        raise JobdslError(f"a saved plan takes no {' or '.join(refused)}", hint=hint)


def _confirm(yes: bool, changes: int, url: str) -> None:
    from jobdsl.cli.console import count

    if yes:
        return
    if not sys.stdin.isatty():
        raise JobdslError(
            "a confirmation is needed, and standard input is not a terminal",
            hint="read the plan, then run again with --yes",
        )
    if not click.confirm(f"Make {count(changes, 'change')} on {url}?", err=True):
        click.echo("nothing was changed", err=True)
        raise Stop(PENDING)


def _carry_out(plan: Plan, controller: Controller, **options: Any) -> None:
    """Apply a plan, telling each outcome; stops with 1 if a change failed."""
    from jobdsl.applying.apply import apply as carry_out
    from jobdsl.applying.outcomes import ChangeOutcome
    from jobdsl.checks.plugins import plugin_of
    from jobdsl.cli.console import Progress
    from jobdsl.cli.places import seen_problem
    from jobdsl.reports import plans as report

    progress = Progress(len(plan.changes), "applied")

    def report_outcome(outcome: ChangeOutcome) -> None:
        if outcome.status not in ("queued", "unbuilt"):
            progress.advance()
        if not (progress.live and outcome.ok):
            seen = replace(outcome, problems=tuple(map(seen_problem, outcome.problems)))
            progress.line(report.outcome_line(seen, colour=progress.live))

    result = carry_out(plan, controller, report=report_outcome, plugin_of=plugin_of, **options)
    click.echo(report.result_line(result))
    if not result.ok:
        _print_refused(plan)
        raise Stop(1)


def _print_refused(plan: Plan) -> int:
    """Print at the end of a run which objects it left out. Returns the exit code."""
    from jobdsl.cli.console import count, say
    from jobdsl.planning.refusals import listed

    if not plan.refused:
        return 0
    names = listed([problem.job for problem in plan.refused], most=20)
    say(f"{count(len(plan.refused), 'object')} left out: {names}", err=True)
    return REFUSED_OBJECTS


@click.command()
@controller_options
@click.option("--repo", required=True, metavar="GIT_URL", help="Repository of the estate.")
@click.option("--branch", default="main", show_default=True, help="Branch of the repository.")
@click.option("--path", default=".", show_default=True, help="Directory of the estate in the repository.")
@click.option("--name", default="jobdsl-seed", show_default=True, help="Full name of the seed job.")
@click.option(
    "--credentials",
    default="jobdsl-seed",
    show_default=True,
    help="Jenkins id of the seed's user and API token.",
)
@click.option("--git-credentials", help="Jenkins id of the credentials for the repository.")
@click.option("--secrets-file", help="Jenkins id of a secret file with the values of the estate's secrets.")
@click.option("--agent", help="Label of the agents that run the seed job.")
@click.option(
    "--poll",
    default="H/5 * * * *",
    show_default=True,
    help="Schedule for polling the repository; a push triggers at once.",
)
@click.option("--github-push", is_flag=True, help="Also trigger the job by GitHub's webhook.")
@click.option(
    "--install",
    help="Wheel the job installs jobdsl from: address or path. [default: the job carries this version]",
)
@click.option("--tool", help="Command of a jobdsl that is installed on the agents, in place of a wheel.")
@click.option(
    "--controller-url", help="Controller URL that the seed job uses. [default: JENKINS_URL of the build]"
)
@click.option(
    "--seed-name", default="main", show_default=True, help="Name of the estate's seed, as in jobdsl.toml."
)
@click.option(
    "--timeout-minutes",
    default=30,
    show_default=True,
    type=click.IntRange(1),
    help="Timeout of a run in minutes.",
)
@click.option(
    "--builds", default=50, show_default=True, type=click.IntRange(1), help="Number of builds to keep."
)
@click.option(
    "--html-page",
    is_flag=True,
    help="Publish the plan as a page of the job (needs the plugin htmlpublisher).",
)
@click.option(
    "--check/--no-check",
    default=True,
    help="Check that the controller has what the job needs. [default: check]",
)
@click.option(
    "--save-plugins",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the controller's plugins to a file, for controller.plugins in jobdsl.toml, where the seed's "
    "user may not list them.",
)
@ADOPT
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
def bootstrap(
    url: str | None,
    user: str | None,
    token: str | None,
    check: bool,
    save_plugins: Path | None,
    adopt: tuple[str, ...],
    yes: bool,
    **options: Any,
) -> None:
    """Create the seed job on a controller, or bring it up to date.

    The seed job checks out the repository, runs lint and apply, and publishes the plan. It runs
    this command first, and so keeps itself up to date.
    """
    import json

    from jobdsl.cli import bootstrap as seeding
    from jobdsl.cli import workflow
    from jobdsl.cli.console import count, say_problems
    from jobdsl.reports import plans as report
    from jobdsl.settings import config

    controller = workflow.connect(workflow.Access(url, user, token), config.Settings())
    if save_plugins is not None:
        versions = dict(sorted(controller.plugins().items()))
        workflow.write_text(save_plugins, json.dumps(versions, indent=2) + "\n")
        click.echo(f"{save_plugins}: {count(len(versions), 'plugin')}", err=True)
    seed_plan = seeding.prepare(controller, adopt=adopt, check=check, **options)
    if seed_plan.errors or not seed_plan.changes:  # else they are printed with the plan
        say_problems(seed_plan.problems)
    if seed_plan.errors:
        click.echo("nothing was changed", err=True)
        raise Stop(1)
    if not seed_plan.changes:
        click.echo(f"the seed job {options['name']} is up to date")
        return
    click.echo(report.to_text(seed_plan, colour=sys.stdout.isatty()), nl=False)
    _confirm(yes, len(seed_plan.changes), controller.url)
    _carry_out(seed_plan, controller)
