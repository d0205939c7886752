"""Exceptions from lint for one line: `# jobdsl: ignore=RULE` at the line that a warning names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from jobdsl.checks.lintrules import RULES
from jobdsl.errors import Problem, Where, suggestion

__all__ = ["UNUSED", "exceptions_in", "without_exceptions"]

UNUSED = "unused-exception"
_COMMENT = re.compile(r"#\s*jobdsl:\s*ignore\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*)\s*(?:#.*)?$")


def exceptions_in(file: str, lines: Iterable[str]) -> Iterator[tuple[Where, str]]:
    """Yield the line and the rule of each exception in a file."""
    for number, line in enumerate(lines, 1):
        if "jobdsl:" in line and (comment := _COMMENT.search(line)) is not None:
            for rule in comment[1].split(","):
                yield Where(file, number), rule.strip()


def without_exceptions(
    problems: Iterable[Problem], sources: Mapping[str, Iterable[str]], checked: Collection[str]
) -> list[Problem]:
    """Leave out the warnings and notes of lint that an exception names, and note the exceptions without one.

    An error is never left out, nor is what policy, quotas and plans report.

    Args:
        problems: Everything that was found.
        sources: The lines of DSL files by their names.
        checked: Rules that were applied in full; exceptions from others are not called unused.
    """
    exceptions = {place for file, lines in sources.items() for place in exceptions_in(file, lines)}
    used: set[tuple[Where, str]] = set()
    remaining: list[Problem] = []
    for problem in problems:
        place = problem.where and (problem.where, problem.rule)
        if place in exceptions and problem.severity != "error" and problem.rule in RULES:
            used.add(place)
        else:
            remaining.append(problem)
    unused = sorted(exceptions - used)
    return [
        *remaining,
        *(_unused(*place) for place in unused if place[1] not in RULES or place[1] in checked),
    ]


def _unused(where: Where, rule: str) -> Problem:
    if rule not in RULES:
        hint = (
            suggestion(rule, RULES)
            or "docs/jobdsl-toml.md lists the rules of lint; only these take exceptions"
        )
        return Problem(f"ignore={rule}: lint has no such rule", where, hint, "warning", UNUSED)
    text = f"ignore={rule}: there is no warning of this rule at this line"
    return Problem(text, where, "remove the comment; an error cannot be ignored", "note", UNUSED)
