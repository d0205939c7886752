"""Templates of clean-up: what bakes left behind, unused images, expired groups."""

from __future__ import annotations

from typing import Any, Unpack

from jobdsl import DslError, freestyle, params, triggers

from .delivery_job import DeliveryArguments
from .jobset import override
from .options import CleanParts, DeliveryOptions, split

__all__ = ["ami_cleanup", "bake_reaper", "group_cleanup"]


def bake_reaper(
    name: str = "bake-reaper",
    *,
    schedule: str = "H * * * *",
    apply: bool = True,
    options: str = "",
    **parts: Unpack[CleanParts],
) -> freestyle:
    """A job that removes what bakes left behind that were aborted or killed: instances, volumes, snapshots.

    Only what bears our tags and is old enough goes (`delivery clean bakes`). `schedule`: when. `apply`:
    whether it removes; if not, it lists what it would remove until a user starts it with APPLY.
    `options`: more options of the command, as text. The rest is as in `bake`.
    Parts to replace by name: prepare, clean; apply; schedule; timestamps, timeout, access; mail, slack.
    """
    about = "Removes what bakes left behind"
    return _cleaning(name, "bakes", about, schedule, parts, bake_reaper, apply=apply, options=options)


def ami_cleanup(
    name: str = "ami-cleanup",
    *,
    schedule: str = "H H(2-5) * * 6",
    apply: bool = False,
    options: str = "",
    **parts: Unpack[CleanParts],
) -> freestyle:
    """Make a job that removes unused images, by age, count and use (`delivery clean amis`).

    It lists what it would remove; a user starts it with APPLY to do it, or `apply=True` removes at once.
    `options`: more options of the command, as text. The rest is as in `bake_reaper`.
    Parts to replace by name: prepare, clean; apply; schedule; timestamps, timeout, access; mail, slack.
    """
    about = "Removes images nobody uses"
    return _cleaning(name, "amis", about, schedule, parts, ami_cleanup, apply=apply, options=options)


def group_cleanup(
    name: str = "group-cleanup",
    *,
    schedule: str = "H * * * *",
    apply: bool = True,
    options: str = "",
    **parts: Unpack[CleanParts],
) -> freestyle:
    """A job that deletes groups that deploys took out, once their time is over (`delivery clean groups`).

    Never one that takes traffic, nor the last of a cluster. It also undoes the pins of deploys that died.
    Parameters and parts are as in `bake_reaper`.
    """
    about = "Deletes groups whose time is over"
    return _cleaning(name, "groups", about, schedule, parts, group_cleanup, apply=apply, options=options)


def _cleaning(
    name: str,
    target: str,
    about: str,
    schedule: str,
    parts: CleanParts,
    made_by: Any,
    *,
    apply: bool,
    options: str,
) -> freestyle:
    """Make a job that runs `delivery clean` by the clock."""
    if options and not options.lstrip().startswith("-"):
        raise DslError(f"options takes options of a command, not {options!r}", hint='like "--limit 5"')
    own, replaced = split(parts, DeliveryOptions)
    running = DeliveryArguments.of(own)
    command = running.script("clean", options=f" {options.strip()}" if options else "", what=target)
    job = freestyle(
        name,
        description=about,
        parameters={
            "apply": params.boolean("APPLY", apply, description="Do it; without, only say what would be done")
        },
        triggers={"schedule": triggers.cron(schedule) if schedule else None},
        **running.job({"clean": command}, minutes=60, archive=None),
    )
    override([job], replaced, made_by, DeliveryOptions.__annotations__)
    return job
