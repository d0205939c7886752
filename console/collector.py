"""Fills the store in the background: a thread for each account and region, and one for what is not of AWS.

A pass replaces what is known of an account and region only once it is complete. One that fails leaves the
old state, with its age and the reason: a failed pass is never taken for a deletion.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from delivery.aws import Aws, ErrorMeaning, meaning, open_aws
from delivery.errors import DeliveryError
from delivery.history.record import RunRecord, merged
from delivery.history.store import open_store
from delivery.lock import holder
from delivery.overview.locations import locations
from delivery.settings.model import NONE
from jobdsl.cli.console import say

from .documents import fetch
from .pace import Pace
from .reading import read_details, read_images, read_location, read_named
from .snapshot import ClusterKey, ConsoleSnapshot, GroupState, LocationState, Place
from .store import Details, Store

if TYPE_CHECKING:
    from delivery.clock import HostClock
    from delivery.settings import DeliverySettings

__all__ = ["Collector", "LocationReader", "places_of"]

_HOT_S = 10.0
"""Between two reads of clusters that a user watches, or that a deploy works on."""
_TICK_S = 1.0
_RUNS = 50
"""Newest runs of an application that are kept in memory for each account and region."""
_AT_ONCE = 2
"""Accounts and regions that are read at the same time: more would slow the pages."""
_DOCUMENTS_S = 15.0


def places_of(settings: DeliverySettings) -> list[Place]:
    """List the accounts and regions of the settings. DeliveryError."""
    return [
        Place(location.account, location.region or open_aws(settings, location.account).region)
        for location in locations(settings, None, None)
    ]


class LocationReader:
    """Reads one account and region into the store."""

    def __init__(self, settings: DeliverySettings, place: Place, store: Store, clock: HostClock) -> None:
        self._settings, self._place, self._store, self._clock = settings, place, store, clock
        self.pace = Pace(settings.console.calls_per_second, clock)
        self._aws: Aws | None = None
        self._deploys: dict[str, str] = {}
        self._next_groups = self._next_images = self._next_hot = 0.0

    @property
    def aws(self) -> Aws:
        """The account and region, whose calls are paced and counted. DeliveryError."""
        if self._aws is None:
            aws = open_aws(self._settings, self._place.account, self._place.region)
            aws.clients.forget()  # one that was made to check the account is neither paced nor counted
            self.pace.attach(aws)
            self._aws = aws
        return self._aws

    def tick(self) -> None:
        """Read what is due. Never raises what AWS or the settings cause."""
        now = self._clock.monotonic()
        if now >= self._next_groups:
            self._guarded(self.read_groups)
            self._next_groups = self._clock.monotonic() + self._settings.console.refresh_seconds
            self._next_hot = self._clock.monotonic() + _HOT_S
        if now >= self._next_images:
            self._guarded(self.read_images)
            self._next_images = self._clock.monotonic() + self._settings.console.images_seconds
        if now >= self._next_hot or self._has_new_watch():
            self._guarded(self.read_hot)
            self._next_hot = self._clock.monotonic() + _HOT_S

    def read_groups(self) -> None:
        """Read all groups. DeliveryError."""
        began, before = self._clock.monotonic(), self.pace.calls.copy()
        now = self._clock.now()
        groups = read_location(self.aws, self._settings, now)
        state = self._store.location(self._place)
        calls = self.pace.calls - before
        self._store.put_location(
            replace(
                state,
                groups=tuple(groups),
                read_at=now,
                error="",
                hint="",
                seconds=self._clock.monotonic() - began,
                group_calls=dict(calls),
            )
        )
        self._note_deploys(groups)

    def read_images(self) -> None:
        """Read all images. DeliveryError."""
        before, now = self.pace.calls.copy(), self._clock.now()
        images = read_images(self.aws, self._settings, now)
        state = self._store.location(self._place)
        calls = dict(self.pace.calls - before)
        self._store.put_location(replace(state, images=tuple(images), images_at=now, image_calls=calls))

    def read_hot(self) -> None:
        """Read the clusters that a user watches or a deploy works on. DeliveryError."""
        now = self._clock.now()
        watched = [key for key in self._store.watched(now) if key.place == self._place]
        busy = {group.key for group in self._store.location(self._place).groups if group.is_open}
        hot = {*watched, *busy}
        clusters = self._store.snapshot.clusters
        names = [group.name for key in hot for group in clusters.get(key, ())]
        if names:
            fresh = read_named(self.aws, self._settings, names, now)
            self._store.put_location(self._store.location(self._place).with_groups(fresh, names))
            self._note_deploys(fresh)
        for key in watched:
            self._store.put_details(key, self._details(key))

    def read_runs(self, application: str) -> list[RunRecord]:
        """Read the newest runs of an application here. DeliveryError."""
        store = open_store(self.aws, self._settings, self._clock)
        return [] if store is None else list(islice(merged(store.of_application(application)), _RUNS))

    def _has_new_watch(self) -> bool:
        watched = self._store.watched(self._clock.now())
        return any(key.place == self._place and key not in self._store.details for key in watched)

    def _details(self, key: ClusterKey) -> Details:
        groups = self._store.snapshot.clusters.get(key, ())
        now = self._clock.now()
        try:
            values = read_details(self.aws, self._settings, key.cluster, groups, self._holder(key.cluster))
        except DeliveryError as error:
            return Details(now, error=error.message)
        return Details(now, values)

    def _holder(self, cluster: str) -> str | None:
        table = self._settings.lock.table
        if table == NONE:
            return None
        try:
            lock_holder = holder(self.aws, table, cluster)
        except DeliveryError as error:
            if meaning(error) is ErrorMeaning.NotFound:
                return None
            raise
        return (
            lock_holder.owner if lock_holder is not None and lock_holder.expires > self._clock.now() else None
        )

    def _note_deploys(self, groups: Iterable[GroupState]) -> None:
        """Have the runs of applications read whose tags show that a run began or ended."""
        for group in groups:
            tag = group.tags.get
            stamp = " ".join(
                tag(f"delivery:{name}", "") for name in ("begun", "state", "rolled-back", "size")
            )
            application = group.values["application"]
            if application and self._deploys.get(group.name) != stamp:
                self._deploys[group.name] = stamp
                self._store.want_runs(application)

    def _guarded(self, read: Callable[[], None]) -> None:
        try:
            read()
        except DeliveryError as error:
            self._failed(error.message, error.hint)
        except Exception as error:  # noqa: BLE001  # a defect must not end the thread, and must be seen
            self._failed(
                f"{type(error).__name__}: {error}", "this is a defect of the console; please report it"
            )

    def _failed(self, message: str, hint: str) -> None:
        self._store.put_location(self._store.location(self._place).failed(message, hint))


class Collector:
    """Reads all accounts and regions until it is closed."""

    def __init__(self, settings: DeliverySettings, places: Iterable[Place], clock: HostClock) -> None:
        self._settings, self._clock = settings, clock
        states = {place: LocationState(place) for place in places}
        accounts = {each.id: name for name, each in settings.accounts.items() if each.id}
        self.store = Store(ConsoleSnapshot(states, accounts))
        self.readers = {place: LocationReader(settings, place, self.store, clock) for place in states}
        self._stop = threading.Event()
        self._slots = threading.Semaphore(_AT_ONCE)
        self._threads: list[threading.Thread] = []
        self._next_documents = 0.0

    def start(self) -> None:
        """Begin to read, in threads of its own."""
        loops = [(str(place), reader.tick) for place, reader in self.readers.items()]
        for name, tick in [*loops, ("history", self.read_wanted_runs), ("documents", self.read_documents)]:
            thread = threading.Thread(target=self._loop, args=(tick,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop reading; a call that is under way ends by itself."""
        self._stop.set()

    def read_once(self) -> None:
        """Read everything once, here and now; for tests and for the first page."""
        for reader in self.readers.values():
            reader.tick()
        self.read_wanted_runs()
        self.read_documents()

    def read_wanted_runs(self) -> None:
        """Read the runs of the applications that a user has open, or whose groups have changed."""
        for application in self.store.wanted_runs():
            runs: list[RunRecord] = []
            for reader in self.readers.values():
                try:
                    runs += reader.read_runs(application)
                except DeliveryError:
                    continue  # its snapshot says so already
            self.store.put_runs(application, _unique(runs), self._clock.now())
            if self._stop.is_set():
                return

    def read_documents(self) -> None:
        """Fetch the status of managers of agents and the last plan of jobs."""
        now = self._clock.monotonic()
        if now < self._next_documents:
            return
        self._next_documents = now + _DOCUMENTS_S
        console = self._settings.console
        for address in (*console.dynaslave, *([console.plan] if console.plan else [])):
            self.store.put_page(address, fetch(console, address, self._clock.now()))

    def _loop(self, tick: Callable[[], None]) -> None:
        while not self._stop.is_set():
            with self._slots:
                try:
                    tick()
                except Exception as error:  # noqa: BLE001  # the next turn may succeed
                    say(f"warning: {type(error).__name__}: {error}", err=True)
            self._stop.wait(_TICK_S)


def _unique(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Leave out what two readers have found in one file."""
    return list({run.id: run for run in runs}.values())
