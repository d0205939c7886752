"""Errors as answers: problem+json for the API, an HTML page, and no word of the program's insides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["ConsoleError", "conflict", "forbidden", "invalid", "not_found", "unauthorized"]

_TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    413: "Too large",
    421: "Unknown host",
    422: "Not valid",
    429: "Too many requests",
    500: "Internal error",
    502: "No answer",
}


class ConsoleError(Exception):
    """An error with its status and a stable code."""

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.errors = status, code, detail, tuple(errors)

    @property
    def title(self) -> str:
        """What kind of error it is, in words."""
        return _TITLES.get(self.status, "Error")

    @property
    def values(self) -> dict[str, Any]:
        """The body of problem+json."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": list(self.errors),
        }


def not_found(kind: str, name: str, hint: str = "") -> ConsoleError:
    """Return the error for a name that does not exist."""
    return ConsoleError(404, "not-found", f"There is no {kind} {name!r}.{f' {hint}' if hint else ''}")


def unauthorized(detail: str) -> ConsoleError:
    """Return the error for a missing or wrong identity."""
    return ConsoleError(401, "unauthorized", detail)


def forbidden(code: str, detail: str) -> ConsoleError:
    """Return the error for a missing right."""
    return ConsoleError(403, code, detail)


def conflict(code: str, detail: str) -> ConsoleError:
    """Return the error for a state that has changed since."""
    return ConsoleError(409, code, detail)


def invalid(errors: Sequence[str]) -> ConsoleError:
    """Return the error for everything that is wrong with a request."""
    return ConsoleError(422, "invalid", "; ".join(errors), errors)
