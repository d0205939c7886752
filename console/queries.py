"""Finds what a request names; a name that does not exist is an error with the one that may be meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from jobdsl.errors import suggestion

from .problems import invalid, not_found
from .snapshot import ClusterKey, GroupState, InstanceRow, Place, Values
from .views import application_row, application_rows, run_row

if TYPE_CHECKING:
    from delivery.history.record import RunRecord

    from .state import Console
    from .store import Details

__all__ = [
    "changes",
    "find_application",
    "find_cluster",
    "find_group",
    "find_image",
    "find_instance",
    "find_run",
    "images",
    "list_applications",
    "sliced",
]

Row = dict[str, Any]
T = TypeVar("T")
_NO_NAME = "-"
"""Word of an address for groups whose name is of no application."""


def sliced(rows: Sequence[T], limit: int, cursor: str | None) -> tuple[Sequence[T], str | None]:
    """Cut a list at a cursor, which is the number of entries before it; gives the next cursor, too."""
    if cursor is not None and not (cursor.isdecimal() and len(cursor) < 10):
        raise invalid([f"cursor: {cursor!r} is none of this list"])
    begin = int(cursor or 0)
    end = begin + limit
    return rows[begin:end], str(end) if end < len(rows) else None


def list_applications(
    console: Console, text: str | None = None, account: str | None = None, region: str | None = None
) -> list[Row]:
    """List applications by a part of their name, and by where they run."""
    pattern = (text or "").casefold()
    return [
        row
        for row in application_rows(console.store.snapshot)
        if pattern in (row["name"] or "").casefold()
        and (not account or account in row["accounts"])
        and (not region or region in row["regions"])
    ]


def find_application(console: Console, name: str) -> tuple[Row, tuple[ClusterKey, ...]]:
    """Find an application and its clusters; its runs are read soon. ConsoleError."""
    name = "" if name == _NO_NAME else name
    applications = console.store.snapshot.applications
    if name not in applications:
        raise not_found("application", name, _hint(name, applications))
    _want_runs(console, name)
    return application_row(console.store.snapshot, name), applications[name]


def find_cluster(
    console: Console, account: str, region: str, cluster: str
) -> tuple[ClusterKey, Details | None, tuple[RunRecord, ...]]:
    """Find a cluster, what was read of it, and the runs of its application; it is watched from now on."""
    key, snapshot = ClusterKey(account, region, cluster), console.store.snapshot
    if key not in snapshot.clusters:
        if Place(account, region) not in snapshot.locations:
            raise not_found("account and region", f"{account}, {region}")
        names = [each.cluster for each in snapshot.clusters if each.place == key.place]
        raise not_found("cluster", cluster, _hint(cluster, names))
    console.store.watch(key, console.now)
    application = snapshot.clusters[key][0].values["application"] or ""
    _want_runs(console, application)
    return key, console.store.details.get(key), console.store.runs.get(application, ())


def find_group(console: Console, account: str, region: str, name: str) -> GroupState:
    """Find a group. ConsoleError."""
    names = console.store.snapshot.group_names
    match = names.get((account, region, name))
    if match is None:
        near = [each for at, where, each in names if (at, where) == (account, region)]
        raise not_found("group", name, _hint(name, near))
    return match


def find_instance(console: Console, id: str) -> tuple[InstanceRow, Details | None]:
    """Find an instance of a group; its cluster is watched from now on. ConsoleError."""
    snapshot = console.store.snapshot
    instance = snapshot.instances.get(id)
    if instance is None:
        raise not_found("instance", id, "Only instances of groups are known here.")
    key = snapshot.group_names[instance.account, instance.region, instance.group].key
    console.store.watch(key, console.now)
    return instance, console.store.details.get(key)


def find_image(console: Console, id: str) -> Values:
    """Find an image, or one that is known only by the groups that were made of it. ConsoleError."""
    snapshot = console.store.snapshot
    image = snapshot.images_by_id.get(id)
    if image is not None:
        return image
    users = snapshot.users.get(id)
    if not users:
        raise not_found("image", id)
    values = users[0].values
    keys = ("image", "image_name", "application", "version", "commit", "account", "region")
    return {
        **{key: values[key] for key in keys},
        "owner": None,
        "state": None,
        "architecture": None,
        "created": values["created"],
        "tested_in": {},
        "public": False,
        "shared_with": None,
    }


def images(console: Console, application: str | None = None, text: str | None = None) -> list[Values]:
    """List images, the newest first, of an application and by a part of id, name or version."""
    pattern = (text or "").casefold()
    matches = [
        image
        for image in console.store.snapshot.images()
        if application in (None, "", image["application"])
        and (not pattern or any(pattern in str(image[key] or "").casefold() for key in _SEARCHED))
    ]
    return sorted(matches, key=lambda image: str(image["created"]), reverse=True)


_SEARCHED = ("image", "image_name", "version", "application", "commit")


def changes(
    console: Console,
    *,
    application: str | None = None,
    cluster: str | None = None,
    by: str | None = None,
    kind: str | None = None,
    outcome: str | None = None,
) -> list[Row]:
    """List runs, the newest first."""
    if application:
        _want_runs(console, application)
    known = console.store.runs
    chosen = [application] if application else list(known)
    rows = [row for name in chosen for row in _rows(console, known.get(name, ()))]
    conditions = {"cluster": cluster, "kind": kind, "outcome": outcome}
    rows = [
        row
        for row in rows
        if all(not text or row[key] == text for key, text in conditions.items())
        and (not by or by.casefold() in (row["by"] or "").casefold())
    ]
    return sorted(rows, key=lambda row: str(row["begun"]), reverse=True)


def _rows(console: Console, runs: Sequence[RunRecord]) -> list[Row]:
    by_cluster: dict[tuple[str, str, str], list[RunRecord]] = {}
    for run in runs:
        by_cluster.setdefault((run.account, run.region, run.cluster), []).append(run)
    links, snapshot = console.links, console.store.snapshot
    return [run_row(run, by_cluster[run.account, run.region, run.cluster], links, snapshot) for run in runs]


def find_run(console: Console, application: str, id: str) -> tuple[RunRecord, list[RunRecord]]:
    """Find a run by its id, and the runs of its cluster. ConsoleError."""
    _want_runs(console, application)
    runs = console.store.runs.get(application, ())
    run = next((each for each in runs if each.id == id), None)
    if run is None:
        raise not_found("run", id, "Only the newest runs of an application are kept here.")
    key = (run.account, run.region, run.cluster)
    return run, [each for each in runs if (each.account, each.region, each.cluster) == key]


_RUNS_S = 20.0
"""Runs that were read more recently are not read again for a page."""


def _want_runs(console: Console, application: str) -> None:
    if application and console.now - console.store.runs_read.get(application, 0.0) > _RUNS_S:
        console.store.want_runs(application)


def _hint(name: str, known: Any) -> str:
    near = suggestion(name, [each for each in known if each])
    return f"{near[:1].upper()}{near[1:]}" if near else ""
