"""The commands `resize`, `traffic` and `terminate`: single changes between deploys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from delivery.cli_options import CommonOptions, place_options
from delivery.deploy.cli_common import cluster_of, cluster_option, confirm_production, site_of
from delivery.deploy.outcome import ending_options, run_locked

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.manual import ManualChange

__all__ = ["resize", "terminate", "traffic"]

_SIZE = click.IntRange(0, 10_000)


def _options(command: Any) -> Any:
    for option in (
        click.option("--last", is_flag=True, help="Also where nothing of the cluster serves then."),
        click.option("--plan", "as_plan", is_flag=True, help="Print the steps and change nothing."),
        click.option("--yes", is_flag=True, help="Do not ask, not even in production."),
        place_options,
        ending_options,
    ):
        command = option(command)
    return cluster_option(command)


_group_option = click.option("--group", required=True, metavar="NAME", help="Group of the cluster.")


@click.command("resize")
@_group_option
@click.option("--min", type=_SIZE, help="Least size. [default: as it is]")
@click.option("--desired", type=_SIZE, help="Size now. [default: as it is, within min and max]")
@click.option("--max", type=_SIZE, help="Greatest size. [default: as it is]")
@_options
def resize(
    place: CommonOptions,
    cluster_name: str,
    group: str,
    min: int | None,
    desired: int | None,
    max: int | None,
    *,
    last: bool,
    as_plan: bool,
    yes: bool,
    **options: Any,
) -> int:
    """Change the size of a group, and wait until what was added is healthy."""
    from delivery.deploy.manual import plan_resize

    check = partial(plan_resize, name=group, min=min, desired=desired, max=max, last=last)
    return _run(place, cluster_name, "resize", check, as_plan=as_plan, yes=yes, options=options)


@click.command("traffic")
@_group_option
@click.argument("direction", type=click.Choice(["on", "off"]))
@_options
def traffic(
    place: CommonOptions,
    cluster_name: str,
    group: str,
    direction: str,
    *,
    last: bool,
    as_plan: bool,
    yes: bool,
    **options: Any,
) -> int:
    """Give a group traffic (on), or take it out and keep it as it is (off).

    Off refuses where the other groups would not serve enough.
    """
    from delivery.deploy.manual import plan_traffic

    check = partial(plan_traffic, name=group, on=direction == "on", last=last)
    return _run(place, cluster_name, "traffic", check, as_plan=as_plan, yes=yes, options=options)


@click.command("terminate")
@click.option("--instance", required=True, metavar="ID", help="Instance of a group of the cluster.")
@_options
def terminate(
    place: CommonOptions,
    cluster_name: str,
    instance: str,
    *,
    last: bool,
    as_plan: bool,
    yes: bool,
    **options: Any,
) -> int:
    """End one instance; its group launches another, and is waited for until it is healthy."""
    from delivery.deploy.manual import plan_terminate

    check = partial(plan_terminate, instance=instance, last=last)
    return _run(place, cluster_name, "terminate", check, as_plan=as_plan, yes=yes, options=options)


def _run(
    place: CommonOptions,
    cluster_name: str,
    kind: str,
    check: Callable[[Site], ManualChange],
    *,
    as_plan: bool,
    yes: bool,
    options: dict[str, Any],
) -> int:
    from delivery.deploy.manual import run_manual

    cluster = cluster_of(cluster_name)
    purpose = f"{kind} in {cluster}"
    if as_plan:
        change = check(site_of(place, cluster, f"plan of a {purpose}", locked=False))
        _print_plan(change, as_json=options["as_json"])
        return 0
    site = site_of(place, cluster, purpose, locked=True)
    confirm_production(site, purpose, yes=yes)
    return run_locked(site, lambda: run_manual(site, check(site)), options, kind)


def _print_plan(change: ManualChange, *, as_json: bool) -> None:
    from delivery.deploy.looking import echo_steps
    from jobdsl.cli.console import say, say_json

    if as_json:
        steps = [{"name": name, "text": text} for name, text in change.steps]
        facts = {"kind": change.kind, "group": change.group.name}
        sizes = {"before": change.before, "after": change.after}
        say_json({**facts, **sizes, "steps": steps, "notes": list(change.notes)})
        return
    echo_steps(change.steps)
    for note in change.notes:
        say(f"note: {note}")
