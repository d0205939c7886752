"""The pages and headers Jenkins answers with when it does not simply do what it was asked."""

from __future__ import annotations

import html
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote

from jobdsl.testing.http import HttpResponse
from jobdsl.testing.users import ADMINISTER, IMPLIED_BY, Caller

__all__ = [
    "VERSION",
    "Refusal",
    "failure",
    "forbidden",
    "jetty",
    "login",
    "missing",
    "oops",
    "page",
    "redirect",
    "starting",
    "wrong_method",
]

VERSION = "2.568.2"
"""The release whose answers were recorded."""
_HTML = ("Content-Type", "text/html;charset=utf-8")
_PAGE = [
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Cache-Control", "no-cache,no-store,must-revalidate"),
    ("X-Hudson", "1.395"),
    ("X-Jenkins", VERSION),
    ("X-Frame-Options", "sameorigin"),
]


class Refusal(Exception):  # noqa: N818 - it is an answer, not a mistake of ours
    """Raised by a handler that answers with a page instead."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


def page(status: int, title: str, headers: Iterable[tuple[str, str]] = ()) -> HttpResponse:
    """Return an HTML page of Jenkins."""
    text = f"<!DOCTYPE html><html><head><title>{html.escape(title)}</title></head><body></body></html>"
    return HttpResponse(status, text.encode(), [*headers, _HTML, *_PAGE])


def failure(reason: str) -> Refusal:
    """400 with X-Error: what Jenkins calls a Failure; quotes are lost in the header."""
    header = "".join(character if ord(character) < 0x100 else " " for character in reason)
    header = header.replace("\n", " ").lstrip()
    return Refusal(page(400, reason, [("X-Error", header)]))


def oops() -> Refusal:
    """500: an exception of the controller; the reason is only in its log."""
    return Refusal(page(500, "Jenkins - Oops"))


def missing() -> Refusal:
    """404."""
    return Refusal(page(404, "Not Found - Jenkins"))


def wrong_method() -> Refusal:
    """405 for a GET of what changes something."""
    return Refusal(page(405, "Method Not Allowed - Jenkins", [("Allow", "POST")]))


def redirect(location: str) -> HttpResponse:
    """302, as Jenkins answers most forms."""
    return HttpResponse(302, b"", [("Location", location)])


def starting(method: str) -> HttpResponse:
    """503 while the controller loads its jobs; the filter for POST has named the version by then."""
    text = "<!DOCTYPE html><html><head><title>Starting Jenkins</title></head><body></body></html>"
    headers = [("Expires", "0"), ("Cache-Control", "no-cache,no-store,must-revalidate"), _HTML]
    version = [("X-Jenkins", VERSION)] if method == "POST" else []
    return HttpResponse(503, text.encode(), [*version, *headers])


def jetty(status: int, path: str, message: str = "") -> HttpResponse:
    """Return the error page of the servlet container, below Jenkins' own."""
    message = message or next((known.phrase for known in HTTPStatus if known == status), "")
    text = (
        "<html>\n<head>\n"
        '<meta http-equiv="Content-Type" content="text/html;charset=ISO-8859-1"/>\n'
        f"<title>Error {status} {html.escape(message)}</title>\n</head>\n"
        f"<body><h2>HTTP ERROR {status} {html.escape(message)}</h2>\n<table>\n"
        f"<tr><th>URI:</th><td>{html.escape(path)}</td></tr>\n<tr><th>STATUS:</th><td>{status}</td></tr>\n"
        f"<tr><th>MESSAGE:</th><td>{html.escape(message)}</td></tr>\n</table>\n</body>\n</html>\n"
    )
    headers = [
        ("Cache-Control", "must-revalidate,no-cache,no-store"),
        ("Content-Type", "text/html;charset=iso-8859-1"),
    ]
    if status == 401:
        headers.insert(0, ("WWW-Authenticate", 'Basic realm="Jenkins", charset="UTF-8"'))
    return HttpResponse(status, text.encode("latin-1", "replace"), headers)


def login() -> HttpResponse:
    """Return what a proxy in front of Jenkins answers when it wants people to sign in."""
    text = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form></form></body></html>"
    return HttpResponse(200, text.encode(), [_HTML])


def forbidden(caller: Caller, permission: str, path: str) -> HttpResponse:
    """403: the page and headers name the missing permission; without credentials, a login page."""
    implied = IMPLIED_BY.get(permission, ())
    headers = [
        ("X-You-Are-Authenticated-As", caller.user.name),
        (
            "X-You-Are-In-Group-Disabled",
            "JENKINS-39402: use -Dhudson.security.AccessDeniedException2.REPORT_GROUP_HEADERS"
            "=true or use /whoAmI to diagnose",
        ),
        ("X-Required-Permission", permission),
        *[("X-Permission-Implied-By", implying) for implying in implied],
    ]
    if permission != ADMINISTER:
        headers.append(("X-Permission-Implied-By", ADMINISTER))
    if caller.by != "nothing":
        return page(403, "Access Denied - Jenkins", headers)
    login = f"/login?from={quote(path, safe='')}"
    text = (
        f"<html><head><meta http-equiv='refresh' content='1;url={login}'/></head>"
        "<body style='background-color:white; color:white;'>\nAuthentication required\n</body></html>"
    )
    usual = [
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        _HTML,
        ("X-Hudson", "1.395"),
        ("X-Jenkins", VERSION),
    ]
    return HttpResponse(403, text.encode(), [*usual, *headers])
