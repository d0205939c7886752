"""JUnit reports as a build keeps them: suites, cases, and their form in the API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jobdsl.documents.tree import Node
from jobdsl.errors import XmlError
from jobdsl.testing.documents import read

__all__ = ["Case", "Suite", "report", "suites_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test."""

    class_name: str
    name: str
    duration: float
    status: str
    """PASSED, FAILED or SKIPPED."""
    message: str | None
    trace: str | None


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one `testsuite`."""

    name: str
    cases: tuple[Case, ...]


def suites_of(data: bytes) -> list[Suite]:
    """Return the suites of one report file; an unreadable file holds none."""
    try:
        root = read(data)
    except XmlError:
        return []
    nodes = [root] if root.tag == "testsuite" else [node for node in root.children if node.tag == "testsuite"]
    return [_suite(node) for node in nodes]


def _suite(node: Node) -> Suite:
    cases = [_case(child) for child in node.children if child.tag == "testcase"]
    return Suite(node.attrs.get("name", ""), tuple(cases))


def _case(node: Node) -> Case:
    failed = node.find("failure") or node.find("error")
    status = "FAILED" if failed else "SKIPPED" if node.find("skipped") else "PASSED"
    message = failed.attrs.get("message") if failed else None
    return Case(
        class_name=node.attrs.get("classname", ""),
        name=node.attrs.get("name", ""),
        duration=float(node.attrs.get("time") or 0),
        status=status,
        message=message,
        trace=failed.text or None if failed else None,
    )


def count(suites: Iterable[Suite], status: str) -> int:
    """Return how many tests of a status there are."""
    return sum(case.status == status for suite in suites for case in suite.cases)


def report(suites: list[Suite], number: int) -> dict[str, Any]:
    """Return the body of testReport/api/json of build `number`."""
    return {
        "_class": "hudson.tasks.junit.TestResult",
        "testActions": [],
        "duration": sum((case.duration for suite in suites for case in suite.cases), 0.0),
        "empty": not suites,
        "failCount": count(suites, "FAILED"),
        "passCount": count(suites, "PASSED"),
        "skipCount": count(suites, "SKIPPED"),
        "suites": [_suite_values(suite, number) for suite in suites],
    }


def _suite_values(suite: Suite, number: int) -> dict[str, Any]:
    return {
        "cases": [_case_values(case, number) for case in suite.cases],
        "duration": sum((case.duration for case in suite.cases), 0.0),
        "enclosingBlockNames": [],
        "enclosingBlocks": [],
        "id": None,
        "name": suite.name,
        "nodeId": None,
        "properties": {},
        "stderr": None,
        "stdout": None,
        "timestamp": None,
    }


def _case_values(case: Case, number: int) -> dict[str, Any]:
    failed = case.status == "FAILED"
    return {
        "testActions": [],
        "age": 1 if failed else 0,
        "className": case.class_name,
        "duration": case.duration,
        "errorDetails": case.message,
        "errorStackTrace": case.trace,
        "failedSince": number if failed else 0,
        "name": case.name,
        "properties": {},
        "skipped": case.status == "SKIPPED",
        "skippedMessage": None,
        "status": case.status,
        "stderr": None,
        "stdout": None,
    }
