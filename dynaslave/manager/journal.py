"""The last decisions of a manager, for people: what was done or tried, when, why, and how often."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dynaslave.deciding.decisions import Adopt, Decision, EndInstance, Launch, Note, Report, Suspect

__all__ = ["AGAIN", "Journal", "JournalEntry", "described"]

AGAIN = 600.0
"""Seconds after which a trouble that goes on is news again."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One decision, or the same one several times in a row."""

    at: float
    """When it was last made."""
    action: str
    """What was done, as in `launch`, `drain`."""
    target: str
    """To whom: a node, an instance, so many agents of a pool."""
    reason: str
    error: str = ""
    """Why it was not done; empty if it was."""
    times: int = 1
    first: float = 0.0
    """When it was first made, of several times."""


class Journal:
    """A ring of entries, the newest last. The same trouble again and again is one entry with a count."""

    def __init__(self, size: int = 200) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=size)
        self._news: dict[tuple[str, str, str], float] = {}
        """When each trouble was last returned as news."""

    def add(self, reports: Iterable[Report], now: float) -> list[JournalEntry]:
        """Note what came of decisions; returns the entries that are news, and what still goes on."""
        self._news = {key: at for key, at in self._news.items() if 0 <= now - at < AGAIN}
        entries = [self._note(described(report, now)) for report in reports]
        return [entry for entry in entries if not entry.error or self._is_news(entry, now)]

    def _is_news(self, entry: JournalEntry, now: float) -> bool:
        key = (entry.action, entry.target, entry.error)
        if key in self._news:
            return False
        self._news[key] = now
        return True

    def _note(self, new: JournalEntry) -> JournalEntry:
        for at, old in enumerate(self._entries):
            if new.error and _same(old, new):
                del self._entries[at]
                new = replace(new, times=old.times + 1, first=old.first)
                break
        self._entries.append(new)
        return new

    def last(self, count: int = 0) -> list[JournalEntry]:
        """The newest entries, newest first; all of them for 0."""
        newest = list(reversed(self._entries))
        return newest[:count] if count else newest


def _same(old: JournalEntry, new: JournalEntry) -> bool:
    return (old.action, old.target, old.error) == (new.action, new.target, new.error)


def described(report: Report, now: float) -> JournalEntry:
    """A report as an entry."""
    decision = report.decision
    action = _ACTIONS.get(type(decision).__name__, type(decision).__name__.lower())
    error = report.error
    if isinstance(decision, Launch) and not error and report.launched < decision.count:
        missing = decision.count - report.launched
        refusals = sorted({str(refusal) for refusal in report.refused.values()})
        error = f"{missing} of {decision.count} not started" + (
            f": {'; '.join(refusals)}" if refusals else ""
        )
    return JournalEntry(now, action, _target(decision), decision.reason, error, first=now)


_ACTIONS = {"EndInstance": "end instance", "RemoveNode": "remove node"}


def _target(decision: Decision) -> str:
    match decision:
        case Launch(pool, count):
            return f"{count} x {pool}"
        case Suspect(instance) | EndInstance(instance) | Note(instance):
            return instance
        case Adopt(instance, node):
            return f"{instance} as {node}"
        case _:
            return decision.node
