"""Templates of what follows a deploy: promote a canary, roll back, go on with what was cut short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from jobdsl import freestyle, params, triggers

from .delivery_job import DeliveryArguments
from .deploy_scripts import KEPT, MINUTES, act_script
from .jobset import override
from .options import ActParts, DeliveryOptions, split

__all__ = ["acting", "promote", "resume", "rollback"]


def promote(
    name: str,
    *,
    cluster: str,
    **parts: Unpack[ActParts],
) -> freestyle:
    """Make a job that goes on with the canary of a cluster: it grows, and the old group is taken out.

    Starting it is the approval. The parameters are as in `deploy`.
    Parts to replace by name: prepare, promote (steps); timestamps, timeout, access; artifacts, mail, slack.
    """
    about = f"Promotes the canary of {cluster}"
    return acting(name, "promote", about, cluster, parts, promote)


def rollback(
    name: str,
    *,
    cluster: str,
    **parts: Unpack[ActParts],
) -> freestyle:
    """A job that brings traffic back to the group before; if that is gone, its image is deployed again.

    Parameters: REASON, and the group to roll back TO; both may be empty. The parameters are as in
    `deploy`.
    Parts to replace by name: prepare, rollback (steps); reason, to; timestamps, timeout, access; artifacts,
    mail, slack.
    """
    about = f"Rolls {cluster} back"
    parameters = {
        "reason": params.string("REASON", description="Why; kept with the group", trim=True),
        "to": params.string("TO", description="Group to go back to; the one before if empty", trim=True),
    }
    return acting(name, "rollback", about, cluster, parts, rollback, parameters=parameters)


def resume(
    name: str,
    *,
    cluster: str,
    schedule: str = "",
    analysis: str | None = None,
    **parts: Unpack[ActParts],
) -> freestyle:
    """A job that goes on with a deploy or a rollback that was cut short; where none was, it does nothing.

    A canary that is not decided on in time is rolled back. `schedule`: when the job starts by itself.
    `analysis`: the file that the deploy has. The parameters are as in `deploy`.
    Parts to replace by name: prepare, resume (steps); schedule; timestamps, timeout, access; artifacts, mail,
    slack.
    """
    about = f"Goes on with what was cut short in {cluster}"
    timer = {"schedule": triggers.cron(schedule) if schedule else None}
    return acting(name, "resume", about, cluster, parts, resume, analysis=analysis, triggers=timer)


def acting(
    name: str,
    command: str,
    about: str,
    cluster: str,
    parts: ActParts,
    made_by: Any,
    *,
    parameters: Mapping[str, Any] | None = None,
    analysis: str | None = None,
    **fields: Any,
) -> freestyle:
    """Make a job that runs one command on a cluster."""
    options, replaced = split(parts, DeliveryOptions)
    running = DeliveryArguments.of({**options, "analysis": analysis})
    script = act_script(running, command, cluster)
    fields |= running.job({command: script}, minutes=MINUTES, archive=KEPT, named=True)
    all_parameters = {**(parameters or {}), **running.requested_by()}
    job = freestyle(name, description=about, parameters=all_parameters, **fields)
    override([job], replaced, made_by, DeliveryOptions.__annotations__)
    return job
