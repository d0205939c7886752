"""HTTP/1.1 on a socket: requests in, one write per response out, connections kept alive."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from email.utils import formatdate
from functools import cached_property
from http import HTTPStatus
from time import time
from urllib.parse import parse_qsl, unquote

__all__ = ["DROP", "HttpRequest", "HttpResponse", "Listener"]

_LONGEST_LINE = 65536
_REASONS = {status.value: status.phrase for status in HTTPStatus} | {500: "Server Error"}
"""Jetty calls a 500 `Server Error`."""


@dataclass(slots=True)
class HttpResponse:
    """What goes back: a status, the headers beside the usual ones, and a body."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    _: KW_ONLY
    on_close: Callable[[], None] | None = None
    """Called when the connection that got this answer is closed."""
    cut: bool = False
    """Send half of it, then close the connection."""


DROP = HttpResponse(0)
"""Instead of an answer: close the connection without a word."""


class HttpRequest:
    """One request as it came in; query and form are read on demand."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        """Header names are in lower case."""
        self.body = body
        self.path, _, self.query_string = target.partition("?")

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path; empty ones left out."""
        return tuple(unquote(part) for part in self.path.split("/") if part)

    @cached_property
    def query(self) -> dict[str, str]:
        """Parameters of the URL; the first of a name counts."""
        pairs = parse_qsl(self.query_string, keep_blank_values=True)
        return dict(reversed(pairs))

    @cached_property
    def form(self) -> dict[str, str]:
        """Parameters of the URL and of a form in the body, as servlets see them."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return self.query
        pairs = parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(reversed(pairs)) | self.query

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent along."""
        parts = (part.strip().partition("=") for part in self.headers.get("cookie", "").split(";"))
        return {name: value for name, _, value in parts if name}


Handler = Callable[[HttpRequest], HttpResponse]


class Listener:
    """A listening socket on loopback and a thread for each connection."""

    def __init__(self, handler: Handler, port: int = 0, host: str = "127.0.0.1") -> None:
        self._handler = handler
        self._socket = socket.create_server((host, port), backlog=256)
        self.host, self.port = self._socket.getsockname()[:2]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="simulated-jenkins", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening and cut every connection."""
        with self._lock:
            self._closed = True
            connections = list(self._open)
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                if self._closed:
                    connection.close()
                    return
                self._open.add(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        closers: list[Callable[[], None]] = []
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb", buffering=_LONGEST_LINE) as incoming:
                while (request := _read(incoming, connection)) is not None:
                    response = self._handler(request)
                    if response is DROP:
                        return
                    if response.on_close is not None:
                        closers.append(response.on_close)
                    closing = request.headers.get("connection", "").lower() == "close"
                    answer = _to_bytes(request, response, closing)
                    connection.sendall(answer[: -(len(response.body) // 2 + 1)] if response.cut else answer)
                    if closing or response.cut:
                        return
        except (OSError, ValueError):
            return  # the peer went away, or spoke no HTTP
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
            for closer in closers:
                closer()


def _read(incoming: io.IOBase, connection: socket.socket) -> HttpRequest | None:
    """Return the next request of a connection; None when the peer is done."""
    line = incoming.readline(_LONGEST_LINE)
    if not line.strip():
        return None
    method, target, _version = line.decode("latin-1").split()
    headers: dict[str, str] = {}
    while (line := incoming.readline(_LONGEST_LINE)) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return HttpRequest(method, target, headers, _read_body(incoming, headers))


def _read_body(incoming: io.IOBase, headers: Mapping[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        parts = []
        while size := int(incoming.readline().split(b";")[0], 16):
            parts.append(incoming.read(size))
            incoming.readline()
        incoming.readline()
        return b"".join(parts)
    length = int(headers.get("content-length") or 0)
    return incoming.read(length) if length else b""


def _to_bytes(request: HttpRequest, response: HttpResponse, closing: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
        "Server: Jetty(12.0.14)",
        f"Date: {formatdate(time(), usegmt=True)}",
        "X-Content-Type-Options: nosniff",
    ]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.status != 204:
        lines.append(f"Content-Length: {len(response.body)}")
    if closing:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if request.method == "HEAD" else head + response.body
