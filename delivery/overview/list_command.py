"""The command `delivery list`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.overview.options import location_options

if TYPE_CHECKING:
    from delivery.overview.locations import Answers
    from delivery.settings import DeliverySettings

__all__ = ["list_groups"]

Values = dict[str, Any]


@click.command("list")
@click.option("--app", metavar="NAME", help="List only this application.")
@click.option("--cluster", metavar="NAME", help="List only this cluster.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the list as one HTML page, too.",
)
@location_options
def list_groups(
    settings_file: Path | None,
    app: str | None,
    cluster: str | None,
    account: str | None,
    region: str | None,
    html_file: Path | None,
    *,
    as_json: bool,
) -> int:
    """List the groups of all applications, in all accounts and regions of the settings.

    An account or region that cannot be read is reported, and the others are listed; the exit code is 1 then.
    """
    from delivery.clock import HostClock
    from delivery.overview.groups import group_rows, order
    from delivery.overview.locations import locations, read_all, report_unread
    from delivery.settings import load_settings
    from jobdsl.cli.console import say_json

    settings, now = load_settings(settings_file), HostClock().now()
    places = locations(settings, account, region)
    answers = read_all(settings, places, lambda aws: group_rows(aws, settings, now))
    groups = sorted((values for location_groups in answers.values for values in location_groups), key=order)
    report_unread(answers.unread)
    chosen = _chosen(settings, answers, groups, app, cluster)
    if html_file is not None:
        _write_html(html_file, chosen, answers, now)
    if as_json:
        say_json({"groups": chosen, "unread": answers.unread_values})
    else:
        _print(chosen)
    return answers.exit_code


def _chosen(
    settings: DeliverySettings,
    answers: Answers[list[Values]],
    groups: list[Values],
    app: str | None,
    cluster: str | None,
) -> list[Values]:
    """Select by application and cluster; a name that is neither there nor in the settings is an error."""
    from delivery.overview.locations import unknown_name

    configured = {"applications": set(settings.apps), "clusters": _clusters(settings)}
    for kind, key, name in (("application", "application", app), ("cluster", "cluster", cluster)):
        known = {values[key] for values in groups if values[key]} | configured[f"{kind}s"]
        if name is not None and name not in known:
            raise unknown_name(kind, name, known, answers.unread)
        groups = [values for values in groups if name in (None, values[key])]
    return groups


def _clusters(settings: DeliverySettings) -> set[str]:
    return {name for kind, name in settings.layers if kind == "clusters"}


def _write_html(file: Path, groups: list[Values], answers: Answers[list[Values]], now: float) -> None:
    """Write the page. DeliveryError."""
    from delivery.clock import iso
    from delivery.errors import DeliveryError
    from delivery.overview.page import to_html

    try:
        file.write_text(to_html(groups, answers.unread_values, iso(now)), "utf-8")
    except OSError as error:
        raise DeliveryError(f"{file} cannot be written: {error.strerror}") from error


def _print(groups: list[Values]) -> None:
    from delivery.overview.groups import HEAD, row
    from delivery.table import columns
    from jobdsl.cli.console import count, say

    if not groups:
        say("no groups")
        return
    say(columns([HEAD, *map(row, groups)]))
    applications = {values["application"] for values in groups if values["application"]}
    clusters = {(values["cluster"], values["account"], values["region"]) for values in groups}
    instances = sum(values["instances"] for values in groups)
    counts = ((len(applications), "application"), (len(clusters), "cluster"), (len(groups), "group"))
    counted = [count(number, word) for number, word in (*counts, (instances, "instance"))]
    say(", ".join(counted), err=True)
