"""The command `delivery history`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.overview.options import location_options

if TYPE_CHECKING:
    from delivery.history.record import RunRecord
    from delivery.settings import DeliverySettings

__all__ = ["history"]

HEAD = ("BEGUN", "CLUSTER", "ACCOUNT", "REGION", "RUN", "OUTCOME", "FROM", "TO", "BY", "CHANGE", "BUILD")


@click.command("history")
@click.argument("name")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of runs."
)
@click.option("--timeline", is_flag=True, help="Print the steps of each run below it.")
@location_options
def history(
    name: str,
    limit: int,
    settings_file: Path | None,
    account: str | None,
    region: str | None,
    *,
    timeline: bool,
    as_json: bool,
) -> int:
    """List the runs of a cluster, or of all clusters of an application, the newest first.

    NAME without a hyphen is an application. A run that was killed is listed as interrupted.
    """
    from delivery.clock import HostClock
    from delivery.deploy.cli_common import cluster_of
    from delivery.history.reader import read_runs
    from delivery.overview.locations import locations, read_all, report_unread
    from delivery.settings import load_settings
    from jobdsl.cli.console import say_json

    settings, clock = load_settings(settings_file), HostClock()
    cluster_of(name)
    places = locations(settings, account, region)
    answers = read_all(settings, places, lambda aws: read_runs(aws, settings, clock, name, limit))
    runs = sorted(
        (run for location_runs in answers.values for run in location_runs),
        key=lambda run: run.begun,
        reverse=True,
    )
    report_unread(answers.unread)
    if not runs:
        _check_known(settings, name)
    if as_json:
        values = {"runs": [run.values for run in runs[:limit]], "unread": answers.unread_values}
        say_json(values)
    else:
        _print(name, settings, runs[:limit], timeline=timeline)
    return answers.exit_code


def _check_known(settings: DeliverySettings, name: str) -> None:
    """Refuse a name that no group and no setting has. DeliveryError."""
    from delivery.deploy.context import read_groups
    from delivery.names import parse_group
    from delivery.overview.locations import locations, read_all, unknown_name

    answers = read_all(settings, locations(settings, None, None), read_groups)
    parsed = [parse_group(group.name) for location_groups in answers.values for group in location_groups]
    clusters = {str(each.cluster) for each in parsed if each}
    clusters |= {key for kind, key in settings.layers if kind == "clusters"}
    applications = {each.partition("-")[0] for each in clusters} | set(settings.apps)
    if "-" in name and name not in clusters:
        raise unknown_name("cluster", name, clusters, answers.unread)
    if "-" not in name and name not in applications:
        raise unknown_name("application", name, applications, answers.unread)


def _print(name: str, settings: DeliverySettings, runs: list[RunRecord], *, timeline: bool) -> None:
    from delivery.table import columns
    from jobdsl.cli.console import say

    if not runs:
        off = settings.history.table == "none" and settings.history.file is None
        say("[history] table is none: runs are not recorded" if off else f"no runs of {name} are recorded")
        return
    lines = columns([HEAD, *map(_row, runs)]).splitlines()
    say(lines[0])
    for line, run in zip(lines[1:], runs, strict=True):
        say(line)
        for text in _details(run, timeline=timeline):
            say(f"    {text}")


def _row(run: RunRecord) -> tuple[str, ...]:
    from delivery.deploy.status import short_name

    trigger = run.trigger
    job = f"{trigger.job} #{trigger.build}" if trigger.job and trigger.build else ""
    return (
        run.begun,
        run.cluster,
        run.account,
        run.region,
        run.kind,
        run.outcome,
        str(run.source) or "-",
        str(run.target) or "-",
        short_name(trigger.who),
        trigger.change_request or "-",
        job or trigger.build_url or "-",
    )


def _details(run: RunRecord, *, timeline: bool) -> list[str]:
    """Return why a run did not end as it should, and its steps if they are requested."""
    from jobdsl.printable import one_line

    texts = [run.reason] if run.reason else []
    if run.outcome in ("failed", "refused", "interrupted"):
        texts.append(run.message)
    texts += [f"{run.trigger.change_request} overrides: {reason}" for reason in run.overridden]
    if timeline:
        texts += [_step(step) for step in run.timeline]
    return [one_line(text) for text in texts if text]


def _step(step: Any) -> str:
    from delivery.clock import elapsed

    after = step.get("after")
    at = elapsed(after) if isinstance(after, int | float) else "?"
    return f"[{at:>7}] {step.get('name')}: {step.get('text')}: {step.get('outcome')}"
