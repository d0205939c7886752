"""Plans of requests: made live from AWS with the right to read, as the commands make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from delivery import names, tags
from delivery.aws import Aws, AwsError, open_aws
from delivery.deploy.context import Site
from delivery.deploy.manual import ManualChange, plan_resize, plan_terminate, plan_traffic
from delivery.deploy.new_group import facts_of
from delivery.deploy.operations import rollback_target
from delivery.deploy.plan import after, before, left, steps
from delivery.deploy.preflight import intend
from delivery.deploy.recorded import recorded_facts
from delivery.deploy.rollback_plan import planned
from delivery.deploy.traffic import traffic_of
from delivery.errors import DeliveryError
from delivery.lock import FreeLock
from delivery.permission import image_tags
from delivery.provenance import RunOrigin
from delivery.timeline import Timeline

from ..problems import ConsoleError
from ..snapshot import digest_of
from .offers import policy_problems

if TYPE_CHECKING:
    from ..security.identity import Identity
    from ..state import Console
    from .requests import Request

__all__ = ["OperationPlan", "make_plan"]

Steps = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPlan:
    """What would be done, and what is against it."""

    title: str
    steps: tuple[tuple[str, str], ...] = ()
    changes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    """Messages and hints; nothing can be started while there are any."""
    digest: str = ""
    """Changes whenever the plan does."""


def make_plan(console: Console, identity: Identity, request: Request) -> OperationPlan:
    """Make the plan of a request that was checked. ConsoleError where AWS cannot be asked."""
    try:
        plan = _PLANS[request.action](_site(console, identity, request), console, identity, request)
    except AwsError as error:
        raise ConsoleError(
            502, "aws", f"The plan could not be made: {error.message}. {error.hint}".strip()
        ) from error
    except DeliveryError as error:
        refused = tuple((problem.message, problem.hint) for problem in error.problems)
        plan = OperationPlan(title=_title(request), refusals=refused)
    values = (request.action, request.key, dict(request.values), plan.steps, plan.changes, plan.refusals)
    return OperationPlan(
        title=plan.title,
        steps=plan.steps,
        changes=plan.changes,
        notes=plan.notes,
        refusals=plan.refusals,
        digest=digest_of(*values),
    )


def _title(request: Request) -> str:
    subject = (
        request.values.get("group") or request.values.get("instance") or request.values.get("image") or ""
    )
    return f"{request.action.capitalize()} {subject}".strip() + f" in {request.key.cluster}"


def _site(console: Console, identity: Identity, request: Request) -> Site:
    key, settings = request.key, console.settings
    aws: Aws = open_aws(settings, key.account, key.region)
    cluster = names.parse_cluster(key.cluster)
    trigger = RunOrigin(jenkins_user=identity.user, change_request=request.values.get("change_request", ""))
    return Site(
        aws,
        console.clock,
        FreeLock(console.clock),
        settings,
        settings.deploy(key.account, cluster.app, key.cluster),
        timeline=Timeline(console.clock, lambda _: None),
        cluster=cluster,
        trigger=trigger,
    )


def _deploy(site: Site, console: Console, identity: Identity, request: Request) -> OperationPlan:
    image, account = request.values["image"], site.aws.account
    where = console.settings.tested_in(console.settings.account(account))
    tested = image_tags(open_aws(console.settings, where, site.aws.region), image) if where else {}
    problems = policy_problems(
        console.settings,
        identity,
        account=account,
        application=request.application,
        image=image,
        change_request=request.values["change_request"],
        image_tags=tested,
    )
    refused = tuple((problem.message, problem.hint) for problem in problems)
    try:
        intent = intend(site, traffic_of(site), image, site.deploy.strategy)
    except AwsError:
        raise
    except DeliveryError as error:
        more = tuple((problem.message, problem.hint) for problem in error.problems)
        return OperationPlan(title=_title(request), refusals=(*refused, *more))
    facts = facts_of(site, intent)
    every = [*before(facts), *((step.name, step.text) for step in steps(facts)), *after(facts)]
    return OperationPlan(
        title=f"{intent.strategy} deploy of {intent.release} as {intent.group}",
        steps=tuple(every),
        changes=tuple(map(str, intent.differences)),
        notes=(*intent.notes, str(intent.fleet)),
        refusals=refused,
    )


def _promote(site: Site, _: Console, __: Identity, request: Request) -> OperationPlan:
    cluster = site.read()
    group = cluster.unfinished
    if group is None or str(group.state) != "waiting":
        raise DeliveryError(f"no canary of {request.key.cluster} waits")
    old = cluster.get(group.tags.get(tags.PREVIOUS, ""))
    every = steps(recorded_facts(group, old, site.deploy, ["policies, scheduled actions and hooks"]))
    todo = left(every, group.tags.get(tags.STEP, ""))
    return OperationPlan(
        title=f"Promote {group.name}",
        steps=tuple((step.name, step.text) for step in todo[todo[0].verb == "decide" :]),
    )


def _rollback(site: Site, _: Console, __: Identity, request: Request) -> OperationPlan:
    target = rollback_target(site, request.values["to"] or None)
    every = planned(site, traffic_of(site), target)
    leaving = target.leaving.name if target.leaving else "nothing"
    return OperationPlan(
        title=f"Rollback from {leaving} to {target.returning or 'nothing'}", steps=tuple(every)
    )


def _resize(site: Site, _: Console, __: Identity, request: Request) -> OperationPlan:
    low, desired, high = (_number(request.values[name]) for name in ("min", "desired", "max"))
    return _manual(plan_resize(site, request.values["group"], min=low, desired=desired, max=high), request)


def _traffic(site: Site, _: Console, __: Identity, request: Request) -> OperationPlan:
    on = request.values["direction"] == "on"
    return _manual(plan_traffic(site, request.values["group"], on=on), request)


def _terminate(site: Site, _: Console, __: Identity, request: Request) -> OperationPlan:
    return _manual(plan_terminate(site, request.values["instance"]), request)


def _manual(change: ManualChange, request: Request) -> OperationPlan:
    return OperationPlan(
        title=_title(request),
        steps=change.steps,
        changes=(f"{change.group.name}: {change.before} → {change.after}",),
        notes=change.notes,
    )


def _number(text: str) -> int | None:
    return int(text) if text else None


_PLANS: dict[str, Any] = {
    "deploy": _deploy,
    "promote": _promote,
    "rollback": _rollback,
    "resize": _resize,
    "traffic": _traffic,
    "terminate": _terminate,
}
