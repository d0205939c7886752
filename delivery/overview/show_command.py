"""The command `delivery show`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from delivery.overview.options import location_options

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.overview.locations import Answers, Location
    from delivery.settings import DeliverySettings

__all__ = ["show"]

_ID = re.compile(r"(i|ami)-[0-9a-f]{8,17}")
Values = dict[str, Any]
_LISTS = ("members", "activities", "used_by")


@click.command("show")
@click.argument("name", metavar="GROUP|INSTANCE|IMAGE")
@location_options
def show(
    name: str, settings_file: Path | None, account: str | None, region: str | None, *, as_json: bool
) -> int:
    """Show the details of a group (by its name), an instance (i-...) or an image (ami-...).

    All accounts and regions of the settings are searched.
    """
    from delivery.clock import HostClock
    from delivery.overview.locations import locations, read_all, report_unread
    from delivery.settings import load_settings
    from jobdsl.cli.console import say_json

    settings, now = load_settings(settings_file), HostClock().now()
    places = locations(settings, account, region)
    answers = read_all(settings, places, lambda aws: _read(aws, settings, name, now))
    matches = [values for values in answers.values if values is not None]
    report_unread(answers.unread)
    if not matches:
        raise _unknown(settings, places, answers, name)
    if matches[0]["kind"] == "image":
        matches = _with_users(settings, matches, now)
    if as_json:
        say_json({"found": matches, "unread": answers.unread_values})
    else:
        for number, values in enumerate(matches):
            click.echo("\n" * (number > 0), nl=False)
            _print(values)
    return answers.exit_code


def _read(aws: Aws, settings: DeliverySettings, name: str, now: float) -> Values | None:
    from delivery.overview.details import group_details, image_details, instance_details

    if not _ID.fullmatch(name):
        return group_details(aws, settings, name, now)
    return instance_details(aws, name) if name.startswith("i-") else image_details(aws, settings, name, now)


def _with_users(settings: DeliverySettings, images: list[Values], now: float) -> list[Values]:
    """Add which groups of all accounts and regions use an image; its owner describes it best."""
    from delivery.overview.groups import group_rows
    from delivery.overview.images import users_of
    from delivery.overview.locations import locations, read_all

    answers = read_all(settings, locations(settings, None, None), lambda aws: group_rows(aws, settings, now))
    groups = [group for location_groups in answers.values for group in location_groups]
    owned = [image for image in images if image["shared_with"] is not None] or images
    return [{**image, "used_by": users_of(image["image"], groups)} for image in owned]


def _unknown(
    settings: DeliverySettings, places: list[Location], answers: Answers[Values | None], name: str
) -> Exception:
    from delivery.deploy.context import read_groups
    from delivery.overview.locations import read_all, unknown_name

    if _ID.fullmatch(name):
        kind = "instance" if name.startswith("i-") else "image"
        return unknown_name(kind, name, (), answers.unread)
    groups = read_all(settings, places, read_groups)
    return unknown_name(
        "group",
        name,
        (group.name for location_groups in groups.values for group in location_groups),
        answers.unread,
    )


def _print(values: Values) -> None:
    from delivery.table import columns
    from jobdsl.cli.console import say
    from jobdsl.printable import one_line

    facts = {key: text for key, value in values.items() if (text := _text(key, value))}
    width = max(map(len, facts))
    for key, text in facts.items():
        say(f"{key.replace('_', ' '):<{width}}  {one_line(text)}")
    for key in _LISTS:
        if rows := values.get(key):
            say(f"\n{key.replace('_', ' ')}")
            cells = [[_cell(value) for value in row.values()] for row in rows]
            head = [name.upper().replace("_", " ") for name in rows[0]]
            say(columns([head, *cells]))
    say("\ntags")
    for key, value in sorted(values["tags"].items()):
        say(f"  {one_line(key)} = {one_line(value)}")


def _text(key: str, value: Any) -> str:
    """Render a fact as text; an empty text for what is unknown, or is printed as a table."""
    if value is None or key in (*_LISTS, "tags", "age_seconds"):
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} ({text})" for name, text in value.items())
    return _cell(value)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "-" if value is None else str(value)
