"""Stored documents of many objects, fetched in parallel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from jobdsl.controller.jenkins import Controller
from jobdsl.errors import ControllerError
from jobdsl.planning.inventory import Key

__all__ = ["fetch", "fetch_missing", "fetch_readable"]


def fetch(
    controller: Controller,
    keys: Collection[Key],
    workers: int = 8,
    *,
    allowed: bool = False,
    unreadable: list[Key] | None = None,
) -> dict[Key, bytes]:
    """Fetch the stored documents of these objects, one request each; those that do not exist are left out.

    `allowed`: leave out those the user may not read as well; they are added to `unreadable`.
    """

    def read(key: Key) -> tuple[Key, bytes | None]:
        try:
            return key, controller.config(*key)
        except ControllerError as error:
            if error.status == 403 and allowed:
                if unreadable is not None:
                    unreadable.append(key)
            elif error.status != 404:
                raise
            return key, None

    with ThreadPoolExecutor(max(1, workers), thread_name_prefix="fetch") as pool:
        return {key: document for key, document in pool.map(read, keys) if document is not None}


def fetch_readable(
    controller: Controller, keys: Collection[Key], workers: int = 8
) -> tuple[dict[Key, bytes], list[Key]]:
    """Fetch the stored documents of these objects, and list those that the user may not read."""
    unreadable: list[Key] = []
    documents = fetch(controller, keys, workers, allowed=True, unreadable=unreadable)
    return documents, sorted(unreadable)


def fetch_missing(
    controller: Controller, keys: Collection[Key], known: Mapping[Key, bytes], workers: int = 8
) -> dict[Key, bytes]:
    """Complete the known documents by those of `keys` that the user may read."""
    missing = [key for key in keys if key not in known]
    return {**known, **fetch(controller, missing, workers, allowed=True)}
