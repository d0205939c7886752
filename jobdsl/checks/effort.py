"""How long the checks of one DSL file's definitions may take, and how much they may find. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from jobdsl.errors import Problem
from jobdsl.model import Definition

__all__ = ["Effort"]

_MOST_FINDINGS = 5000
"""Findings of one DSL file's definitions, whichever of them have them."""
_FINDINGS_EACH = 20
"""Findings more for each definition: a loop repeats the warnings of its template in every job."""


class Effort:
    """Time and findings spent on the definitions of each DSL file.

    What is beyond is an error at the file for each definition that was not checked to its end, so nothing of
    it is applied; definitions of other files are checked all the same.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds, self._clock = seconds, clock
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._counts: Counter[str] = Counter()
        self._allowed: defaultdict[str, int] = defaultdict(lambda: _MOST_FINDINGS)

    def bounded(self, definition: Definition, findings: Iterator[Problem]) -> Iterator[Problem]:
        """Yield what a check finds in a definition, until its file has had its share."""
        file = definition.where.file
        self._allowed[file] += _FINDINGS_EACH
        while not (excess := self._excess(file)):
            began = self._clock()
            problem = next(findings, None)
            self._spent[file] += self._clock() - began
            if problem is None:
                return
            self._counts[file] += 1
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
        if (most := self._allowed[file]) <= self._counts[file]:
            return f"there are more than {most} findings in what {file} defines", "fix those first"
        return None
