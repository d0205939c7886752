"""Moments, spans of time and amounts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["ago", "clock", "dollars"]


def ago(seconds: float) -> str:
    """A span in words: `42 s`, `17 min`, `3 h 5 min`, `4 d 2 h`."""
    minutes = int(seconds) // 60
    if minutes < 1:
        return f"{max(int(seconds), 0)} s"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def dollars(amount: float | None) -> str:
    """Return an amount as `12.50`, and `?` where it is unknown."""
    return "?" if amount is None else f"{amount:.2f}"


def clock(when: float) -> str:
    """The time of day in UTC: `14:05:09`."""
    return datetime.fromtimestamp(when, UTC).strftime("%H:%M:%S")
