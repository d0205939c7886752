"""The queue: what waits, why, for how long; and what has left it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jobdsl.testing.builds import Build, ParameterValue
from jobdsl.testing.store import StoredItem

__all__ = ["Queue", "SimulatedQueueItem", "State"]

State = Literal["waiting", "blocked", "buildable", "left"]


@dataclass(slots=True, eq=False, kw_only=True)
class SimulatedQueueItem:
    """One item of the queue; it stays readable after it left."""

    id: int
    item: StoredItem | None
    """The job; None for a part of a Pipeline build, which only has a name."""
    name: str
    label: str | None
    since: float
    """Seconds since the epoch."""
    ready: float
    """When its quiet period ends."""
    user: str = ""
    causes: int = 1
    parameters: tuple[ParameterValue, ...] = ()
    state: State = "waiting"
    buildable_since: float | None = None
    cancelled: bool = False
    build: Build | None = None
    upstream: Build | None = None
    """The matrix build whose configuration waits."""
    part_of: Build | None = None
    """The Pipeline build it is a part of."""
    resumes: Build | None = None
    """The part that goes on here, after a restart."""
    started_by: Build | None = None
    """The build whose end triggered it."""

    @property
    def path(self) -> str:
        """Path below the controller's URL."""
        return f"queue/item/{self.id}/"


@dataclass(slots=True)
class Queue:
    """The items in the order they came, and those that left."""

    items: dict[int, SimulatedQueueItem] = field(default_factory=dict)
    left_items: dict[int, SimulatedQueueItem] = field(default_factory=dict)
    last_id: int = 0
    _of_job: dict[StoredItem, dict[int, SimulatedQueueItem]] = field(default_factory=dict)

    def add(self, entry: SimulatedQueueItem) -> SimulatedQueueItem:
        """Take an item in."""
        self.items[entry.id] = entry
        if entry.item is not None:
            self._of_job.setdefault(entry.item, {})[entry.id] = entry
        return entry

    def next_id(self) -> int:
        """Return the number of the next item."""
        self.last_id += 1
        return self.last_id

    def find(self, number: int) -> SimulatedQueueItem | None:
        """Return an item that waits or has left."""
        return self.items.get(number) or self.left_items.get(number)

    def leave(self, entry: SimulatedQueueItem, build: Build | None = None) -> None:
        """An item starts as a build, or is cancelled."""
        del self.items[entry.id]
        if entry.item is not None:
            waiting = self._of_job[entry.item]
            del waiting[entry.id]
            if not waiting:
                del self._of_job[entry.item]
        entry.state = "left"
        entry.cancelled = build is None
        entry.build = build
        self.left_items[entry.id] = entry

    def of_job(self, item: StoredItem) -> list[SimulatedQueueItem]:
        """Return what waits of a job."""
        return list(self._of_job.get(item, {}).values())
