"""How long the checks of one DSL file's definitions may take, and how much they may find. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from jobdsl.errors import Problem
from jobdsl.model import Definition

__all__ = ["Effort"]

_MOST_FINDINGS = 5000
"""Findings of one DSL file's definitions."""


class Effort:
    """Time and findings spent on the definitions of each DSL file.

    What is beyond is an error at the file for each definition that was not checked to its end, so nothing of
    it is applied; definitions of other files are checked all the same.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._found: Counter[str] = Counter()

    def bounded(self, definition: Definition, findings: Iterator[Problem]) -> Iterator[Problem]:
        """Yield what a check finds in a definition, until its file has had its share."""
        file = definition.where.file
        while not (excess := self._excess(file)):
            began = self._clock()
            problem = next(findings, None)
            self._spent[file] += self._clock() - began
            if problem is None:
                return
            self._found[file] += 1
            yield problem
        message, hint = excess
        yield Problem(
            f"{definition.full_name}: not checked: {message}",
            definition.where,
            hint,
            rule="too-much",
            job=definition.full_name,
        )

    def _excess(self, file: str) -> tuple[str, str] | None:
        if self._spent[file] > self._seconds:
            message = f"the checks of what {file} defines take longer than {self._seconds:g} seconds"
            return message, "the limit is lint.file_timeout_seconds in jobdsl.toml"
        if self._found[file] >= _MOST_FINDINGS:
            return f"there are more than {_MOST_FINDINGS} findings in what {file} defines", "fix those first"
        return None
