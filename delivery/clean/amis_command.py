"""The command `delivery clean amis`."""

from __future__ import annotations

import click

from delivery.cli_options import CommonOptions, place_options

__all__ = ["amis"]


@click.command("amis")
@place_options
@click.option(
    "--days",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0.0),
    help="Minimum age in days of images that are removed.",
)
@click.option(
    "--keep",
    default=5,
    show_default=True,
    type=click.IntRange(1),
    help="Number of newest images kept for each application.",
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="Maximum number of images removed per region and run.",
)
@click.option(
    "--tag",
    default="delivery:bake",
    show_default=True,
    metavar="KEY[=VALUE]",
    help="Consider only images with this tag.",
)
@click.option(
    "--apply", "apply_", is_flag=True, help="Remove them. Without it, only print what would be removed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def amis(
    place: CommonOptions, days: float, keep: int, limit: int, tag: str, apply_: bool, as_json: bool
) -> int:
    """Remove unused images that a bake made, with their snapshots.

    Never one that an instance, a launch template, a launch configuration or a group uses, here or in an
    account it is shared with; nor a base of another; nor the newest of an application; nor one with the tag
    delivery:keep. If one comes into use during the run, nothing is removed.
    """
    from delivery.aws import Aws, open_aws
    from delivery.clean import images
    from delivery.clean.regions import regions
    from delivery.clean.retention import Rules
    from delivery.clean.verdict import CleanVerdict, carry_out, tell
    from delivery.clock import HostClock

    settings, rules, now = place.settings, Rules(days, keep, limit, tag), HostClock().now()
    by_region = {aws.region: aws for aws in regions(place)}

    def elsewhere(account: str, region: str) -> Aws:
        return open_aws(settings, account, region)

    def remove(verdict: CleanVerdict) -> str:
        return images.remove(by_region[verdict.place], verdict.id)

    plans = [(aws, images.plan(aws, settings, rules, now, elsewhere)) for aws in by_region.values()]
    for aws, verdicts in plans if apply_ else ():
        images.recheck(aws, settings, verdicts, elsewhere)
    all_verdicts = [verdict for _, verdicts in plans for verdict in verdicts]
    results = carry_out(all_verdicts, remove) if apply_ else {}
    return tell(all_verdicts, results, applied=apply_, as_json=as_json)
