"""Freezes of a file or an address: a TOML or JSON document with times in which nothing is deployed."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from delivery.clock import HostClock
from delivery.errors import REFUSED, DeliveryError, SettingsError
from delivery.windows import Freeze, days_frozen, parse_zone
from jobdsl.errors import Problem, Where, suggestion

__all__ = ["TOKEN", "fetch_freezes", "load_freezes", "parse_freezes"]

TOKEN = "DELIVERY_FREEZE_TOKEN"  # noqa: S105  # the name of a variable
"""Variable with the token that is sent as `Authorization: Bearer`."""
_LARGEST = 1_000_000
"""Bytes of a document."""
_MOST = 1_000
"""Freezes of a document."""
_TIMEOUT_S = 10.0
"""Until the whole document is there."""
_REDIRECTS = 3
_CHUNK = 65_536
_KEYS = ("from", "to", "zone", "reason", "applications")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?::\d\d)?(?P<offset>Z|[+-]\d\d:\d\d)?)?", re.ASCII)
_HEADER = re.compile(r"\s*\[\[\s*freeze\s*\]\]")


def load_freezes(source: str) -> list[Freeze]:
    """Read the freezes of a file. SettingsError with everything that is wrong in it."""
    path = Path(source)
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise SettingsError([Problem(f"cannot be read: {reason}", where=Where(source, 0))]) from error
    if len(raw) > _LARGEST:
        raise SettingsError([Problem(f"has more than {_LARGEST} bytes", where=Where(source, 0))])
    return parse_freezes(text, source)


def fetch_freezes(url: str, clock: HostClock) -> list[Freeze]:
    """Read the freezes of an address. DeliveryError if they are unknown."""
    shown = _shown(url)
    try:
        return parse_freezes(_fetched(url, clock), shown)
    except SettingsError as error:
        first = error.problems[0]
        raise _unknown(shown, f"{first.where}: {first.message}") from error


def _fetched(url: str, clock: HostClock) -> str:
    import requests

    token = os.environ.get(TOKEN)
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
    until, place = clock.monotonic() + _TIMEOUT_S, url
    try:
        for _ in range(_REDIRECTS + 1):
            with requests.get(
                place, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False, stream=True
            ) as answer:
                if not answer.is_redirect:
                    return _body(answer, _shown(place), clock, until)
                following = urljoin(place, answer.headers["location"])
            if urlsplit(following)[:2] != urlsplit(url)[:2]:
                raise _unknown(_shown(url), "it redirects to another host, which is not followed")
            place = following
    except (requests.RequestException, ValueError) as error:
        raise _unknown(_shown(url), type(error).__name__) from None
    raise _unknown(_shown(url), f"it redirects more than {_REDIRECTS} times")


def _body(answer: Any, shown: str, clock: HostClock, until: float) -> str:
    """Read an answer piece by piece, so that neither a long nor a slow one is waited for."""
    from urllib3.exceptions import HTTPError

    if answer.status_code != 200:
        wants = f"; set {TOKEN} to a token of that server" if answer.status_code in (401, 403) else ""
        raise _unknown(shown, f"HTTP {answer.status_code}{wants}")
    raw = bytearray()
    try:
        while piece := answer.raw.read1(_CHUNK, decode_content=False):
            raw += piece
            if len(raw) > _LARGEST:
                raise _unknown(shown, f"it has more than {_LARGEST} bytes")
            if clock.monotonic() > until:
                raise _unknown(shown, f"it takes longer than {_TIMEOUT_S:g} s")
    except HTTPError as error:
        raise _unknown(shown, type(error).__name__) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unknown(shown, "it is no UTF-8 text") from None


def _shown(url: str) -> str:
    """Return an address without what may be a secret: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _unknown(shown: str, reason: str) -> DeliveryError:
    hint = "--change-request ID deploys without reading them; a rollback is always possible"
    return DeliveryError(f"freezes cannot be read from {shown}: {reason}", hint, REFUSED)


def parse_freezes(text: str, file: str) -> list[Freeze]:
    """Parse a document. SettingsError with everything that is wrong in it, each with its line."""
    document = _document(text, file)
    problems = [
        Problem(f"unknown key {key}", where=Where(file, _line(text, key)), hint="[[freeze]] begins a freeze")
        for key in document
        if key != "freeze"
    ]
    entries = document.get("freeze", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(Problem("freeze must be a list of tables", where=Where(file, _line(text, "freeze")),
                                hint="[[freeze]] begins one"))  # fmt: skip
        entries = []
    if len(entries) > _MOST:
        problems.append(Problem(f"{len(entries)} freezes; {_MOST} are allowed", where=Where(file, 0)))
        entries = []
    headers = [number for number, line in enumerate(text.split("\n"), 1) if _HEADER.match(line)]
    freezes = []
    for number, entry in enumerate(entries):
        first = headers[number] if number < len(headers) else _line(text, "freeze")
        freeze, wrong = _entry(entry)
        problems += [
            Problem(message, where=Where(file, _line(text, key, first)), hint=hint)
            for key, message, hint in wrong
        ]
        if freeze is not None:
            freezes.append(freeze)
    if problems:
        raise SettingsError(problems)
    return freezes


def _document(text: str, file: str) -> Mapping[str, Any]:
    try:
        if text.lstrip().startswith("{"):
            return dict(json.loads(text))
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition(" (at ")[0] or "it is nested too deeply"
        at = re.search(r"line (\d+)", str(error))
        where = Where(file, int(at[1]) if at else 0)
        raise SettingsError([Problem(f"is neither TOML nor JSON: {reason}", where=where)]) from error


def _line(text: str, key: str, first: int = 1) -> int:
    """Return the line of a key from a line on, or that line itself."""
    pattern = re.compile(rf"[\s{{,\[]*\"?{re.escape(key)}\"?\s*[=:\]]")
    for number, line in enumerate(text.split("\n")[max(first - 1, 0) :], max(first, 1)):
        if number > first and _HEADER.match(line):
            break
        if pattern.match(line):
            return number
    return first


Wrong = tuple[str, str, str]
"""Key, message and hint."""


def _entry(entry: Mapping[str, Any]) -> tuple[Freeze | None, list[Wrong]]:
    wrong: list[Wrong] = [
        (key, f"unknown key {key}", suggestion(key, _KEYS) or f"the keys are {', '.join(_KEYS)}")
        for key in entry
        if key not in _KEYS
    ]
    zone: ZoneInfo | None = None
    try:
        zone = parse_zone(entry["zone"]) if isinstance(entry.get("zone"), str) else None
        if zone is None and "zone" in entry:
            wrong.append(("zone", "zone must be a text", 'zone = "Europe/Berlin"'))
    except ValueError as error:
        wrong.append(("zone", str(error), 'zone = "Europe/Berlin"'))
    reason = entry.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        wrong.append(("reason", "a freeze needs a reason", 'reason = "..."'))
    applications = entry.get("applications", ["*"])
    if not _are_texts(applications):
        wrong.append(
            ("applications", "applications must be a list of texts", 'applications = ["shop", "pay-*"]')
        )
    times: dict[str, tuple[datetime, datetime]] = {}
    for key in ("from", "to"):
        try:
            times[key] = _period(entry.get(key), zone)
        except ValueError as error:
            wrong.append((key, f"{key} {error}", f'{key} = "2026-12-20 18:00"'))
    if not wrong and times["to"][1] <= times["from"][0]:
        wrong.append(("to", f"a freeze from {entry['from']} to {entry['to']} ends before it begins", ""))
    if wrong:
        return None, wrong
    begin, end = times["from"][0], times["to"][1]
    until = f"the end of {entry['to']}" if times["to"][0] < end else f"{end:%Y-%m-%d %H:%M} {_zone_name(end)}"
    return Freeze(begin, end, " ".join(str(reason).split()), until, tuple(applications)), []


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text for text in value)


def _period(value: object, zone: ZoneInfo | None) -> tuple[datetime, datetime]:
    """Read a day as its begin and end, a moment as twice itself. ValueError."""
    if isinstance(value, str):
        match = _TIME.fullmatch(value.strip())
        if match is None:
            raise ValueError(f"is {value!r}, not a time like '2026-12-20' or '2026-12-20 18:00'")
        value = (datetime if match["time"] else date).fromisoformat(value.strip())
    if not isinstance(value, date):
        wrong = "is missing" if value is None else "must be a date, or a date and time"
        raise ValueError(wrong)  # noqa: TRY004  # as of every value that is wrong
    if not 1970 <= value.year <= 9000:
        raise ValueError(f"is in the year {value.year}")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value, value
    if zone is None:
        raise ValueError("has no time zone: set zone")
    if not isinstance(value, datetime):
        return days_frozen(value, value, zone)
    return value.replace(tzinfo=zone), value.replace(tzinfo=zone)


def _zone_name(moment: datetime) -> str:
    return moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else f"{moment:%z}" or "UTC"
