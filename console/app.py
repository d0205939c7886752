"""The application: routes, errors as answers, static files."""

from __future__ import annotations

from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from . import api, events, web
from .problems import ConsoleError, invalid, not_found
from .security import routes
from .security.guard import AccessGuard, identity_of
from .state import Console
from .steering import routes as steering

__all__ = ["make_app"]

_STATIC = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
_ABOUT = """What runs where, who changed it, and changing it.

Times are UTC. What is not known is null. Lists take `limit` and `cursor`."""


def make_app(console: Console, listening: str = "") -> AccessGuard:
    """Make the application; `listening` is the address it is served at."""
    app = FastAPI(
        title="delivery console",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.console = console
    app.add_exception_handler(ConsoleError, _on_console_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_defect)
    app.include_router(events.router)
    app.include_router(steering.api)
    app.include_router(api.router)
    app.include_router(routes.router)
    app.include_router(steering.pages)
    app.include_router(web.router)
    app.add_api_route("/static/{name}", _static, include_in_schema=False)
    app.add_api_route("/healthz", _health, include_in_schema=False)
    return AccessGuard(app, console, _answer, listening)


def _static(name: str) -> Response:
    """Give a style sheet, script or picture of the console."""
    if name not in _STATIC:
        raise not_found("file", name)
    body = (files("jobdsl.console") / "static" / name).read_bytes()
    return Response(body, media_type=_STATIC[name], headers={"Cache-Control": "public, max-age=300"})


def _health(request: Request) -> Response:
    """Answer that the program runs; the age of what it knows is on its pages."""
    del request
    return Response("ok\n", media_type="text/plain")


def _wants_json(request: Request) -> bool:
    return str(request.scope["path"]).startswith("/api/")


def _answer(request: Request, error: ConsoleError) -> Response:
    if error.status == 401 and _may_log_in(request):
        return RedirectResponse(f"/login?{urlencode({'next': _here(request)})}", 303)
    if _wants_json(request):
        return JSONResponse(error.values, error.status, media_type="application/problem+json")
    return web.page(request, "error", title=error.title, status=error.status, error=error)


def _may_log_in(request: Request) -> bool:
    """Return whether a person is at a page that needs a login, and could log in."""
    console = request.app.state.console.settings.console
    is_page = request.method == "GET" and not _wants_json(request) and request.url.path != "/events"
    return is_page and console.oidc.issuer is not None and not identity_of(request).is_known


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _on_console_error(request: Request, error: Any) -> Response:
    return _answer(request, error)


def _on_http_error(request: Request, error: Any) -> Response:
    if error.status_code == 404:
        return _answer(request, not_found("page", request.scope["path"]))
    return _answer(request, ConsoleError(error.status_code, "http", str(error.detail)))


def _on_invalid(request: Request, error: Any) -> Response:
    texts = [f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors()]
    return _answer(request, invalid(texts))


def _on_defect(request: Request, error: Any) -> Response:
    """Hide what went wrong inside; the log has it."""
    del error
    return _answer(
        request, ConsoleError(500, "internal", "This page is broken; the log of the console says why.")
    )
