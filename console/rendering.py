"""Templates of the pages: everything is escaped, times and ages are written in one place."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2

from delivery.clock import elapsed
from delivery.table import age
from jobdsl.printable import shown

__all__ = ["path_of", "render"]


def path_of(*parts: object) -> str:
    """Give the address of a page: parts of a path, of which the last may contain a slash."""
    *front, last = map(str, parts)
    return "/" + "/".join([*(quote(part, safe="") for part in front), quote(last, safe="/")])


def _seconds(moment: str) -> float | None:
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def ago(moment: str | None) -> str:
    """Give how long ago a moment was, `2d`; empty for none."""
    seconds = _seconds(moment or "")
    return "" if seconds is None else age(max(0.0, time.time() - seconds))


def day(moment: str | None) -> str:
    """Give a moment for people: `2026-11-30 10:15`, UTC."""
    seconds = _seconds(moment or "")
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def plural(number: int, word: str) -> str:
    """Give a number and its word: `1 group`, `2 groups`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


_TONE_WORDS = {
    "good": "active, deployed, done, OK, Successful, settled, resized, terminated, in traffic",
    "busy": "deploying, running, InProgress",
    "wait": "waiting, INSUFFICIENT_DATA, rolled back, cancelled, out of traffic",
    "bad": "failed, ALARM, MISSING, Failed, interrupted, refused, rolling-back",
}
_TONES = {word: name for name, words in _TONE_WORDS.items() for word in words.split(", ")}
"""The style of a state; its word is always shown, too."""


def tone(state: str | None) -> str:
    """Give the class of a state's badge."""
    return _TONES.get(state or "", "dim")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("jobdsl.console", "pages"),
        autoescape=True,
        finalize=shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(ago=ago, day=day, tone=tone, elapsed=elapsed, plural=plural, age=age)
    environment.globals.update(path_of=path_of)
    return environment


def render(template: str, **values: Any) -> str:
    """Render a page."""
    return _environment().get_template(f"{template}.html.j2").render(values)
