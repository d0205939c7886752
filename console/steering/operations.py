"""From a request to a job that was started: rights, plan, confirmation, once, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from delivery.clock import iso

from ..problems import ConsoleError, conflict, forbidden, invalid
from ..queries import find_cluster
from ..security.identity import missing_right
from ..snapshot import digest_of
from .jenkins import job_url, start_job
from .offers import job_of, offers
from .planning import OperationPlan, make_plan
from .requests import Request, read_request

if TYPE_CHECKING:
    from ..security.identity import Identity
    from ..state import Console

__all__ = ["Asked", "asked_for", "operation", "start"]


class Asked:
    """A user, their address, and the request."""

    def __init__(self, identity: Identity, address: str, request: Request) -> None:
        self.identity, self.address, self.request = identity, address, request


def asked_for(
    console: Console,
    identity: Identity,
    address: str,
    *,
    action: str,
    account: str,
    region: str,
    cluster: str,
    values: Mapping[str, object],
) -> Asked:
    """Check a request: the right first, then every field. ConsoleError; refusals go to the audit log."""
    key, _, _ = find_cluster(console, account, region, cluster)
    groups = console.store.snapshot.clusters[key]
    application = str(groups[0].values["application"] or "")
    request, errors = read_request(action, key, application, groups, values)
    settings = console.settings.console
    if missing := missing_right(settings, identity, action, application=application, account=account):
        _audit(console, Asked(identity, address, request), "refused", reason=missing)
        raise forbidden("no-right", missing)
    if errors:
        raise invalid(errors)
    if job_of(console.settings, action, key, application) is None:
        raise conflict("no-job", f"[console.jobs] names no job for {action} of {cluster}.")
    return Asked(identity, address, request)


def plan_of(console: Console, asked: Asked) -> OperationPlan:
    """Make the plan of what is asked for. ConsoleError."""
    return make_plan(console, asked.identity, asked.request)


def start(console: Console, asked: Asked, plan_digest: str, key: str) -> dict[str, Any]:
    """Start the job of what was asked for, once for each key, if its plan is the one that was confirmed.

    ConsoleError with status 409 if it is not, or if another run holds the lock.
    """
    stored_key = digest_of(asked.identity.user, key)
    if not key or not console.database.claim_operation(stored_key, console.now):
        answer = console.database.operation(stored_key) if key else None
        if answer:
            return answer
        raise conflict("under-way", "This request was sent before, and is being carried out.")
    try:
        _check_standing(console, asked)
        plan = plan_of(console, asked)
        if plan.refusals:
            raise conflict("refused", "; ".join(message for message, _ in plan.refusals))
        if plan.digest != plan_digest:
            raise conflict("outdated", "Things have changed since this plan was made: look at it again.")
        answer = _started(console, asked, stored_key)
    except ConsoleError as error:
        console.database.forget_operation(stored_key)
        _audit(console, asked, "refused", reason=error.detail)
        raise
    console.database.finish_operation(stored_key, answer)
    _audit(console, asked, "started", job=answer["job"], queue_item=answer["queue_item"], plan=plan.digest)
    return answer


def _check_standing(console: Console, asked: Asked) -> None:
    request = asked.request
    groups = console.store.snapshot.clusters.get(request.key, ())
    details = console.store.details.get(request.key)
    locked_by = details.values.get("locked_by") if details is not None else None
    reason = offers(console.settings, asked.identity, request.key, groups, locked_by)[request.action]
    if reason:
        raise conflict("not-now", reason)


def _started(console: Console, asked: Asked, id: str) -> dict[str, Any]:
    request, settings = asked.request, console.settings
    job = job_of(settings, request.action, request.key, request.application)
    assert job is not None
    parameters = {**request.parameters, "REQUESTED_BY": asked.identity.user}
    if request.action == "deploy":  # where a job names its region
        parameters[f"IMAGE_{request.key.region.replace('-', '_')}"] = request.values["image"]
    queue_item = start_job(settings.console, job, parameters)
    return {
        "id": id,
        "action": request.action,
        "account": request.key.account,
        "region": request.key.region,
        "cluster": request.key.cluster,
        "values": dict(request.values),
        "by": asked.identity.user,
        "at": iso(console.now),
        "job": job,
        "job_url": job_url(settings.console, job),
        "queue_item": queue_item,
    }


def operation(console: Console, id: str) -> dict[str, Any] | None:
    """Give an operation that was started."""
    return console.database.operation(id) or None


def _audit(console: Console, asked: Asked, result: str, **details: Any) -> None:
    request = asked.request
    target = f"{request.key.cluster} in {request.key.place}"
    event = f"{request.action} {result}"
    console.database.audit(
        asked.identity,
        event,
        target,
        address=asked.address,
        now=console.now,
        values={name: text for name, text in request.values.items() if text},
        **details,
    )
