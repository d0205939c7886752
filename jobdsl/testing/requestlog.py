"""The requests a controller has answered, for tests that count them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Answered", "RequestLog"]


class Answered(NamedTuple):
    """One request and the status it got; status 0 is a dropped connection."""

    method: str
    target: str
    """Path and query."""
    status: int

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class RequestLog:
    """Every request since the start or the last `clear`."""

    def __init__(self) -> None:
        self._answered: list[Answered] = []

    def __iter__(self) -> Iterator[Answered]:
        return iter(list(self._answered))

    def __len__(self) -> int:
        return len(self._answered)

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self._answered)

    def add(self, method: str, target: str, status: int) -> None:
        """Note one."""
        self._answered.append(Answered(method, target, status))

    def clear(self) -> None:
        """Forget all."""
        self._answered.clear()

    def of(self, method: str, path: str = "") -> list[Answered]:
        """Return those of a method whose path contains `path`."""
        return [answered for answered in self if answered.method == method and path in answered.path]
