"""The pages: HTML from the snapshot, complete without scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from .problems import not_found
from .queries import (
    changes,
    find_application,
    find_cluster,
    find_group,
    find_image,
    find_instance,
    find_run,
    images,
    list_applications,
    sliced,
)
from .rendering import render
from .searching import search
from .security.guard import identity_of
from .security.identity import may_audit
from .state import Console, console_of
from .steering.offers import offers
from .views import (
    cluster_row,
    cluster_view,
    group_view,
    image_row,
    instance_view,
    location_row,
    open_rows,
    run_row,
)

__all__ = ["page", "router"]

Shared = Annotated[Console, Depends(console_of)]
Text = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str | None, Query(max_length=100)]
_ROWS = 200
"""Rows of one page of a list."""
_LATEST = 12
"""Newest runs on the first page."""
_SHUT_IN = "; ".join(
    (
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
        "sandbox allow-popups",
    )
)
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class _Query(dict[str, str]):
    """The parameters of an address; one that is not given is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def page(
    request: Request, template: str, *, title: str, topic: str = "", status: int = 200, **values: Any
) -> HTMLResponse:
    """Render a page with what all of them show."""
    console, identity = console_of(request), identity_of(request)
    settings = console.settings.console
    text = render(
        template,
        title=title,
        topic=topic,
        freshness=console.freshness(),
        section=request.url.path.split("/")[1] or "home",
        query=_Query(request.query_params),
        has_agents=bool(settings.dynaslave),
        has_plan=bool(settings.plan),
        identity=identity,
        may_audit=may_audit(settings, identity),
        form_token=console.database.form_token(identity),
        can_log_in=settings.oidc.issuer is not None,
        here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        **values,
    )
    return HTMLResponse(text, status)


def _more(request: Request, cursor: str | None) -> str | None:
    return None if cursor is None else str(request.url.include_query_params(cursor=cursor).query)


@router.get("/")
def home(
    request: Request,
    console: Shared,
    q: Text = "",
    account: Text = "",
    region: Text = "",
    cursor: Cursor = None,
) -> Response:
    """Show all applications, what waits, and what changed last."""
    snapshot = console.store.snapshot
    rows = list_applications(console, q, account, region)
    some, after = sliced(rows, _ROWS, cursor)
    return page(
        request,
        "home",
        title="Applications",
        topic="all",
        applications=some,
        total=len(rows),
        more_address=_more(request, after),
        open_deploys=open_rows(snapshot),
        latest=changes(console)[:_LATEST],
        accounts=sorted({place.account for place in snapshot.locations}),
        regions=sorted({place.region for place in snapshot.locations}),
    )


@router.get("/applications/{name}")
def application(request: Request, name: str, console: Shared) -> Response:
    """Show an application: its clusters, images and runs."""
    row, keys = find_application(console, name)
    own = images(console, row["name"]) if row["name"] else []
    return page(
        request,
        "application",
        title=row["name"] or "Other groups",
        topic=f"application:{name}",
        application=row,
        clusters=[cluster_row(console.store.snapshot, key) for key in keys],
        images=[image_row(image, console.store.snapshot, console.links) for image in own[:20]],
        image_count=len(own),
        runs=changes(console, application=row["name"])[:20] if row["name"] else [],
    )


@router.get("/clusters/{account}/{region}/{name:path}")
def cluster(request: Request, account: str, region: str, name: str, console: Shared) -> Response:
    """Show a cluster with its groups side by side."""
    key, details, runs = find_cluster(console, account, region, name)
    view = cluster_view(console.store.snapshot, key, console.links, details, runs)
    groups = console.store.snapshot.clusters[key]
    reports = [group["name"] for group in view["group_views"] if _report_of(console, group["name"])]
    return page(
        request,
        "cluster",
        title=f"{name} in {account}, {region}",
        topic=f"cluster:{account}:{region}:{name}",
        cluster=view,
        reports=reports,
        offers=offers(console.settings, identity_of(request), key, groups, view["locked_by"]),
        steers=bool(console.settings.console.jenkins.url),
    )


@router.get("/groups/{account}/{region}/{name:path}")
def group(request: Request, account: str, region: str, name: str, console: Shared) -> Response:
    """Show a group."""
    group = find_group(console, account, region, name)
    key = group.key
    find_cluster(console, *key)
    return page(
        request,
        "group",
        title=name,
        topic=f"cluster:{account}:{region}:{key.cluster}",
        group=group_view(group, console.links),
        report=_report_of(console, name),
    )


@router.get("/instances/{id}")
def instance(request: Request, id: str, console: Shared) -> Response:
    """Show an instance."""
    instance, details = find_instance(console, id)
    view = instance_view(console.store.snapshot, instance, console.links, details)
    topic = f"cluster:{instance.account}:{instance.region}:{view['cluster']}"
    return page(request, "instance", title=id, topic=topic, instance=view)


@router.get("/images")
def image_list(
    request: Request, console: Shared, application: Text = "", q: Text = "", cursor: Cursor = None
) -> Response:
    """List images."""
    rows = images(console, application, q)
    some, after = sliced(rows, _ROWS, cursor)
    shown = [image_row(each, console.store.snapshot, console.links) for each in some]
    return page(
        request, "images", title="Images", images=shown, total=len(rows), more_address=_more(request, after)
    )


@router.get("/images/{id}")
def image(request: Request, id: str, console: Shared) -> Response:
    """Show an image and where it runs."""
    row = image_row(find_image(console, id), console.store.snapshot, console.links)
    return page(request, "image", title=id, topic="all", image=row)


@router.get("/history")
def history(
    request: Request,
    console: Shared,
    application: Text = "",
    cluster: Text = "",
    by: Text = "",
    kind: Text = "",
    outcome: Text = "",
    cursor: Cursor = None,
) -> Response:
    """List runs: user, time, change and outcome."""
    rows = changes(console, application=application, cluster=cluster, by=by, kind=kind, outcome=outcome)
    some, after = sliced(rows, _ROWS, cursor)
    everything = changes(console)
    return page(
        request,
        "history",
        title="History",
        topic=f"application:{application}" if application else "all",
        runs=some,
        total=len(rows),
        more_address=_more(request, after),
        kinds=sorted({row["kind"] for row in everything}),
        outcomes=sorted({row["outcome"] for row in everything}),
    )


@router.get("/history/{application}/{id}")
def run(request: Request, application: str, id: str, console: Shared) -> Response:
    """Show a run: its steps, live while it is under way."""
    run, runs = find_run(console, application, id)
    row = run_row(run, runs, console.links, console.store.snapshot)
    key = (run.account, run.region, run.cluster)
    groups = console.store.snapshot.clusters.get(key, ())  # type: ignore[call-overload]
    is_newest = max(runs, key=lambda each: each.begun).id == run.id
    live = (
        next((each for each in groups if each.is_open), None)
        if is_newest and row["outcome"] in ("running", "waiting")
        else None
    )
    if live is not None:
        find_cluster(console, *key)
    return page(
        request,
        "run",
        title=f"{run.kind} of {run.cluster}",
        topic=f"cluster:{run.account}:{run.region}:{run.cluster}",
        run=row,
        live=group_view(live, console.links) if live is not None else None,
        total=max((step["after"] + step["seconds"] for step in row["timeline"]), default=0.0),
    )


@router.get("/search")
def search_page(request: Request, console: Shared, q: Text = "") -> Response:
    """Search everything; a single exact name leads to its page at once."""
    hits = search(console.store.snapshot, q)
    exact = [
        hit for hit in hits if hit["name"] == q.strip() and hit["kind"] in ("instance", "image", "group")
    ]
    if len(exact) == 1:
        return RedirectResponse(exact[0]["path"], 303)
    return page(request, "search", title=f"Search: {q}" if q else "Search", hits=hits, q=q)


@router.get("/snapshots")
def snapshots(request: Request, console: Shared) -> Response:
    """Show how fresh each account and region is."""
    refresh = console.settings.console.refresh_seconds
    rows = [location_row(each, console.now, refresh) for each in console.store.snapshot.locations.values()]
    return page(request, "snapshots", title="Accounts and regions", topic="snapshots", locations=rows)


@router.get("/agents")
def agents(request: Request, console: Shared) -> Response:
    """Show the managers of agents: pools, queue, agents."""
    managers = []
    for address in console.settings.console.dynaslave:
        document = console.store.pages.get(address)
        status, error = None, document.error if document else "It has not been read yet."
        if document is not None and not document.error:
            try:
                status = _status(document.body)
            except (ValueError, KeyError, TypeError):
                error = f"{address} does not answer with the status of a manager."
        managers.append({"address": address, "status": status, "error": error})
    return page(request, "agents", title="Agents", topic="documents", managers=managers, now=console.now)


def _status(body: bytes) -> dict[str, Any]:
    status = json.loads(body)
    for key in ("manager", "pools", "queue", "agents"):
        status[key]  # a KeyError says that it is none
    return dict(status)


@router.get("/plan")
def plan(request: Request, console: Shared) -> Response:
    """Show the last plan of the jobs."""
    address = console.settings.console.plan
    if address is None:
        raise not_found("plan", "jobdsl", "[console] plan names its page.")
    document = console.store.pages.get(address)
    return page(
        request,
        "plan",
        title="Jobs",
        address=address if "://" in address else None,
        error=document.error if document is not None else "It has not been read yet.",
    )


@router.get("/plan/document")
def plan_document(console: Shared) -> Response:
    """Give the plan as jobdsl wrote it; it may run no script and reach nothing."""
    document = console.store.pages.get(console.settings.console.plan or "")
    if document is None or document.error:
        raise not_found("plan", "jobdsl")
    return _foreign(document.body)


@router.get("/canaries/{group}")
def canary(group: str, console: Shared) -> Response:
    """Give the saved report of a canary."""
    report = _report_of(console, group)
    if report is None:
        raise not_found("report of canary", group)
    return _foreign(report.read_bytes())


def _foreign(body: bytes) -> Response:
    """Give a page of another program, shut in: styles of its own, no scripts, no forms, no requests."""
    return Response(
        body, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _SHUT_IN}
    )


def _report_of(console: Console, group: str) -> Path | None:
    directory = console.settings.console.reports
    if directory is None or "/" in group or group.startswith("."):
        return None
    report = Path(directory) / f"{group}.html"
    return report if report.is_file() else None
