"""The API of the queue and its items."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from jobdsl.testing.api_builds import BuildApi
from jobdsl.testing.export import Bean, Prop, Schema
from jobdsl.testing.queue import SimulatedQueueItem
from jobdsl.testing.reasons import stuck, why
from jobdsl.testing.store import StoredItem

if TYPE_CHECKING:
    from jobdsl.testing.state import ControllerState

__all__ = ["QueueApi"]

_PART = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"
_STATES = {
    "waiting": "WaitingItem",
    "blocked": "BlockedItem",
    "buildable": "BuildableItem",
    "left": "LeftItem",
}


def _millis(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)


class QueueApi:
    """Beans of the queue of one controller."""

    def __init__(
        self, jenkins: ControllerState, builds: BuildApi, item: Callable[[StoredItem], Bean]
    ) -> None:
        self._jenkins, self._builds, self._item = jenkins, builds, item
        scheduler = jenkins.scheduler
        base = Schema(
            [
                Prop("actions", self._actions),
                Prop("blocked", lambda entry: entry.state == "blocked"),
                Prop("buildable", lambda entry: entry.state == "buildable"),
                Prop("id", lambda entry: entry.id),
                Prop("inQueueSince", lambda entry: _millis(entry.since)),
                Prop(
                    "params",
                    lambda entry: "".join(
                        f"\n{parameter.name}={_shown(parameter.value)}" for parameter in entry.parameters
                    ),
                ),
                Prop("stuck", lambda entry: stuck(scheduler, entry)),
                Prop("task", self._task),
                Prop("url", lambda entry: entry.path),
                Prop("why", lambda entry: why(scheduler, entry)),
            ],
        )
        since = Prop("buildableStartMilliseconds", lambda entry: _millis(entry.buildable_since))
        self._schemas = {
            "waiting": Schema([Prop("timestamp", lambda entry: _millis(entry.ready))], base=base),
            "blocked": Schema([since], base=base),
            "buildable": Schema([since, Prop("pending", lambda _: False)], base=base),
            "left": Schema(
                [Prop("cancelled", lambda entry: entry.cancelled), Prop("executable", self._executable)],
                base=base,
            ),
        }
        self._part = Schema(
            [
                Prop("fullDisplayName", lambda entry: entry.name),
                Prop("name", lambda entry: entry.name),
                Prop("url", lambda entry: entry.part_of.path),
            ],
        )

    def _actions(self, entry: SimulatedQueueItem) -> list[Bean]:
        if entry.item is None:
            return []
        builds = self._builds
        if entry.upstream is not None:
            return [Bean(Schema(), None), builds.upstream_cause(entry.upstream)]
        actions = [builds.parameters(entry.parameters)] if entry.parameters else []
        return [*actions, builds.causes(entry.user, entry.causes)]

    def _task(self, entry: SimulatedQueueItem) -> Bean:
        if entry.item is None:
            return Bean(self._part, entry, _PART)
        return self._item(entry.item)

    def _executable(self, entry: SimulatedQueueItem) -> Bean | None:
        return self._builds.build(entry.build) if entry.build else None

    def entry(self, entry: SimulatedQueueItem) -> Bean:
        """Return an item as it is exported; its class depends on its state."""
        return Bean(self._schemas[entry.state], entry, f"hudson.model.Queue${_STATES[entry.state]}")

    def all(self) -> Bean:
        """Return the queue, newest first within a state as Jenkins lists it."""
        order = ["waiting", "blocked", "buildable"]
        entries = sorted(
            self._jenkins.scheduler.queue.items.values(),
            key=lambda entry: (order.index(entry.state), -entry.id),
        )
        schema = Schema(
            [
                Prop("discoverableItems", lambda _: []),
                Prop("items", lambda _: [self.entry(entry) for entry in entries], inline=True),
            ],
        )
        return Bean(schema, None, "hudson.model.Queue")

    def waiting(self, item: StoredItem) -> bool:
        """Return whether a job waits in the queue."""
        queue = self._jenkins.scheduler.queue
        return bool(queue.items) and bool(queue.of_job(item))

    def of_item(self, item: StoredItem) -> Bean | None:
        """Return the queue item of a job."""
        queue = self._jenkins.scheduler.queue
        entries = queue.of_job(item) if queue.items else []
        return self.entry(entries[0]) if entries else None


def _shown(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value
