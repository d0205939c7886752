"""Stands before every route: host, size, identity, origin of changes, and headers of every answer."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from ..problems import ConsoleError, forbidden, unauthorized
from .hosts import Hosts, foreign_origin, is_proxy
from .identity import ANONYMOUS, Identity
from .limits import Limiter

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI
    from starlette.responses import Response
    from starlette.types import Message, Receive, Scope, Send

    from delivery.settings.console import ConsoleSettings

    from ..state import Console

__all__ = ["AccessGuard", "address_of", "identity_of", "session_cookie"]

_LARGEST = 65_536
"""Bytes of a request."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/healthz", "/static/", "/login")
"""Paths that need no identity, whatever the settings are."""
_LARGEST_PROXY_USER = 200
_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "img", "connect", "frame")),
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # `no-referrer` would have browsers send forms with `Origin: null`
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def session_cookie(console: ConsoleSettings) -> str:
    """Give the name of the session's cookie: one that browsers keep to this host, where there is TLS."""
    return "__Host-session" if is_secure(console) else "session"


def is_secure(console: ConsoleSettings) -> bool:
    """Return whether people reach the console by TLS."""
    return bool(console.url and console.url.startswith("https://"))


def identity_of(request: Request) -> Identity:
    """Return the identity that the guard has found."""
    identity: Identity = request.scope.get("console_identity", ANONYMOUS)
    return identity


def address_of(request: Request) -> str:
    """Give the address a request came from."""
    return request.client.host if request.client else ""


class AccessGuard:
    """ASGI middleware; the application behind it is reached by requests that are allowed to read."""

    def __init__(
        self,
        app: FastAPI,
        console: Console,
        answer: Callable[[Request, ConsoleError], Response],
        listening: str = "",
    ) -> None:
        self._app, self._console, self._answer = app, console, answer
        self._settings = console.settings.console
        self._hosts = Hosts(self._settings, listening)
        self._failures = Limiter(20, 60.0)
        self._changes = Limiter(self._settings.changes_per_minute, 60.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have the application answer it."""
        if scope["type"] != "http":
            return
        scope["app"] = self._app
        request = Request(scope, receive)
        try:
            self._check(request)
            scope["console_identity"] = identity = self._identity(request)
            self._check_identity(request, identity)
            self._check_change(request, identity)
        except ConsoleError as error:
            await self._answer(request, error)(scope, receive, self._with_headers(send))
            return
        await self._app(scope, _limited(receive), self._with_headers(send))

    def _check(self, request: Request) -> None:
        headers = request.headers
        if headers.get("host", "") not in self._hosts or len(headers.getlist("host")) != 1:
            hint = "[console] hosts in delivery.toml lists the names it is reached by."
            raise ConsoleError(421, "unknown-host", f"This console is not reached by that name. {hint}")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > _LARGEST:
            raise ConsoleError(413, "too-large", f"A request has at most {_LARGEST} bytes.")

    def _identity(self, request: Request) -> Identity:
        """Find the identity of a request. A wrong one is an error, and never counted as another user."""
        headers, now = request.headers, self._console.now
        authorization = headers.get("authorization")
        if authorization is not None:
            return self._of_token(request, authorization, now)
        if is_proxy(self._settings, address_of(request)):
            identity = _of_proxy(self._settings, headers)
            if identity is not None:
                return identity
        secret = _cookie(headers, session_cookie(self._settings))
        session = self._console.database.session(secret, now) if secret else None
        return session or ANONYMOUS

    def _of_token(self, request: Request, authorization: str, now: float) -> Identity:
        address = address_of(request)
        if not self._failures.is_free(address, now):
            raise ConsoleError(429, "too-many-failures", "Too many wrong tokens; try again in a minute.")
        kind, _, secret = authorization.partition(" ")
        token = self._console.database.token(secret.strip(), now) if kind.lower() == "bearer" else None
        if token is None:
            self._failures.count(address, now)
            raise unauthorized("This token is not valid: it is wrong, was deleted, or has expired.")
        return token

    def _check_identity(self, request: Request, identity: Identity) -> None:
        path = str(request.scope["path"])
        if identity.is_known or self._settings.anonymous == "read" or path.startswith(_OPEN):
            return
        raise unauthorized("Log in to see anything here.")

    def _check_change(self, request: Request, identity: Identity) -> None:
        if request.method in _SAFE:
            return
        now = self._console.now
        if identity.source != "token" and (reason := foreign_origin(request.headers)):
            raise forbidden("foreign-origin", f"This request changes something, and is refused. {reason}")
        who = identity.user or address_of(request)
        if not self._changes.is_free(who, now):
            raise ConsoleError(429, "too-many-requests", "Too many requests; try again in a minute.")
        self._changes.count(who, now)

    def _with_headers(self, send: Send) -> Callable[[Message], Awaitable[None]]:
        secure = is_secure(self._settings)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        return sending


def _limited(receive: Receive) -> Receive:
    """Cut a body that is longer than announced, or whose length was not announced."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > _LARGEST:
            raise ConsoleError(413, "too-large", f"A request has at most {_LARGEST} bytes.")
        return message

    return receiving


def _of_proxy(console: ConsoleSettings, headers: Headers) -> Identity | None:
    values = headers.getlist(console.proxy.user_header)
    if len(values) != 1 or not values[0].strip():
        return None
    user = values[0].strip()
    if len(user) > _LARGEST_PROXY_USER or not user.isprintable():
        raise unauthorized("The proxy names no user that can be one.")
    groups = ",".join(headers.getlist(console.proxy.groups_header)).split(",")
    return Identity(user, tuple(group.strip() for group in groups if group.strip()), "proxy", f"proxy:{user}")


def _cookie(headers: Headers, name: str) -> str:
    try:
        cookie: Any = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return cookie.value if cookie is not None else ""
