"""A package of this host, handed over to an instance in a bucket of S3 for as long as the bake takes."""

from __future__ import annotations

from pathlib import Path

from delivery import tags as words
from delivery.aws import asking
from delivery.bake.context import BakeContext

__all__ = ["PREFIX", "put", "remove", "url_of"]

PREFIX = "delivery/bakes/"
"""Where packages are put in the bucket: one folder a key. The reaper removes what is left there."""


def url_of(work: BakeContext) -> str:
    """Where an instance finds it."""
    return f"s3://{work.order.bucket}/{_key(work)}"


def put(work: BakeContext) -> None:
    """Hand it over; it goes with the bake. AwsError."""
    work.undo.temporary(f"removing {url_of(work)}", lambda: remove(work), ours=not work.joined)
    doing = f"handing the package over in bucket {work.order.bucket}"
    with asking(doing), Path(work.order.package.source).open("rb") as file:
        work.aws.s3.put_object(
            Bucket=work.order.bucket, Key=_key(work), Body=file, Tagging=f"{words.BAKE}={work.bake}"
        )


def remove(work: BakeContext) -> None:
    """Take it away again. AwsError."""
    with asking(f"removing {url_of(work)}"):
        work.aws.s3.delete_object(Bucket=work.order.bucket, Key=_key(work))


def _key(work: BakeContext) -> str:
    return f"{PREFIX}{work.key}/{work.order.package.file}"
