"""One instance of the simulated cloud: what becomes of it by itself, and what listings show of it when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynaslave.model import Instance
from dynaslave.provider import Hand
from dynaslave.simulated.lines import AgentConnection

__all__ = ["NOTICE", "SimulatedInstance"]

NOTICE = 120.0
"""Seconds between the notice of an interruption and the end, as on EC2."""
_REMEMBERED = 600.0
"""Seconds a listing can be late at most."""


@dataclass(slots=True)
class SimulatedInstance:
    """An instance as it is now, and what chance has in store for it. Times are seconds since the epoch."""

    now: Instance
    runs: float
    boots: float
    """When its agent would dial in."""
    connects: bool
    interrupted: float
    """When it is taken away; infinity if it is not."""
    line: AgentConnection | None = None
    hand: Hand | None = None
    connected: bool = False
    ended: float | None = None
    shown: list[tuple[float, Instance]] = field(default_factory=list)
    """What it has been, the newest last."""

    def change(self, at: float, **values: Any) -> None:
        """From now on it is different."""
        self.now = replace(self.now, **values)
        old = [state for state in self.shown if state[0] < at - _REMEMBERED]
        self.shown = [*old[-1:], *self.shown[len(old) :], (at, self.now)]

    def at(self, moment: float) -> Instance | None:
        """What it was then; None before it was there."""
        return next((state for since, state in reversed(self.shown) if since <= moment), None)

    def advance(self, now: float) -> None:
        """Bring it up to the present: running, connected, warned of its end, taken away."""
        if self.ended is not None:
            return
        if self.now.state == "pending" and now >= self.runs:
            self.change(self.runs, state="running")
        if not self.now.doomed and now >= self.interrupted - NOTICE:
            self.change(now, doomed="spot interruption")
        if now >= self.interrupted:
            self.end(now)
        elif now >= self.boots and self.connects and not self.connected:
            self.connected = self._dial_in()

    def end(self, now: float) -> None:
        """It is gone at once, and its agent with it."""
        if self.ended is not None:
            return
        self.ended = now
        self.change(now, state="terminated")
        if self.connected and self.hand is not None and self.line is not None:
            self.line.down(self.hand)
        self.hand = None

    def note(self, notes: Mapping[str, str], now: float) -> None:
        """Write on it; an empty text takes a note back."""
        merged = {**self.now.notes, **notes}
        suspect = float(notes["suspect"] or 0) if "suspect" in notes else self.now.suspect
        texts = {key: text for key, text in merged.items() if text and key != "suspect"}
        self.change(now, notes=texts, suspect=suspect)

    def _dial_in(self) -> bool:
        """Whether its agent is connected now; without a controller it is not."""
        return self.hand is not None and self.line is not None and self.line.up(self.hand)
