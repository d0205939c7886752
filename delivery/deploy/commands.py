"""The commands that change something: `deploy`, `promote`, `rollback` and `resume`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.deploy.cli_common import (
    ImagePermission,
    adjust,
    analysis_option,
    cluster_of,
    cluster_option,
    confirm_production,
    judged_by,
    site_of,
    what_options,
)
from delivery.deploy.outcome import ending_options, run_locked
from delivery.errors import DeliveryError
from jobdsl.exit_codes import WRONG_USAGE

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.operations import CommandOutcome
    from delivery.provenance import Release

__all__ = ["deploy", "promote", "resume", "rollback"]


@click.command("deploy")
@what_options
@ending_options
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt, in production too.")
@click.option(
    "--gate-command",
    metavar="TEXT",
    help="Health check command for this run. [default: gate_command in delivery.toml]",
)
@click.option(
    "--keep-failed",
    type=click.FloatRange(0),
    metavar="HOURS",
    help="Hours to keep a failed group's instances. [default: keep_failed_hours in delivery.toml, else 0]",
)
def deploy(
    place: CommonOptions,
    cluster_name: str,
    app: str | None,
    image: str,
    strategy: str | None,
    change_request: str,
    changes: tuple[str, ...],
    ignored: tuple[str, ...],
    *,
    analysis: str | None,
    yes: bool,
    gate_command: str | None,
    keep_failed: float | None,
    **site_options: Any,
) -> int:
    """Deploy an image: a new group, traffic to it once it is healthy, the old one kept for a rollback."""
    from delivery.deploy import operations

    cluster = cluster_of(cluster_name, app)
    release = _release(place, image)
    purpose = f"deploy of {release} to {cluster}"
    site = site_of(place, cluster, purpose, locked=True, deploys=True, change_request=change_request)
    site.release = release
    if gate_command:
        site.deploy = replace(site.deploy, gate_command=gate_command)
    if keep_failed is not None:
        site.deploy = replace(site.deploy, keep_failed_hours=keep_failed)
    judged_by(site, analysis)
    adjust(site, changes, ignored)
    permission = ImagePermission(site, image, change_request)

    def act() -> CommandOutcome:
        chosen = strategy or site.deploy.strategy
        ending = operations.deploy(site, image, chosen, permission=permission)
        if ending.outcome == "deployed":
            _tested(site, image)
        return ending

    confirm_production(site, f"deploy {release} to {cluster}", yes=yes)
    return run_locked(site, act, site_options, "deploy")


def _release(place: CommonOptions, image: str) -> Release:
    """What an image contains; its id alone where it cannot be read, which the checks of the deploy report."""
    from delivery.deploy.checks import image_of
    from delivery.provenance import Release

    try:
        return image_of(place.aws, place.settings, image).release
    except DeliveryError:
        return Release(image=image)


def _tested(site: Site, image: str) -> None:
    """An image that serves here may go on to where that is asked for."""
    from delivery.sharing import mark_tested

    with site.timeline.step("tested", f"{site.release} ran in {site.cluster} of {site.aws.account}") as entry:
        try:
            mark_tested(site.aws, image, str(site.cluster), site.clock)
        except DeliveryError as error:
            entry.note(f"that could not be noted: {error.message}")


@click.command("promote")
@cluster_option
@place_options
@ending_options
def promote(place: CommonOptions, cluster_name: str, **site_options: Any) -> int:
    """Promote the waiting canary: grow it to full size and take the old group out of traffic."""
    from delivery.deploy import operations

    cluster = cluster_of(cluster_name)
    site = site_of(place, cluster, f"promote of {cluster}", locked=True, deploys=True)

    def act() -> CommandOutcome:
        ending = operations.promote(site)
        if ending.outcome == "deployed":
            _tested(site, ending.image)
        return ending

    return run_locked(site, act, site_options, "promote")


@click.command("rollback")
@cluster_option
@click.option("--to", metavar="GROUP", help="Group to roll back to. [default: the previous one]")
@click.option(
    "--cancel", is_flag=True, help="Cancel the rollback in progress: the group it leaves stays active."
)
@click.option("--plan", "as_plan", is_flag=True, help="Print the steps and change nothing.")
@click.option(
    "--reason", default="", metavar="TEXT", help="Reason of the rollback; stored as a tag of the group."
)
@place_options
@ending_options
def rollback(
    place: CommonOptions,
    cluster_name: str,
    to: str | None,
    reason: str,
    *,
    cancel: bool,
    as_plan: bool,
    **site_options: Any,
) -> int:
    """Move traffic back to the previous group; deploy its image again if it was deleted.

    A running deploy is stopped: its lock is taken over.
    """
    from delivery.deploy import operations

    cluster = cluster_of(cluster_name)
    if cancel and to is not None:
        hint = "--to names where traffic goes"
        raise DeliveryError("--cancel and --to exclude each other", hint, WRONG_USAGE)
    if as_plan:
        site = site_of(place, cluster, f"plan of a rollback of {cluster}", locked=False)
        return _tell_rollback(site, to, cancel=cancel, as_json=site_options["as_json"])
    site = site_of(place, cluster, f"rollback of {cluster}", locked=True, takes_over=True)
    return run_locked(
        site, lambda: operations.rollback(site, to, reason, cancelling=cancel), site_options, "rollback"
    )


def _tell_rollback(site: Site, to: str | None, *, cancel: bool, as_json: bool) -> int:
    from delivery.deploy.looking import echo_steps
    from delivery.deploy.operations import rollback_target
    from delivery.deploy.rollback_plan import planned
    from delivery.deploy.traffic import traffic_of
    from jobdsl.cli.console import say, say_json

    target = rollback_target(site, to, cancelling=cancel)
    steps = planned(site, traffic_of(site), target)
    leaving = target.leaving.name if target.leaving else None
    if as_json:
        facts = {"cluster": str(site.cluster), "kind": target.kind, "from": leaving, "to": target.returning}
        plan_steps = [{"name": name, "text": text} for name, text in steps]
        say_json({**facts, "steps": plan_steps})
        return 0
    of = f"rollback of {leaving} to" if leaving else "traffic back to"
    say(f"{of} {target.returning or 'nothing'} in {site.aws.account}, {site.aws.region}")
    echo_steps(steps)
    return 0


@click.command("resume")
@cluster_option
@analysis_option
@place_options
@ending_options
def resume(place: CommonOptions, cluster_name: str, *, analysis: str | None, **site_options: Any) -> int:
    """Continue an interrupted deploy or rollback."""
    from delivery.deploy import operations

    cluster = cluster_of(cluster_name)
    site = site_of(place, cluster, f"resume of {cluster}", locked=True, deploys=True)
    judged_by(site, analysis)

    def act() -> CommandOutcome:
        ending = operations.resume(site)
        if ending.outcome == "deployed":
            _tested(site, ending.image)
        return ending

    return run_locked(site, act, site_options, "resume")
