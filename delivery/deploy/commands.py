"""The commands `plan`, `deploy`, `promote`, `rollback`, `resume` and `status`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery import names
from delivery.cli_options import Place, place_options
from delivery.clock import Clock
from delivery.errors import USAGE, DeliveryError

if TYPE_CHECKING:
    from delivery.deploy.runs import Ending
    from delivery.deploy.site import Site

__all__ = ["deploy", "plan", "promote", "resume", "rollback", "status"]

STRATEGIES = ("red-black", "canary", "ramp", "highlander")


def _cluster_option(command: Any) -> Any:
    """--cluster, as every command of a cluster has it."""
    return click.option(
        "--cluster",
        "cluster_name",
        required=True,
        metavar="NAME",
        help="Cluster: app, app-stack or app-stack-detail.",
    )(command)


def _what_options(command: Any) -> Any:
    """What is deployed."""
    for option in (
        click.option("--app", metavar="NAME", help="Application. [default: the cluster's]"),
        click.option("--image", required=True, metavar="AMI", help="Id of the image."),
        click.option("--strategy", type=click.Choice(STRATEGIES), help="[default: the settings', red-black]"),
        click.option("--change-request", default="", metavar="TEXT", help="Under which it is deployed."),
    ):
        command = option(command)
    return _cluster_option(place_options(command))


def _ending_options(command: Any) -> Any:
    """How it is told how it ended."""
    file = click.Path(dir_okay=False, path_type=Path)
    folder = click.Path(file_okay=False, path_type=Path)
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Result as JSON on stdout."),
        click.option("--result", type=file, help="Result as JSON, as a file."),
        click.option("--report", type=folder, help="Folder for the timeline as JSON, Markdown and SVG."),
    ):
        command = option(command)
    return command


def _cluster(text: str, app: str | None = None) -> names.Cluster:
    try:
        found = names.parse_cluster(text)
    except names.NameProblem as error:
        raise DeliveryError(error.message, error.hint, USAGE) from error
    if app is not None and app != found.app:
        hint = f"--app {found.app}, or a cluster that begins with {app}"
        raise DeliveryError(f"cluster {text} is one of application {found.app}, not {app}", hint, USAGE)
    return found


def _site(place: Place, cluster: names.Cluster, what: str, *, locked: bool) -> Site:
    from delivery.deploy.site import Site
    from delivery.lock import FreeLock, open_lock
    from delivery.timeline import Timeline

    clock = Clock()
    timeline = Timeline(clock, title=f"{what} in {place.aws.account}, {place.aws.region}")
    settings = place.settings
    lock = (
        open_lock(place.aws, settings, str(cluster), clock, what, timeline.say) if locked else FreeLock(clock)
    )
    deploy = settings.deploy(place.aws.account, cluster.app, str(cluster))
    return Site(place.aws, clock, lock, settings, deploy, timeline, cluster)


def _carry_out(site: Site, act: Callable[[], Ending], told: dict[str, Any]) -> int:
    """Hold the lock while it is done, and tell how it ended; the timeline is written whatever happens."""
    from delivery.bake.signals import Interrupted, Signals

    outcome = "stopped"
    try:
        with Signals().watched(), site.lock:
            ending = act()
        outcome = str(ending)
        _tell(site, ending, told)
    except Interrupted as stopped:
        outcome = f"{stopped}: delivery resume goes on from here, delivery rollback goes back"
        return stopped.exit_code
    except DeliveryError as error:
        outcome = f"failed: {error.message}"
        raise
    else:
        return ending.exit_code
    finally:
        site.timeline.finish(
            outcome, cluster=str(site.cluster), account=site.aws.account, region=site.aws.region
        )
        if told["report"]:
            site.timeline.write(told["report"])


def _tell(site: Site, ending: Ending, told: dict[str, Any]) -> None:
    said = {
        "cluster": str(site.cluster),
        "account": site.aws.account,
        "region": site.aws.region,
        "outcome": ending.outcome,
        "exit_code": ending.exit_code,
        "group": ending.group or None,
        "previous": ending.previous or None,
        "image": ending.image or None,
        "reason": ending.reason or None,
    }
    text = json.dumps(said, indent=2)
    if told["result"]:
        told["result"].write_text(text + "\n", "utf-8")
    if told["as_json"]:
        click.echo(text)


@click.command("plan")
@_what_options
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
def plan(
    place: Place,
    cluster_name: str,
    app: str | None,
    image: str,
    strategy: str | None,
    change_request: str,
    *,
    as_json: bool,
) -> None:
    """Tell every step a deploy would take, and do none of them."""
    from delivery.deploy.begin import facts_of, intend
    from delivery.deploy.plan import after, before, steps
    from delivery.deploy.traffic import traffic_of

    cluster = _cluster(cluster_name, app)
    site = _site(place, cluster, f"plan of {cluster}", locked=False)
    _permit(site, image, change_request, share=False)
    intent = intend(site, traffic_of(site), image, strategy or site.deploy.strategy, change_request)
    facts = facts_of(site, intent)
    said = [*before(facts), *((one.name, one.text) for one in steps(facts)), *after(facts)]
    _tell_plan(site, intent, said, as_json=as_json)


def _tell_plan(site: Site, intent: Any, said: list[tuple[str, str]], *, as_json: bool) -> None:
    notes = [*intent.lost, *intent.extras.unread]
    if as_json:
        steps = [{"name": name, "text": text} for name, text in said]
        facts = {"cluster": str(site.cluster), "group": intent.group, "image": intent.image}
        click.echo(
            json.dumps({**facts, "strategy": intent.strategy, "steps": steps, "notes": notes}, indent=2)
        )
        return
    where = f"{site.aws.account}, {site.aws.region}"
    click.echo(f"{intent.strategy} deploy of {intent.image} as {intent.group} in {where}")
    width = max(len(name) for name, _ in said)
    for number, (name, text) in enumerate(said, 1):
        click.echo(f"{number:3}  {name.ljust(width)}  {text}")
    for note in notes:
        click.echo(f"note: {note}")


def _permit(site: Site, image: str, change_request: str, *, share: bool) -> None:
    """Policy first, then the image is shared with the account it is to run in. PolicyError, DeliveryError."""
    from delivery.permission import permit
    from delivery.sharing import share_with

    permit(site.settings, site.aws, app=site.cluster.app, image=image, change_request=change_request)
    if share:
        share_with(site.settings, site.aws, image)


@click.command("deploy")
@_what_options
@_ending_options
@click.option("--yes", is_flag=True, help="Do not ask, not even in production.")
@click.option(
    "--gate-command",
    metavar="TEXT",
    help="Of the health gate, in this run. [default: the settings' gate_command]",
)
def deploy(
    place: Place,
    cluster_name: str,
    app: str | None,
    image: str,
    strategy: str | None,
    change_request: str,
    *,
    yes: bool,
    gate_command: str | None,
    **told: Any,
) -> int:
    """Deploy an image: a new group, traffic to it once it is healthy, the old one kept for a rollback."""
    from delivery.deploy import runs

    cluster = _cluster(cluster_name, app)
    site = _site(place, cluster, f"deploy of {image} to {cluster}", locked=True)
    if gate_command:
        site.deploy = replace(site.deploy, gate_command=gate_command)

    def act() -> Ending:
        with site.timeline.step("check", "policy, image, groups of the cluster"):
            _permit(site, image, change_request, share=True)
        ending = runs.deploy(site, image, strategy or site.deploy.strategy, change_request)
        if ending.outcome == "deployed":
            _tested(site, image)
        return ending

    _ask(site, f"deploy {image} to {cluster}", yes=yes)
    return _carry_out(site, act, told)


def _ask(site: Site, what: str, *, yes: bool) -> None:
    """In production somebody has to say yes."""
    account = site.settings.account(site.aws.account)
    if not account.production or yes:
        return
    if not sys.stdin.isatty():
        raise DeliveryError(
            f"{account.name} is production: {what}?", "--yes says so without being asked", USAGE
        )
    click.confirm(f"{account.name} is production: {what}?", abort=True, err=True)


def _tested(site: Site, image: str) -> None:
    """An image that serves here may go on to where that is asked for."""
    from delivery.sharing import mark_tested

    with site.timeline.step("tested", f"{image} ran in {site.aws.account}") as told:
        try:
            mark_tested(site.aws, image, site.clock)
        except DeliveryError as error:
            told.note(f"that could not be noted: {error.message}")


@click.command("promote")
@_cluster_option
@place_options
@_ending_options
def promote(place: Place, cluster_name: str, **told: Any) -> int:
    """Go on with the canary that waits: grow it, and take the old group out."""
    from delivery.deploy import runs

    cluster = _cluster(cluster_name)
    site = _site(place, cluster, f"promote of {cluster}", locked=True)

    def act() -> Ending:
        ending = runs.promote(site)
        if ending.outcome == "deployed":
            _tested(site, ending.image)
        return ending

    return _carry_out(site, act, told)


@click.command("rollback")
@_cluster_option
@click.option("--to", metavar="GROUP", help="Group to go back to. [default: the one before]")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept on the group.")
@place_options
@_ending_options
def rollback(place: Place, cluster_name: str, to: str | None, reason: str, **told: Any) -> int:
    """Traffic back to the group before; if that is gone, its image is deployed anew."""
    from delivery.deploy import runs

    cluster = _cluster(cluster_name)
    site = _site(place, cluster, f"rollback of {cluster}", locked=True)
    return _carry_out(site, lambda: runs.rollback(site, to, reason), told)


@click.command("resume")
@_cluster_option
@place_options
@_ending_options
def resume(place: Place, cluster_name: str, **told: Any) -> int:
    """Go on where a deploy or rollback was stopped."""
    from delivery.deploy import runs

    cluster = _cluster(cluster_name)
    site = _site(place, cluster, f"resume of {cluster}", locked=True)

    def act() -> Ending:
        ending = runs.resume(site)
        if ending.outcome == "deployed":
            _tested(site, ending.image)
        return ending

    return _carry_out(site, act, told)


@click.command("status")
@_cluster_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@place_options
def status(place: Place, cluster_name: str, *, as_json: bool) -> None:
    """Tell how a cluster stands: its groups, what takes traffic, what is under way."""
    from delivery.deploy.status import report, table
    from delivery.deploy.traffic import traffic_of

    cluster = _cluster(cluster_name)
    site = _site(place, cluster, f"status of {cluster}", locked=False)
    said = report(place.aws, site.read(), traffic_of(site), _holder(site), site.clock.now())
    click.echo(json.dumps(said, indent=2) if as_json else table(said))


def _holder(site: Site) -> Any:
    """Who holds the lock; nobody does where there is no table."""
    from delivery.aws import Meaning, meaning
    from delivery.lock import holder

    if site.settings.lock.table == "none":
        return None
    try:
        return holder(site.aws, site.settings.lock.table, str(site.cluster))
    except DeliveryError as error:
        if meaning(error) is Meaning.NotFound:
            return None
        raise
