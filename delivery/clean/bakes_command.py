"""The command `delivery clean bakes`."""

from __future__ import annotations

import click

from delivery.cli_options import CommonOptions, place_options

__all__ = ["bakes"]


@click.command("bakes")
@place_options
@click.option(
    "--hours",
    default=6.0,
    show_default=True,
    type=click.FloatRange(0.0),
    help="Hours without a new resource after which a bake counts as abandoned.",
)
@click.option("--bucket", help="S3 bucket of uploaded packages. [default: bucket in [bake]]")
@click.option("--here", "on_host", is_flag=True, help="Clean up this host only, without calls to AWS.")
@click.option(
    "--apply", "apply_", is_flag=True, help="Remove them. Without it, only print what would be removed."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def bakes(
    place: CommonOptions, hours: float, bucket: str | None, on_host: bool, apply_: bool, as_json: bool
) -> int:
    """Remove what killed bakes left behind: on AWS, by tag and age, and on this host.

    Instances, volumes, snapshots without an image, images that were never finished, key pairs and security
    groups of Packer, packages in a bucket. Never what a running bake may use.
    """
    from delivery.clean import bakes as ours
    from delivery.clean import local as host
    from delivery.clean.regions import regions
    from delivery.clean.verdict import CleanVerdict, carry_out, tell
    from delivery.clock import HostClock

    clock = HostClock()
    places = {} if on_host else {aws.region: aws for aws in regions(place)}
    verdicts = host.plan()
    if places:
        bucket = bucket or place.settings.bake.bucket
        verdicts += ours.plan([*places.values()], bucket, hours, clock.now())

    def remove(verdict: CleanVerdict) -> str:
        return (
            host.remove(verdict)
            if verdict.place == host.PLACE
            else ours.remove(places[verdict.place], clock, verdict)
        )

    results = carry_out(verdicts, remove) if apply_ else {}
    return tell(verdicts, results, applied=apply_, as_json=as_json)
