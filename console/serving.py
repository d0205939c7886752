"""Runs the application with uvicorn, the collector beside it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from delivery.clock import HostClock
from delivery.errors import DeliveryError
from jobdsl.cli.console import say

from .app import make_app
from .collector import Collector, places_of
from .links import Links
from .security.database import Database
from .state import Console

if TYPE_CHECKING:
    from delivery.settings import DeliverySettings

    from .security.guard import AccessGuard

__all__ = ["bound", "make_console", "make_server", "serve"]

_GRACE_S = 2
"""How long open streams may go on once the server is to stop."""


def make_console(settings: DeliverySettings, collector: Collector, clock: HostClock) -> Console:
    """Make what all requests share."""
    database = Database(Path(settings.console.state))
    return Console(settings, collector.store, clock, Links(settings.console), database)


def make_server(app: AccessGuard) -> uvicorn.Server:
    """Make a server for an application; it takes no header of a proxy for the truth."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    return uvicorn.Server(config)


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Listen at an address. DeliveryError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            hint = "--listen HOST:PORT takes an address of this host and a free port"
            raise DeliveryError(f"cannot listen at {host}:{port}: {error.strerror}", hint) from error
        yield listener


def serve(settings: DeliverySettings, host: str, port: int) -> None:
    """Serve until the process is stopped. DeliveryError."""
    clock = HostClock()
    with bound(host, port) as listener:
        collector = Collector(settings, places_of(settings), clock)
        app = make_app(make_console(settings, collector, clock), host)
        shown = f"[{host}]" if ":" in host else host
        say(f"http://{shown}:{listener.getsockname()[1]}/", err=True)
        collector.start()
        try:
            make_server(app).run(sockets=[listener])
        finally:
            collector.close()
