"""Checks a change request against the system that keeps change requests."""

from __future__ import annotations

import os
from urllib.parse import quote

from jobdsl.errors import Problem

__all__ = ["TOKEN", "ask"]

TOKEN = "DELIVERY_CHANGE_REQUEST_TOKEN"  # noqa: S105  # the name of a variable
"""Variable with the token that is sent as `Authorization: Bearer`."""
TIMEOUT_S = 20.0


def ask(url: str, change_request: str, account: str) -> Problem | None:
    """GET the URL with `{change_request}` filled in; only 200 permits it. A redirect is not followed."""
    import requests

    token = os.environ.get(TOKEN)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    place = url.replace("{change_request}", quote(change_request, safe=""))
    try:
        with requests.get(
            place, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True
        ) as answer:
            status = answer.status_code
    except requests.RequestException as error:
        return _refused(
            f"change request {change_request} could not be checked: {type(error).__name__} at {_host(place)}",
            f"check accounts.{account}.change_request_url, and that the system is up",
        )
    return None if status == 200 else _unfit(change_request, status, place, account)


def _unfit(change_request: str, status: int, place: str, account: str) -> Problem:
    status_text = f"HTTP {status} from {_host(place)}"
    unchecked = f"change request {change_request} could not be checked: {status_text}"
    if status in (401, 403) or 300 <= status < 400:
        return _refused(f"{unchecked}, which requires a login", f"set {TOKEN} to a token of that system")
    if status >= 500:
        return _refused(unchecked, "try again once the system is up")
    hint = "check that it is approved and that its time window is open"
    return _refused(f"change request {change_request} may not be used in {account}: {status_text}", hint)


def _host(url: str) -> str:
    return url.split("/")[2].rpartition("@")[2]


def _refused(message: str, hint: str) -> Problem:
    return Problem(message, hint=hint, rule="change-request")
