"""An answer of a controller."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict

__all__ = ["Response"]


class Response:
    """An answer, read whole: its status, headers and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: HTTPHeaderDict, body: bytes) -> None:
        self.status = status
        self.headers = headers
        """Names in any letter case."""
        self.body = body

    @property
    def cookies(self) -> str:
        """The cookies it sets, as the next request gives them back; a balancer may add its own."""
        return "; ".join(cookie.partition(";")[0] for cookie in self.headers.getlist("Set-Cookie"))

    @property
    def retry_after(self) -> float:
        """Seconds to wait according to `Retry-After`; 0.0 without it.

        A date in it is compared with the answer's own `Date` (RFC 9110, 10.2.3).
        """
        stated = self.headers.get("Retry-After", "").strip()
        try:
            if stated.isascii() and stated.isdigit():
                return float(stated)
            date = parsedate_to_datetime(self.headers.get("Date", ""))
            return max((parsedate_to_datetime(stated) - date).total_seconds(), 0.0)
        except (TypeError, ValueError, OverflowError):
            return 0.0

    def json(self) -> Any:
        """Return the body as JSON; ValueError if it is none."""
        return json.loads(self.body)
