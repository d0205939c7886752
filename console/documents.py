"""Fetches documents of the other parts of the product: addresses and files of the settings, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import requests

from .store import FetchedDocument

if TYPE_CHECKING:
    from delivery.settings.console import ConsoleSettings

__all__ = ["controller_login", "fetch"]

_LARGEST = 5_000_000
"""Bytes of a document."""
_TIMEOUT_S = (3.1, 10.0)


def controller_login(console: ConsoleSettings) -> tuple[str, str] | None:
    """Read user and token of the controller; None where none is configured. OSError."""
    jenkins = console.jenkins
    if jenkins.user is None or jenkins.token_file is None:
        return None
    return jenkins.user, Path(jenkins.token_file).read_text("utf-8").strip()


def fetch(console: ConsoleSettings, address: str, now: float) -> FetchedDocument:
    """Fetch a document; an error is part of the page."""
    try:
        body = _read(console, address)
    except (OSError, UnicodeDecodeError, requests.RequestException) as error:
        return FetchedDocument(now, error=f"{address} cannot be read: {type(error).__name__}")
    if len(body) > _LARGEST:
        return FetchedDocument(now, error=f"{address} is larger than {_LARGEST} bytes")
    return FetchedDocument(now, body)


def _read(console: ConsoleSettings, address: str) -> bytes:
    if "://" not in address:
        with Path(address).open("rb") as file:
            return file.read(_LARGEST + 1)
    url = console.jenkins.url
    of_controller = url is not None and address.startswith(url.rstrip("/") + "/")
    login = controller_login(console) if of_controller else None
    with requests.get(address, auth=login, timeout=_TIMEOUT_S, stream=True, allow_redirects=False) as answer:
        answer.raise_for_status()
        return answer.raw.read(_LARGEST + 1, decode_content=True)
