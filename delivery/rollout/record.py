"""The one record of a rollout, next to those of each of its deploys. What goes wrong here is a warning."""

from __future__ import annotations

import secrets
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING

from delivery.clock import iso
from delivery.errors import REFUSED, USAGE, WAITING, DeliveryError
from delivery.history.record import INTERRUPTED, GroupVersion, RunEvent, RunRecord, whole_name
from delivery.history.store import HistoryStore, open_store
from jobdsl.errors import JobdslError

if TYPE_CHECKING:
    from delivery.deploy.context import Site
    from delivery.deploy.operations import CommandOutcome
    from delivery.history.record import EventKind
    from delivery.rollout.progress import Rollout

__all__ = ["WavesRecorder"]


class WavesRecorder:
    """Records a run over all waves for as long as the block runs.

    All runs of one rollout have one record: its key is the id of the rollout and the time that began.
    """

    def __init__(self, site: Site, kind: str) -> None:
        self.ending: CommandOutcome | None = None
        self._site = site
        self._store: HistoryStore | None = None
        self._is_begun = False
        self._record = RunRecord(
            id=f"r-{secrets.token_hex(6)}",
            kind=kind,
            application=site.cluster.app,
            cluster=whole_name(str(site.cluster)),
            account=site.aws.account,
            region=site.aws.region,
            begun=iso(site.clock.now()),
            trigger=site.trigger,
        )

    def __enter__(self) -> WavesRecorder:
        try:
            self._store = open_store(
                self._site.aws, self._site.settings, self._site.clock, self._site.lock.sleep
            )
        except JobdslError as error:
            self._warn(error)
        return self

    def about(self, rollout: Rollout) -> None:
        """Name the rollout, and write that a run of it began."""
        release = self._site.release
        target = GroupVersion(image=rollout.image, version=release.version or release.name)
        self._record = replace(self._record, id=rollout.id, begun=rollout.begun, target=target)
        self._is_begun = True
        self._append("begin", self._record)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_begun:
            return
        site, ending = self._site, self.ending
        record = replace(
            self._record,
            ended=iso(site.clock.now()),
            trigger=site.trigger,
            overridden=tuple(site.overridden),
            timeline=tuple(site.timeline.to_json()["steps"]),
        )
        if ending is None:
            refused = isinstance(error, DeliveryError) and error.exit_code in (REFUSED, USAGE)
            outcome = ("refused" if refused else "failed") if isinstance(error, Exception) else INTERRUPTED
            message = error.message if isinstance(error, JobdslError) else str(error or "")
            # a later run goes on, and its end is the one that counts
            self._append("close", replace(record, outcome=outcome, message=message))
            return
        record = replace(record, outcome=ending.outcome, message=str(ending), reason=ending.reason)
        self._append("close" if ending.exit_code == WAITING else "end", record)

    def _append(self, kind: EventKind, record: RunRecord) -> None:
        if self._store is None:
            return
        try:
            self._store.append(RunEvent(kind, record))
        except JobdslError as error:
            self._warn(error)
        except Exception as error:  # noqa: BLE001  # no defect of a record may end a deploy
            self._warn(JobdslError(f"{type(error).__name__}: {error}"))

    def _warn(self, error: JobdslError) -> None:
        hint = error.hint or '[history] table = "none" does without records'
        self._site.timeline.say(
            f"warning: this run could not be recorded: {error.message}; it goes on ({hint})"
        )
