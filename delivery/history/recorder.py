"""Writes the record of a run around it. Whatever goes wrong here is a warning, and the run goes on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING

from delivery.clock import iso
from delivery.deploy.model import Cluster
from delivery.deploy.status import releases
from delivery.deploy.traffic import traffic_of
from delivery.errors import REFUSED, USAGE, DeliveryError, LockedError, SettingsError, UnknownNameError
from delivery.history.closing import interrupted, version_of, worked_on
from delivery.history.record import INTERRUPTED, GroupVersion, RunEvent, RunRecord, merged
from delivery.history.store import HistoryStore, open_store
from jobdsl.errors import JobdslError
from jobdsl.exit_codes import WRONG_USAGE

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.model import Group
    from delivery.deploy.operations import CommandOutcome

__all__ = ["Recorder"]

_LOOKED_AT = 20
"""Earlier runs of the cluster of which open ones are closed; older ones were closed by these."""


class Recorder:
    """Records a run of a cluster for as long as the block runs; the lock is held all the while.

    Set `ending` once it is known. Runs that are still open as this one begins were killed: they are closed.
    """

    def __init__(self, site: Site, kind: str) -> None:
        self.ending: CommandOutcome | None = None
        self._site = site
        self._store: HistoryStore | None = None
        self._groups: Mapping[str, GroupVersion] = {}
        self._record = RunRecord(
            id=f"r-{secrets.token_hex(6)}",
            kind=kind,
            application=site.cluster.app,
            cluster=str(site.cluster),
            account=site.aws.account,
            region=site.aws.region,
            begun=iso(site.clock.now()),
            trigger=site.trigger,
        )

    def __enter__(self) -> Recorder:
        with self._warning("the begin of this run could not be recorded"):
            self._store = open_store(
                self._site.aws, self._site.settings, self._site.clock, self._site.lock.sleep
            )
            if self._store is not None:
                self._begin(self._store)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            with self._warning("the end of this run could not be recorded"):
                self._store.append(RunEvent("end", self._ended(error)))

    def _begin(self, store: HistoryStore) -> None:
        cluster = self._read()
        store.append(RunEvent("begin", self._record))
        later = self._record
        for run in islice(merged(store.of_cluster(later.cluster)), _LOOKED_AT):
            if run.is_open and run.id != self._record.id:
                closed = interrupted(run, cluster, self._site.clock.now(), later.begun)
                store.append(RunEvent("close", closed))
            later = run

    def _read(self) -> Cluster:
        """Read the groups, and which takes traffic; the record begins without what cannot be read."""
        site = self._site
        try:
            cluster, traffic = site.read(), traffic_of(site)
            self._groups = _versions(site, cluster.alive)
            taking = [group.name for group in cluster.alive if traffic.takes(group)]
        except DeliveryError:
            return Cluster(site.cluster)
        if taking:
            self._record = replace(self._record, source=self._groups[taking[-1]])
        return cluster

    def _ended(self, error: BaseException | None) -> RunRecord:
        site = self._site
        record = replace(
            self._record,
            ended=iso(site.clock.now()),
            trigger=site.trigger,
            overridden=tuple(site.overridden),
            evidence=site.evidence.values,
            timeline=tuple(site.timeline.to_json()["steps"]),
        )
        if self.ending is not None:
            return self._done(record, self.ending)
        record = replace(record, outcome=_outcome(error), message=_message(error))
        if not isinstance(error, Exception):  # stopped by a signal: a few seconds are left
            return record
        group = worked_on(record, self._now())
        return record if group is None else replace(record, target=version_of(group))

    def _done(self, record: RunRecord, ending: CommandOutcome) -> RunRecord:
        groups = {**self._groups, **_versions(self._site, self._now())}
        new, previous = (
            groups.get(name, GroupVersion(group=name)) for name in (ending.group, ending.previous)
        )
        goes_back = ending.outcome == "settled" or (record.kind, ending.outcome) == (
            "rollback",
            "rolled back",
        )
        source, target = (new, previous) if goes_back else (previous, new)
        return replace(
            record,
            source=source if source.group else record.source,
            target=target,
            outcome=ending.outcome,
            message=str(ending),
            reason=ending.reason,
        )

    def _now(self) -> tuple[Group, ...]:
        """Read the groups as they are now; none where they cannot be read."""
        try:
            return self._site.read().alive
        except DeliveryError:
            return ()

    @contextmanager
    def _warning(self, task: str) -> Iterator[None]:
        try:
            yield
        except JobdslError as error:
            self._warn(f"{task}: {error.message}", error.hint)
        except Exception as error:  # noqa: BLE001  # no defect of a record may end a deploy
            self._warn(f"{task}: {type(error).__name__}: {error}", "")

    def _warn(self, text: str, hint: str) -> None:
        hint = hint or 'set [history] table = "none" to do without records'
        self._site.timeline.say(f"warning: {text}; the run goes on ({hint})")


def _versions(site: Site, groups: tuple[Group, ...]) -> dict[str, GroupVersion]:
    """Return what groups contain, by name; only what their tags have where images cannot be read."""
    try:
        contents = releases(site.aws, groups)
    except DeliveryError:
        return {group.name: version_of(group) for group in groups}
    return {
        name: GroupVersion(group=name, image=release.image, version=release.version)
        for name, release in contents.items()
    }


def _outcome(error: BaseException | None) -> str:
    if isinstance(error, LockedError):  # another run goes on
        return INTERRUPTED
    if isinstance(error, SettingsError | UnknownNameError):  # both are raised before anything is changed
        return "refused"
    if isinstance(error, DeliveryError):
        return "refused" if error.exit_code in (REFUSED, USAGE, WRONG_USAGE) else "failed"
    return "failed" if isinstance(error, Exception) else INTERRUPTED


def _message(error: BaseException | None) -> str:
    return error.message if isinstance(error, JobdslError) else str(error or "")
