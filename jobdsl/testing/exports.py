"""What the API exports of each class of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jobdsl.testing.api import ItemApi
from jobdsl.testing.api_builds import BuildApi
from jobdsl.testing.api_computers import ComputerApi, Label, LoadStatistics
from jobdsl.testing.api_queue import QueueApi
from jobdsl.testing.builds import Build
from jobdsl.testing.computers import Computer, Computers
from jobdsl.testing.credentials import Credential, Credentials
from jobdsl.testing.export import Bean
from jobdsl.testing.pages import missing
from jobdsl.testing.queue import Queue, SimulatedQueueItem
from jobdsl.testing.state import ControllerState
from jobdsl.testing.store import StoredItem
from jobdsl.testing.users import User
from jobdsl.testing.views import StoredView

__all__ = ["PAGES", "TARGETS", "Exports"]


class Exports:
    """The beans of one controller, by the class of the object."""

    def __init__(self, jenkins: ControllerState) -> None:
        self._jenkins = jenkins
        builds = BuildApi(jenkins)
        queue = QueueApi(jenkins, builds, self._item)
        computers = ComputerApi(jenkins, builds, self._item)
        self._items = ItemApi(jenkins, builds, queue, computers)
        self._exporters: dict[type, Callable[[Any], Bean]] = {
            Build: builds.build,
            Computer: computers.computer,
            Computers: lambda _: computers.all(),
            StoredItem: self._items.item,
            Label: computers.label,
            LoadStatistics: computers.load,
            Queue: lambda _: queue.all(),
            SimulatedQueueItem: queue.entry,
            StoredView: self._items.view,
        }

    def _item(self, item: StoredItem) -> Bean:
        """Export an item for beans that refer to one, which its own beans refer to in turn."""
        return self._items.item(item)

    def bean(self, target: object) -> Bean:
        """Return what the API exports for an object. Raises Refusal for an object it does not export."""
        if target is self._jenkins:
            return self._items.root()
        exporter = self._exporters.get(type(target))
        if exporter is None:
            raise missing()
        return exporter(target)


TARGETS: list[type] = [
    Build,
    Computer,
    Computers,
    StoredItem,
    Label,
    LoadStatistics,
    Queue,
    SimulatedQueueItem,
    StoredView,
]
"""Classes that `Exports.bean` exports."""
PAGES: list[type] = [*TARGETS, Credential, Credentials, User]
"""Classes of objects that have a page."""
