"""The command `delivery images`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.overview.options import location_options

if TYPE_CHECKING:
    from delivery.aws import Aws

__all__ = ["images"]

Values = dict[str, Any]


@click.command("images")
@click.argument("app")
@location_options
def images(
    app: str, settings_file: Path | None, account: str | None, region: str | None, *, as_json: bool
) -> int:
    """List the images of an application: version, where tested, with whom shared, which groups use them.

    Images are listed where they belong; groups of all accounts and regions count as their users.
    """
    from delivery.clock import HostClock
    from delivery.overview.groups import group_rows
    from delivery.overview.images import account_names, image_rows, users_of
    from delivery.overview.locations import locations, read_all, report_unread, unknown_name
    from delivery.settings import load_settings
    from jobdsl.cli.console import say_json

    settings, now = load_settings(settings_file), HostClock().now()
    locations(settings, account, region)
    names = account_names(settings)

    def read(aws: Aws) -> tuple[list[Values], list[Values]]:
        return image_rows(aws, names, now), group_rows(aws, settings, now)

    answers = read_all(settings, locations(settings, None, region), read)
    groups = [group for _, rows in answers.values for group in rows]
    everything = [image for rows, _ in answers.values for image in rows]
    report_unread(answers.unread)
    known = {each["application"] for each in [*everything, *groups] if each["application"]} | set(
        settings.apps
    )
    if app not in known:
        raise unknown_name("application", app, known, answers.unread)
    rows = [
        image for image in everything if image["application"] == app and account in (None, image["account"])
    ]
    rows.sort(key=lambda image: (image["age_seconds"], image["account"], image["region"]))
    for image in rows:
        image["used_by"] = users_of(image["image"], groups)
    if as_json:
        say_json({"images": rows, "unread": answers.unread_values})
    else:
        _print(app, rows)
    return answers.exit_code


def _print(app: str, rows: list[Values]) -> None:
    from delivery.overview.images import HEAD, row
    from delivery.table import columns
    from jobdsl.cli.console import say

    say(columns([HEAD, *map(row, rows)]) if rows else f"no images of {app}")
