"""Pages of identity: login and logout, a user's API tokens, the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from delivery.settings.console import ACTIONS

from ..forms import RequestForm, form_of
from ..problems import forbidden, invalid, not_found, unauthorized
from ..state import Console, console_of
from ..web import page
from .guard import address_of, identity_of, is_secure, session_cookie
from .identity import Identity, may_audit
from .oidc import IdentityProvider, local_path

__all__ = ["router"]

Shared = Annotated[Console, Depends(console_of)]
Posted = Annotated[RequestForm, Depends(form_of)]
_LOGIN_COOKIE = "login"
_LOGIN_S = 600
_ENTRIES = 100
"""Entries of the audit log on one page."""
_LONGEST_NAME = 60
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def login(console: Shared, next: Annotated[str, Query(max_length=1000)] = "/") -> Response:
    """Send a user to the identity provider."""
    settings = console.settings.console
    if settings.oidc.issuer is None:
        raise not_found("login", "OpenID Connect", "[console.oidc] names the identity provider.")
    url, browser = IdentityProvider(settings, console.database).begin(local_path(next), console.now)
    answer = RedirectResponse(url, 303)
    answer.set_cookie(
        _LOGIN_COOKIE,
        browser,
        max_age=_LOGIN_S,
        path="/login",
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/login/callback")
def callback(request: Request, console: Shared) -> Response:
    """Take a user back from the identity provider."""
    settings = console.settings.console
    if settings.oidc.issuer is None:
        raise not_found("login", "OpenID Connect")
    provider, browser = IdentityProvider(settings, console.database), request.cookies.get(_LOGIN_COOKIE, "")
    user, groups, next_path = provider.finish(dict(request.query_params), browser, console.now)
    expires = console.now + settings.session_hours * 3600
    secret = console.database.begin_session(user, groups, expires)
    identity = Identity(user, groups, "session")
    console.database.audit(identity, "login", user, address=address_of(request), now=console.now)
    answer = RedirectResponse(local_path(next_path), 303)
    answer.delete_cookie(_LOGIN_COOKIE, path="/login")
    answer.set_cookie(
        session_cookie(settings),
        secret,
        max_age=int(settings.session_hours * 3600),
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.post("/logout")
def logout(request: Request, console: Shared, form: Posted) -> Response:
    """End a session."""
    del form  # it has been checked
    name, identity = session_cookie(console.settings.console), identity_of(request)
    console.database.end_session(request.cookies.get(name, ""))
    if identity.is_known:
        console.database.audit(
            identity, "logout", identity.user, address=address_of(request), now=console.now
        )
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(name, path="/")
    return answer


def _person(request: Request) -> Identity:
    """Return the identity, by a session or the proxy: a token makes no tokens."""
    identity = identity_of(request)
    if identity.source not in ("session", "proxy"):
        raise unauthorized("Log in to see your tokens; a token does not.")
    return identity


@router.get("/tokens")
def tokens(request: Request, console: Shared) -> Response:
    """Show a user's API tokens."""
    return _tokens_page(request, console, _person(request))


def _tokens_page(request: Request, console: Console, identity: Identity, secret: str = "") -> Response:
    return page(
        request,
        "tokens",
        title="API tokens",
        tokens=console.database.tokens(identity.user),
        secret=secret,
        actions=ACTIONS,
        most_days=console.settings.console.token_days,
    )


@router.post("/tokens")
def make_token(request: Request, console: Shared, form: Posted) -> Response:
    """Make an API token, and show it this once."""
    identity, most = _person(request), console.settings.console.token_days
    name, days = form.text("name").strip(), form.text("days").strip()
    actions = tuple(form.values("actions"))
    applications = tuple(form.text("applications").replace(",", " ").split()) or ("*",)
    errors = []
    if not name or len(name) > _LONGEST_NAME:
        errors.append(f"name: 1 to {_LONGEST_NAME} characters")
    if not days.isdecimal() or not 1 <= int(days) <= most:
        errors.append(f"days: a number from 1 to {most}")
    errors += [f"actions: {each!r} is none" for each in actions if each not in ACTIONS]
    if errors:
        raise invalid(errors)
    secret = console.database.make_token(
        identity,
        name,
        expires=console.now + int(days) * 86_400,
        now=console.now,
        actions=actions,
        applications=applications,
    )
    details: dict[str, Any] = {"days": int(days), "actions": actions, "applications": applications}
    console.database.audit(
        identity, "token made", name, address=address_of(request), now=console.now, **details
    )
    return _tokens_page(request, console, identity, secret)


@router.post("/tokens/{id}/delete")
def delete_token(request: Request, id: str, console: Shared, form: Posted) -> Response:
    """Delete an API token."""
    del form
    identity = _person(request)
    if not console.database.delete_token(identity.user, id):
        raise not_found("token", id)
    console.database.audit(identity, "token deleted", id, address=address_of(request), now=console.now)
    return RedirectResponse("/tokens", 303)


@router.get("/audit")
def audit(
    request: Request,
    console: Shared,
    q: Annotated[str, Query(max_length=200)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Show the audit log."""
    if not may_audit(console.settings.console, identity_of(request)):
        raise forbidden("no-right", "No role of yours lets you read the audit log.")
    entries = console.database.audit_entries(_ENTRIES, before, q)
    more = entries[-1].number if len(entries) == _ENTRIES else None
    return page(
        request,
        "audit",
        title="Audit log",
        entries=entries,
        more=more,
        is_whole=console.database.audit_is_whole(),
    )
