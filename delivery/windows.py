"""When deploys are allowed: windows by day and time, and freezes, each with a time zone. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

__all__ = [
    "DeployWindow",
    "Freeze",
    "bad_freezes",
    "bad_windows",
    "closed",
    "days_frozen",
    "parse_freeze",
    "parse_window",
    "parse_zone",
]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(?P<days>[a-z,-]+) +(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d) +(?P<zone>\S+)")
_FREEZE = re.compile(
    r"(?P<first>\d{4}-\d\d-\d\d)\.\.(?P<last>\d{4}-\d\d-\d\d) +(?P<zone>\S+) +(?P<reason>\S.*)"
)
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class DeployWindow:
    """Days of the week and a time of them; one that ends before it begins ends on the next day."""

    text: str
    days: frozenset[int]
    start: time
    end: time
    """Exclusive; midnight is the end of the day."""
    zone: ZoneInfo

    def is_open(self, now: datetime) -> bool:
        """Report whether a time is in the window."""
        local = now.astimezone(self.zone)
        today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
        at = local.time()
        if self.start < self.end or self.end == _MIDNIGHT:
            return today in self.days and self.start <= at and (at < self.end or self.end == _MIDNIGHT)
        return (today in self.days and at >= self.start) or (yesterday in self.days and at < self.end)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time in which nothing is deployed."""

    begin: datetime
    end: datetime
    """Exclusive."""
    reason: str
    until: str
    """Its end, as messages have it."""
    applications: tuple[str, ...] = ("*",)
    """Globs of the applications it is about."""

    def holds(self, now: datetime) -> bool:
        """Report whether a time is in the freeze."""
        return self.begin <= now < self.end

    def concerns(self, application: str) -> bool:
        """Report whether it is about an application."""
        return any(fnmatchcase(application, pattern) for pattern in self.applications)

    def __str__(self) -> str:
        return f"deploys are frozen until {self.until}: {self.reason}"


def days_frozen(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return begin and end of a time of whole days, the last one included. ValueError."""
    try:
        end = last + timedelta(days=1)
    except OverflowError:
        raise ValueError(f"{last} is too late") from None
    return datetime.combine(first, _MIDNIGHT, zone), datetime.combine(end, _MIDNIGHT, zone)


def parse_window(text: str) -> DeployWindow:
    """Parse `mon-fri 09:00-16:00 Europe/Berlin`. ValueError with the reason."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no window like 'mon-fri 09:00-16:00 Europe/Berlin'")
    start, end = (time.fromisoformat(match[name]) for name in ("start", "end"))
    if start == end and start != _MIDNIGHT:
        raise ValueError(f"{text!r} begins when it ends")
    zone = parse_zone(match["zone"])
    return DeployWindow(text.strip(), frozenset(_days(match["days"], text)), start, end, zone)


def parse_freeze(text: str) -> Freeze:
    """Parse `2026-12-20..2027-01-02 Europe/Berlin end of the year`. ValueError with the reason."""
    match = _FREEZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no freeze like '2026-12-20..2027-01-02 Europe/Berlin end of the year'")
    first, last = (date.fromisoformat(match[name]) for name in ("first", "last"))
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    begin, end = days_frozen(first, last, parse_zone(match["zone"]))
    return Freeze(begin, end, match["reason"], f"the end of {last}")


def _days(text: str, window: str) -> Iterator[int]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        last = last or first
        if first not in _DAYS or last not in _DAYS:
            raise ValueError(f"{window!r}: {part!r} is not a day like mon, or days like mon-fri")
        start, end = _DAYS.index(first), _DAYS.index(last)
        yield from (day % 7 for day in range(start, (end if end >= start else end + 7) + 1))


def parse_zone(name: str) -> ZoneInfo:
    """Find a time zone by its name. ValueError."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"unknown time zone {name!r}") from None


def closed(
    windows: Sequence[str], freezes: Sequence[str], now: datetime, others: Iterable[Freeze] = ()
) -> list[str]:
    """Return why nothing may be deployed at a time; empty if it may. Without windows any time is open.

    `others` are freezes that were read elsewhere.
    """
    reasons = [str(freeze) for freeze in (*map(parse_freeze, freezes), *others) if freeze.holds(now)]
    parsed = [parse_window(text) for text in windows]
    if parsed and not any(window.is_open(now) for window in parsed):
        reasons.append(f"the time is in no deployment window: {'; '.join(window.text for window in parsed)}")
    return reasons


def bad_windows(texts: Sequence[str]) -> str:
    """Check windows of the settings; return what is wrong, or an empty text."""
    return _first_problem(parse_window, texts)


def bad_freezes(texts: Sequence[str]) -> str:
    """Check freezes of the settings; return what is wrong, or an empty text."""
    return _first_problem(parse_freeze, texts)


def _first_problem(parse: Callable[[str], object], texts: Sequence[str]) -> str:
    for text in texts:
        try:
            parse(text)
        except ValueError as error:
            return f"is wrong: {error}"
    return ""
