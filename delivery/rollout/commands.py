"""The commands of `delivery waves`: plan, deploy, resume, rollback and status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.deploy.cli_common import (
    STRATEGIES,
    cluster_of,
    cluster_option,
    confirm_production,
    notify,
    open_site,
)
from delivery.deploy.outcome import ending_options, run_locked
from delivery.errors import USAGE, DeliveryError
from jobdsl.cli.console import say, say_json

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.names import ClusterName
    from delivery.rollout.places import WavePlace
    from delivery.rollout.progress import Rollout
    from delivery.rollout.runner import WavesRun

__all__ = ["deploy", "plan", "resume", "rollback", "status"]


def _image_options(command: Any) -> Any:
    for option in (
        click.option("--image", required=True, metavar="AMI", help="Id of the image in the first region."),
        click.option(
            "--strategy",
            type=click.Choice(STRATEGIES),
            help="Deploy strategy. [default: delivery.toml, else red-black]",
        ),
        click.option(
            "--change-request", default="", metavar="TEXT", help="Change request that authorises this deploy."
        ),
    ):
        command = option(command)
    return cluster_option(place_options(command))


def _run_of(
    place: CommonOptions,
    cluster: ClusterName,
    purpose: str,
    *,
    locked: bool,
    takes_over: bool = False,
    deploys: bool = False,
    change_request: str = "",
    strategy: str | None = None,
) -> WavesRun:
    """Open the home and the places of a run. DeliveryError."""
    from delivery.rollout.places import first_region, places_of
    from delivery.rollout.runner import WavesRun

    home = place
    if place.region_name is None:
        account = place.settings.account(place.account_name).name
        region = first_region(place.settings, account, cluster)
        home = CommonOptions(place.settings_file, place.account_name, region)
    waves = places_of(place.settings, home.aws, cluster)
    site = _home(home, cluster, purpose, locked=locked, takes_over=takes_over, change_request=change_request)

    def opened(at: WavePlace) -> Site:
        run_site = open_site(
            at.aws,
            place.settings,
            at.cluster,
            purpose,
            locked=locked,
            takes_over=takes_over,
            deploys=deploys,
            change_request=change_request,
            timeline=site.timeline.within(at.name),
        )
        run_site.notifier = site.notifier
        return run_site

    return WavesRun(site, waves, opened, strategy)


def _home(
    place: CommonOptions,
    cluster: ClusterName,
    purpose: str,
    *,
    locked: bool,
    takes_over: bool,
    change_request: str,
) -> Site:
    """Open the home of a rollout, whose lock is that of the rollout. DeliveryError."""
    from delivery.history.record import whole_name
    from delivery.lock import open_lock

    site = open_site(place.aws, place.settings, cluster, purpose, locked=False, change_request=change_request)
    if locked:
        site.lock = open_lock(
            place.aws,
            place.settings,
            whole_name(str(cluster)),
            site.clock,
            purpose,
            site.timeline.say,
            takes_over=takes_over,
        )
        notify(site)
    return site


@click.command("plan")
@_image_options
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan(
    place: CommonOptions,
    cluster_name: str,
    image: str,
    strategy: str | None,
    change_request: str,
    *,
    as_json: bool,
) -> None:
    """Print all waves of a deploy, with the steps in each place, and change nothing."""
    cluster = cluster_of(cluster_name)
    run = _run_of(
        place,
        cluster,
        f"plan of {cluster}",
        locked=False,
        change_request=change_request,
        strategy=strategy,
    )
    rollout = run.begin(image)
    planned = [_planned(run, *each) for each in run.intents(rollout)]
    if as_json:
        say_json({"cluster": str(cluster), "image": image, "places": planned})
        return
    _print_plan(run, image, planned)


def _planned(run: WavesRun, place: WavePlace, site: Site, intent: Any, progress: Any) -> dict[str, Any]:
    from delivery.deploy.new_group import facts_of
    from delivery.deploy.plan import after, before, steps

    values = {**place.values, "state": str(progress.state), "copied": place.aws.region in run.images}
    if intent is None:
        return {**values, "group": progress.group.name if progress.group else None, "steps": [], "notes": []}
    facts = facts_of(site, intent)
    every = [*before(facts), *((step.name, step.text) for step in steps(facts)), *after(facts)]
    return {
        **values,
        "group": intent.group,
        "strategy": intent.strategy,
        "steps": [{"name": name, "text": text} for name, text in every],
        "notes": [*map(str, intent.differences), *intent.notes, str(intent.fleet)],
    }


def _print_plan(run: WavesRun, image: str, planned: list[dict[str, Any]]) -> None:
    from delivery.deploy.looking import echo_steps

    deploy = run.site.deploy
    copies = [planned_place["region"] for planned_place in planned if not planned_place["copied"]]
    if copies:
        say(f"{image} is copied to {', '.join(dict.fromkeys(copies))} before anything is deployed")
    for number in range(1, len(run.waves) + 1):
        say(f"wave {number} of {len(run.waves)}")
        for planned_place in (each for each in planned if each["wave"] == number):
            where = f"{planned_place['cluster']} in {planned_place['account']}, {planned_place['region']}"
            if not planned_place["steps"]:
                group = f" as {planned_place['group']}" if planned_place["group"] else ""
                say(f"  {where}: {planned_place['state']}{group}")
                continue
            say(f"  {where}: {planned_place['strategy']} deploy as {planned_place['group']}")
            echo_steps([(step["name"], step["text"]) for step in planned_place["steps"]])
            for note in planned_place["notes"]:
                say(f"  note: {note}")
        if number < len(run.waves) and deploy.wave_soak_minutes:
            say(f"  then it must stay healthy for {deploy.wave_soak_minutes:g} min")
    failure = (
        "every place is rolled back"
        if run.rolls_back
        else "the rollout stops: places before it stay deployed"
    )
    say(f"if a place fails, it is rolled back, and {failure}")


def _execute(run: WavesRun, begin: Callable[[], Rollout], options: dict[str, Any]) -> int:
    from delivery.deploy.checks import image_of
    from delivery.rollout.record import WavesRecorder

    recorder = WavesRecorder(run.site, "waves")

    def act() -> Any:
        rollout = begin()
        run.site.release = image_of(run.site.aws, run.site.settings, rollout.image).release
        return run.run(rollout, recorder)

    return run_locked(run.site, act, options, "waves", recorder)


@click.command("deploy")
@_image_options
@ending_options
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt, in production too.")
def deploy(
    place: CommonOptions,
    cluster_name: str,
    image: str,
    strategy: str | None,
    change_request: str,
    *,
    yes: bool,
    **options: Any,
) -> int:
    """Deploy an image wave by wave; goes on with a rollout of it that was stopped.

    Copies of the image are made first. A wave begins once the one before is good and was watched.
    """
    cluster = cluster_of(cluster_name)
    run = _run_of(
        place,
        cluster,
        f"deploy of {image} to {cluster} in waves",
        locked=True,
        deploys=True,
        change_request=change_request,
        strategy=strategy,
    )
    _confirm(run, f"deploy {image} to {cluster} in waves", yes=yes)
    return _execute(run, lambda: run.begin(image), options)


def _confirm(run: WavesRun, purpose: str, *, yes: bool) -> None:
    """Confirm once for each production account."""
    for place in {place.aws.account: place for place in run.places}.values():
        confirm_production(run.open_site(place), purpose, yes=yes)


@click.command("resume")
@cluster_option
@place_options
@ending_options
def resume(place: CommonOptions, cluster_name: str, **options: Any) -> int:
    """Continue a rollout that was interrupted, or whose canary was promoted."""
    cluster = cluster_of(cluster_name)
    run = _run_of(place, cluster, f"resume of {cluster} in waves", locked=True, deploys=True)

    def begin() -> Rollout:
        from delivery.rollout.progress import is_open

        rollout = run.current()
        if rollout is None or not is_open(run.states(rollout), rolls_back=run.rolls_back):
            raise DeliveryError(
                f"no rollout of {cluster} is under way", "delivery waves status shows the last one", USAGE
            )
        return rollout

    return _execute(run, begin, options)


@click.command("rollback")
@cluster_option
@click.option("--reason", default="", metavar="TEXT", help="Reason of the rollback.")
@place_options
@ending_options
def rollback(place: CommonOptions, cluster_name: str, reason: str, **options: Any) -> int:
    """Roll back every place that the last rollout has deployed, the last one first.

    A running deploy is stopped: its locks are taken over.
    """
    from delivery.rollout.record import WavesRecorder

    cluster = cluster_of(cluster_name)
    run = _run_of(place, cluster, f"rollback of {cluster} in waves", locked=True, takes_over=True)

    def act() -> Any:
        rollout = run.current()
        if rollout is None:
            raise DeliveryError(f"no rollout of {cluster} is known", "delivery rollback goes back", USAGE)
        return run.back(rollout, reason or "asked for")

    return run_locked(run.site, act, options, "waves rollback", WavesRecorder(run.site, "waves rollback"))


@click.command("status")
@cluster_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@place_options
def status(place: CommonOptions, cluster_name: str, *, as_json: bool) -> None:
    """Show the last rollout: what became of it in each place."""
    from delivery.rollout.progress import is_open
    from delivery.table import columns

    cluster = cluster_of(cluster_name)
    run = _run_of(place, cluster, f"status of {cluster}", locked=False)
    rollout = run.current()
    values = run.values(rollout) if rollout else [place.values for place in run.places]
    goes_on = rollout is not None and is_open(run.states(rollout), rolls_back=run.rolls_back)
    if as_json:
        facts = {"id": rollout.id, "image": rollout.image, "begun": rollout.begun} if rollout else None
        say_json({"cluster": str(cluster), "rollout": facts, "is_open": goes_on, "places": values})
        return
    if rollout is None:
        say(f"no rollout of {cluster} yet")
    else:
        say(f"rollout {rollout.id} of {rollout.image}{': not over' if goes_on else ''}")
    head = ("WAVE", "ACCOUNT", "REGION", "CLUSTER", "STATE", "GROUP", "DONE")
    rows = [
        [str(value.get(key.lower()) or "-") for key in head[:-1]] + [str(value.get("done_at") or "-")]
        for value in values
    ]
    say(columns([head, *map(tuple, rows)]))
    if goes_on:
        say("delivery waves resume goes on, delivery waves rollback goes back")
