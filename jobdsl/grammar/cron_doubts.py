"""What Jenkins takes as cron but the user hardly means; worded as Jenkins' own form words it.

Source: hudson/scheduler/CronTab.checkSanity, hashify and RareOrImpossibleDateException of Jenkins 2.568.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TypeAlias

from jobdsl.errors import Severity

__all__ = ["Doubt", "doubts"]

Doubt: TypeAlias = tuple[str, Severity, str]
"""Message, severity, hint."""


_LONGEST_STEP = 60
"""The largest step Jenkins takes after H for minutes."""


def doubts(text: str, bits: tuple[int, int, int, int, int]) -> list[Doubt]:
    """Doubts about a line of five fields that was read as `bits` (value n of a field as bit n)."""
    first, _, others = text.replace("\t", " ").partition(" ")
    doubts: list[Doubt] = []
    if bits[0] == (1 << 60) - 1:
        message = f'do you really mean "every minute" when you say "{text}"?'
        doubts.append((message, "warning", f'"H {others}" runs once per hour'))
    elif "H" not in text:
        doubts += _spreadable(first, others, text)
    if re.search(r"\bH(\([0-9-]+\))?/1\b", text):
        doubts.append(('"H/1" is one value, not every value', "warning", "write * for every value"))
    if "/" in text.split()[2] and 5 < bits[2].bit_count() < 28:
        message = "short cycles in the day of month field behave oddly near the end of a month"
        doubts.append((message, "warning", ""))
    return doubts + _rare(bits[2:])


def _spreadable(first: str, others: str, text: str) -> list[Doubt]:
    """Jenkins' advice to spread the load, for the minutes it gives it for."""
    listed = re.fullmatch(r"0,([1-9][0-9]?)(?:,[0-9]+)*", first)
    better = ""
    if every := re.fullmatch(r"\*/([0-9]+)", first):
        better = f"H/{int(every[1])}" if int(every[1]) <= _LONGEST_STEP else "H"
    elif listed and first == ",".join(map(str, range(0, 60, int(listed[1])))):
        better = f"H/{int(listed[1])}"
    elif first.isdecimal():
        better = "H"
    if not better:
        return []
    severity: Severity = "note" if better == "H" else "warning"
    return [(f'spread load evenly by using "{better} {others}" rather than "{text}"', severity, "")]


@lru_cache(maxsize=256)
def _rare(bits: tuple[int, ...]) -> list[Doubt]:
    """Return whether the days come in no year, or not in every year (Jenkins: "rare or impossible")."""
    # Every kind of year: seven weekdays for 1 January, each with and without a 29 February.
    years = [_has_day(year, *bits) for year in range(2001, 2029)]
    if not any(years):
        return [("no such date exists: this never runs", "warning", "")]
    return [] if all(years) else [("this does not run in every year", "warning", "")]


def _has_day(year: int, days: int, months: int, weekdays: int) -> bool:
    first = date(year, 1, 1).toordinal()
    for ordinal in range(first, date(year + 1, 1, 1).toordinal()):
        day = date.fromordinal(ordinal)
        if days >> day.day & 1 and months >> day.month & 1 and weekdays >> day.isoweekday() % 7 & 1:
            return True
    return False
