"""Findings as a JUnit report, so that Jenkins shows them as test results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from jobdsl.errors import Problem
from jobdsl.printable import printable

__all__ = ["junit"]


def junit(problems: Sequence[Problem], checked: Iterable[str]) -> str:
    """Return a test case for every item checked; errors fail it, warnings are its output.

    Problems of no item (a file that does not load) are cases of their own.
    """
    by_job: dict[str, list[Problem]] = {name: [] for name in checked}
    for problem in problems:
        place = str(problem.where) if problem.where else "estate"
        by_job.setdefault(problem.job or place, []).append(problem)
    failures = sum(any(problem.severity == "error" for problem in problems) for problems in by_job.values())
    cases = "".join(_case(name, job_problems) for name, job_problems in by_job.items())
    counts = f'tests="{len(by_job)}" failures="{failures}" errors="0" skipped="0"'
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="jobdsl lint" {counts}>'
    return f"{head}\n{cases}</testsuite>\n"


def _case(name: str, problems: list[Problem]) -> str:
    folder, _, leaf = name.rpartition("/")
    start = f"  <testcase classname={_attribute(folder.replace('/', '.') or 'jobs')} name={_attribute(leaf)}"
    errors = [problem for problem in problems if problem.severity == "error"]
    others = [problem for problem in problems if problem.severity != "error"]
    inner = ""
    if errors:
        inner += f"    <failure message={_attribute(errors[0].message)}>{_text(errors)}</failure>\n"
    if others:
        inner += f"    <system-out>{_text(others)}</system-out>\n"
    return f"{start}>\n{inner}  </testcase>\n" if inner else f"{start}/>\n"


def _text(problems: list[Problem]) -> str:
    """Return one problem a line; further lines of one cannot be taken for another."""
    return escape("\n".join(printable(str(problem)).replace("\n", "\n    ") for problem in problems))


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
