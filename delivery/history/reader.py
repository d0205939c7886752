"""Reads records of runs, and closes those of runs that were killed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from delivery import names
from delivery.aws import ErrorMeaning, meaning
from delivery.clock import iso
from delivery.deploy.context import read_cluster
from delivery.errors import DeliveryError
from delivery.history.closing import interrupted
from delivery.history.record import INTERRUPTED, RunEvent, RunRecord, merged, whole_name
from delivery.history.store import HistoryStore, open_store
from delivery.lock import holder
from delivery.settings.model import NONE

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["read_runs"]

_UNLOCKED_S = 86_400.0
"""Without locks there is no sign that a run is alive: after a day it counts as killed."""


def read_runs(
    aws: Aws, settings: DeliverySettings, clock: HostClock, name: str, limit: int
) -> list[RunRecord]:
    """Read the runs of a cluster, or of all clusters of an application, the newest first.

    `name` without a hyphen is an application. A run that was killed is returned as interrupted, and its
    record is closed if that may be written. DeliveryError.
    """
    store = open_store(aws, settings, clock)
    if store is None:
        return []
    runs = list(islice(merged(store.of_application(name)), limit)) if "-" not in name else []
    if "-" in name:
        both = (name, whole_name(name))
        runs = [run for key in both for run in islice(merged(store.of_cluster(key)), limit)]
        runs = sorted(runs, key=lambda run: run.begun, reverse=True)[:limit]
    return list(_closed(aws, settings, clock, store, runs))


def _closed(
    aws: Aws, settings: DeliverySettings, clock: HostClock, store: HistoryStore, runs: list[RunRecord]
) -> Iterator[RunRecord]:
    later: dict[str, str] = {}
    for run in runs:
        next_begun = later.get(run.cluster, "")
        later[run.cluster] = run.begun
        if run.is_open and (next_begun or not _is_alive(aws, settings, clock, run)):
            run = _close(aws, clock, store, run, next_begun)  # the same run, closed
        yield run


def _close(aws: Aws, clock: HostClock, store: HistoryStore, run: RunRecord, next_begun: str) -> RunRecord:
    if run.is_of_waves:
        message = "the run was killed; delivery waves resume continues it"
        closed = replace(run, ended=iso(clock.now()), outcome=INTERRUPTED, message=message)
    else:
        cluster = read_cluster(aws, names.parse_cluster(run.cluster))
        closed = interrupted(run, cluster, clock.now(), next_begun)
    try:
        store.append(RunEvent("close", closed))
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.Denied:  # without permission to write, the result is the same
            raise
    return closed


def _is_alive(aws: Aws, settings: DeliverySettings, clock: HostClock, run: RunRecord) -> bool:
    """Report whether the newest run of a cluster still holds the lock."""
    if settings.lock.table == NONE:
        return run.begun > iso(clock.now() - _UNLOCKED_S)
    try:
        owner = holder(aws, settings.lock.table, run.cluster)
    except DeliveryError as error:
        if meaning(error) is not ErrorMeaning.NotFound:
            raise
        return False
    return owner is not None and owner.expires > clock.now()
