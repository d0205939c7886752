"""What pages read and the collector writes: the newest snapshot, details of what is watched, runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery.history.record import RunRecord

from .snapshot import ClusterKey, ConsoleSnapshot, LocationState, Place, digest_of

__all__ = ["Details", "FetchedDocument", "Store"]

_WATCHED_S = 120.0
"""How long a cluster counts as watched after its page was asked for."""


@dataclass(frozen=True, slots=True)
class Details:
    """What was read of a watched cluster besides its groups."""

    read_at: float
    values: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def digest(self) -> str:
        """Changes whenever what was read does."""
        return digest_of(self.values, self.error)


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A document of another part of the product, as it was last fetched."""

    read_at: float
    body: bytes = b""
    error: str = ""


class Store:
    """Values that are replaced as a whole, so that readers need no lock; `version` grows with each."""

    def __init__(self, snapshot: ConsoleSnapshot) -> None:
        self.snapshot = snapshot
        self.details: Mapping[ClusterKey, Details] = {}
        self.runs: Mapping[str, tuple[RunRecord, ...]] = {}
        """Newest runs by application, of all accounts and regions, the newest first."""
        self.runs_read: Mapping[str, float] = {}
        """When the runs of an application were last read."""
        self.pages: Mapping[str, FetchedDocument] = {}
        """Documents by address."""
        self.version = 0
        self._lock = threading.Lock()
        self._watched: dict[ClusterKey, float] = {}
        self._asked: set[str] = set()

    def put_location(self, state: LocationState) -> None:
        """Replace one account and region."""
        with self._lock:
            self.snapshot = self.snapshot.with_location(state)
            self.version += 1

    def location(self, place: Place) -> LocationState:
        """Give what is known of an account and region."""
        return self.snapshot.locations[place]

    def put_details(self, key: ClusterKey, details: Details) -> None:
        """Replace the details of a cluster."""
        with self._lock:
            self.details = {**self.details, key: details}
            self.version += 1

    def put_runs(self, application: str, runs: Iterable[RunRecord], now: float) -> None:
        """Replace the runs of an application."""
        ordered = sorted(runs, key=lambda run: run.begun, reverse=True)
        with self._lock:
            self.runs = {**self.runs, application: tuple(ordered)}
            self.runs_read = {**self.runs_read, application: now}
            self._asked.discard(application)
            self.version += 1

    def put_page(self, address: str, page: FetchedDocument) -> None:
        """Replace a document."""
        with self._lock:
            self.pages = {**self.pages, address: page}
            self.version += 1

    def watch(self, key: ClusterKey, now: float) -> None:
        """Have a cluster read often for a while: a user has it open."""
        with self._lock:
            self._watched[key] = now

    def watched(self, now: float) -> list[ClusterKey]:
        """Return the clusters that a user has open; forget the details of the others."""
        with self._lock:
            self._watched = {key: at for key, at in self._watched.items() if now - at < _WATCHED_S}
            self.details = {key: each for key, each in self.details.items() if key in self._watched}
            return list(self._watched)

    def want_runs(self, application: str) -> None:
        """Have the runs of an application read soon."""
        with self._lock:
            self._asked.add(application)

    def wanted_runs(self) -> list[str]:
        """Give the applications whose runs are to be read."""
        with self._lock:
            return sorted(self._asked)
