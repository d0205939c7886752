"""Forms and API of changes: what is asked for, its plan, its confirmation."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from delivery.settings.console import ACTIONS

from .. import models
from ..forms import RequestForm, form_of
from ..problems import ConsoleError, not_found
from ..queries import find_cluster
from ..security.guard import address_of, identity_of
from ..state import Console, console_of
from ..views import group_view
from ..web import page
from .offers import deployable_images, offers
from .operations import Asked, asked_for, operation, plan_of, start
from .planning import OperationPlan
from .requests import FIELDS

__all__ = ["api", "pages"]

Shared = Annotated[Console, Depends(console_of)]
Posted = Annotated[RequestForm, Depends(form_of)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.ProblemDocument, "content": {"application/problem+json": {}}}
    for status in (401, 403, 404, 409, 422, 502)
}
api = APIRouter(prefix="/api/v1", responses=_ERRORS, tags=["change"])
pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class WantedAction(BaseModel):
    """A change that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)
    action: str = Field(description=f"One of {', '.join(ACTIONS)}")
    account: str
    region: str
    cluster: str
    values: dict[str, str | int] = Field(
        {}, description="; ".join(f"{action}: {', '.join(FIELDS[action]) or 'none'}" for action in ACTIONS)
    )


class Confirmed(WantedAction):
    """A change whose plan was seen."""

    plan: str = Field(description="Digest of the plan")


class PlanStep(BaseModel):
    """A step of a plan."""

    name: str
    text: str


class ActionRefusal(BaseModel):
    """Something against a plan."""

    message: str
    hint: str


class ActionPlan(BaseModel):
    """What would be done; with refusals it cannot be confirmed."""

    title: str
    steps: list[PlanStep]
    changes: list[str]
    notes: list[str]
    refusals: list[ActionRefusal]
    digest: str = Field(description="For the confirmation")


class Operation(BaseModel):
    """A change that was started: a build of Jenkins does it."""

    id: str
    action: str
    account: str
    region: str
    cluster: str
    values: dict[str, str]
    by: str
    at: str
    job: str
    job_url: str
    queue_item: str | None


def _asked(request: Request, console: Console, action: WantedAction) -> Asked:
    return asked_for(
        console,
        identity_of(request),
        address_of(request),
        action=action.action,
        account=action.account,
        region=action.region,
        cluster=action.cluster,
        values=action.values,
    )


def _plan_values(plan: OperationPlan) -> dict[str, Any]:
    return {
        "title": plan.title,
        "steps": [{"name": name, "text": text} for name, text in plan.steps],
        "changes": list(plan.changes),
        "notes": list(plan.notes),
        "refusals": [{"message": message, "hint": hint} for message, hint in plan.refusals],
        "digest": plan.digest,
    }


def _json_only(request: Request) -> None:
    """Refuse what another site's form could send."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ConsoleError(415, "media-type", "The API takes application/json.")


@api.post("/plans", response_model=ActionPlan, dependencies=[Depends(_json_only)])
def post_plan(request: Request, wanted: WantedAction, console: Shared) -> Any:
    """Make the plan of a change; nothing is done."""
    return _plan_values(plan_of(console, _asked(request, console, wanted)))


@api.post("/operations", response_model=Operation, status_code=202, dependencies=[Depends(_json_only)])
def post_operation(
    request: Request,
    confirmed: Confirmed,
    console: Shared,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Any:
    """Start the job of a change whose plan was seen; 409 if things have changed since.

    The same `Idempotency-Key` starts it once, however often it is sent.
    """
    asked = _asked(request, console, confirmed)
    return start(console, asked, confirmed.plan, idempotency_key or secrets.token_hex(16))


@api.get("/operations/{id}", response_model=Operation)
def get_operation(id: str, console: Shared) -> Any:
    """Show a change that was started."""
    started = operation(console, id)
    if started is None:
        raise not_found("operation", id)
    return started


@pages.get("/change/{action}/{account}/{region}/{cluster:path}")
def change_form(
    request: Request, action: str, account: str, region: str, cluster: str, console: Shared
) -> Response:
    """Show the form of a change."""
    if action not in ACTIONS:
        raise not_found("action", action)
    key, details, _ = find_cluster(console, account, region, cluster)
    groups, identity = console.store.snapshot.clusters[key], identity_of(request)
    application = str(groups[0].values["application"] or "")
    locked_by = details.values.get("locked_by") if details is not None else None
    images = (
        deployable_images(console.settings, identity, console.store.snapshot, key, application)
        if action == "deploy"
        else []
    )
    return page(
        request,
        "change",
        title=f"{action.capitalize()}: {cluster}",
        action=action,
        cluster=key,
        application=application,
        groups=[group_view(group, console.links) for group in groups],
        images=images[:100],
        reason=offers(console.settings, identity, key, groups, locked_by)[action],
        wants_change_request=console.settings.account(account).change_pattern is not None,
    )


def _wanted(form: RequestForm) -> WantedAction:
    action = form.text("action")
    values: dict[str, str | int] = {name: form.text(name) for name in FIELDS.get(action, {})}
    return WantedAction(
        action=action,
        account=form.text("account"),
        region=form.text("region"),
        cluster=form.text("cluster"),
        values=values,
    )


@pages.post("/plans")
def plan_page(request: Request, form: Posted, console: Shared) -> Response:
    """Show the plan of a change, with a button that starts it."""
    action = _wanted(form)
    asked = _asked(request, console, action)
    plan = plan_of(console, asked)
    account = console.settings.account(action.account)
    return page(
        request,
        "confirm",
        title=plan.title,
        wanted=action.model_dump(),
        plan=_plan_values(plan),
        key=secrets.token_hex(16),
        is_production=account.production,
        status=200 if not plan.refusals else 409,
    )


@pages.post("/operations")
def start_page(request: Request, form: Posted, console: Shared) -> Response:
    """Start a change; in production its cluster's name has been typed."""
    action = _wanted(form)
    if console.settings.account(action.account).production and form.text("typed") != action.cluster:
        raise ConsoleError(422, "not-typed", f"Type {action.cluster} to confirm a change of production.")
    asked = _asked(request, console, action)
    answer = start(console, asked, form.text("plan"), form.text("key"))
    return RedirectResponse(f"/operations/{answer['id']}", 303)


@pages.get("/operations/{id}")
def operation_page(request: Request, id: str, console: Shared) -> Response:
    """Show a change that was started."""
    started = operation(console, id)
    if started is None:
        raise not_found("operation", id)
    topic = f"cluster:{started['account']}:{started['region']}:{started['cluster']}"
    return page(
        request,
        "operation",
        title=f"{started['action'].capitalize()} started",
        topic=topic,
        operation=started,
    )
