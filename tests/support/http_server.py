"""A web server on loopback that answers as a test says, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["HttpServer", "Request", "Response", "http_server"]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: Callable[[], None] = lambda: None
    """Called before anything is answered."""
    drip: Callable[[], None] | None = None
    """Called after each byte of the body, if it is sent byte by byte."""


@dataclass
class HttpServer:
    port: int
    requests: list[Request] = field(default_factory=list)
    responses: dict[str, Response] = field(default_factory=dict)
    """By path; any other one is answered with 404."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_server() -> Iterator[HttpServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            found.requests.append(Request(self.command, self.path, dict(self.headers), self.rfile.read(size)))
            answer = found.responses.get(self.path.partition("?")[0], Response(404))
            answer.hang()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.drip is None:
                self.wfile.write(answer.body)
                return
            for byte in answer.body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                answer.drip()

        def do_POST(self) -> None:
            self.do_GET()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                return  # the client has gone

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = HttpServer(server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
