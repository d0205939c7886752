"""The template of an overview: what runs in all accounts and regions, as a page of a job."""

from __future__ import annotations

from typing import Unpack

from jobdsl import freestyle, triggers

from .delivery_job import DeliveryArguments
from .jobset import override
from .options import DeliveryOptions, StatusParts, split

__all__ = ["status"]

PAGE = "overview.html"
_MINUTES = 30


def status(
    name: str = "delivery-status", *, schedule: str = "H/15 * * * *", **parts: Unpack[StatusParts]
) -> freestyle:
    """A job that lists what runs in all accounts and regions of the settings, as the page `overview.html`.

    `schedule`: when. It changes nothing; a role with the policy `overview` is enough. An account that cannot
    be read fails the build, and the page has the others. The other parameters are as in `deploy`.
    Parts to replace by name: prepare, list; schedule; timestamps, timeout, access; artifacts, mail, slack.
    """
    options, replaced = split(parts, DeliveryOptions)
    running = DeliveryArguments.of(options)
    job = freestyle(
        name,
        description="Lists what runs in all accounts and regions",
        triggers={"schedule": triggers.cron(schedule) if schedule else None},
        **running.job({"list": running.script("status", page=PAGE)}, minutes=_MINUTES, archive=PAGE),
    )
    override([job], replaced, status, DeliveryOptions.__annotations__)
    return job
