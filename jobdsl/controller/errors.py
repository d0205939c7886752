"""What a controller's refusal means, in words: never its HTML, always a way out where there is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from jobdsl.controller.address import without_login
from jobdsl.errors import ControllerError

if TYPE_CHECKING:
    from jobdsl.controller.answer import Response

__all__ = [
    "OVERLOADED",
    "AlreadyExistsError",
    "LastViewError",
    "NoAnswerError",
    "NotFoundError",
    "NotSignedInError",
    "allowed",
    "refusal",
]

T = TypeVar("T")

OVERLOADED = (429, 520, 521, 522, 523, 524, 529)
"""What proxies answer for a controller that cannot be reached or is asked too much: 429 is of RFC 6585, the
others are Cloudflare's and other content networks' own."""

_SIGN_IN = (
    "make an API token on your user page (Security), and give user and token"
    " as options or as JENKINS_USER and JENKINS_TOKEN"
)


class NoAnswerError(ControllerError):
    """One request got no answer: worth another try."""


class NotFoundError(ControllerError):
    """Nothing has that name, or this user may not see it."""


class AlreadyExistsError(ControllerError):
    """The name is taken."""


class LastViewError(ControllerError):
    """A view is the only one of its folder, or of the controller: Jenkins keeps it."""


class NotSignedInError(ControllerError):
    """User and token are not accepted, or none were given: no other request will do better."""


def allowed(request: Callable[[], T]) -> T | None:
    """Return the answer; None where the user lacks the permission, or nothing of the kind exists."""
    try:
        return request()
    except NotSignedInError:
        raise
    except ControllerError as error:
        if error.status in (403, 404):
            return None
        raise


def refusal(
    response: Response, operation: str, user: str | None, *, form: str = ""
) -> ControllerError | None:
    """Return the error of an answer; None for success and for the redirects that mean success.

    Only a form is answered with such a redirect, away from its own address, `form`; a redirected read or
    upload of a document has had no effect. A success is never an HTML page (Jenkins
    2.568, measured on all requests made here).
    """
    status = response.status
    if status < 300 and response.body and response.headers.get("Content-Type", "").startswith("text/html"):
        return NotSignedInError(
            f"could not {operation}: it answers with an HTML page, not as the Jenkins API",
            status=status,
            hint="is this the address of a Jenkins, and is there a login page in front of it?",
        )
    done = status in (302, 303) and form and not _leads_away(response.headers.get("Location", ""), form)
    if status < 300 or done:
        return None
    reason = " ".join(response.headers.get("X-Error", "").split())
    if status == 400 and "already exists" in reason:
        return AlreadyExistsError(f"could not {operation}: {reason}", status=status)
    if status == 404:
        return NotFoundError(
            f"could not {operation}: the controller has nothing of that name",
            status=status,
            hint="it may also be hidden from this user",
        )
    if status in (301, 302, 303, 307, 308, 401, 403):
        return _denied(response, operation, user)
    if reason:
        return ControllerError(f"could not {operation}: {reason}", status=status)
    return _unexplained(response, operation)


def _denied(response: Response, operation: str, user: str | None) -> ControllerError:
    status, headers = response.status, response.headers
    if status == 401:
        name = f'user "{user}" and this token' if user else "a request without user and token"
        return NotSignedInError(
            f"could not {operation}: the controller does not accept {name}", status=401, hint=_SIGN_IN
        )
    if status != 403:
        place = without_login(headers.get("Location", "").partition("?")[0])
        if _is_login(place):
            return NotSignedInError(
                f"could not {operation}: the controller requires a login", status=status, hint=_SIGN_IN
            )
        hint = "is the address complete, with https:// and the path Jenkins runs under?"
        return ControllerError(
            f"could not {operation}: redirected to {place or 'another page'}", status=status, hint=hint
        )
    permission = headers.get("X-Required-Permission", "")
    if headers.get("X-You-Are-Authenticated-As", "anonymous") == "anonymous" and not user:
        return _log_in(operation, status)
    if permission:
        name = permission.replace("hudson.model.", "").replace("Computer.", "Agent/")
        hint = f'give "{user}" the permission {name}'
        return ControllerError(f'could not {operation}: "{user}" may not do that', status=403, hint=hint)
    return ControllerError(
        f"could not {operation}: the controller forbids it ({_title(response)})", status=403
    )


def _log_in(operation: str, status: int) -> ControllerError:
    text = f"could not {operation}: the controller requires a login"
    return NotSignedInError(text, status=status, hint=_SIGN_IN)


def _unexplained(response: Response, operation: str) -> ControllerError:
    status = response.status
    hint = ""
    if status == 500:
        hint = "Jenkins gives no reason; its own log does. Often the document's root or a value in it"
    if status in (502, 503, 504):
        hint = "it is starting, or overloaded"
    if status in OVERLOADED:
        wait = f"it requests a wait of {response.retry_after:.0f} s; " if response.retry_after else ""
        hint = f"{wait}a proxy limits requests, or does not reach the controller: try a lower --workers"
    return ControllerError(
        f"could not {operation}: the controller answered {status} {_title(response)}".rstrip(),
        status=status,
        hint=hint,
    )


def _leads_away(location: str, form: str) -> bool:
    """Return whether a redirect is not what Jenkins answers to a form that it took.

    Jenkins' own redirect leads to a page of the item, without a query, perhaps under another name of the
    controller. One to a login at another host has the return address in its query; one to https has the same
    path.
    """
    if _is_login(location):
        return True
    try:
        target, requested = urlsplit(location), urlsplit(form)
        elsewhere = target.hostname not in (None, requested.hostname)
    except ValueError:
        return True
    return target.path == requested.path or bool(elsewhere and target.query)


def _is_login(location: str) -> bool:
    return bool(re.search(r"/(login|securityRealm/commenceLogin)([/?]|$)", location))


def _title(response: Response) -> str:
    """Return the status in words: Jetty's pages name the reason in their title."""
    match = re.search(rb"<title>Error \d+ ([^<]{1,200})</title>", response.body[:4000])
    if match:
        return match[1].decode("utf-8", "replace")
    return HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else ""
