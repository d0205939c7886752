"""The command `delivery clean bakes`."""

from __future__ import annotations

import click

from delivery.cli_options import Place, place_options

__all__ = ["bakes"]


@click.command("bakes")
@place_options
@click.option(
    "--hours",
    default=6.0,
    show_default=True,
    type=click.FloatRange(0.0),
    help="A bake that made nothing for so long is given up.",
)
@click.option("--bucket", help="S3 bucket packages are handed over in. [default: that of [bake]]")
@click.option("--here", is_flag=True, help="Only what is left on this host; AWS is not asked.")
@click.option("--apply", "apply_", is_flag=True, help="Do it; without, only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON, on stdout.")
def bakes(place: Place, hours: float, bucket: str | None, here: bool, apply_: bool, as_json: bool) -> int:
    """Remove what bakes left behind that were killed: on AWS, by tag and age, and on this host.

    Instances, volumes, snapshots without an image, images that were never finished, key pairs and security
    groups of Packer, packages in a bucket. Never what a bake may still be at work with.
    """
    from delivery.clean import bakes as ours
    from delivery.clean import here as host
    from delivery.clean.places import regions
    from delivery.clean.verdict import Verdict, carry_out, tell
    from delivery.clock import Clock

    clock = Clock()
    places = {} if here else {aws.region: aws for aws in regions(place)}
    found = host.plan()
    if places:
        bucket = bucket or place.settings.bake.bucket
        found += ours.plan([*places.values()], bucket, hours, clock.now())

    def remove(one: Verdict) -> str:
        return host.remove(one) if one.place == host.PLACE else ours.remove(places[one.place], clock, one)

    results = carry_out(found, remove) if apply_ else {}
    return tell(found, results, applied=apply_, as_json=as_json)
