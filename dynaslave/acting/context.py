"""One turn of acting: whether we may is asked before every single change, and no is the end of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

from dynaslave.controller.nodes import KeptError, Nodes
from dynaslave.model import Instance
from dynaslave.pools.pool import AgentPool
from dynaslave.provider import Denied, Hand, NoCapacity, Provider, ProviderError, Throttled, Unavailable
from jobdsl.errors import ControllerError

__all__ = ["StoppedError", "Turn", "kind_of", "told"]

Given = TypeVar("Given")
Got = TypeVar("Got")


class StoppedError(Exception):
    """We may not act any more."""


def told(error: Exception) -> str:
    """What went wrong, in words; raised again if it is a mistake of ours."""
    if isinstance(error, StoppedError):
        return "stopped: this manager may not act any more"
    if isinstance(error, ControllerError) and error.status == HTTPStatus.FORBIDDEN and error.hint:
        return f"{error.message} ({error.hint})"
    if isinstance(error, ControllerError | ProviderError):
        return error.message
    if isinstance(error, KeptError):
        return f"kept: {error}"
    raise error


def kind_of(error: Exception) -> str:
    """Return what kind of failure an error is, in one word for counting."""
    kinds = (
        (NoCapacity, "no_capacity"),
        (Throttled, "throttled"),
        (Denied, "denied"),
        (Unavailable, "unavailable"),
        (ProviderError, "provider"),
        (ControllerError, "controller"),
    )
    return next((kind for type, kind in kinds if isinstance(error, type)), "other")


def _result(future: Future[Got]) -> Got | Exception:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - it is told in a report, or raised again by `told`
        return error


@dataclass(slots=True)
class Turn:
    """What acting needs, and the right to do it."""

    nodes: Nodes
    provider: Provider
    may_act: Callable[[], bool]
    url: str
    """The controller, as agents reach it."""
    home: Callable[[AgentPool, str], str]
    """Where the agent of a node works."""
    hands: ThreadPoolExecutor
    """Runs single requests; what runs there never waits for another."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    def gate(self) -> None:
        """Right before a change: StoppedError if we may not, from now on and for everything."""
        with self._lock:
            self._stopped = self._stopped or not self.may_act()
            if self._stopped:
                raise StoppedError

    def each(
        self, do: Callable[[Given], Got], arguments: Iterable[Given], crew: ThreadPoolExecutor | None = None
    ) -> Sequence[Got | Exception]:
        """Do something with each, side by side; the results in order, or what went wrong with it.

        `crew` is for what waits for hands itself.
        """
        futures = [(crew or self.hands).submit(do, argument) for argument in arguments]
        return list(map(_result, futures))

    def hand_over(self, instance: Instance, pool: AgentPool, node: str) -> None:
        """Make an instance the agent of a node."""
        secret = self.nodes.secret(node)
        hand = Hand(node, secret, self.url, self.home(pool, node), self.nodes.websocket)
        self.gate()
        self.provider.hand_over(instance, hand)
