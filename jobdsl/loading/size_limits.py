"""How many bytes of documents and other definitions the processes of a load may send."""

from __future__ import annotations

from collections import Counter

from jobdsl.errors import Problem, Where

__all__ = ["Allowance"]


class Allowance:
    """Bytes that may be sent, and how many each file has sent."""

    def __init__(self, megabytes: int, subject: str, setting: str) -> None:
        self._limit, self._what, self._setting = megabytes << 20, subject, setting
        self._sizes: Counter[str] = Counter()
        self._total = 0

    @property
    def is_exceeded(self) -> bool:
        """Return whether more was sent than may be."""
        return self._total > self._limit

    def take(self, file: str, size: int) -> Problem | None:
        """Count what one file has sent.

        Returns:
            A problem, once, when it is too much: at the file that has sent most, which need not be this one.
        """
        exceeded = self.is_exceeded
        self._sizes[file] += size
        self._total += size
        if exceeded or not self.is_exceeded:
            return None
        largest, largest_size = self._sizes.most_common(1)[0]
        share = f"{largest_size / (1 << 20):.1f} MB from this file"
        message = f"{self._what} more than {self._limit >> 20} MB ({share})"
        hint = f"the limit is {self._setting} in jobdsl.toml"
        return Problem(message, Where(largest, 0), hint)
