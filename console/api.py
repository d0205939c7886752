"""The JSON API, version 1: the same values as the pages, under the same addresses below /api/v1."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from . import models
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
from .searching import search
from .state import Console, console_of
from .views import cluster_row, cluster_view, group_view, image_row, instance_view, location_row, run_row

__all__ = ["router"]

Shared = Annotated[Console, Depends(console_of)]
Limit = Annotated[int, Query(ge=1, le=500, description="Entries of one answer at most")]
Cursor = Annotated[str | None, Query(description="Of the answer before", max_length=100)]
Text = Annotated[str | None, Query(max_length=200)]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": models.ProblemDocument, "content": {"application/problem+json": {}}}
    for status in (401, 403, 404, 422)
}
router = APIRouter(prefix="/api/v1", responses=_ERRORS)


def _answer(console: Console, **values: Any) -> dict[str, Any]:
    freshness = console.freshness()
    return {"as_of": freshness["as_of"], "stale": freshness["stale"], **values}


@router.get("/applications", response_model=models.ApplicationList, tags=["look"])
def get_applications(
    console: Shared,
    q: Text = None,
    account: Text = None,
    region: Text = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Any:
    """List all applications; `q` is a part of their names."""
    rows = list_applications(console, q, account, region)
    some, after = sliced(rows, limit, cursor)
    return _answer(console, applications=some, total=len(rows), cursor=after)


@router.get("/applications/{application}", response_model=models.ApplicationDetail, tags=["look"])
def get_application(application: str, console: Shared) -> Any:
    """Show an application and its clusters."""
    row, keys = find_application(console, application)
    clusters = [cluster_row(console.store.snapshot, key) for key in keys]
    return _answer(console, application=row, clusters=clusters)


@router.get("/clusters/{account}/{region}/{cluster:path}", response_model=models.ClusterDetail, tags=["look"])
def get_cluster(account: str, region: str, cluster: str, console: Shared) -> Any:
    """Show a cluster with its groups side by side."""
    key, details, runs = find_cluster(console, account, region, cluster)
    snapshot = console.store.snapshot
    view = cluster_view(snapshot, key, console.links, details, runs)
    return _answer(console, **{**view, "cluster": cluster_row(snapshot, key)})


@router.get("/groups/{account}/{region}/{name:path}", response_model=models.GroupDetail, tags=["look"])
def get_group(account: str, region: str, name: str, console: Shared) -> Any:
    """Show a group."""
    return _answer(console, group=group_view(find_group(console, account, region, name), console.links))


@router.get("/instances/{id}", response_model=models.InstanceDetail, tags=["look"])
def get_instance(id: str, console: Shared) -> Any:
    """Show an instance."""
    instance, details = find_instance(console, id)
    return _answer(console, instance=instance_view(console.store.snapshot, instance, console.links, details))


@router.get("/images", response_model=models.ImageList, tags=["look"])
def get_images(
    console: Shared, application: Text = None, q: Text = None, limit: Limit = 100, cursor: Cursor = None
) -> Any:
    """List images, the newest first; `q` is a part of id, name or version."""
    rows = images(console, application, q)
    some, after = sliced(rows, limit, cursor)
    shown = [image_row(each, console.store.snapshot, console.links) for each in some]
    return _answer(console, images=shown, total=len(rows), cursor=after)


@router.get("/images/{id}", response_model=models.ImageDetail, tags=["look"])
def get_image(id: str, console: Shared) -> Any:
    """Show an image and where it runs."""
    return _answer(console, image=image_row(find_image(console, id), console.store.snapshot, console.links))


@router.get("/changes", response_model=models.ChangeList, tags=["look"])
def get_changes(
    console: Shared,
    application: Text = None,
    cluster: Text = None,
    by: Text = None,
    kind: Text = None,
    outcome: Text = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Any:
    """List runs, the newest first: user, time, change and outcome."""
    rows = changes(console, application=application, cluster=cluster, by=by, kind=kind, outcome=outcome)
    some, after = sliced(rows, limit, cursor)
    return _answer(console, runs=some, total=len(rows), cursor=after)


@router.get("/changes/{application}/{id}", response_model=models.RunDetail, tags=["look"])
def get_run(application: str, id: str, console: Shared) -> Any:
    """Show a run with its steps."""
    run, runs = find_run(console, application, id)
    row = run_row(run, runs, console.links, console.store.snapshot)
    return _answer(console, run=row, timeline=row["timeline"])


@router.get("/search", response_model=models.SearchResult, tags=["look"])
def get_search(console: Shared, q: Annotated[str, Query(min_length=1, max_length=200)]) -> Any:
    """Search all applications, clusters, groups, instances and images."""
    return _answer(console, hits=search(console.store.snapshot, q))


@router.get("/snapshots", response_model=models.Snapshots, tags=["look"])
def get_snapshots(console: Shared) -> Any:
    """Show how fresh each account and region is, and how many calls that took."""
    refresh = console.settings.console.refresh_seconds
    rows = [location_row(state, console.now, refresh) for state in console.store.snapshot.locations.values()]
    return _answer(console, locations=rows)


@router.get("/{rest:path}", include_in_schema=False)
def get_nothing(request: Request) -> Any:
    """Answer what no other route does."""
    raise not_found("address", request.url.path)
