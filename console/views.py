"""What pages and API show, as values: rows of lists, a cluster with its groups side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from delivery.clock import iso
from delivery.deploy.status import short_name, traffic_words
from delivery.overview.images import users_of

from .snapshot import ClusterKey, ConsoleSnapshot, GroupState, InstanceRow, LocationState

if TYPE_CHECKING:
    from delivery.history.record import RunRecord

    from .links import Links
    from .store import Details

__all__ = [
    "application_row",
    "application_rows",
    "cluster_row",
    "cluster_view",
    "differences",
    "freshness",
    "group_view",
    "image_row",
    "image_rows",
    "instance_view",
    "location_row",
    "run_row",
]

Row = dict[str, Any]
_STALE_PASSES = 3
"""After so many refresh intervals without a complete pass, what is shown counts as stale."""


@lru_cache(maxsize=2)
def application_rows(snapshot: ConsoleSnapshot) -> tuple[Row, ...]:
    """List all applications; once for each snapshot, so that no caller may change the rows."""
    return tuple(application_row(snapshot, name) for name in snapshot.applications)


def application_row(snapshot: ConsoleSnapshot, name: str) -> Row:
    """Sum up an application."""
    keys = snapshot.applications[name]
    groups = [group for key in keys for group in snapshot.clusters[key]]
    serving = [group for group in groups if group.values["takes_traffic"]]
    newest = max(groups, key=lambda group: str(group.values["created"]))
    return {
        "name": name or None,
        "clusters": len(keys),
        "groups": len(groups),
        "instances": sum(group.values["instances"] for group in groups),
        "serving_instances": sum(group.values["instances"] for group in serving),
        "serving_healthy": sum(group.values["healthy"] for group in serving),
        "accounts": sorted({key.account for key in keys}),
        "regions": sorted({key.region for key in keys}),
        "versions": sorted({_version(group) for group in serving}),
        "open": [_open_row(group) for group in groups if group.is_open],
        "changed": newest.values["created"],
        "changed_by": _who(newest),
    }


def _open_row(group: GroupState) -> Row:
    values = group.values
    return {
        "group": group.name,
        "cluster": values["cluster"],
        "account": values["account"],
        "region": values["region"],
        "state": values["state"],
        "version": _version(group),
        "by": _who(group),
        "decide_by": values["decide_by"],
    }


def open_rows(snapshot: ConsoleSnapshot) -> list[Row]:
    """List the deploys that are not over: those that wait for a decision first."""
    rows = [_open_row(group) for group in snapshot.open_groups]
    return sorted(rows, key=lambda row: (row["state"] != "waiting", row["cluster"]))


def _version(group: GroupState) -> str:
    values = group.values
    return str(values["version"] or values["image_name"] or values["image"] or "unknown")


def _who(group: GroupState) -> str | None:
    who = group.values["jenkins_user"] or group.values["deployer"]
    return short_name(who) if who else None


def cluster_row(snapshot: ConsoleSnapshot, key: ClusterKey) -> Row:
    """Sum up a cluster."""
    groups = snapshot.clusters[key]
    serving = [group for group in groups if group.values["takes_traffic"]]
    newest = groups[0]
    return {
        "cluster": key.cluster,
        "account": key.account,
        "region": key.region,
        "application": newest.values["application"],
        "groups": len(groups),
        "serving": [group.name for group in serving],
        "versions": sorted({_version(group) for group in serving}),
        "instances": sum(group.values["instances"] for group in serving),
        "healthy": sum(group.values["healthy"] for group in serving),
        "traffic_unknown": any(group.values["takes_traffic"] is None for group in groups),
        "open": next((_open_row(group) for group in groups if group.is_open), None),
        "changed": newest.values["created"],
        "changed_by": _who(newest),
    }


def group_view(group: GroupState, links: Links) -> Row:
    """Give all that is known of a group."""
    values = dict(group.values)
    values.pop("age_seconds", None)
    return {
        **values,
        "shown_version": _version(group),
        "by": _who(group),
        "traffic_words": "unknown" if values["takes_traffic"] is None else traffic_words(values),
        "suspended": list(group.suspended),
        "configuration": dict(group.configuration),
        "tags": dict(group.tags),
        "members": [_member(instance) for instance in group.instances],
        "steps": [step._asdict() for step in group.steps],
        "links": links.of_group(values),
    }


def _member(instance: InstanceRow) -> Row:
    return {
        "id": instance.id,
        "lifecycle": instance.lifecycle,
        "health": instance.health,
        "in_service": instance.in_service,
        "type": instance.type or None,
        "zone": instance.zone or None,
        "is_protected": instance.is_protected,
    }


def differences(groups: Sequence[GroupState]) -> list[Row]:
    """List in what groups differ, one value for each group, None where a group has none of that name."""
    texts = [{"image": str(group.values["image"] or ""), **group.configuration} for group in groups]
    names = dict.fromkeys(name for configuration in texts for name in configuration)
    rows = []
    for name in names:
        values = [configuration.get(name) for configuration in texts]
        if len({*values}) > 1:
            rows.append({"name": name, "values": values})
    return rows


def cluster_view(
    snapshot: ConsoleSnapshot,
    key: ClusterKey,
    links: Links,
    details: Details | None,
    runs: Iterable[RunRecord],
) -> Row:
    """Give a cluster with its groups side by side, the newest first."""
    groups = snapshot.clusters[key]
    own = [run for run in runs if (run.account, run.region, run.cluster) == key]
    known = details.values if details is not None else {}
    return {
        **cluster_row(snapshot, key),
        "group_views": [group_view(group, links) for group in groups],
        "differences": differences(groups),
        "details_at": iso(details.read_at) if details is not None else None,
        "details_error": details.error or None if details is not None else None,
        "activities": _activities(known),
        "alarms": list(known.get("alarms", ())),
        "locked_by": known.get("locked_by"),
        "runs": [run_row(run, own, links, snapshot) for run in own],
    }


def _activities(known: Mapping[str, Any]) -> list[Row]:
    rows = [
        {"group": group, **activity}
        for group, activities in known.get("activities", {}).items()
        for activity in activities
    ]
    return sorted(rows, key=lambda row: str(row["at"]), reverse=True)


def instance_view(
    snapshot: ConsoleSnapshot, instance: InstanceRow, links: Links, details: Details | None
) -> Row:
    """Give all that is known of an instance."""
    group = snapshot.group_names[instance.account, instance.region, instance.group]
    known = details.values.get("instances", {}).get(instance.id, {}) if details is not None else {}
    return {
        **_member(instance),
        "account": instance.account,
        "region": instance.region,
        "group": instance.group,
        "cluster": group.values["cluster"],
        "application": group.values["application"],
        "version": _version(group),
        "image": known.get("image") or group.values["image"],
        "private_ip": known.get("private_ip"),
        "public_ip": known.get("public_ip"),
        "launched": known.get("launched"),
        "state_reason": known.get("state_reason"),
        "links": links.of_instance(instance),
    }


def image_row(image: Mapping[str, Any], snapshot: ConsoleSnapshot, links: Links) -> Row:
    """Give an image and the groups that were made of it."""
    values = {key: value for key, value in image.items() if key != "age_seconds"}
    groups = [group.values for group in snapshot.users.get(str(image["image"]), ())]
    used = users_of(str(image["image"]), [dict(group) for group in groups])
    clusters = {(group["account"], group["region"], group["name"]): group["cluster"] for group in groups}
    for user in used:
        user["cluster"] = clusters[user["account"], user["region"], user["name"]]
    return {**values, "used_by": used, "links": links.of_image(values)}


def image_rows(snapshot: ConsoleSnapshot, application: str | None, links: Links) -> list[Row]:
    """List the images of an application, or all, the newest first."""
    images = [image for image in snapshot.images() if application in (None, image["application"])]
    images.sort(key=lambda image: str(image["created"]), reverse=True)
    return [image_row(image, snapshot, links) for image in images]


def run_row(run: RunRecord, of_cluster: Sequence[RunRecord], links: Links, snapshot: ConsoleSnapshot) -> Row:
    """Give the record of a run; one without an end, and that another run has followed, was interrupted."""
    values = run.values
    later = any(other.begun > run.begun for other in of_cluster)
    if run.is_open and later:
        values |= {"outcome": "interrupted", "message": "the run was killed; its end is not known"}
    ended = values["ended"]
    seconds = _seconds(ended) - _seconds(values["begun"]) if ended else None
    return {
        **values,
        "by": short_name(run.trigger.who) if run.trigger.who else None,
        "seconds": seconds,
        "cluster_exists": ClusterKey(run.account, run.region, run.cluster) in snapshot.clusters,
        "image_exists": run.target.image in snapshot.images_by_id or run.target.image in snapshot.users,
        "links": links.of_run(run),
    }


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def location_row(state: LocationState, now: float, refresh_seconds: float) -> Row:
    """Give how fresh an account and region is."""
    return {
        "account": state.place.account,
        "region": state.place.region,
        "groups": len(state.groups),
        "instances": sum(len(group.instances) for group in state.groups),
        "images": len(state.images),
        "read_at": iso(state.read_at) if state.read_at is not None else None,
        "images_at": iso(state.images_at) if state.images_at is not None else None,
        "age_seconds": round(max(0.0, now - state.read_at)) if state.read_at is not None else None,
        "stale": _is_stale(state, now, refresh_seconds),
        "error": state.error or None,
        "hint": state.hint or None,
        "seconds": round(state.seconds, 1),
        "calls": dict(state.group_calls),
        "image_calls": dict(state.image_calls),
    }


def _is_stale(state: LocationState, now: float, refresh_seconds: float) -> bool:
    if state.read_at is None or state.error:
        return True
    return now - state.read_at > _STALE_PASSES * refresh_seconds + state.seconds


def freshness(snapshot: ConsoleSnapshot, now: float, refresh_seconds: float) -> Row:
    """Give the age of the oldest account and region, and how many are stale."""
    states = list(snapshot.locations.values())
    times = [state.read_at for state in states]
    known = [at for at in times if at is not None]
    return {
        "as_of": iso(min(known)) if known and len(known) == len(times) else None,
        "age_seconds": round(max(0.0, now - min(known))) if known else None,
        "stale": any(_is_stale(state, now, refresh_seconds) for state in states),
        "unread": [str(state.place) for state in states if state.read_at is None],
        "errors": [{"place": str(state.place), "error": state.error} for state in states if state.error],
    }
