"""Parts of Pipelines without an agent: paused while it is gone, resumed after a restart (Jenkins 2.568).

A part holds its executor while its agent is gone, and goes on when that is back. Its node may be deleted:
then it waits five minutes more, on a computer without a node, and fails. After a restart nothing shows for a
while that its agent is needed; then it waits in the queue for that very node.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from jobdsl.testing.builds import Build
from jobdsl.testing.queue import SimulatedQueueItem

__all__ = ["WAITS_FOR_NODE", "InterruptedParts", "pause"]

WAITS_FOR_NODE = 300.0
"""Seconds a part waits for a node that does not exist (ExecutorStepExecution)."""


def pause(part: Build, now: float) -> None:
    """Stop the time of a part."""
    if part.remaining_seconds is None:
        part.remaining_seconds = 0.0 if part.ends is None else max(part.ends - now, 0.0)
    part.ends = math.inf


class InterruptedParts:
    """The parts that a restart interrupted, each with the time when it resumes."""

    def __init__(self) -> None:
        self._parts: list[tuple[float, Build]] = []

    def add(self, part: Build, resumes: float) -> None:
        """Let a part resume at a time."""
        self._parts.append((resumes, part))

    def due(self, now: float) -> list[Build]:
        """Return the parts that resume now, once."""
        due = [part for resumes, part in self._parts if resumes <= now]
        self._parts = [entry for entry in self._parts if entry[0] > now]
        return due

    def forget(self, build: Build) -> None:
        """Resume nothing of a build that is over."""
        self._parts = [entry for entry in self._parts if entry[1].upstream is not build]

    @staticmethod
    def given_up(
        queue: Iterable[SimulatedQueueItem], nodes: Collection[str], now: float
    ) -> list[SimulatedQueueItem]:
        """Return the items of parts whose node has not existed for too long; the parts have failed."""
        entries = [
            entry
            for entry in queue
            if entry.resumes is not None
            and entry.resumes.node not in nodes
            and now >= entry.since + WAITS_FOR_NODE
        ]
        for entry in entries:
            if entry.resumes is not None:
                entry.resumes.result = "FAILURE"
        return entries
