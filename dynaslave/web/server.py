"""A small read-only HTTP server: the status page, the same as JSON, metrics, health."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["Page", "WebServer", "address"]

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Page:
    """An answer."""

    body: bytes
    type: str = "text/html; charset=utf-8"
    status: int = 200

    @classmethod
    def of_json(cls, value: object, status: int = 200) -> Page:
        """An answer in JSON."""
        return cls(json.dumps(value).encode(), "application/json", status)


Routes = dict[str, Callable[[], Page]]


def address(text: str) -> tuple[str, int]:
    """Host and port of `:8080` or `host:8080`; loopback unless a host is named. ValueError otherwise."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is no address: write :8080 for this host alone, or 0.0.0.0:8080 for all")
    return host.strip("[]") or "127.0.0.1", int(port)


class WebServer:
    """Answers GET and HEAD for a few paths, in threads of its own, until it is closed."""

    def __init__(self, host: str, port: int, routes: Routes) -> None:
        self._server = _Server((host, port), _handler(routes))
        self._thread = threading.Thread(target=self._server.serve_forever, name="web", daemon=True)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.server_address[1]}/"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, where: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        if ":" in where[0]:
            import socket

            self.address_family = socket.AF_INET6
        super().__init__(where, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is no error."""


def _handler(routes: Routes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "dynaslave"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            route = routes.get(urlsplit(self.path).path)
            page = _answer(route) if route else Page(b"no such page\n", "text/plain", HTTPStatus.NOT_FOUND)
            self.send_response(page.status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", page.type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(page.body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Readers of the page are not logged."""

    return Handler


def _answer(route: Callable[[], Page]) -> Page:
    try:
        return route()
    except Exception as error:  # noqa: BLE001 - a broken page must not look like a broken manager
        return Page(
            f"this page is broken: {type(error).__name__}\n".encode(),
            "text/plain",
            HTTPStatus.INTERNAL_SERVER_ERROR,
        )
