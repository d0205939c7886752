"""Searches everything the snapshot has: applications, clusters, groups, instances, images, people. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .snapshot import ConsoleSnapshot

__all__ = ["search"]

_LIMIT = 40
"""Results of one kind."""
Hit = dict[str, Any]


def search(snapshot: ConsoleSnapshot, text: str) -> list[Hit]:
    """Find what contains a text in its name, version, image, or the user that deployed it.

    Each hit has `kind`, `name`, `about` and `path`, the address of its page.
    """
    pattern = text.strip().casefold()
    if not pattern:
        return []
    kinds = (_applications, _clusters, _groups, _instances, _images)
    return [hit for kind in kinds for hit in islice(kind(snapshot, pattern), _LIMIT)]


def _applications(snapshot: ConsoleSnapshot, pattern: str) -> Iterator[Hit]:
    for name, keys in snapshot.applications.items():
        if name and pattern in name.casefold():
            about = f"{len(keys)} clusters"
            yield {"kind": "application", "name": name, "about": about, "path": f"/applications/{name}"}


def _clusters(snapshot: ConsoleSnapshot, pattern: str) -> Iterator[Hit]:
    for key in snapshot.clusters:
        if pattern in key.cluster.casefold():
            path = f"/clusters/{key.account}/{key.region}/{key.cluster}"
            yield {"kind": "cluster", "name": key.cluster, "about": str(key.place), "path": path}


def _groups(snapshot: ConsoleSnapshot, pattern: str) -> Iterator[Hit]:
    for group in snapshot.groups():
        values = group.values
        about = [values[key] for key in ("version", "image", "image_name", "jenkins_user", "change_request")]
        if any(pattern in str(each).casefold() for each in (group.name, *about) if each):
            path = f"/clusters/{values['account']}/{values['region']}/{values['cluster']}#{group.name}"
            words = [values["account"], values["region"], *(str(each) for each in about if each)]
            yield {"kind": "group", "name": group.name, "about": ", ".join(words), "path": path}


def _instances(snapshot: ConsoleSnapshot, pattern: str) -> Iterator[Hit]:
    if not pattern.startswith("i-"):
        return
    for id, instance in snapshot.instances.items():
        if pattern in id:
            about = f"{instance.group}, {instance.account}, {instance.region}"
            yield {"kind": "instance", "name": id, "about": about, "path": f"/instances/{id}"}


def _images(snapshot: ConsoleSnapshot, pattern: str) -> Iterator[Hit]:
    for id, image in snapshot.images_by_id.items():
        names = (id, image["image_name"], image["version"], image["application"], image["commit"])
        if any(pattern in str(each).casefold() for each in names if each):
            about = f"{image['application'] or ''} {image['version'] or ''}".strip() or image["image_name"]
            yield {"kind": "image", "name": id, "about": str(about), "path": f"/images/{id}"}
