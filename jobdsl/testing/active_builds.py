"""What runs: builds by the node whose executor they hold, by job, and by the time they end."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator

from jobdsl.testing.builds import Build
from jobdsl.testing.store import StoredItem

__all__ = ["RunningBuilds"]

_BESIDE = ("pipeline", "matrix")
"""Builds of these shapes take no executor of the built-in node."""


class RunningBuilds:
    """The builds that are not over, in the order they began."""

    def __init__(self) -> None:
        self._builds: dict[Build, None] = {}
        self._on: dict[str, dict[Build, None]] = defaultdict(dict)
        self._beside: dict[str, dict[Build, None]] = defaultdict(dict)
        self._of: dict[StoredItem, dict[Build, None]] = defaultdict(dict)
        self._ends: list[tuple[float, int, Build]] = []
        self._begun = 0

    def __iter__(self) -> Iterator[Build]:
        return iter(list(self._builds))

    def __len__(self) -> int:
        return len(self._builds)

    def __contains__(self, build: Build) -> bool:
        return build in self._builds

    def _homes(self, build: Build) -> tuple[dict[Build, None], ...]:
        held = self._beside if build.item.kind.shape in _BESIDE and not build.is_part else self._on
        own = () if build.is_part else (self._of[build.item],)
        return (self._builds, held[build.node], *own)

    def add(self, build: Build) -> None:
        """A build begins."""
        for home in self._homes(build):
            home[build] = None

    def remove(self, build: Build) -> None:
        """A build is over."""
        for home in self._homes(build):
            del home[build]

    def ends_at(self, build: Build, seconds: float) -> None:
        """A build that only takes time will be over then."""
        build.ends = seconds
        self._begun += 1
        heapq.heappush(self._ends, (seconds, self._begun, build))

    def due(self, now: float) -> list[Build]:
        """Return the builds whose time is over, the first to end first. They are named once."""
        ended = []
        while self._ends and self._ends[0][0] <= now:
            ends, _, build = heapq.heappop(self._ends)
            if build in self._builds and build.ends == ends:
                ended.append(build)
        return ended

    def on(self, node: str) -> list[Build]:
        """Return the builds that hold an executor of a node."""
        return list(self._on[node]) if node in self._on else []

    def count(self, node: str) -> int:
        """Return how many they are."""
        return len(self._on[node]) if node in self._on else 0

    def beside(self, node: str) -> list[Build]:
        """Return the builds that run on a node without holding an executor."""
        return list(self._beside[node]) if node in self._beside else []

    def of(self, item: StoredItem) -> list[Build]:
        """Return the builds of a job; parts of Pipelines are none."""
        return list(self._of[item]) if item in self._of else []
