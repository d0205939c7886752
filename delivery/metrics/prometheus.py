"""Metrics from Prometheus, or anything with its HTTP API (Thanos, Mimir, VictoriaMetrics)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from delivery.errors import DeliveryError
from delivery.metrics.model import Query, Reading, SampleWindow, Subject
from delivery.metrics.series import placed

if TYPE_CHECKING:
    import requests

__all__ = ["Prometheus"]

_TIMEOUT_S = (5.0, 60.0)
_MOST_POINTS = 10_000
"""Points of one answer; Prometheus refuses more than 11,000."""
_ATTEMPTS = 3
_AGAIN = frozenset({429, 500, 502, 503, 504})
"""Status codes that another attempt may cure."""


class Prometheus:
    """The range queries of one server."""

    def __init__(self, url: str, token_variable: str | None = None) -> None:
        """Describe a server.

        Args:
            url: Its address, with the path it is served under.
            token_variable: Environment variable with a bearer token.
        """
        self._url = f"{url.rstrip('/')}/api/v1/query_range"
        self._variable = token_variable

    def read(self, queries: Sequence[Query], subject: Subject, window: SampleWindow) -> dict[str, Reading]:
        """Read each query with the names of a group filled in. DeliveryError."""
        import requests

        with requests.Session() as session:
            if self._variable:
                session.headers["Authorization"] = f"Bearer {self._token(self._variable)}"
            return {query.name: self._read(session, query, subject, window) for query in queries}

    def _token(self, variable: str) -> str:
        token = os.environ.get(variable, "")
        if not token:
            raise DeliveryError(
                f"{self._url}: environment variable {variable} is not set", "set it to the bearer token"
            )
        return token

    def _read(
        self, session: requests.Session, query: Query, subject: Subject, window: SampleWindow
    ) -> Reading:
        text, points, notes = subject.fill(query.query), [], []
        for part in _parts(window):
            answer = self._ask(session, query.name, text, part)
            notes += [f"Prometheus: {warning}" for warning in answer.get("warnings", ())]
            points += _points(query.name, text, answer["data"])
        values, left_out = placed(points, window)
        return Reading(values=values, notes=tuple(dict.fromkeys([*notes, *left_out])))

    def _ask(self, session: requests.Session, name: str, text: str, window: SampleWindow) -> Any:
        import requests

        parameters: dict[str, str | float] = {
            "query": text,
            "start": window.start,
            "end": window.end - window.step_seconds,  # Prometheus includes the end
            "step": window.step_seconds,
        }
        problem = ""
        for _ in range(_ATTEMPTS):
            try:
                answer = session.post(self._url, data=parameters, timeout=_TIMEOUT_S)
            except requests.RequestException as error:
                problem = f"no answer ({type(error).__name__})"
                continue
            problem = _problem(answer)
            if not problem:
                return answer.json()
            if answer.status_code not in _AGAIN:
                break
        hint = "try the query in Prometheus' own page" if "parse" in problem else ""
        raise DeliveryError(f"metric {name}: {self._url}: {problem}: {text}", hint)


def _problem(answer: requests.Response) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    try:
        document = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}, and no JSON"
    if not isinstance(document, dict) or document.get("status") not in ("success", "error"):
        return f"HTTP {answer.status_code}, and no answer of Prometheus"
    if document["status"] == "error":
        return f"{document.get('errorType', 'error')}: {document.get('error', '')}"
    return "" if answer.ok and isinstance(document.get("data"), dict) else f"HTTP {answer.status_code}"


def _parts(window: SampleWindow) -> Iterator[SampleWindow]:
    """Divide a window into some that one answer may hold."""
    size = _MOST_POINTS * window.step_seconds
    start = window.start
    while start < window.end:
        yield SampleWindow(start=start, end=min(start + size, window.end), step_seconds=window.step_seconds)
        start += size


def _points(name: str, text: str, data: Any) -> list[tuple[float, float | None]]:
    kind, series = data.get("resultType"), data.get("result")
    if kind != "matrix" or not isinstance(series, list):
        raise DeliveryError(f"metric {name}: Prometheus answers with a {kind}, not with series: {text}")
    if len(series) > 1:
        labels = ", ".join(f"{key}={value}" for key, value in sorted(series[0].get("metric", {}).items()))
        raise DeliveryError(
            f"metric {name}: {len(series)} series, the first with {labels or 'no labels'}: {text}",
            "sum(...), avg(...) or max(...) around the query makes one of them",
        )
    return [(float(time), float(value)) for each in series for time, value in each.get("values", ())]
