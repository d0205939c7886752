"""The read-only commands: `plan` and `status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from delivery import tags
from delivery.cli_options import CommonOptions, place_options
from delivery.deploy.cli_common import (
    ImagePermission,
    adjust,
    cluster_of,
    cluster_option,
    judged_by,
    site_of,
    what_options,
)
from delivery.errors import FAILED, DeliveryError
from jobdsl.cli.console import say, say_json

if TYPE_CHECKING:
    from delivery.deploy.context import Site

__all__ = ["echo_steps", "plan", "status"]


@click.command("plan")
@what_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
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
    as_json: bool,
) -> None:
    """Print the steps of a deploy and change nothing."""
    from delivery.deploy.new_group import facts_of
    from delivery.deploy.plan import after, before, steps
    from delivery.deploy.preflight import intend
    from delivery.deploy.traffic import traffic_of

    cluster = cluster_of(cluster_name, app)
    site = site_of(place, cluster, f"plan of {cluster}", locked=False, change_request=change_request)
    judged_by(site, analysis)
    adjust(site, changes, ignored)
    permission = ImagePermission(site, image, change_request)
    strategy = strategy or site.deploy.strategy
    intent = intend(site, traffic_of(site), image, strategy, permit=permission.check)
    facts = facts_of(site, intent)
    plan_steps = [*before(facts), *((step.name, step.text) for step in steps(facts)), *after(facts)]
    _tell_plan(site, intent, plan_steps, as_json=as_json)


def _tell_plan(site: Site, intent: Any, plan_steps: list[tuple[str, str]], *, as_json: bool) -> None:
    notes = [*intent.notes, *intent.extras.unread, str(intent.fleet)]
    if as_json:
        steps = [{"name": name, "text": text} for name, text in plan_steps]
        facts = {"cluster": str(site.cluster), "group": intent.group, **intent.release.values}
        changes = [
            {"what": difference.setting, "before": difference.before, "after": difference.after}
            for difference in intent.differences
        ]
        plan = {**facts, "strategy": intent.strategy, "steps": steps, "changes": changes, "notes": notes}
        plan |= intent.fleet.values
        say_json(plan)
        return
    where = f"{site.aws.account}, {site.aws.region}"
    say(f"{intent.strategy} deploy of {intent.release} as {intent.group} in {where}")
    echo_steps(plan_steps)
    if intent.differences:
        say(f"changes from {intent.previous.name}, besides the image:")
    for difference in intent.differences:
        say(f"  {difference}")
    for note in notes:
        say(f"note: {note}")


def echo_steps(steps: Sequence[tuple[str, str]]) -> None:
    """Print steps, numbered."""
    width = max(len(name) for name, _ in steps)
    for number, (name, text) in enumerate(steps, 1):
        say(f"{number:3}  {name.ljust(width)}  {text}")


@click.command("status")
@cluster_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@place_options
def status(place: CommonOptions, cluster_name: str, *, as_json: bool) -> None:
    """Show a cluster: its groups, which of them take traffic, and the run in progress.

    The exit code is 1 where no group serves although there are groups, and no run is in progress.
    """
    from delivery.deploy.model import DeployState
    from delivery.deploy.status import illness_of, report, table
    from delivery.deploy.traffic import traffic_of

    named = cluster_of(cluster_name)
    site = site_of(place, named, f"status of {named}", locked=False)
    cluster, traffic, illness = site.read(), traffic_of(site), ""
    unfinished = cluster.unfinished
    if unfinished is not None and unfinished.state is DeployState.waiting:
        site.ignore_alarms(unfinished.tags.get(tags.IGNORED_ALARMS, "").splitlines())
        illness = illness_of(site, unfinished, traffic)
    document = report(place.aws, cluster, traffic, _holder(site), site.clock.now(), illness=illness)
    if as_json:
        say_json(document)
    else:
        say(table(document))
    if cluster.alive and not unfinished and not document["serves"]:
        raise click.exceptions.Exit(FAILED)


def _holder(site: Site) -> Any:
    """Return the holder of the lock; none where there is no table."""
    from delivery.aws import ErrorMeaning, meaning
    from delivery.lock import holder

    if site.settings.lock.table == "none":
        return None
    try:
        return holder(site.aws, site.settings.lock.table, str(site.cluster))
    except DeliveryError as error:
        if meaning(error) is ErrorMeaning.NotFound:
            return None
        raise
