"""Which requests are for this console: the Host header, and where a form was sent from. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from delivery.settings.console import ConsoleSettings

__all__ = ["Hosts", "foreign_origin", "is_proxy"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Hosts:
    """The names under which the console is reached; any other is a page of another site pointing here."""

    def __init__(self, console: ConsoleSettings, listening: str = "") -> None:
        public = urlsplit(console.url).hostname if console.url else None
        self._names = {name.lower() for name in (*_LOOPBACK, *console.hosts, public, listening) if name}

    def __contains__(self, header: object) -> bool:
        name = _hostname(header) if isinstance(header, str) else None
        return name is not None and name in self._names


def _hostname(header: str) -> str | None:
    try:
        return urlsplit(f"//{header}").hostname
    except ValueError:
        return None


def foreign_origin(headers: Mapping[str, str]) -> str:
    """Return why a request that changes something does not come from a page of ours; empty if it does."""
    site, origin, host = (headers.get(name, "") for name in ("sec-fetch-site", "origin", "host"))
    if site and site != "same-origin":
        return f"It was sent from another site (Sec-Fetch-Site: {site})."
    if origin and urlsplit(origin).netloc.lower() != host.lower():
        return "It was sent from another site (Origin)."
    if not site and not origin:
        return "It does not say which page it was sent from (no Origin)."
    return ""


def is_proxy(console: ConsoleSettings, address: str) -> bool:
    """Return whether an address is that of a proxy whose headers are believed."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(text, strict=False) for text in console.proxy.addresses)
