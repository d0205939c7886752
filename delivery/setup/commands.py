"""The commands `delivery setup account` and `delivery setup app`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.errors import FAILED, USAGE, DeliveryError
from jobdsl.cli.console import say, say_json

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.setup.run import DirectCall, StackRun

__all__ = ["account", "app"]


def _setup_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON."),
        click.option("--yes", is_flag=True, help="Do not ask before changes in a production account."),
        click.option(
            "--out",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write the template to this file and change nothing: to own and deploy it by hand.",
        ),
        click.option("--plan", "plan_only", is_flag=True, help="Print the steps and change nothing."),
    ):
        command = option(command)
    return place_options(command)


@click.command("account")
@_setup_options
def account(place: CommonOptions, *, plan_only: bool, out: Path | None, yes: bool, as_json: bool) -> None:
    """Make what bakes and deploys need in an account: tables, roles, bucket, key, load balancer, budget.

    What exists already and was not made by this command is left as it is.
    """
    from delivery.clock import HostClock
    from delivery.setup import account_stack
    from delivery.setup.desired import apps_of, stack_of_account
    from delivery.setup.run import StackRun, begin, direct_steps

    aws, settings, clock = place.aws, place.settings, HostClock()
    named = settings.account(place.account_name)
    name, mark = account_stack.stack_name(named.name), f"account/{named.name}"
    current = begin(aws, name, mark, clock)
    desired = stack_of_account(aws, settings, named, current)
    run = StackRun(
        name=name,
        mark=mark,
        template=account_stack.account_template(desired),
        existing=desired.existing,
        current=current,
    )
    notes = (
        [] if desired.agents else ["no role is made: agents in [accounts.NAME.setup] names who may assume it"]
    )
    deploys = bool(apps_of(settings, named))
    _run(
        place,
        run,
        steps=lambda: direct_steps(aws, settings, deploys=deploys),
        notes=notes,
        tags={},
        plan_only=plan_only,
        out=out,
        yes=yes,
        as_json=as_json,
    )


@click.command("app")
@click.option("--app", "app_name", metavar="NAME", help="Application. [default: the only one with a port]")
@_setup_options
def app(
    place: CommonOptions,
    app_name: str | None,
    *,
    plan_only: bool,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Make what the groups of an application need: security group, role, launch template, target group, rule.

    What exists already and was not made by this command is left as it is.
    """
    from delivery.clock import HostClock
    from delivery.setup import app_stack
    from delivery.setup.desired import app_of, stack_of_app
    from delivery.setup.run import StackRun, begin

    settings, clock = place.settings, HostClock()
    name, _ = app_of(settings, app_name)
    aws = place.aws
    named = settings.account(place.account_name)
    stack, mark = app_stack.stack_name(name), f"app/{name}"
    current = begin(aws, stack, mark, clock)
    desired = stack_of_app(aws, settings, named, name, current)
    run = StackRun(
        name=stack,
        mark=mark,
        template=app_stack.app_template(desired),
        existing=desired.existing,
        current=current,
    )
    notes = _alarm_notes(place, name, desired.error_percent)
    if desired.makes_target_group and not desired.network.listener:
        notes.append("no rule is made: load_balancer in [accounts.NAME.setup] names a listener, or is make")
    _run(
        place, run, steps=list, notes=notes, tags={"application": name},
        plan_only=plan_only, out=out, yes=yes, as_json=as_json,
    )  # fmt: skip


def _alarm_notes(place: CommonOptions, name: str, percent: float) -> list[str]:
    alarm = f"{name}-errors"
    watched = place.settings.deploy(place.aws.account, name, name).alarms
    if percent and alarm not in watched:
        return [f'no deploy watches alarm {alarm}: alarms = ["{alarm}"] in [apps.{name}]']
    return []


def _run(
    place: CommonOptions,
    run: StackRun,
    *,
    steps: Callable[[], list[DirectCall]],
    notes: Sequence[str],
    tags: dict[str, str],
    plan_only: bool,
    out: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    from delivery.clock import HostClock
    from delivery.setup.run import apply, fill, plan_values, refuse_replacements
    from delivery.setup.stacks import discard

    if out is not None:
        _write(out, run.body)
        return
    aws, clock = place.aws, HostClock()
    missing = steps()
    proposal = fill(aws, run, clock, tags)
    refuse_replacements(aws, proposal, clock)
    if as_json:
        say_json(plan_values(run, proposal, missing, notes))
    else:
        _say_plan(aws, run, [str(change) for change in proposal.changes], missing, notes)
    if plan_only:
        discard(aws, proposal, clock)
        return
    if proposal.changes or missing:
        try:
            _confirm(place, run, yes=yes)
        except (DeliveryError, click.Abort):
            discard(aws, proposal, clock)
            raise
    for step in missing:
        step.run()
    apply(aws, run, proposal, clock, lambda text: say(text, err=as_json))
    for step in steps():  # of what the stack has made: the key
        say(step.text, err=as_json)
        step.run()


def _write(out: Path, body: str) -> None:
    try:
        out.write_text(body, "utf-8")
    except OSError as error:
        raise DeliveryError(f"{out} cannot be written: {error.strerror}", "", FAILED) from error
    say(f"{out} written; nothing was changed")


def _say_plan(
    aws: Aws, run: StackRun, changes: Sequence[str], steps: Sequence[DirectCall], notes: Sequence[str]
) -> None:
    state = "new" if run.current is None else run.current.status
    say(f"stack {run.name} ({state}) in {aws.account}, {aws.region}")
    for change in changes:
        say(f"  {change}")
    for step in steps:
        say(f"  {step.text}")
    if not changes and not steps:
        say("  nothing to change")
    for note in (*run.notes, *notes):
        say(f"note: {note}")


def _confirm(place: CommonOptions, run: StackRun, *, yes: bool) -> None:
    """Confirm in production. DeliveryError without a terminal; click.Abort for a no."""
    named = place.settings.account(place.account_name)
    if not named.production or yes:
        return
    question = f"{named.name} is production: change stack {run.name}?"
    if not sys.stdin.isatty():
        raise DeliveryError(question, "--yes skips this prompt", USAGE)
    click.confirm(question, abort=True, err=True)
