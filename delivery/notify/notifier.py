"""Sends events in the background: a service that fails or hangs never holds up or ends a deploy."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from delivery.errors import DeliveryError
from delivery.notify.senders import EventSender, sender_of

if TYPE_CHECKING:
    from delivery.aws import Aws
    from delivery.notify.event import DeployEvent
    from delivery.settings.notify import NotifySettings

__all__ = ["Notifier"]

_PATIENCE_S = 15.0
"""For what is still to be sent once the run is over."""


class _Worker:
    """One service, with a thread of its own: one that hangs keeps no other from being informed."""

    def __init__(self, settings: NotifySettings, sender: EventSender) -> None:
        self.settings = settings
        self.problem = ""
        """Why an event could not be sent, the first time."""
        self._sender = sender
        self._queue: queue.SimpleQueue[DeployEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"notify {settings.name}", daemon=True)
        self._thread.start()

    def takes(self, event: DeployEvent) -> bool:
        """Report whether the service is to be informed of an event."""
        settings = self.settings
        return (
            event.event in settings.events
            and _matches(settings.applications, event.application)
            and _matches(settings.accounts, event.account)
        )

    def put(self, event: DeployEvent | None) -> None:
        """Have an event sent; None ends the thread."""
        self._queue.put(event)

    def join(self, seconds: float) -> None:
        """Wait for what is still to be sent."""
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive():
            self.problem = self.problem or "it does not answer; events may not have arrived"

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._sender.send(event)
            except Exception as error:  # noqa: BLE001  # no defect of a service may end a deploy
                text = error.message if isinstance(error, DeliveryError) else type(error).__name__
                self.problem = self.problem or text


def _matches(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


class Notifier:
    """All services that the settings name."""

    def __init__(
        self,
        settings: Iterable[NotifySettings],
        aws: Aws,
        say: Callable[[str], None],
        patience_seconds: float = _PATIENCE_S,
    ) -> None:
        self._workers = [_Worker(each, sender_of(each, aws)) for each in settings]
        self._say, self._patience = say, patience_seconds

    def send(self, event: DeployEvent) -> None:
        """Have an event sent to each service that wants it; returns at once."""
        for worker in self._workers:
            if worker.takes(event):
                worker.put(event)

    def close(self) -> None:
        """Wait a little for what is still to be sent, and report once for each service what went wrong."""
        for worker in self._workers:
            worker.put(None)
        until = time.monotonic() + self._patience
        for worker in self._workers:
            worker.join(until - time.monotonic())
            if worker.problem:
                self._say(f"warning: notify.{worker.settings.name}: {worker.problem}; the run goes on")
