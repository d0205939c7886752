"""Starts jobs of the controller of the settings: these jobs, with these parameters, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import requests

from ..documents import controller_login
from ..links import safe
from ..problems import ConsoleError

if TYPE_CHECKING:
    from delivery.settings.console import ConsoleSettings

__all__ = ["job_url", "start_job"]

_TIMEOUT_S = (3.1, 15.0)


def job_url(console: ConsoleSettings, job: str) -> str:
    """Give the address of a job, by its full name."""
    path = "/".join(f"job/{quote(part, safe='')}" for part in job.strip("/").split("/"))
    return f"{(console.jenkins.url or '').rstrip('/')}/{path}/"


def start_job(console: ConsoleSettings, job: str, parameters: Mapping[str, str]) -> str | None:
    """Start a job; gives the address of its queue item. ConsoleError if the controller refuses."""
    try:
        login = controller_login(console)
    except OSError as error:
        raise ConsoleError(502, "jenkins", "The console's token for Jenkins cannot be read.") from error
    try:
        answer = requests.post(
            f"{job_url(console, job)}buildWithParameters",
            data=dict(parameters),
            auth=login,
            timeout=_TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise ConsoleError(
            502,
            "jenkins",
            "Jenkins does not answer. Look at the job: it may have been started.",
        ) from error
    if answer.status_code in (401, 403):
        raise ConsoleError(502, "jenkins", f"Jenkins does not let the console's user start {job}.")
    if answer.status_code == 404:
        raise ConsoleError(502, "jenkins", f"Jenkins has no job {job}, or hides it from the console's user.")
    if answer.status_code != 201:
        raise ConsoleError(502, "jenkins", f"Jenkins refuses to start {job}: {answer.status_code}.")
    return _queue_item(console, answer.headers.get("Location"))


def _queue_item(console: ConsoleSettings, location: str | None) -> str | None:
    """Give the path of the queue item under the controller's own address, whatever it calls itself."""
    address = safe(location)
    if address is None:
        return None
    path = urlsplit(address).path
    at = path.find("/queue/item/")
    return None if at < 0 else f"{(console.jenkins.url or '').rstrip('/')}{path[at:]}"
